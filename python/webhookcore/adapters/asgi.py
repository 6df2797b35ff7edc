"""ASGI: an app for a receiver, and the same as a middleware in front of another app."""

from __future__ import annotations

import asyncio
import functools
import logging
import sys
from collections.abc import Awaitable, Callable, Coroutine, Generator, MutableMapping
from typing import Any, Final, TypeAlias, TypeVar
from urllib.parse import quote

from ..errors import ConfigError
from ..exchange import HttpRequest, HttpResponse, read_length
from ..receiver import JSON_HEADERS, Ready, Receiver
from .mounting import PATH, below_prefix, body_was_read, check_prefix, check_receiver, last_segment

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
ASGIApp: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

_log = logging.getLogger("webhookcore.receiver")

Answer = TypeVar("Answer")

_JSON_HEADERS: Final = [
    (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in JSON_HEADERS
]
# How long a whole body may take. The largest providers give up after 10 to 30 seconds themselves.
BODY_SECONDS: Final = 30.0
_TOO_SLOW: Final = HttpResponse(
    408,
    b'{"error":{"reason":"request_timeout","message":"the body took too long"}}',
    {"Content-Type": "application/json", "Connection": "close"},
)


def app(receiver: Receiver) -> ASGIApp:
    """An ASGI app. The last segment of the path, below where it is mounted, is the source.

    Websockets are closed. The lifespan is answered; the receiver is neither started nor closed
    by it.

    Raises:
        ConfigError: It is no receiver.
    """
    check_receiver(receiver)

    async def receive_webhooks(scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "http":
            await answer(receiver, last_segment(_path_below(scope)), scope, receive, send)
        elif kind == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1000})
        elif kind == "lifespan":
            await _live(receive, send)
        else:
            raise ConfigError(f"webhooks do not come over {kind!r}", "scope")

    return receive_webhooks


def middleware(app: ASGIApp, receiver: Receiver, *, prefix: str = "/hooks") -> ASGIApp:
    """An ASGI app that gives the receiver what comes below ``prefix``, and ``app`` the rest.

    Raises:
        ConfigError: No receiver, no app, or a prefix that is none.
    """
    check_receiver(receiver)
    hooks = check_prefix(prefix, app)

    async def receive_or_pass(scope: Scope, receive: Receive, send: Send) -> None:
        found = below_prefix(_path_below(scope), hooks) if scope["type"] == "http" else None
        if found is None:
            await app(scope, receive, send)
        else:
            await answer(receiver, last_segment(found), scope, receive, send)

    return receive_or_pass


async def answer(
    receiver: Receiver, source: str, scope: Scope, receive: Receive, send: Send
) -> bool:
    """Give a request to the receiver and send its answer.

    Returns:
        False when the client had gone: nothing was sent.

    Raises:
        ConfigError: Somebody has read the body before.
    """
    method = scope["method"]
    body = b""
    if method == "POST":
        try:
            read = await _read_body_in_time(scope, receive, receiver.body_limit(source))
        except TimeoutError:
            _log.warning(
                "source %s: a body did not come in %.0f s and was refused with 408: a slow client,"
                " or a middleware in front has read it",
                source,
                BODY_SECONDS,
            )
            await send_response(_TOO_SLOW, send)
            return True
        if read is None:
            return False
        body = read
    whole = functools.partial(request_of, scope, body)
    found = await receiver.reception.take_async(source, method, body, scope["headers"], whole)
    if isinstance(found, HttpResponse):
        await send_response(found, send, with_body=method != "HEAD")
    else:
        await _send_ready(found, send)
    return True


def request_of(scope: Scope, body: bytes) -> HttpRequest:
    """The request of an HTTP scope."""
    headers = scope["headers"]
    # The path as it was sent; scope["path"] is decoded, and a signed URL must not change.
    raw = scope.get("raw_path")
    path = raw.decode("latin-1") if raw else quote(scope["path"], PATH, "utf-8", "replace")
    if scope["query_string"]:
        path += "?" + scope["query_string"].decode("latin-1")
    client = scope.get("client")
    return HttpRequest(
        method=scope["method"],
        path=path,
        headers=headers,
        body=body,
        client_ip=client[0] if client else None,
        url=f"{scope.get('scheme', 'http')}://{_first(scope, b'host')}{path}",
    )


async def send_response(found: HttpResponse, send: Send, *, with_body: bool = True) -> None:
    """The two messages of an answer."""
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in found.headers.items()
    ]
    if found.status != 204:
        headers.append((b"content-length", str(len(found.body)).encode("ascii")))
    await send({"type": "http.response.start", "status": found.status, "headers": headers})
    body = found.body if with_body else b""
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _send_ready(found: Ready, send: Send) -> None:
    status, body = found
    headers = [*_JSON_HEADERS, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _read_body_in_time(scope: Scope, receive: Receive, limit: int) -> bytes | None:
    """The body; of one above the limit a little more than it, or nothing; None: no client.

    Raises:
        TimeoutError: It takes too long; servers let a client take as long as it likes.
        ConfigError: Somebody has read it before.
    """
    announced = read_length(_first(scope, b"content-length"))
    if announced is not None and announced > limit:
        return b""
    # Most bodies are there with the headers, in one message: then there is nothing to time.
    begun = receive().__await__()
    try:
        waits_for = next(begun)
    except StopIteration as end:
        message = end.value
        if message["type"] == "http.request" and not message.get("more_body", False):
            return _checked_body([message.get("body", b"")], limit, announced)
        chunks = await _in_time(_read_rest(message, receive, limit))
    else:
        chunks = await _in_time(_read_all(_Begun(begun, waits_for), receive, limit))
    return None if chunks is None else _checked_body(chunks, limit, announced)


class _Begun(Generator[Any, Any, Message]):
    """An awaitable that was begun, up to the first thing it waits for; awaited to go on."""

    def __init__(self, begun: Generator[Any, Any, Message], waits_for: Any) -> None:
        self._begun = begun
        self._waits_for = waits_for
        self._is_told = False

    def __await__(self) -> Generator[Any, Any, Message]:
        return self

    def send(self, value: Any) -> Any:
        if self._is_told:
            return self._begun.send(value)
        self._is_told = True
        return self._waits_for

    def throw(self, *error: Any) -> Any:
        self._is_told = True
        return self._begun.throw(*error)

    def close(self) -> None:
        self._begun.close()


async def _in_time(reading: Coroutine[Any, Any, Answer]) -> Answer:
    """What asyncio.timeout() does, which Python 3.10 does not have."""
    task, is_late = asyncio.current_task(), False

    def expire() -> None:
        nonlocal is_late
        is_late = True
        if task is not None:
            task.cancel()

    timer = asyncio.get_running_loop().call_later(BODY_SECONDS, expire)
    try:
        return await reading
    except asyncio.CancelledError:
        if not is_late:
            raise
        if sys.version_info >= (3, 11) and task is not None:
            task.uncancel()
        raise TimeoutError from None
    finally:
        timer.cancel()


async def _read_all(first: _Begun, receive: Receive, limit: int) -> list[bytes] | None:
    return await _read_rest(await first, receive, limit)


async def _read_rest(message: Message, receive: Receive, limit: int) -> list[bytes] | None:
    """The pieces of a body, of which the first message is here; None: no client."""
    chunks: list[bytes] = []
    size = 0
    while message["type"] == "http.request":
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > limit or not message.get("more_body", False):
            return chunks
        message = await receive()
    return None


def _checked_body(chunks: list[bytes], limit: int, announced: int | None) -> bytes:
    # Most bodies are one message, which is not copied.
    body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
    if announced and len(body) < announced and len(body) <= limit:
        raise body_was_read("a middleware in front of webhookcore")
    return body


def _first(scope: Scope, name: bytes) -> str:
    """A header's first value; the server has made the names lower case."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return ""


def _path_below(scope: Scope) -> str:
    path, root = scope["path"], scope.get("root_path", "").rstrip("/")
    if path == root:
        return ""
    below = below_prefix(path, root)
    return path if below is None else below  # Some servers leave the root out of the path.


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
