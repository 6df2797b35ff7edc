"""What a worker does beside handling: claims of the dead are freed, old rows go."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from .. import _core

# Milliseconds of one batch, so that no writer waits long for it; and how many at once.
_PRUNE_BUDGET: Final = 3
_PRUNE_BATCHES: Final = 5
_PRUNE_EVERY: Final = 600.0
_REAP_EVERY: Final = 2.0


class Upkeep:
    """Reaps every two seconds and prunes when there is nothing else to do.

    Args:
        store: Shared with the receiver.
        clock: Unix seconds.
        kept: Seconds for which events that are done or dead are kept; None: for ever.
    """

    def __init__(
        self, store: _core.Store, clock: Callable[[], float], kept: float | None = None
    ) -> None:
        self._store = store
        self._clock = clock
        self._kept_ms = None if kept is None else round(kept * 1000)
        self._prune_at = self._reap_at = time.monotonic()

    def reap(self) -> int:
        """How many claims were taken back."""
        if time.monotonic() < self._reap_at:
            return 0
        reaped = self._store.reap_events(self._now())
        self._reap_at = time.monotonic() + _REAP_EVERY
        return reaped

    def prune(self) -> None:
        """Expired keys and old events, a few at a time, now and then; more while many are left."""
        if time.monotonic() < self._prune_at:
            return
        now = self._now()
        over, *_ = self._store.prune(
            messages_before=None,
            attempts_before=None,
            inbox_before=None if self._kept_ms is None else now - self._kept_ms,
            now=now,
            budget=_PRUNE_BUDGET,
            batches=_PRUNE_BATCHES,
        )
        if over:
            self._prune_at = time.monotonic() + _PRUNE_EVERY

    def _now(self) -> int:
        return round(self._clock() * 1000)
