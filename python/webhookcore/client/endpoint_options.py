"""The options of an endpoint, each checked and put into the form in which it is stored."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from .. import _core
from ..config import (
    MAX_ATTEMPTS,
    Breaker,
    Retry,
    check_channels,
    check_event_patterns,
    check_list,
    check_seconds,
    check_text,
    rate_per_second,
    retry_schedule,
)
from ..errors import ConfigError
from ..hidden_secrets import HiddenSecret
from ..schemes import Scheme, SchemeLike, scheme_name, stored_text

MOST_PATTERNS: Final = 100
MOST_CHANNELS: Final = 100
MOST_SCHEMES: Final = 8
MOST_HEADERS: Final = 32
LONGEST_HEADER: Final = 4096

SchemeOption: TypeAlias = SchemeLike | Sequence[SchemeLike]
HeaderOption: TypeAlias = Mapping[str, str] | Sequence[tuple[str, str]] | None

_HEADER_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}")
_SCHEMES_FORM: Final = 'must be a list of schemes, such as ["standard"]'
_HEADERS_FORM: Final = "must be a mapping, or a list of pairs"


def option_columns(name: str, value: Any) -> dict[str, Any]:
    """The columns of a stored endpoint that an option of ``create()`` stands for.

    Raises:
        ConfigError: No such option, or a value that it cannot have.
    """
    if name not in _OPTIONS:
        raise ConfigError("is no option that can be changed", name)
    return _OPTIONS[name](value)


def check_headers_and_schemes(row: Mapping[str, Any]) -> None:
    """Every scheme must find what it signs, and nothing may stand in its way.

    An endpoint's own headers and its schemes decide together, so both are looked at
    whichever of them changes.
    """
    for name, _ in row["headers"]:
        if _core.is_reserved_header(name.decode(), row["schemes"]):
            raise ConfigError(
                "belongs to the connection or to a signature scheme of the endpoint",
                _field_of(name.decode()),
            )
    _core.check_sending_schemes(row["schemes"], [name.decode() for name, _ in row["headers"]])


class SecretRow(dict[str, Any]):
    """A secret as it is stored; no traceback with local variables shows it."""

    def __repr__(self) -> str:
        return "<a secret>"


def hide_row(row: dict[str, Any] | None) -> dict[str, Any] | None:
    """A stored endpoint whose secrets no traceback shows; changed in place."""
    if row is not None:
        row["secrets"] = [SecretRow(secret) for secret in row["secrets"]]
    return row


def secret_row(secret: HiddenSecret, now: int) -> SecretRow:
    if isinstance(secret.text, str):
        secret = HiddenSecret(secret.text.encode("utf-8", "surrogatepass"))
    if not isinstance(secret.text, bytes):
        raise ConfigError("must be a str", "secret")
    return SecretRow(text=secret.text, created_at=now, expires_at=None)


def check_secrets(row: Mapping[str, Any], *, made: bool = False, field: str = "") -> None:
    """Every scheme must be able to sign with every secret that it will be given.

    Args:
        made: The newest secret was made here, and not given.
        field: What was changed; the scheme that cannot sign when empty.
    """
    for secret in row["secrets"]:
        for position, scheme in enumerate(row["schemes"]):
            _check_secret(scheme, secret, made, field or f"schemes[{position}]")


def _check_secret(scheme: str, secret: SecretRow, made: bool, field: str) -> None:
    try:
        _core.check_signing_secret(scheme, secret["text"])
    except ConfigError as error:
        name = scheme_name(scheme)
        if made:
            form = f"{name} needs a secret of its own form, which cannot be made here: give it"
            raise ConfigError(form, field) from None
        raise ConfigError(f"cannot sign by {name}: {error}", field) from None


def _check_count(field: str, listed: list[Any], most: int) -> None:
    if len(listed) > most:
        raise ConfigError(f"at most {most}, and these are {len(listed)}", field)


def _events(value: Sequence[str]) -> dict[str, Any]:
    patterns = check_event_patterns(value)
    _check_count("events", patterns, MOST_PATTERNS)
    return {"events": patterns}


def _schemes(value: SchemeOption) -> dict[str, Any]:
    if isinstance(value, (str, Scheme)):
        value = [value]
    listed = check_list("schemes", value, _SCHEMES_FORM)
    if not listed:
        raise ConfigError("at least one scheme must sign", "schemes")
    _check_count("schemes", listed, MOST_SCHEMES)
    return {"schemes": [_scheme(f"schemes[{at}]", one) for at, one in enumerate(listed)]}


def _scheme(field: str, scheme: Any) -> str:
    if not isinstance(scheme, Scheme):
        check_text(field, scheme)
    try:
        return stored_text(scheme)
    except ConfigError as error:
        raise ConfigError(str(error).removeprefix(f"{error.field}: "), field) from None


def _channels(value: Sequence[str] | None) -> dict[str, Any]:
    return {"channels": check_channels(value, MOST_CHANNELS)}


def _headers(value: HeaderOption) -> dict[str, Any]:
    given = value.items() if isinstance(value, Mapping) else () if value is None else value
    listed = check_list("headers", given, _HEADERS_FORM)
    _check_count("headers", listed, MOST_HEADERS)
    pairs = [_header(item) for item in listed]
    names = set()
    for name, _ in pairs:
        if name.lower() in names:
            raise ConfigError("is given twice; case makes no difference", _field_of(name.decode()))
        names.add(name.lower())
    return {"headers": pairs}


def _header(item: Any) -> tuple[bytes, bytes]:
    if not isinstance(item, (tuple, list)) or len(item) != 2:
        raise ConfigError(_HEADERS_FORM, "headers")
    name, text = item
    if not isinstance(name, str) or _HEADER_NAME.fullmatch(name) is None:
        raise ConfigError("is no header name", _field_of(name))
    if not isinstance(text, str) or any(ord(c) < 32 or 126 < ord(c) < 160 for c in text):
        raise ConfigError("must be a str without control characters", _field_of(name))
    if len(text) > LONGEST_HEADER:
        raise ConfigError(f"at most {LONGEST_HEADER} bytes, not {len(text)}", _field_of(name))
    try:
        return name.encode(), text.encode("latin-1")
    except UnicodeEncodeError:
        raise ConfigError("must be Latin-1 text", _field_of(name)) from None


def _field_of(header: Any) -> str:
    return f"headers[{header!r}]"


def _rate_limit(value: str | None) -> dict[str, Any]:
    return {"rate_limit_per_second": None if value is None else rate_per_second(value)}


def _timeout(value: float) -> dict[str, Any]:
    return {"timeout": round(check_seconds("timeout", value, 1, 300) * 1000)}


def _retry(value: Retry) -> dict[str, Any]:
    return {"retry_schedule": [round(wait * 1000) for wait in retry_schedule(value)]}


def _breaker(value: Breaker | None) -> dict[str, Any]:
    if value is None:
        return {"breaker_failures": None, "breaker_open_for": None}
    if not isinstance(value, Breaker):
        raise ConfigError("must be a Breaker", "breaker")
    return {"breaker_failures": value.failures, "breaker_open_for": round(value.open_for * 1000)}


def _max_attempts(value: int | None) -> dict[str, Any]:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if value is not None and not (whole and 1 <= value <= MAX_ATTEMPTS):
        raise ConfigError(f"must be 1 to {MAX_ATTEMPTS}", "max_attempts")
    return {"max_attempts": value}


def _ordering(value: str | None) -> dict[str, Any]:
    if value is not None and value != "fifo":
        raise ConfigError('must be "fifo", or None for no order', "ordering")
    return {"fifo": value is not None}


def _client_errors(value: str) -> dict[str, Any]:
    if value not in ("die", "retry"):
        raise ConfigError("must be die or retry", "client_errors")
    return {"client_errors": value}


def _description(value: str | None) -> dict[str, Any]:
    return {"description": check_text("description", value or "", least=0, most=1000)}


_OPTIONS: Final[dict[str, Callable[[Any], dict[str, Any]]]] = {
    "events": _events,
    "channels": _channels,
    "description": _description,
    "schemes": _schemes,
    "rate_limit": _rate_limit,
    "timeout": _timeout,
    "max_attempts": _max_attempts,
    "retry": _retry,
    "headers": _headers,
    "ordering": _ordering,
    "breaker": _breaker,
    "client_errors": _client_errors,
}
