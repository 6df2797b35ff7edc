"""A clock that stands still until a test moves it."""

from __future__ import annotations

import math
import re
import time
from datetime import datetime, timezone
from typing import Final

from ..errors import ConfigError

_SPAN: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(ms|s|m|h|d)")
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
# Year 9999, as far as a datetime reaches.
_LAST: Final = 253_402_300_799.0


class ManualClock:
    """Unix seconds, for ``Receiver(clock=…)`` and everything else that takes a clock.

    Args:
        start: Where it stands; the real time of this moment when omitted, so that what is
            signed by it also passes where the system's clock is asked.

    Raises:
        ConfigError: ``start`` is no time.
    """

    def __init__(self, start: float | None = None) -> None:
        self._now = _checked(time.time() if start is None else start, "start")

    def __call__(self) -> float:
        return self._now

    @property
    def now(self) -> datetime:
        """The same as an aware ``datetime`` in UTC."""
        return datetime.fromtimestamp(self._now, timezone.utc)

    def advance(self, by: float | str) -> float:
        """Go on by so many seconds, or by a text such as ``"5m"``, ``"2h"``, ``"250ms"``.

        Returns:
            The new time.

        Raises:
            ConfigError: No such span, or one that goes back (see ``set()``).
        """
        seconds = _seconds(by)
        self._now = _checked(self._now + seconds, "by")
        return self._now

    def set(self, to: float | datetime) -> None:
        """Go to a moment, also back to one: Unix seconds, or an aware ``datetime``."""
        if isinstance(to, datetime):
            if to.tzinfo is None:
                raise ConfigError("must have a time zone", "to")
            to = to.timestamp()
        self._now = _checked(to, "to")

    def __repr__(self) -> str:
        return f"<ManualClock {self.now.isoformat()}>"


def _seconds(by: float | str) -> float:
    if isinstance(by, str):
        match = _SPAN.fullmatch(by.strip())
        if match is None:
            raise ConfigError('must be seconds, or like "5m", "2h", "250ms"', "by")
        return float(match[1]) * _UNITS[match[2]]
    if not _is_number(by) or by < 0:
        raise ConfigError("must be seconds, not below 0; set() goes back", "by")
    return float(by)


def _checked(value: float, field: str) -> float:
    if not _is_number(value) or not 0 <= value <= _LAST:
        raise ConfigError("must be Unix seconds, of the year 9999 at the latest", field)
    return float(value)


def _is_number(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)
