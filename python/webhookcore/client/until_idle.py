"""``run_until_idle()`` in short steps, for whoever takes them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from .. import _core
from ..errors import StoreError
from .attempt_log import AttemptLog
from .operations_feed import OperationsFeed

# Short, so that Ctrl-C, or another task of a loop, gets in between two of them.
_SLICE: Final = 0.1
# Seconds for what is under way when a run is given up.
_DRAIN: Final = 5.0


@dataclass(frozen=True, slots=True)
class RunCounts:
    """What ``run_until_idle()`` did."""

    attempts: int = 0
    delivered: int = 0
    failed_attempts: int = 0
    dead: int = 0


class UntilIdle:
    """One run of any number. Take steps until one is the last, and end it whatever happens."""

    def __init__(
        self, engine: _core.Engine, log: AttemptLog, feed: OperationsFeed, wait: float
    ) -> None:
        self._engine = engine
        self._log = log
        self._feed = feed
        self._ends = time.monotonic() + wait
        self._totals = [0, 0, 0, 0]
        self._ended = False
        self._failed: StoreError | None = None
        feed.begin()
        engine.begin_run()

    @property
    def counts(self) -> RunCounts:
        return RunCounts(*self._totals)

    def step(self) -> bool:
        """Blocks for a tenth of a second at most; True when nothing is left to do."""
        if self._ended:  # A step that was on its way to another thread when all was over.
            return True
        try:
            return self._step()
        except StoreError as error:
            self._failed = error
            raise

    def _step(self) -> bool:
        left = max(0.0, self._ends - time.monotonic())
        idle, *counts = self._engine.run_until_idle(left, _SLICE)
        self._add(counts)
        self._log.flush()
        # What operators are sent is work as well.
        return idle and not self._feed.try_to_give_out()

    def end(self) -> None:
        self._ended = True
        self._engine.end_run(_DRAIN)
        self._log.flush()
        if self._failed is not None:
            self._add(self._engine.take_counts())
            self._failed.counts = self.counts

    def _add(self, counts: Iterable[int]) -> None:
        self._totals = [total + count for total, count in zip(self._totals, counts, strict=True)]
