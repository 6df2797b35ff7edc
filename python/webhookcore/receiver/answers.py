"""What is answered to a provider, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from ..errors import StoreCorruptError, VerificationError, message_of
from ..exchange import HttpResponse

# Long enough for most handlers to end, short enough that senders come back soon.
RETRY_AFTER: Final = 5

_JSON: Final = {"Content-Type": "application/json"}


def answer(status: int, content: Mapping[str, Any], **headers: str) -> HttpResponse:
    body = json.dumps(content, separators=(",", ":")).encode("ascii")
    return HttpResponse(status, body, {**_JSON, **headers})


def acknowledged(
    status: int, word: str, event_id: str | None, kept_result: str = "null"
) -> HttpResponse:
    """The kept result is JSON that was read from the store.

    Raises:
        StoreCorruptError: It is none.
    """
    try:
        result = json.loads(kept_result or "null")
    except (ValueError, RecursionError):
        raise StoreCorruptError(f"the kept result of event {event_id!r} is no JSON") from None
    return answer(status, {"status": word, "event_id": event_id, "result": result})


def error(status: int, reason: str, message: str, **headers: str) -> HttpResponse:
    return answer(status, {"error": {"reason": reason, "message": message}}, **headers)


def later(reason: str, message: str, seconds: int = RETRY_AFTER) -> HttpResponse:
    """503: the provider is to send it again. Nothing that was not stored is acknowledged."""
    return error(503, reason, message, **{"Retry-After": str(seconds)})


def refusal(refused: VerificationError) -> HttpResponse:
    """The answer to a request that failed verification; never holds the hint."""
    return error(refused.http_status, refused.reason, message_of(refused.reason))
