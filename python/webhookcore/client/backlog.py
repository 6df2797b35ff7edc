"""Back-pressure: senders are kept back while too many deliveries wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final

from ..errors import StoreFullError

# How old a count may be, in seconds. Other processes' sends are seen no sooner.
_FRESH: Final = 0.1
# The same when there was no room: a walk over a full index costs milliseconds.
_FRESH_WHEN_FULL: Final = 0.02


class Backlog:
    """Counts what waits without counting at every send.

    A count costs as much as it finds, so it is made a few times a second at most; in between,
    what this process has sent is added to it. The limit is therefore passed by what others
    send in a tenth of a second, and by the batch that reaches it. Safe to share between
    threads, without a lock that a fork could leave locked: an update that is lost is made
    good by the next count.

    Args:
        count: How many deliveries wait, up to a bound.
        most: From this number on there is no room.
        patience: Seconds to wait for room; 0 does not wait.
    """

    def __init__(
        self,
        count: Callable[[int], int],
        most: int,
        patience: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._count = count
        self._most = most
        self._patience = patience
        self._clock = clock
        self._known = 0
        self._counted_at = -_FRESH

    def pauses(self) -> Iterator[float]:
        """Seconds to sleep before the next look, over and over; the end means that there is room.

        Raises:
            StoreFullError: There was none in all the time.
        """
        ends: float | None = None
        while self._is_full():
            now = self._clock()
            ends = now + self._patience if ends is None else ends
            if now >= ends:
                raise StoreFullError(
                    f"{self._most} deliveries or more are waiting to be made (max_backlog);"
                    " nothing was stored; send again later"
                )
            yield min(_FRESH_WHEN_FULL, ends - now)

    def add(self, deliveries: int) -> None:
        """So many were stored by this process."""
        self._known += deliveries

    def _is_full(self) -> bool:
        now = self._clock()
        age = now - self._counted_at
        if age >= (_FRESH_WHEN_FULL if self._known >= self._most else _FRESH):
            self._counted_at = now
            self._known = self._count(self._most)
        return self._known >= self._most
