"""The worker's thread: one in each process that asked for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ..process import process_id
from .pool import HandlerRun, PoolWorker

_log = logging.getLogger("webhookcore.runner")

# How soon an event that another process stored is seen, in seconds.
_POLL: Final = 1.0
_LONGEST_PAUSE: Final = 30.0


@dataclass(slots=True)
class _Process:
    """What one process has; a child of a fork leaves its parent's alone and has its own."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    wake: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None
    worker: PoolWorker | None = None


class WorkerThread:
    """Starts at ``start()``; in a process forked after that, at the first ``wake()``."""

    def __init__(self, make_worker: Callable[[Callable[[], None]], PoolWorker]) -> None:
        self._make_worker = make_worker
        self._wanted = False
        self._processes: dict[int, _Process] = {}

    def start(self) -> None:
        self._wanted = True
        self._ensure()

    def wake(self) -> None:
        """There is something to do now."""
        if self._wanted:
            self._ensure()
            self._mine().wake.set()

    def stop(self, timeout: float) -> bool:
        """Let what is under way end; False when it had not after ``timeout`` seconds."""
        self._wanted = False
        mine = self._mine()
        with mine.lock:
            thread, mine.thread = mine.thread, None
            mine.stopping.set()
            mine.wake.set()
        current, worker = threading.current_thread(), mine.worker
        if thread is None or thread is current:
            return True
        if worker is not None and worker.runs_in(current):
            return False  # A handler asks, which would wait for itself.
        thread.join(timeout)
        return not thread.is_alive()

    def running(self) -> list[HandlerRun]:
        """What handlers of this process are at work on."""
        worker = self._mine().worker
        return [] if worker is None else worker.running()

    def _mine(self) -> _Process:
        # Locks that a parent's thread held at the fork are never free in the child, hence
        # one set for each process; setdefault is atomic.
        process = process_id()
        return self._processes.get(process) or self._processes.setdefault(process, _Process())

    def _ensure(self) -> None:
        mine = self._mine()
        with mine.lock:
            if mine.thread is not None and mine.thread.is_alive():
                return
            mine.stopping = threading.Event()  # A thread that was told to stop keeps its own.
            mine.thread = threading.Thread(
                target=self._run,
                args=(mine, mine.stopping),
                name="webhookcore-worker",
                daemon=True,
            )
            mine.thread.start()

    def _run(self, mine: _Process, stopping: threading.Event) -> None:
        wake = mine.wake
        worker = mine.worker = self._make_worker(wake.set)
        troubles = 0
        try:
            while not stopping.is_set():
                wake.clear()
                try:
                    worker.work(stopping.is_set)
                    due = worker.seconds_until_due()
                    pause = _POLL if due is None else min(due, _POLL)
                    troubles = 0
                except BaseException:  # noqa: BLE001  # A worker that ends would end unseen.
                    # The store is away or full. Claims that were held are taken back later.
                    _log.exception("the worker could not go on; it tries again")
                    pause = min(_POLL * 2**troubles, _LONGEST_PAUSE)
                    troubles = min(troubles + 1, 10)
                if not stopping.is_set():
                    wake.wait(pause)
        finally:
            worker.close()
