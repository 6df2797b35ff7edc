"""One wide log line for each attempt, written on a Python thread.

The engine's threads never call Python; what happened is fetched from it.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from typing import Final

from .. import _core
from .rows import DELIVERY_PREFIX

logger: Final = logging.getLogger("webhookcore.delivery")
logger.addHandler(logging.NullHandler())

_EVERY: Final = 0.2
_BATCH: Final = 1000


class AttemptLog:
    """Fetches attempts while it is started, or whenever ``flush()`` is called.

    It also says when this process begins to deliver, when it waits for another one to end,
    and what keeps deliveries from being made.
    """

    def __init__(
        self,
        engine: _core.Engine,
        store: _core.Store,
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        self._engine = engine
        self._store = store
        self._role = ""
        self._tick = tick  # Called on the thread, beside the fetching.
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._pid = os.getpid()

    def start(self) -> None:
        with self._own_lock():
            if self._thread is not None:
                return
            self._stopping = threading.Event()
            self._thread = threading.Thread(
                target=self._run, args=(self._stopping,), name="webhookcore-log", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        with self._own_lock():
            thread, self._thread = self._thread, None
            self._stopping.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=1.0)  # It is the current one in a hook that stops us.
        self.flush()

    def _own_lock(self) -> threading.Lock:
        # A child of a fork has no thread yet, and its parent's lock may never be free there.
        if self._pid != os.getpid():
            self._pid, self._thread, self._lock = os.getpid(), None, threading.Lock()
        return self._lock

    def flush(self) -> None:
        while events := self._engine.take_events(_BATCH):
            for event in events:
                _write(event)
        for problem in self._engine.take_problems():
            logger.error("deliveries stay behind: %s", problem)

    def _run(self, stopping: threading.Event) -> None:
        self._role = ""
        while not stopping.wait(_EVERY):
            for work in (self.flush, self._tell_role, self._tick):
                _try(work)

    def _tell_role(self) -> None:
        role, before = self._engine.role(), self._role
        self._role = role
        if role == before:
            return
        if role == "standby":
            logger.info(
                "standing by: process %s delivers the messages of this store; this one takes over"
                " when it ends",
                self._store.leader() or "(unknown)",
            )
        elif role == "leading":
            logger.info("delivering the messages of this store")


def _try(work: Callable[[], None]) -> None:
    """What a log handler of the application raises must not end the thread."""
    try:
        work()
    except (Exception, SystemExit):
        logger.exception("telling what happened failed; it goes on")


def _write(event: dict[str, object]) -> None:
    level = logging.INFO if event["outcome"] == "delivered" else logging.WARNING
    if not logger.isEnabledFor(level):
        return
    delivery = f"{DELIVERY_PREFIX}{event['delivery']}"
    logger.log(
        level,
        "attempt %s of %s (%s, %s): %s, status %s, %s ms; delivery is %s",
        event["attempt"],
        delivery,
        event["message_id"],
        event["type"],
        event["outcome"],
        event["status"],
        event["duration"],
        event["state"],
        extra={"webhook": {**event, "delivery": delivery}},
    )
