"""Gives operational events out: to the log, to hooks, and to endpoints as messages.

Each of the three has a position in the store that moves on after it was told, so that
whoever delivers next goes on where a process was killed: at least once.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ..errors import StoreError
from .operation_names import ALERTS_TENANT
from .operations import Hook, OperationalEvent

if TYPE_CHECKING:
    from .client import Client

logger: Final = logging.getLogger("webhookcore.operations")
logger.addHandler(logging.NullHandler())

_PAGE: Final = 100
_EVERY: Final = 1.0
_GOOD_NEWS: Final = frozenset(["endpoint.breaker_closed"])


class OperationsFeed:
    """One at a time in a process; ``tick()`` may be called as often as one likes."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._begun = False
        self._last = 0.0

    def begin(self) -> None:
        """Before work starts: hooks that are new are told what happens from now on."""
        if not self._begun and self._client.operations._hooks:
            self._client._store.start_operational_reader("hooks")
            self._begun = True

    def tick(self) -> None:
        """Gives out at most once a second; while the store fails, events wait."""
        now = time.monotonic()
        if now - self._last < _EVERY:
            return
        self._last = now
        self.try_to_give_out()

    def try_to_give_out(self) -> bool:
        """``give_out()``, but while the store fails, events wait."""
        try:
            return self.give_out()
        except StoreError as error:
            logger.warning("operational events wait: %s", error)
            return False

    def give_out(self) -> bool:
        """Tells what has not been told yet. True when something was sent to an endpoint.

        While another process of this host delivers, that one tells.
        """
        if self._client._engine.role() == "standby":
            return False
        if self._pid != os.getpid():  # The parent's lock may be held by a thread it has.
            self._lock, self._pid = threading.Lock(), os.getpid()
        if not self._lock.acquire(blocking=False):
            return False
        try:
            self.begin()
            self._read("log", _write)
            if self._client.operations._hooks:
                self._read("hooks", self._call_hooks)
            return self._read("alerts", self._send)
        finally:
            self._lock.release()

    def _read(self, reader: str, tell: Callable[[OperationalEvent], bool | None]) -> bool:
        store, told = self._client._store, False
        while rows := store.unread_operational_events(reader, _PAGE):
            for row in rows:
                told = bool(tell(OperationalEvent.from_row(row))) or told
            store.advance_operational_reader(reader, rows[-1]["key"])
        return told

    def _call_hooks(self, event: OperationalEvent) -> None:
        for hook in self._client.operations._hooks_for(event.type):
            _call(hook, event)

    def _send(self, event: OperationalEvent) -> bool:
        # What an alert endpoint does must not make another alert for it.
        if event.tenant == ALERTS_TENANT or not self._has_endpoints():
            return False
        # The key makes it the same message when the position was not written after it.
        row = self._client._rows.make(
            event.type, event.as_data(), tenant=ALERTS_TENANT, idempotency_key=event.id
        )
        # Not by send(): max_backlog must not keep back what tells of it.
        enqueued = self._client._engine.enqueue(*row)
        return enqueued is not None and not enqueued[1]  # None: never, it is in no catalogue.

    def _has_endpoints(self) -> bool:
        # One that is disabled counts: recover() gives it what it missed.
        return bool(self._client._store.list_endpoints({"tenant": ALERTS_TENANT, "limit": 1}))


def _call(hook: Hook, event: OperationalEvent) -> None:
    try:
        hook(event)
    except (Exception, SystemExit):  # sys.exit() would end the thread, and with it the hooks.
        logger.exception("a hook for %s failed", event.type)


def _write(event: OperationalEvent) -> None:
    level = logging.INFO if event.type in _GOOD_NEWS else logging.WARNING
    about = event.delivery_id or event.endpoint_id or event.tenant or "the store"
    logger.log(
        level,
        "%s: %s %s",
        event.type,
        about,
        dict(event.details),
        extra={"webhook": {**event.as_data(), "type": event.type}},
    )
