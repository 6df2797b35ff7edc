"""From what a user sends to the bytes that are signed."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timezone
from typing import Any

from ..errors import ConfigError


def encode(type: str, data: Any, now: datetime) -> bytes:
    """The request body.

    ``bytes`` go out as they are; anything else is JSON data and gets the envelope
    ``{"type", "timestamp", "data"}`` (Standard Webhooks 1.0, section "Payload structure").

    Raises:
        ConfigError: ``data`` is no JSON (NaN and lone surrogates are none either).
    """
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data)
    moment = now.astimezone(timezone.utc).isoformat(timespec="milliseconds")
    envelope = {"type": type, "timestamp": moment.replace("+00:00", "Z"), "data": data}
    return _json(envelope)


def fingerprint(type: str, tenant: str | None, data: Any) -> bytes:
    """What must be the same when an idempotency key is used again."""
    if isinstance(data, (bytes, bytearray, memoryview)):
        kind, content = b"raw", bytes(data)
    else:
        kind, content = b"json", _json(data, sort_keys=True)
    parts = (type.encode(), b"" if tenant is None else b"=" + tenant.encode(), kind, content)
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


def _json(value: Any, *, sort_keys: bool = False) -> bytes:
    try:
        return json.dumps(
            value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=sort_keys
        ).encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(f"cannot be written as JSON: {error}", "data") from None
