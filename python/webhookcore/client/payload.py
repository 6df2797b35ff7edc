"""From what a user sends to the bytes that are signed."""

from __future__ import annotations

import functools
import hashlib
import json
import time
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from ..config import check_text
from ..errors import ConfigError

EnvelopeName: TypeAlias = Literal["standard", "guide"]

_NAMES: Final = ("standard", "guide")

# Made once: json.dumps() makes one for each call that asks for anything of its own.
_PLAIN, _SORTING = (
    json.JSONEncoder(
        ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=sort_keys
    )
    for sort_keys in (False, True)
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What stands around the data.

    Args:
        name: ``"standard"``: ``{"type", "timestamp", "data"}`` (Standard Webhooks 1.0,
            section "Payload structure"). ``"guide"``: ``{"event", "idempotencyKey",
            "timestamp", "data"}``.
        api_version: Stands in it as ``api_version`` when it is set.
    """

    name: str = "standard"
    api_version: str | None = None

    def __post_init__(self) -> None:
        if self.name not in _NAMES:
            raise ConfigError('must be "standard" or "guide"', "envelope")
        if self.api_version is not None:
            check_text("api_version", self.api_version)

    def with_(self, name: str | None, api_version: str | None) -> Envelope:
        """The same with what a single message has of its own."""
        if name is None and api_version is None:
            return self
        return Envelope(
            self.name if name is None else name,
            self.api_version if api_version is None else api_version,
        )

    @property
    def names_the_message(self) -> bool:
        return self.name == "guide"

    def around(self, type: str, data: Any, now_ms: int, key: str) -> dict[str, Any]:
        moment = _timestamp(now_ms)
        version = {} if self.api_version is None else {"api_version": self.api_version}
        if self.name == "guide":
            head = {"event": type, "idempotencyKey": key, "timestamp": moment}
        else:
            head = {"type": type, "timestamp": moment}
        return {**head, **version, "data": data}


def _timestamp(now_ms: int) -> str:
    """RFC 3339, in UTC, with milliseconds."""
    seconds, ms = divmod(now_ms, 1000)
    return f"{_second(seconds)}.{ms:03d}Z"


@functools.lru_cache(maxsize=4)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def is_raw(data: Any) -> bool:
    return isinstance(data, (bytes, bytearray, memoryview))


def encode(
    type: str, data: Any, now_ms: int, envelope: Envelope = Envelope(), key: str = ""
) -> bytes:
    """The request body.

    ``bytes`` go out as they are; anything else is JSON data and gets the envelope, which
    names the message by ``key`` where it has a place for that.

    Args:
        now_ms: Unix milliseconds.

    Raises:
        ConfigError: ``data`` is no JSON (NaN and lone surrogates are none either).
    """
    if is_raw(data):
        return bytes(data)
    return as_json(envelope.around(type, data, now_ms, key))


def fingerprint(type: str, tenant: str | None, data: Any) -> bytes:
    """What must be the same when an idempotency key is used again."""
    if is_raw(data):
        kind, content = b"raw", bytes(data)
    else:
        kind, content = b"json", _sorted_json(data)
    parts = (type.encode(), b"" if tenant is None else b"=" + tenant.encode(), kind, content)
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


def _sorted_json(value: Any) -> bytes:
    try:
        return _SORTING.encode(value).encode("utf-8")
    except (TypeError, ValueError, RecursionError):
        # Numbers and texts cannot be sorted among each other; written as keys they all are texts.
        return _SORTING.encode(json.loads(as_json(value))).encode("utf-8")


def as_json(value: Any) -> bytes:
    """Raises ConfigError for what is no JSON."""
    try:
        return _PLAIN.encode(value).encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(f"cannot be written as JSON: {error}", "data") from None
