"""What is answered to a provider, as JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from json.encoder import encode_basestring_ascii
from typing import Any, Final, TypeAlias

from .. import _core
from ..errors import KeyUnavailableError, StoreCorruptError, VerificationError, message_of
from ..events import Event
from ..exchange import HttpRequest, HttpResponse

_KEPT: Final = ("Allow", "Retry-After")

# Long enough for most handlers to end, short enough that senders come back soon.
RETRY_AFTER: Final = 5

# What ends a request: a word for the log, and the answer.
Settled: TypeAlias = tuple[str, HttpResponse]

# No browser may take for a page what holds a provider's, or anybody's, text.
_NOSNIFF: Final = {"X-Content-Type-Options": "nosniff"}
_JSON: Final = {"Content-Type": "application/json", **_NOSNIFF}
JSON_HEADERS: Final = tuple(_JSON.items())
# What need not be parsed to know that it is JSON.
_PLAIN_RESULTS: Final = ("null", '"accepted"')
_PLAIN: Final = {"Content-Type": "text/plain", **_NOSNIFF}


def answer(status: int, content: Mapping[str, Any], **headers: str) -> HttpResponse:
    body = json.dumps(content, separators=(",", ":")).encode("ascii")
    return HttpResponse(status, body, {**_JSON, **headers})


def plain(status: int, text: str = "", **headers: str) -> HttpResponse:
    return HttpResponse(status, text.encode("ascii"), {**_PLAIN, **headers})


def acknowledged(
    status: int, word: str, event_id: str | None, kept_result: str = "null"
) -> HttpResponse:
    """The kept result is JSON that was read from the store.

    Raises:
        StoreCorruptError: It is none.
    """
    kept = kept_result or "null"
    if kept not in _PLAIN_RESULTS:
        try:
            kept = json.dumps(json.loads(kept), separators=(",", ":"))
        except (ValueError, RecursionError):
            text = f"the kept result of event {event_id!r} is no JSON"
            raise StoreCorruptError(text) from None
    # Put together by hand: json.dumps() makes an encoder for each call.
    shown_id = "null" if event_id is None else encode_basestring_ascii(event_id)
    body = f'{{"status":"{word}","event_id":{shown_id},"result":{kept}}}'
    return HttpResponse(status, body.encode("ascii"), _JSON.copy())


def ready(status: int, body: bytes) -> HttpResponse:
    """An answer whose JSON is written already."""
    return HttpResponse(status, body, _JSON.copy())


def error(status: int, reason: str, message: str, **headers: str) -> HttpResponse:
    return answer(status, {"error": {"reason": reason, "message": message}}, **headers)


def later(reason: str, message: str, seconds: int = RETRY_AFTER) -> HttpResponse:
    """503: the provider is to send it again. Nothing that was not stored is acknowledged."""
    return error(503, reason, message, **{"Retry-After": str(seconds)})


def too_many(reason: str, message: str, seconds: float) -> HttpResponse:
    """429: there is a token again in so many seconds."""
    return error(429, reason, message, **{"Retry-After": str(max(1, math.ceil(seconds)))})


def refusal(refused: VerificationError) -> HttpResponse:
    """The answer to a request that failed verification; never holds the hint."""
    return error(refused.http_status, refused.reason, message_of(refused.reason))


def without_key(missing: KeyUnavailableError) -> HttpResponse:
    """The answer where the key to verify with cannot be had; says nothing of why."""
    seconds = max(1, math.ceil(missing.retry_after))
    return later("key_unavailable", "the key of the signature cannot be fetched now", seconds)


def if_encoded(request: HttpRequest) -> Settled | None:
    """The refusal of a body that would have to be inflated, which is never done."""
    if not request.is_encoded:
        return None
    text = "the body has a Content-Encoding; it must come as it was signed"
    return "unsupported_encoding", error(415, "unsupported_encoding", text)


def refused(error: VerificationError) -> Settled:
    return error.reason, refusal(error)


def as_provider_wants(
    wanted: str | None, event: Event | None, response: HttpResponse
) -> HttpResponse:
    """The answer in the form that the provider's row fixes; see ``Provider.answer``."""
    taken = response.status < 300
    if wanted is None:
        return response
    if wanted == "empty":
        kept = {name: response.headers[name] for name in _KEPT if name in response.headers}
        return plain(200 if taken else response.status, **kept)
    if wanted == "no-content":
        # What has no event inside is an interaction, which may be answered later.
        inside = event is not None and _core.event_fields(event.body, ["event.type"])[0]
        return plain(204) if taken and inside else response
    return plain(200, wanted) if taken else response
