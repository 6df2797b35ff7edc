"""WSGI: an app for a receiver, and the same as a middleware in front of another app."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from ..exchange import HttpRequest, HttpResponse, read_length
from ..receiver import JSON_HEADERS, Ready, Receiver
from .mounting import PATH, below_prefix, body_was_read, check_prefix, check_receiver, last_segment

Environ: TypeAlias = dict[str, Any]
WSGIApp: TypeAlias = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

_PHRASES: Final = {status.value: status.phrase for status in HTTPStatus}
# Headers that a server gives without HTTP_ in front.
_BARE: Final = {"CONTENT_TYPE": "Content-Type", "CONTENT_LENGTH": "Content-Length"}


def app(receiver: Receiver) -> WSGIApp:
    """A WSGI app. The last segment of the path, below where it is mounted, is the source.

    Raises:
        ConfigError: It is no receiver.
    """
    check_receiver(receiver)

    def receive_webhooks(environ: Environ, start_response: Callable[..., Any]) -> list[bytes]:
        return answer(receiver, last_segment(environ.get("PATH_INFO", "")), environ, start_response)

    return receive_webhooks


def middleware(app: WSGIApp, receiver: Receiver, *, prefix: str = "/hooks") -> WSGIApp:
    """A WSGI app that gives the receiver what comes below ``prefix``, and ``app`` the rest.

    In front of a Flask app this is faster than a view of it::

        app.wsgi_app = webhookcore.wsgi.middleware(app.wsgi_app, receiver)

    Raises:
        ConfigError: No receiver, no app, or a prefix that is none.
    """
    check_receiver(receiver)
    hooks = check_prefix(prefix, app)

    def receive_or_pass(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        found = below_prefix(environ.get("PATH_INFO", ""), hooks)
        if found is None:
            return app(environ, start_response)
        return answer(receiver, last_segment(found), environ, start_response)

    return receive_or_pass


def answer(
    receiver: Receiver, source: str, environ: Environ, start_response: Callable[..., Any]
) -> list[bytes]:
    """Give a request to the receiver and start its answer.

    Raises:
        ConfigError: Somebody has read the body before.
    """
    method = environ["REQUEST_METHOD"]
    body: bytes | None = b""
    if method == "POST":
        body = read_body(environ, receiver.body_limit(source))
    if body is None:
        found: Ready | HttpResponse = HttpResponse(400)  # Nobody reads it.
    else:
        found = take(receiver, source, environ, body)
    if isinstance(found, HttpResponse):
        status, body, headers = found.status, found.body, list(found.headers.items())
    else:
        status, body, headers = *found, [*JSON_HEADERS]
    if status != 204:
        headers.append(("Content-Length", str(len(body))))
    start_response(f"{status} {_PHRASES[status]}", headers)
    return [body] if body and method != "HEAD" else []


def take(receiver: Receiver, source: str, environ: Environ, body: bytes) -> Ready | HttpResponse:
    """What the receiver answers to the request of an environ."""
    method, headers = environ["REQUEST_METHOD"], headers_of(environ)
    whole = functools.partial(request_of, environ, body)
    return receiver.reception.take(source, method, body, headers, whole)


def read_body(environ: Environ, limit: int) -> bytes | None:
    """The body; of one above the limit a little more than it, or nothing.

    None: the client hung up before all of it had come.

    Raises:
        ConfigError: Somebody has read it before.
    """
    stream = environ["wsgi.input"]
    announced = read_length(environ.get("CONTENT_LENGTH") or "")
    if announced is None and not environ.get("wsgi.input_terminated"):
        return b""  # Where it ends is not known, and reading on could wait for ever.
    if announced is not None and announced > limit:
        return b""
    chunks: list[bytes] = []
    left = limit + 1 if announced is None else announced
    while left and (chunk := stream.read(left)):
        chunks.append(chunk)
        left -= len(chunk)
    if announced and not chunks:
        raise body_was_read("a middleware in front of webhookcore")
    return None if announced and left else b"".join(chunks)


def request_of(environ: Environ, body: bytes) -> HttpRequest:
    """The request of an environ."""
    path = sent_path(environ)
    host = environ.get("HTTP_HOST") or environ.get("SERVER_NAME", "")
    return HttpRequest(
        method=environ["REQUEST_METHOD"],
        path=path,
        headers=headers_of(environ),
        body=body,
        client_ip=environ.get("REMOTE_ADDR") or None,
        url=f"{environ.get('wsgi.url_scheme', 'http')}://{host}{path}",
    )


def headers_of(environ: Environ) -> list[tuple[str, str]]:
    """The headers, in the server's order."""
    return [
        (_BARE.get(name) or _header_name(name), value)
        for name, value in environ.items()
        if name.startswith("HTTP_") or (name in _BARE and value)
    ]


@functools.lru_cache(maxsize=256)
def _header_name(key: str) -> str:
    return key[5:].replace("_", "-").title()


def sent_path(environ: Environ) -> str:
    """Path and query as they were sent, where the server tells, else quoted again."""
    # gunicorn and Werkzeug say RAW_URI; waitress, uWSGI and mod_wsgi REQUEST_URI.
    path: str = environ.get("RAW_URI") or environ.get("REQUEST_URI") or ""
    if not path:
        decoded = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        path = quote(decoded.encode("latin-1", "replace"), PATH)
        query = environ.get("QUERY_STRING", "")
        return f"{path}?{query}" if query else path
    if not path.startswith("/") and "://" in path.partition("?")[0]:
        path = "/" + path.partition("://")[2].partition("/")[2]
    return path
