"""FastAPI: a router for a receiver, and a dependency that only verifies."""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Callable, Coroutine
from typing import Any, Final

from ..errors import KeyUnavailableError, VerificationError, message_of
from ..events import Event
from ..exchange import HttpRequest
from ..hidden_secrets import Secrets, shade
from ..keys import KeyFetcher
from ..receiver import (
    DEFAULT_MAX_BODY,
    Receiver,
    check_max_body,
    check_public_url,
    if_encoded,
    verifies_quickly,
    verify_request,
    without_key,
)
from ..schemes import SchemeLike
from ..signatures import Verifier
from . import asgi
from .missing import missing
from .mounting import body_was_read, check_receiver

try:
    from fastapi import APIRouter, HTTPException, Request, Response
    from fastapi.routing import APIRoute
    from starlette.requests import ClientDisconnect
    from starlette.routing import Match
    from starlette.types import Receive, Scope, Send
except ImportError:
    raise missing("FastAPI") from None

_ERROR: Final = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {"reason": {"type": "string"}, "message": {"type": "string"}},
        }
    },
}
_ANSWER: Final = {
    "type": "object",
    "properties": {
        "status": {"enum": ["accepted", "processed", "duplicate", "ignored", "challenge"]},
        "event_id": {"type": ["string", "null"]},
        "result": {},
    },
}


def _documented(text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: _documented("Handled, seen before, or of no interest", _ANSWER),
    202: _documented("Stored; it will be handled", _ANSWER),
    400: _documented("Malformed, or signed too long ago", _ERROR),
    401: _documented("Not signed by the provider", _ERROR),
    403: _documented("Not from an address that the source allows", _ERROR),
    404: _documented("No such source", _ERROR),
    405: _documented("Not a method of the source", _ERROR),
    408: _documented("The body took too long", _ERROR),
    413: _documented("The body is too large", _ERROR),
    415: _documented("The body is compressed", _ERROR),
    429: _documented("Too often: send it again after Retry-After", _ERROR),
    431: _documented("A header of the signature is too large", _ERROR),
    500: _documented("Its handler failed: send it again", _ERROR),
    503: _documented("Not stored: send it again after Retry-After", _ERROR),
}
_BODY: Final = {
    "requestBody": {
        "required": True,
        "description": "The provider's event. Its exact bytes are signed.",
        "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
    }
}

# OpenAPI 3.1, section 4.8.12: such parameters are ignored.
_NO_PARAMETERS: Final = ("accept", "authorization", "content-type")


def router(receiver: Receiver, **options: Any) -> APIRouter:
    """A router that takes ``POST /{source}``, and answers other methods with 405.

    GET is taken where the source's provider proves the endpoint with one.

    Args:
        receiver: Every source of it, those that are added later too.
        options: For ``APIRouter``, such as ``tags`` or ``include_in_schema``.

    Raises:
        ConfigError: It is no receiver.
    """
    check_receiver(receiver)

    class RawRoute(APIRoute):
        """Takes requests as they come: Request, dependencies and Response are for the schema."""

        def matches(self, scope: Scope) -> tuple[Match, Scope]:
            match, found = super().matches(scope)
            # A handshake is not left to a page that takes every other path.
            if match is Match.PARTIAL and scope["method"] in receiver.methods(
                found["path_params"]["source"]
            ):
                return Match.FULL, found
            return match, found

        async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
            # Dependencies of an app or router, such as an authentication, are not left out.
            if _guards(self, scope) and scope["method"] == "POST":
                await super().handle(scope, receive, send)
                return
            source = scope["path_params"]["source"]
            if not await asgi.answer(receiver, source, scope, receive, send):
                # Nobody reads it, but @app.middleware("http") wants some response.
                await Response(status_code=400)(scope, receive, send)

        @property
        def openapi_extra(self) -> dict[str, Any]:  # Asked for when the schema is made.
            return {**_BODY, "parameters": _headers_of(receiver)}

        @openapi_extra.setter
        def openapi_extra(self, given: Any) -> None:
            del given  # APIRoute sets its own argument.

    routes = APIRouter(**{"tags": ["webhooks"], "route_class": RawRoute, **options})

    # No sender of webhooks follows the redirect that there would be otherwise.
    @routes.post("/{source}/", include_in_schema=False)
    @routes.post(
        "/{source}", summary="Receive a webhook", responses=_RESPONSES, response_class=Response
    )
    async def receive(source: str, request: Request) -> Response:
        # No body parameter: FastAPI would parse it, and refuse it, before the signature
        # is looked at.
        try:
            body = await read_body(request, receiver.body_limit(source))
        except ClientDisconnect:
            return Response(status_code=400)  # Nobody reads it.
        found = await receiver.handle_async(asgi.request_of(request.scope, body), source)
        return Response(found.body, found.status, dict(found.headers))

    return routes


def _guards(route: APIRoute, scope: Scope) -> bool:
    """Whether something is to run before the route: a dependency, or FastAPI's own body limit."""
    # Where a router was included, and with what, newer versions tell in the scope alone.
    included = scope.get("fastapi", {}).get("effective_route_context") or route
    return bool(included.dependencies) or getattr(included, "max_body_size", None) is not None


def _headers_of(receiver: Receiver) -> list[dict[str, Any]]:
    """What the providers put on a request, as parameters of OpenAPI."""
    return [
        {
            "name": name,
            "in": "header",
            "description": f"From {', '.join(titles)}",
            "schema": {"type": "string"},
        }
        for name, titles in receiver.header_names().items()
        if name.lower() not in _NO_PARAMETERS
    ]


def verified(
    provider: SchemeLike,
    *,
    secrets: Secrets | None = None,
    tolerance: float | None = None,
    public_url: str | None = None,
    max_body: int = DEFAULT_MAX_BODY,
    keys: KeyFetcher | None = None,
) -> Callable[[Request], Coroutine[Any, Any, Event]]:
    """A dependency that gives the verified ``Event``; nothing is stored.

    A refusal is an ``HTTPException`` with the status of the error and
    ``{"error": {"reason", "message"}}`` as its detail.

    Raises:
        ConfigError: An unknown provider, a secret that cannot be a key, a bad option.
    """
    secrets = shade(secrets)
    verifier = Verifier(provider, secrets, tolerance, keys=keys)
    prefix = check_public_url(public_url)
    check_max_body(max_body)

    async def dependency(request: Request) -> Event:
        asked = asgi.request_of(request.scope, await read_body(request, max_body))
        encoded = if_encoded(asked)
        if encoded is not None:
            raise HTTPException(encoded[1].status, json.loads(encoded[1].body))
        verify = functools.partial(
            verify_request, verifier, asked, public_url=prefix, max_body=max_body
        )
        try:
            # Where a key or a secret may have to be fetched, the loop goes on meanwhile.
            quick = verifies_quickly(verifier, len(asked.body))
            return verify() if quick else await asyncio.to_thread(verify)
        except VerificationError as error:
            content = {"error": {"reason": error.reason, "message": message_of(error.reason)}}
            raise HTTPException(error.http_status, content) from error
        except KeyUnavailableError as error:
            raise _without_key(error) from error

    return dependency


def _without_key(error: KeyUnavailableError) -> HTTPException:
    found = without_key(error)
    return HTTPException(found.status, json.loads(found.body), dict(found.headers))


async def read_body(request: Request, limit: int) -> bytes:
    """The body, or of a longer one more than ``limit`` bytes, or none of it.

    A body within the limit stays readable for whoever comes after.

    Raises:
        ConfigError: Somebody has read it before.
    """
    if (HttpRequest("", "", request.scope["headers"], b"").content_length or 0) > limit:
        return b""
    chunks: list[bytes] = []
    size = 0
    try:
        async for chunk in request.stream():
            chunks.append(chunk)
            size += len(chunk)
            if size > limit:
                return b"".join(chunks)
    except RuntimeError as error:
        culprit = "a Form or File parameter of the route, request.form() or request.stream()"
        raise body_was_read(culprit) from error
    body = b"".join(chunks)
    request._body = body  # What Request.body() itself sets; forms are read from it too.
    return body
