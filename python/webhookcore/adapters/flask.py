"""Flask: an extension for a receiver, and a decorator that only verifies."""

from __future__ import annotations

import functools
import inspect
import io
from collections.abc import Callable
from typing import Any, Final

from ..errors import ConfigError, KeyUnavailableError, VerificationError
from ..exchange import HttpResponse
from ..hidden_secrets import Secrets, shade
from ..keys import KeyFetcher
from ..receiver import (
    DEFAULT_MAX_BODY,
    JSON_HEADERS,
    Receiver,
    check_max_body,
    check_public_url,
    if_encoded,
    refusal,
    verify_request,
    without_key,
)
from ..schemes import SchemeLike
from ..signatures import Verifier
from .missing import missing
from .mounting import body_was_read
from .wsgi import request_of, take

try:
    from flask import Blueprint, Flask, Request, Response, current_app, request
    from werkzeug.exceptions import ClientDisconnected
except ImportError:
    raise missing("Flask") from None

_SETTING: Final = "WEBHOOKCORE_RECEIVER"
_METHODS: Final = ("POST", "GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS")


class Webhooks:
    """The extension. ``app.extensions["webhookcore"]`` is the app's receiver.

    Args:
        receiver: Used by every app; when omitted, each app's own, from its setting
            ``WEBHOOKCORE_RECEIVER``.
        app: ``init_app(app)`` at once.
    """

    def __init__(
        self,
        receiver: Receiver | None = None,
        app: Flask | None = None,
        *,
        url_prefix: str = "/hooks",
    ) -> None:
        self._receiver = receiver
        if app is not None:
            self.init_app(app, url_prefix=url_prefix)

    def init_app(
        self, app: Flask, url_prefix: str = "/hooks", *, name: str = "webhookcore"
    ) -> None:
        """Let ``POST {url_prefix}/{source}`` reach the receiver, which answers others with 405.

        GET is taken where the source's provider proves the endpoint with one.

        Args:
            app: Its ``extensions["webhookcore"]`` becomes the receiver.
            url_prefix: Where the sources are.
            name: Of the blueprint; an app that takes two receivers needs two.

        Raises:
            ConfigError: There is no receiver.
        """
        receiver = self._receiver or app.config.get(_SETTING)
        if not isinstance(receiver, Receiver):
            raise ConfigError(f"give one to Webhooks(), or set {_SETTING}", "receiver")
        routes = Blueprint(name, __name__)

        # All of them, so that the receiver answers and not the app's page for a wrong method.
        @routes.route(
            "/<source>", methods=_METHODS, provide_automatic_options=False, strict_slashes=False
        )
        def receive(source: str) -> Response:
            # Not the proxy, which looks for the request at each use.
            asked = request._get_current_object()  # type: ignore[attr-defined]
            body = read_body(asked, receiver.body_limit(source))
            found = take(receiver, source, asked.environ, body)
            if isinstance(found, HttpResponse):
                return _response(found)
            return Response(found[1], found[0], JSON_HEADERS)

        app.register_blueprint(routes, url_prefix=url_prefix)
        app.extensions.setdefault("webhookcore", receiver)


def verified(
    provider: SchemeLike,
    *,
    secrets: Secrets | None = None,
    tolerance: float | None = None,
    public_url: str | None = None,
    max_body: int = DEFAULT_MAX_BODY,
    keys: KeyFetcher | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A decorator for a view: it is called only with a verified request; nothing is stored.

    The event is the view's argument ``event``, or its first one. Put it below
    ``@app.post``.

    Raises:
        ConfigError: An unknown provider, a secret that cannot be a key, a bad option.
    """
    secrets = shade(secrets)
    verifier = Verifier(provider, secrets, tolerance, keys=keys)
    prefix = check_public_url(public_url)
    check_max_body(max_body)

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        by_name = "event" in inspect.signature(view).parameters

        @functools.wraps(view)
        def checked(*args: Any, **keywords: Any) -> Any:
            asked = request_of(request.environ, read_body(request, max_body))
            encoded = if_encoded(asked)
            if encoded is not None:
                return _response(encoded[1])
            try:
                event = verify_request(verifier, asked, public_url=prefix, max_body=max_body)
            except VerificationError as error:
                return _response(refusal(error))
            except KeyUnavailableError as error:
                return _response(without_key(error))
            call = current_app.ensure_sync(view)
            return (
                call(*args, event=event, **keywords) if by_name else call(event, *args, **keywords)
            )

        return checked

    return decorate


def read_body(asked: Request, limit: int) -> bytes:
    """The body, or of a longer one more than ``limit`` bytes, or none of it.

    A body within the limit stays readable, as bytes and as a form.

    Raises:
        ConfigError: Somebody has read it before.
        ClientDisconnected: The client hung up before all of it had come; 400 to nobody.
    """
    length = asked.content_length
    if length is not None and length > limit:
        return b""
    if length is not None:
        body = _read_all(asked, length)
        if len(body) < length:
            # With a rest of it somebody hung up, which is nothing to look at in a log.
            raise ClientDisconnected if body and "form" not in asked.__dict__ else _culprit(asked)
        return body
    # Chunked: the length is known at its end. Flask's own cache is filled as get_data() would.
    if not hasattr(asked, "_cached_data"):
        body = asked.stream.read(limit + 1)
        if not body and "form" in asked.__dict__:
            raise _culprit(asked)
        if len(body) > limit:
            return body
        asked._cached_data = body
    return asked.get_data(cache=True)


# What a request has once somebody has looked at its body.
_TOUCHED: Final = frozenset({"stream", "form", "files", "_cached_data"})


def _read_all(asked: Request, length: int) -> bytes:
    """``asked.get_data(cache=True)``, and a third of a view faster where nobody was there before."""
    if not _TOUCHED.isdisjoint(asked.__dict__) or asked.max_content_length is not None:
        return asked.get_data(cache=True)
    stream = asked.environ["wsgi.input"]
    chunks: list[bytes] = []
    left = length
    while left and (chunk := stream.read(left)):
        chunks.append(chunk)
        left -= len(chunk)
    asked._cached_data = body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
    asked.__dict__["stream"] = io.BytesIO()  # Read to its end.
    return body


def _culprit(asked: Request) -> ConfigError:
    reader = (
        "request.form, request.files, request.values or request.data"
        if "form" in asked.__dict__
        else "request.stream or request.get_data(cache=False)"
    )
    return body_was_read(f"{reader} (in a before_request function or an outer decorator?)")


def _response(found: HttpResponse) -> Response:
    return Response(found.body, found.status, dict(found.headers))
