"""Options in the forms that users write them, checked where they are given."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import unquote

from .errors import ConfigError

Durability: TypeAlias = Literal["full", "normal"]

RETRY_SCHEDULES: Final[dict[str, tuple[float, ...]]] = {
    "standard": (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400),
    "patient": (60, 300, 1800, 7200, 28800),
    "fast": (1, 2, 4, 8, 16),
}
MAX_ATTEMPTS: Final = 20
ENCRYPTION_KEY: Final = "WEBHOOKCORE_ENCRYPTION_KEY"
LONGEST_WAIT: Final = 30 * 24 * 3600.0
_LONGEST_AGE: Final = 10 * 366 * 24 * 3600.0
_MOST_COUNTED: Final = 10**12
SHORTEST_KEPT: Final = 7
LONGEST_KEPT: Final = 90
SMALLEST_QUOTA: Final = 16 * 2**20
_DAY_MS: Final = 24 * 3600 * 1000
_SIZE: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?) ?(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)")
_SIZE_UNITS: Final = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12} | {
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
_EVENT_TYPE: Final = re.compile(r"[A-Za-z0-9_.\-]{1,128}")
_EVENT_PATTERN: Final = re.compile(r"[A-Za-z0-9_.\-*]{1,128}")
_CHANNELS_FORM: Final = 'must be a list of names, such as ["project_7"]'
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
        _check_number("base", self.base, above=0, most=LONGEST_WAIT)
        _check_number("factor", self.factor, above=0, most=100)
        _check_number("cap", self.cap, above=0, most=LONGEST_WAIT)
        check_whole("attempts", self.attempts, 2, MAX_ATTEMPTS)

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
        check_whole("breaker.failures", self.failures, 0, 1000)
        _check_number("breaker.open_for", self.open_for, above=0, most=LONGEST_WAIT)


@dataclass(frozen=True, init=False)
class Alerts:
    """What operators are told, and where to.

    Args:
        url: An endpoint that gets operational events as messages; None: log and hooks only.
        secret: Its signing secret; one that nobody knows is made when omitted.
        events: Patterns of the types that it gets.
        failing_above: Share of failed attempts over the last hour, 0 to 1, above which an
            endpoint or a tenant is failing,
        failing_least: with at least so many attempts.
        backlog_after: Seconds that something due may wait.
        volume_factor: How many times the usual hour is unusual,
        volume_least: with at least so many messages and deliveries.
        secret_after: Seconds after which a signing secret is old.
    """

    url: str | None = None
    secret: str | None = field(default=None, repr=False)
    events: Sequence[str] = ("*",)
    failing_above: float = 0.5
    failing_least: int = 20
    backlog_after: float = 900.0
    volume_factor: float = 10.0
    volume_least: int = 10_000
    secret_after: float = 90 * 24 * 3600.0

    # Not the one of a dataclass: a traceback with local variables would show the secret.
    def __init__(
        self,
        url: str | None = None,
        secret: str | None = None,
        events: Sequence[str] = ("*",),
        failing_above: float = 0.5,
        failing_least: int = 20,
        backlog_after: float = 900.0,
        volume_factor: float = 10.0,
        volume_least: int = 10_000,
        secret_after: float = 90 * 24 * 3600.0,
    ) -> None:
        object.__setattr__(self, "secret", secret)
        secret = None
        others = {
            "url": url,
            "events": events,
            "failing_above": failing_above,
            "failing_least": failing_least,
            "backlog_after": backlog_after,
            "volume_factor": volume_factor,
            "volume_least": volume_least,
            "secret_after": secret_after,
        }
        for name, value in others.items():
            object.__setattr__(self, name, value)
        self._check()

    def __getstate__(self) -> dict[str, Any]:
        if self.secret is not None:
            raise TypeError("holds a secret, which is not pickled")
        return dict(self.__dict__)

    def __copy__(self) -> Alerts:
        return self

    def __deepcopy__(self, seen: dict[int, Any]) -> Alerts:
        return self

    def _check(self) -> None:
        check_event_patterns(self.events, "alerts.events")
        _check_number("alerts.failing_above", self.failing_above, above=-1e-9, most=1)
        check_whole("alerts.failing_least", self.failing_least, 1, _MOST_COUNTED)
        _check_number("alerts.backlog_after", self.backlog_after, above=0, most=_LONGEST_AGE)
        _check_number("alerts.volume_factor", self.volume_factor, above=0, most=1e6)
        check_whole("alerts.volume_least", self.volume_least, 1, _MOST_COUNTED)
        _check_number("alerts.secret_after", self.secret_after, above=0, most=_LONGEST_AGE)

    def watch(self) -> dict[str, float]:
        """The thresholds, as the engine is told them."""
        names = ("failing_above", "failing_least", "backlog_after", "volume_factor")
        return {name: getattr(self, name) for name in (*names, "volume_least", "secret_after")}


def check_alerts(alerts: str | Alerts | None) -> Alerts:
    """``alerts=`` of a client: a URL, or all there is to say."""
    if isinstance(alerts, Alerts):
        return alerts
    if alerts is not None and not isinstance(alerts, str):
        raise ConfigError("must be a URL or Alerts", "alerts")
    return Alerts(url=alerts)


def check_auto_disable(after: float | None) -> float | None:
    if after is not None:
        _check_number("auto_disable_after", after, above=0, most=_LONGEST_AGE)
    return after


@dataclass(frozen=True)
class Retention:
    """How long what has come to its end is kept.

    What is pending or under way is never deleted, and a message goes as a whole: when all of
    its deliveries ended that long ago.

    Args:
        payloads_days: Messages with their deliveries, dead letters too: 7 to 90 days after they
            were delivered, given up or cancelled.
        attempts_days: The log of their attempts, 7 to 90; not longer than their message.
        inbox_days: Received events that were handled or are dead, 7 to 90.
    """

    payloads_days: float = 30
    attempts_days: float = 30
    inbox_days: float = 30

    def __post_init__(self) -> None:
        for name in ("payloads_days", "attempts_days", "inbox_days"):
            check_days(f"retention.{name}", getattr(self, name))
        if self.attempts_days > self.payloads_days:
            raise ConfigError(
                "an attempt is not kept longer than its message", "retention.attempts_days"
            )

    def kept_ms(self) -> tuple[int, int, int]:
        """Of messages, attempts and inbox events."""
        messages, attempts, inbox = (
            round(days * _DAY_MS)
            for days in (self.payloads_days, self.attempts_days, self.inbox_days)
        )
        return messages, attempts, inbox


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
    waits = tuple(check_list("retry", retry, "must be a name, a list of seconds or Exponential"))
    if len(waits) >= MAX_ATTEMPTS:
        raise ConfigError(f"at most {MAX_ATTEMPTS - 1} waits", "retry")
    for position, wait in enumerate(waits):
        _check_number(f"retry[{position}]", wait, above=-1e-9, most=LONGEST_WAIT)
    return waits


def rate_per_second(rate: str, field: str = "rate_limit") -> float:
    """``"10/s"``, ``"600/m"`` or ``"1000/h"`` as a number per second."""
    match = _RATE.fullmatch(rate) if isinstance(rate, str) else None
    if match is None:
        raise ConfigError('must be like "10/s", "600/m" or "1000/h"', field)
    return int(match[1]) / _RATE_SECONDS[match[2]]


def size_in_bytes(field: str, size: int | str) -> int:
    """``"2 GiB"``, ``"500 MB"`` or a number of bytes; at least 16 MiB."""
    match = _SIZE.fullmatch(size) if isinstance(size, str) else None
    if match is not None:
        bytes = int(float(match[1]) * _SIZE_UNITS[match[2]])
    elif isinstance(size, int) and not isinstance(size, bool):
        bytes = size
    else:
        raise ConfigError('must be like "2 GiB", "500 MB", or a number of bytes', field)
    if not SMALLEST_QUOTA <= bytes < 2**62:
        raise ConfigError("must be at least 16 MiB", field)
    return bytes


def check_days(field: str, days: Any) -> float:
    """How long rows are kept, 7 to 90 days."""
    number = isinstance(days, (int, float)) and not isinstance(days, bool)
    if not number or not SHORTEST_KEPT <= days <= LONGEST_KEPT:
        raise ConfigError("must be 7 to 90 days", field)
    return float(days)


def encryption_keys() -> str:
    """What ``WEBHOOKCORE_ENCRYPTION_KEY`` holds, or the file that ``…_FILE`` names; else empty.

    Raises:
        ConfigError: Both are set, or the file cannot be read.
    """
    path = os.environ.get(f"{ENCRYPTION_KEY}_FILE", "")
    text = os.environ.get(ENCRYPTION_KEY, "")
    if not path:
        return text.strip()
    if text:
        raise ConfigError(f"is set as well as {ENCRYPTION_KEY}_FILE", ENCRYPTION_KEY)
    try:
        return Path(path).read_text("ascii").strip()
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot be read: {error}", f"{ENCRYPTION_KEY}_FILE") from None


def check_event_type(type: str, field: str = "type") -> str:
    """The type, when it is one: 1 to 128 of ``A-Z a-z 0-9 _ . -``."""
    if not isinstance(type, str) or _EVENT_TYPE.fullmatch(type) is None:
        raise ConfigError("must be 1 to 128 of A-Z a-z 0-9 _ . -", field)
    return type


def check_channels(channels: Sequence[str] | None, most: int) -> list[str]:
    """The channels, each once; None and an empty list are none."""
    listed = check_list("channels", () if channels is None else channels, _CHANNELS_FORM)
    if len(listed) > most:
        raise ConfigError(f"at most {most}, and these are {len(listed)}", "channels")
    for position, channel in enumerate(listed):
        check_text(f"channels[{position}]", channel, most=128)
    return list(dict.fromkeys(listed))


def check_event_patterns(patterns: Sequence[str], field: str = "events") -> list[str]:
    """Patterns such as ``order.*``; ``*`` stands for any characters, dots too."""
    listed = check_list(field, patterns, 'must be a list of patterns, such as ["order.*"]')
    if not listed:
        raise ConfigError('an empty list subscribes to nothing; ["*"] is all', field)
    for position, pattern in enumerate(listed):
        if not isinstance(pattern, str) or _EVENT_PATTERN.fullmatch(pattern) is None:
            raise ConfigError("must be 1 to 128 of A-Z a-z 0-9 _ . - *", f"{field}[{position}]")
    return listed


def _check_number(field: str, value: float, *, above: float, most: float) -> None:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not above < value <= most:
        raise ConfigError(f"must be a number of at most {most:g}, above {max(above, 0):g}", field)


def check_list(field: str, value: Any, form: str) -> list[Any]:
    """The items of a list or of another iterable; a text is none. ``form`` is the message."""
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise ConfigError(form, field)
    return list(value)


def check_text(field: str, value: Any, *, least: int = 1, most: int = 256) -> str:
    """The value, when it is a str without control characters or lone surrogates."""
    if not isinstance(value, str) or not least <= len(value) <= most or not value.isprintable():
        raise ConfigError(f"must be {least} to {most} printable characters", field)
    return value


def check_content_type(value: Any) -> str:
    """The value, when it can be the header of that name."""
    if not check_text("content_type", value).isascii():
        raise ConfigError("must be ASCII, such as application/json", "content_type")
    return str(value)


def check_unicode(field: str, value: Any) -> str:
    """The value, when it is a str that can be written as UTF-8."""
    if not isinstance(value, str) or not _is_unicode(value):
        raise ConfigError("must be a str of valid Unicode", field)
    return value


def _is_unicode(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def check_whole(field: str, value: Any, least: int, most: int) -> int:
    """The value, when it is a whole number between the two."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ConfigError(f"must be a whole number, {least} to {most}", field)
    return value


def id_text(value: Any) -> str:
    """An id, or that of an object which has one; empty when no id can be like that."""
    text = getattr(value, "id", value)
    return text if isinstance(text, str) and text.isprintable() else ""


def id_named(value: Any) -> str:
    """How an error names what was asked for: by its id, never the whole object."""
    text = getattr(value, "id", value)
    return repr(text) if isinstance(text, str) else f"of the type {type(value).__name__}"


Priority: TypeAlias = Literal["high", "normal", "low"]

PRIORITIES: Final[tuple[Priority, ...]] = ("high", "normal", "low")
# In Unix seconds: below the first a number is a span given by mistake, above the second
# no datetime can show it.
_EARLIEST_MOMENT: Final = 1_000_000_000
_LATEST_MOMENT: Final = 253_402_300_799
_MOMENT_FORM: Final = "must be an aware datetime, or Unix seconds"


def check_priority(value: Any) -> Priority:
    """``high``, ``normal`` or ``low``."""
    if value not in PRIORITIES:
        raise ConfigError(f"must be one of {', '.join(PRIORITIES)}", "priority")
    return value  # type: ignore[no-any-return]


def check_moment(field: str, value: Any) -> int:
    """The value as Unix milliseconds, when it is an aware datetime or Unix seconds."""
    if isinstance(value, datetime):
        if value.tzinfo is None or value.utcoffset() is None:
            raise ConfigError(f"{_MOMENT_FORM}; this datetime has no time zone", field)
        seconds = value.timestamp()
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        seconds = value
    else:
        raise ConfigError(_MOMENT_FORM, field)
    if not _EARLIEST_MOMENT <= seconds <= _LATEST_MOMENT:
        raise ConfigError(f"{_MOMENT_FORM}, from 2001 to 9999", field)
    return round(seconds * 1000)


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
    scheme, _, rest = url.partition("://")
    if scheme in ("postgres", "postgresql", "redis"):
        raise ConfigError(f"{scheme} stores are not available yet", "url")
    path = unquote(rest)
    if path.removeprefix("/") == ":memory:":
        raise ConfigError("a store in memory is memory://", "url")
    if any(ord(character) < 32 or character == "\x7f" for character in path):
        raise ConfigError("must be without control characters", "url")
    plain = rest.startswith("/") and not any(mark in rest for mark in "?#") and _is_unicode(path)
    if scheme.lower() != "sqlite" or not plain or len(path) < 2:
        raise ConfigError(
            "must be sqlite:///relative.db, sqlite:////absolute.db or memory://", "url"
        )
    return StoreUrl(Path(path[1:]))
