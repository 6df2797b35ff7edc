"""Django: URLs for a receiver, and a decorator that only verifies."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import inspect
import logging
from collections.abc import Callable
from typing import Any, Final

from ..errors import ConfigError, KeyUnavailableError, VerificationError
from ..events import Event
from ..exchange import HttpRequest, HttpResponse, read_length
from ..hidden_secrets import Secrets, shade
from ..keys import KeyFetcher
from ..receiver import (
    DEFAULT_MAX_BODY,
    Receiver,
    check_max_body,
    check_public_url,
    if_encoded,
    refusal,
    verifies_quickly,
    verify_request,
    without_key,
)
from ..schemes import SchemeLike
from ..signatures import Verifier
from . import asgi, wsgi
from .missing import missing
from .mounting import body_was_read

try:
    from django import http
    from django.conf import settings
    from django.core.exceptions import RequestDataTooBig
    from django.db.transaction import non_atomic_requests
    from django.http.request import RawPostDataException, UnreadablePostError
    from django.urls import URLPattern
    from django.urls.resolvers import RegexPattern
    from django.utils.module_loading import import_string
    from django.views.decorators.csrf import csrf_exempt
except ImportError:
    raise missing("Django") from None

_log = logging.getLogger("webhookcore.receiver")

SETTING: Final = "WEBHOOKCORE_RECEIVER"


def urls(receiver: Receiver | None = None) -> tuple[list[URLPattern], str]:
    """For ``include()``: ``{source}`` below the path, POST, and GET where it is a handshake.

    ``reverse("webhookcore:receive", args=["stripe"])`` is a source's path. No view of it asks
    for a CSRF token or a login, or runs in a transaction.

    Args:
        receiver: When omitted, the one that the setting ``WEBHOOKCORE_RECEIVER`` names.

    Raises:
        ConfigError: What was given is no receiver.
    """
    if receiver is not None and not isinstance(receiver, Receiver):
        raise ConfigError("must be a Receiver, or None for that of the setting", "receiver")

    def of_app() -> Receiver:
        return receiver or receiver_of_settings()

    @_open_to_all
    def receive(request: Any, source: str) -> Any:
        found = of_app()
        asked = read_request(request, found.body_limit(source))
        if not isinstance(asked, HttpRequest):
            return asked
        return _response(found.handle(asked, source), asked.method)

    @_open_to_all
    async def receive_async(request: Any, source: str) -> Any:
        found = of_app()
        asked = read_request(request, found.body_limit(source))
        if not isinstance(asked, HttpRequest):
            return asked
        return _response(await found.handle_async(asked, source), asked.method)

    pattern = RegexPattern(r"^(?P<source>[^/]+)/?$", name="receive", is_endpoint=True)
    return [_EitherView(pattern, receive, receive_async)], "webhookcore"


class _EitherView(URLPattern):
    """Under ASGI the async view, on the server's loop; under WSGI the other one."""

    def __init__(self, pattern: Any, view: Any, on_a_loop: Any) -> None:
        super().__init__(pattern, view, name="receive")
        self._on_a_loop = on_a_loop

    def resolve(self, path: str) -> Any:
        match = super().resolve(path)
        if match is not None and _is_on_a_loop():
            match.func = self._on_a_loop
        return match


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

    The event is the view's argument ``event``, or its second one, after the request. Put it
    above all others, above ``@api_view`` too; on a class put
    ``@method_decorator(verified(...), name="dispatch")``. No CSRF token is asked for.

    Raises:
        ConfigError: An unknown provider, a secret that cannot be a key, a bad option.
    """
    secrets = shade(secrets)
    verifier = Verifier(provider, secrets, tolerance, keys=keys)
    prefix = check_public_url(public_url)
    check_max_body(max_body)

    def judge(request: Any) -> Any:
        """The event, or what to answer."""
        asked = read_request(request, max_body)
        if not isinstance(asked, HttpRequest):
            return asked
        encoded = if_encoded(asked)
        if encoded is not None:
            return _response(encoded[1])
        try:
            return verify_request(verifier, asked, public_url=prefix, max_body=max_body)
        except VerificationError as error:
            return _response(refusal(error))
        except KeyUnavailableError as error:
            return _response(without_key(error))

    def is_quick(request: Any) -> bool:
        said = read_length(str(request.META.get("CONTENT_LENGTH") or ""))
        return said is not None and verifies_quickly(verifier, said)

    return functools.partial(_checked, judge, is_quick=is_quick)


def _checked(
    judge: Callable[[Any], Any], view: Callable[..., Any], *, is_quick: Callable[[Any], bool]
) -> Callable[..., Any]:
    """The view, which gets the event that ``judge`` finds in the request."""
    by_name = "event" in inspect.signature(view).parameters

    def call(event: Event, request: Any, *args: Any, **keywords: Any) -> Any:
        if by_name:
            return view(request, *args, event=event, **keywords)
        return view(request, event, *args, **keywords)

    @functools.wraps(view)
    def checked(request: Any, *args: Any, **keywords: Any) -> Any:
        event = judge(request)
        return call(event, request, *args, **keywords) if isinstance(event, Event) else event

    @functools.wraps(view)
    async def checked_async(request: Any, *args: Any, **keywords: Any) -> Any:
        # Where a key or a secret may have to be fetched, the loop goes on meanwhile.
        quick = is_quick(request)
        event = judge(request) if quick else await asyncio.to_thread(judge, request)
        if not isinstance(event, Event):
            return event
        return await call(event, request, *args, **keywords)

    return _open_to_all(checked_async if inspect.iscoroutinefunction(view) else checked)


def receiver_of_settings() -> Receiver:
    """What ``WEBHOOKCORE_RECEIVER`` names: ``"shop.webhooks.receiver"``, or a receiver itself.

    Raises:
        ConfigError: It is not set, cannot be imported, or is no receiver.
    """
    named = getattr(settings, SETTING, None)
    if isinstance(named, str):
        try:
            named = import_string(named.replace(":", "."))
        except ImportError as error:
            raise ConfigError(str(error), SETTING) from error
    if not isinstance(named, Receiver):
        raise ConfigError('must name a Receiver, such as "shop.webhooks.receiver"', SETTING)
    return named


def read_request(request: Any, limit: int) -> HttpRequest | Any:
    """The request with its body, of at most ``limit`` bytes; or the answer to one without.

    The body stays readable, as bytes and as a form.

    Raises:
        ConfigError: Somebody has read the body before.
    """
    request = getattr(request, "_request", request)  # That of the Django REST framework.
    try:
        body = _read_body(request, limit)
    except RawPostDataException:
        culprit = "request.POST, request.FILES or request.read() (in a middleware or a decorator?)"
        raise body_was_read(culprit) from None
    except RequestDataTooBig:
        _log.warning("a body below max_body was above DATA_UPLOAD_MAX_MEMORY_SIZE: refused")
        return _response(refusal(VerificationError("body_too_large")))
    except UnreadablePostError:
        return http.HttpResponse(status=400)  # Nobody reads it.
    scope = getattr(request, "scope", None)
    if scope is None:
        asked = wsgi.request_of(request.environ, body)
    else:
        asked = asgi.request_of(scope, body)
    # A proxy's word on https counts where SECURE_PROXY_SSL_HEADER says so.
    _, _, rest = (asked.url or "").partition("://")
    return dataclasses.replace(asked, url=f"{request.scheme}://{rest}")


def _read_body(request: Any, limit: int) -> bytes:
    announced = read_length(str(request.META.get("CONTENT_LENGTH") or ""))
    if announced is not None and announced > limit:
        return b""
    read_before = hasattr(request, "_body") or request._read_started
    if announced is None and not read_before and hasattr(request, "environ"):
        # Chunked: Django takes it for an empty one, and finds it here.
        request._body = wsgi.read_body(request.environ, limit) or b""
    body: bytes = request.body
    if announced and len(body) < announced:
        raise UnreadablePostError if body else RawPostDataException
    return body


def _response(found: HttpResponse, method: str = "POST") -> Any:
    body = b"" if method == "HEAD" else found.body
    return http.HttpResponse(body, status=found.status, headers=dict(found.headers))


def _open_to_all(view: Callable[..., Any]) -> Callable[..., Any]:
    view = non_atomic_requests(csrf_exempt(view))
    view.login_required = False  # type: ignore[attr-defined]  # LoginRequiredMiddleware, 5.1.
    return view


def _is_on_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
