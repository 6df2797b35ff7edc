"""Options in the forms that users write them, checked where they are given."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias
from urllib.parse import unquote, urlsplit

from .errors import ConfigError

Durability: TypeAlias = Literal["full", "normal"]

RETRY_SCHEDULES: Final[dict[str, tuple[float, ...]]] = {
    "standard": (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400),
    "patient": (60, 300, 1800, 7200, 28800),
    "fast": (1, 2, 4, 8, 16),
}
MAX_ATTEMPTS: Final = 20
_LONGEST_WAIT: Final = 30 * 24 * 3600.0
_EVENT_TYPE: Final = re.compile(r"[A-Za-z0-9_.\-]{1,128}")
_EVENT_PATTERN: Final = re.compile(r"[A-Za-z0-9_.\-*]{1,128}")
_RATE: Final = re.compile(r"([1-9][0-9]{0,8})/(s|m|h)")
_RATE_SECONDS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True)
class Exponential:
    """Waits that grow: ``base``, ``base * factor``, … never above ``cap`` (seconds).

    ``attempts`` counts all tries, the first one included (2 to 20).
    """

    base: float = 5.0
    factor: float = 2.0
    cap: float = 24 * 3600.0
    attempts: int = 10

    def __post_init__(self) -> None:
        _check_number("base", self.base, above=0, most=_LONGEST_WAIT)
        _check_number("factor", self.factor, above=0, most=100)
        _check_number("cap", self.cap, above=0, most=_LONGEST_WAIT)
        if not 2 <= self.attempts <= MAX_ATTEMPTS:
            raise ConfigError(f"must be 2 to {MAX_ATTEMPTS}", "attempts")

    def schedule(self) -> tuple[float, ...]:
        waits = []
        wait = self.base
        for _ in range(self.attempts - 1):
            waits.append(min(wait, self.cap))
            wait = min(wait * self.factor, self.cap)
        return tuple(waits)


@dataclass(frozen=True)
class Breaker:
    """When an endpoint is left alone for a while.

    Args:
        failures: Consecutive failures that open it; a 4xx that will not change is
            none. 0 switches it off.
        open_for: Seconds until one probe is let through.
    """

    failures: int = 5
    open_for: float = 300.0

    def __post_init__(self) -> None:
        if isinstance(self.failures, bool) or not 0 <= self.failures <= 1000:
            raise ConfigError("must be 0 (off) to 1000", "breaker.failures")
        _check_number("breaker.open_for", self.open_for, above=0, most=_LONGEST_WAIT)


Retry: TypeAlias = str | Sequence[float] | Exponential


def retry_schedule(retry: Retry) -> tuple[float, ...]:
    """The waits in seconds, one after each failure.

    Raises:
        ConfigError: An unknown name, a wait that is no positive number of seconds,
            or more waits than attempts are allowed.
    """
    if isinstance(retry, Exponential):
        return retry.schedule()
    if isinstance(retry, str):
        if retry not in RETRY_SCHEDULES:
            raise ConfigError(f"must be one of {', '.join(RETRY_SCHEDULES)}", "retry")
        return RETRY_SCHEDULES[retry]
    try:
        waits = tuple(retry)
    except TypeError:
        raise ConfigError("must be a name, a list of seconds or Exponential", "retry") from None
    if len(waits) >= MAX_ATTEMPTS:
        raise ConfigError(f"at most {MAX_ATTEMPTS - 1} waits", "retry")
    for position, wait in enumerate(waits):
        _check_number(f"retry[{position}]", wait, above=-1e-9, most=_LONGEST_WAIT)
    return waits


def rate_per_second(rate: str) -> float:
    """``"10/s"``, ``"600/m"`` or ``"1000/h"`` as a number per second."""
    match = _RATE.fullmatch(rate) if isinstance(rate, str) else None
    if match is None:
        raise ConfigError('must be like "10/s", "600/m" or "1000/h"', "rate_limit")
    return int(match[1]) / _RATE_SECONDS[match[2]]


def check_event_type(type: str) -> str:
    """The type, when it is one: 1 to 128 of ``A-Z a-z 0-9 _ . -``."""
    if not isinstance(type, str) or _EVENT_TYPE.fullmatch(type) is None:
        raise ConfigError("must be 1 to 128 of A-Z a-z 0-9 _ . -", "type")
    return type


def check_event_patterns(patterns: Sequence[str], field: str = "events") -> list[str]:
    """Patterns such as ``order.*``; ``*`` stands for any characters, dots too."""
    if isinstance(patterns, str):
        raise ConfigError('must be a list of patterns, such as ["order.*"]', field)
    listed = list(patterns)
    if not listed:
        raise ConfigError('an empty list subscribes to nothing; ["*"] is all', field)
    for position, pattern in enumerate(listed):
        if not isinstance(pattern, str) or _EVENT_PATTERN.fullmatch(pattern) is None:
            raise ConfigError("must be 1 to 128 of A-Z a-z 0-9 _ . - *", f"{field}[{position}]")
    return listed


def _check_number(field: str, value: float, *, above: float, most: float) -> None:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not above < value <= most:
        raise ConfigError(f"must be a number of at most {most:g}, above {max(above, 0):g}", field)


def check_seconds(field: str, value: float, least: float, most: float) -> float:
    """The value, when it is a number of seconds between the two."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not least <= value <= most:
        raise ConfigError(f"must be {least:g} to {most:g} seconds", field)
    return float(value)


@dataclass(frozen=True)
class StoreUrl:
    """Where a store is: ``path`` is None for one in memory."""

    path: Path | None


def parse_store_url(url: str) -> StoreUrl:
    """Read ``sqlite:///relative.db``, ``sqlite:////absolute.db`` or ``memory://``.

    Raises:
        ConfigError: Anything else.
    """
    if not isinstance(url, str):
        raise ConfigError("must be a URL such as sqlite:///webhooks.db", "url")
    if url == "memory://":
        return StoreUrl(None)
    parts = urlsplit(url)
    if parts.scheme in ("postgres", "postgresql", "redis"):
        raise ConfigError(f"{parts.scheme} stores are not available yet", "url")
    path = unquote(parts.path)
    plain = not parts.netloc and not parts.query and not parts.fragment
    if parts.scheme != "sqlite" or not plain or len(path) < 2 or "\0" in path:
        raise ConfigError(
            "must be sqlite:///relative.db, sqlite:////absolute.db or memory://", "url"
        )
    return StoreUrl(Path(path[1:]))
