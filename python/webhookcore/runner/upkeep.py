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
# Seconds in which the other processes see as well that the clock was set ahead, and extend what
# they have under way.
_GRACE: Final = 3 * _REAP_EVERY


class Upkeep:
    """Reaps every two seconds and prunes when there is nothing else to do.

    Args:
        store: Shared with the receiver.
        clock: Unix seconds.
        kept: Seconds for which events that are done or dead are kept; None: for ever.
        ticks: Seconds of a clock that nobody sets, to see by it that the other one was set; None
            where that is no clock of the system's.
    """

    def __init__(
        self,
        store: _core.Store,
        clock: Callable[[], float],
        kept: float | None = None,
        ticks: Callable[[], float] | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._kept_ms = None if kept is None else round(kept * 1000)
        self._prune_at = self._reap_at = time.monotonic()
        self._ticks = ticks
        self._watch = _core.JumpWatch()
        self._ahead = 0
        self._may_have_gone_back = True  # While nobody worked.

    def reap(self) -> int:
        """How many claims were taken back."""
        self._mend_after_jump()
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

    def _mend_after_jump(self) -> None:
        """Where the clock was set, back no event waits for that long, ahead no lease ends by it."""
        now = self._now()
        if self._ticks is not None:
            jump = self._watch.step(now, round(self._ticks() * 1000))
            self._ahead += max(0, jump)
            self._may_have_gone_back = self._may_have_gone_back or jump < 0
        if self._ahead:
            self._store.extend_own_event_leases(self._ahead)
            self._ahead = 0
            self._reap_at = time.monotonic() + _GRACE
        if self._may_have_gone_back:
            self._store.restart_event_waits(now)
            self._may_have_gone_back = False

    def _now(self) -> int:
        return round(self._clock() * 1000)
