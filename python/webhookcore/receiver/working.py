"""The workers of a receiver: one here and now, or those of a thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .. import _core
from ..runner import (
    Claims,
    Handlers,
    InboxCounts,
    InboxWorker,
    PoolWorker,
    Runs,
    Upkeep,
    WorkerThread,
)
from .sources import Source


@dataclass(frozen=True)
class Work:
    """What workers are made of. It does not hold the receiver.

    Attributes:
        clock: Unix seconds.
        lease: Seconds.
        schedule: Seconds before each retry.
        retention: Seconds for which events are kept that were handled or are dead; None: for ever.
        workers: How many handlers a thread's worker runs at once.
    """

    store: _core.Store
    handlers: Handlers
    sources: Mapping[str, Source]
    clock: Callable[[], float]
    lease: float
    schedule: Sequence[float]
    retention: float | None
    workers: int

    def thread(self) -> WorkerThread:
        return WorkerThread(self._pool)

    def run_until_idle(self, wait: float) -> InboxCounts:
        """Work what is due, and what becomes due within so many seconds."""
        ends = time.monotonic() + wait
        worker = InboxWorker(*self._parts())
        try:
            while True:
                worker.work()
                due = worker.seconds_until_due()
                if due is None or due > ends - time.monotonic():
                    return worker.counts
                time.sleep(min(due, 1.0))
        finally:
            worker.close()

    def _pool(self, wake: Callable[[], None]) -> PoolWorker:
        return PoolWorker(*self._parts(), self.clock, self.lease, self.workers, wake)

    def _parts(self) -> tuple[Claims, Runs, Upkeep]:
        claims = Claims(
            self.store, self.handlers, self.clock, self.lease, self._limits, self._knows
        )
        runs = Runs(self.store, self.handlers, claims, self.clock, self.schedule)
        ticks = time.monotonic if self.clock is time.time else None
        return claims, runs, Upkeep(self.store, self.clock, self.retention, ticks)

    def _limits(self) -> list[tuple[str, int]]:
        return [
            (source.name, source.concurrency)
            for source in list(self.sources.values())
            if source.concurrency is not None
        ]

    def _knows(self, source: str) -> bool:
        return source in self.sources or self.handlers.knows(source)
