"""Back-pressure: senders are kept back while too many deliveries wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Literal, TypeAlias

from ..config import check_seconds, check_whole
from ..errors import ConfigError, StoreFullError, TenantLimitError

OnFull: TypeAlias = Literal["raise", "wait"]

_MOST_BACKLOG: Final = 1_000_000_000
_FULL_FORM: Final = 'must be "raise" or "wait"'

# How old a count may be, in seconds. Other processes' sends are seen no sooner.
_FRESH: Final = 0.1
# The same when there was no room: a walk over a full index costs milliseconds.
_FRESH_WHEN_FULL: Final = 0.02
# Limits are changed and clients closed while somebody waits.
_LONGEST_PAUSE: Final = 1.0


class Patience:
    """How long one call waits for a tenant to have room again.

    Args:
        seconds: In all; 0 does not wait.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends = clock() + seconds

    def pause(self, error: TenantLimitError) -> float:
        """Seconds to sleep before the next try.

        Raises:
            TenantLimitError: The ``error``, when there is no time left for it.
        """
        left = self._ends - self._clock()
        pause = _FRESH_WHEN_FULL if error.retry_after is None else error.retry_after
        if left <= 0 or pause > left:
            raise error
        return min(pause, _LONGEST_PAUSE)


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


class Room:
    """What the senders of a client wait for: room in the store, and for their tenant.

    Args:
        count: As of ``Backlog``.
        max_backlog: None is no limit for the store as a whole.
        seconds: How long a sender waits for either; see ``check_full()``.
    """

    def __init__(
        self, count: Callable[[int], int], max_backlog: int | None, seconds: float
    ) -> None:
        self._backlog = None if max_backlog is None else Backlog(count, max_backlog, seconds)
        self._seconds = seconds

    def pauses(self) -> Iterable[float]:
        return () if self._backlog is None else self._backlog.pauses()

    def patience(self) -> Patience:
        return Patience(self._seconds)

    def add(self, deliveries: int) -> None:
        if self._backlog is not None:
            self._backlog.add(deliveries)


def check_full(max_backlog: int | None, on_full: OnFull, full_timeout: float) -> float:
    """How long a sender is kept waiting, in seconds.

    Raises:
        ConfigError: Names the option at fault.
    """
    if max_backlog is not None:
        check_whole("max_backlog", max_backlog, 1, _MOST_BACKLOG)
    if on_full not in ("raise", "wait"):
        raise ConfigError(_FULL_FORM, "on_full")
    patience = check_seconds("full_timeout", full_timeout, 0, 24 * 3600)
    return patience if on_full == "wait" else 0.0
