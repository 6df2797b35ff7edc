"""A receiver on loopback that remembers all it sees and answers as it is told.

Its verdict on signatures is computed here with the standard library, so that no fault of the
sender can hide behind the same fault in the receiver.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Request:
    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def id(self) -> str:
        return self.headers.get("webhook-id", "")

    def is_signed_with(self, secret: str) -> bool:
        """Standard Webhooks 1.0: base64 HMAC-SHA256 of `id.timestamp.body`, fresh within 5 minutes."""
        stamp = self.headers.get("webhook-timestamp", "")
        if not stamp.isdigit() or abs(int(stamp) - self.at) > 300:
            return False
        key = base64.b64decode(secret.removeprefix("whsec_"))
        content = f"{self.id}.{stamp}.".encode() + self.body
        expected = "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
        return expected in self.headers.get("webhook-signature", "").split()


@dataclass(frozen=True)
class Answer:
    """`after` is seconds until it is given; None is never."""

    status: int = 200
    after: float | None = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def to_bytes(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} Text", f"Content-Length: {len(self.body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + self.body


class Receiver:
    """Serves from its own thread between `with` and its end."""

    def __init__(
        self,
        answer: Callable[[Request], Answer] = lambda _request: Answer(),
        *,
        host: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._answer = answer
        self._host = host
        self._tls = tls
        self._changed = threading.Condition()
        self._requests: list[tuple[Request, Answer]] = []
        self._connections = 0
        self._open: set[asyncio.Transport] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._listening = threading.Event()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}/hook"

    @property
    def requests(self) -> list[Request]:
        return [request for request, _answer in self.answered]

    @property
    def answered(self) -> list[tuple[Request, Answer]]:
        with self._changed:
            return list(self._requests)

    @property
    def connections(self) -> int:
        """How many were accepted, whether or not anything was asked on them."""
        with self._changed:
            return self._connections

    def wait_for(self, count: int, timeout: float = 20.0) -> list[Request]:
        """The requests, once there are at least `count`."""
        with self._changed:
            enough = self._changed.wait_for(lambda: len(self._requests) >= count, timeout)
            assert enough, f"{len(self._requests)} of {count} requests after {timeout} s"
        return self.requests

    def __enter__(self) -> Receiver:
        self._thread.start()
        assert self._listening.wait(10)
        return self

    def __exit__(self, *_error: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            self._loop.create_server(
                lambda: _Connection(self), self._host, 0, ssl=self._tls, backlog=1024
            )
        )
        self.port = server.sockets[0].getsockname()[1]
        self._listening.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        for transport in self._open:
            transport.abort()
        for _ in range(3):  # Lets all of them end.
            self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def _connected(self, transport: asyncio.Transport) -> None:
        self._open.add(transport)
        with self._changed:
            self._connections += 1
            self._changed.notify_all()

    def _take(self, request: Request) -> Answer:
        answer = self._answer(request)
        with self._changed:
            self._requests.append((request, answer))
            self._changed.notify_all()
        return answer


class _Connection(asyncio.Protocol):
    """HTTP/1.1 with Content-Length, kept alive; nothing else is ever sent to us."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._receiver._connected(self._transport)

    def connection_lost(self, _error: Exception | None) -> None:
        self._receiver._open.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (request := self._next_request()) is not None:
            self._reply(self._receiver._take(request))

    def _next_request(self) -> Request | None:
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return None
        self._buffer = rest[length:]
        return Request(first.split(" ")[1], headers, rest[:length], time.time())

    def _reply(self, answer: Answer) -> None:
        if answer.after is None:
            return
        if answer.after == 0:
            self._transport.write(answer.to_bytes())
        else:
            loop = asyncio.get_running_loop()
            loop.call_later(answer.after, self._transport.write, answer.to_bytes())
