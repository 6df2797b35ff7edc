"""A real HTTP server on loopback that answers as it is told, or does worse."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, Literal, TypeAlias, get_args

from ..config import check_seconds, check_text, check_whole
from ..errors import ConfigError
from ..events import Event
from ..exchange import HttpRequest, HttpResponse
from ..hidden_secrets import Secrets, shade
from ..schemes import SchemeLike
from ..signatures import verify
from ..urls import UrlPolicy

Fault: TypeAlias = Literal["reset", "close", "truncate", "garbage", "hang"]
Respond: TypeAlias = Callable[[HttpRequest], "Answer | HttpResponse | int"]

_log = logging.getLogger("webhookcore.testing")

_FAULTS: Final = get_args(Fault)
_LARGEST_BODY: Final = 64 * 1024 * 1024
_PIECE: Final = 64 * 1024
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r?\n")
# Seconds for which a connection may keep still.
_PATIENCE: Final = 30.0
# Seconds that close() gives to answers that are being sent.
_LAST_ANSWERS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server does with a request.

    Attributes:
        status: Of the response.
        body: Of the response.
        headers: Of the response, beside the framing.
        delay: Seconds until it begins to answer; closing the server ends the wait.
        size: Bytes of the body, made of ``body`` over and over; None: ``body`` as it is.
        fault: Instead of a whole answer. ``reset``: the connection is reset (RST). ``close``: it
            is closed without a byte. ``truncate``: the body ends half-way. ``garbage``: bytes
            that are no HTTP. ``hang``: nothing, until the client or the server gives up.

    Raises:
        ConfigError: A status, fault, size or delay that cannot be.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    size: int | None = None
    fault: Fault | None = None

    def __post_init__(self) -> None:
        check_whole("status", self.status, 200, 599)
        check_seconds("delay", self.delay, 0, 3600)
        if not isinstance(self.body, (bytes, bytearray)):
            raise ConfigError("must be bytes", "body")
        if self.size is not None:
            check_whole("size", self.size, 0, 2**40)
        if self.fault is not None and self.fault not in _FAULTS:
            raise ConfigError(f"must be one of {', '.join(_FAULTS)}", "fault")
        if not isinstance(self.headers, Mapping):
            raise ConfigError("must be a mapping of names to values", "headers")
        for name, value in self.headers.items():
            check_text("headers", name)
            check_text(f"headers[{name}]", value, least=0, most=8192)

    @classmethod
    def redirect(cls, to: str, status: int = 302) -> Answer:
        """To another URL, which a sender of webhooks must not follow."""
        return cls(status, headers={"Location": to})

    @classmethod
    def rate_limited(cls, retry_after: int = 60) -> Answer:
        """429, and when to come again."""
        return cls(429, headers={"Retry-After": str(retry_after)})

    @classmethod
    def huge(cls, size: int) -> Answer:
        """A body of so many bytes, sent as fast as the client takes it."""
        return cls(body=b"x" * 1024, size=size)


class WebhookServer:
    """Listens on ``127.0.0.1`` from the moment it is made until ``close()``.

    The answers are used up one a request, and the last one stays::

        with WebhookServer(Answer(500), Answer.rate_limited(1), 200) as server:
            wh.send(server.url, "order.created", {}, secret=SECRET, policy=server.policy)
            assert len(server.requests) == 3

    Args:
        answers: What it does: ``Answer``, a status, or a function that takes an
            ``HttpRequest`` and gives one of these or an ``HttpResponse``. 200 when omitted.
        host: Address to listen on.
        port: To listen on; any free one when 0.
        max_body: In bytes; a longer body is refused with 413 and not kept.
        keep: Of how many requests, the last ones, ``requests`` knows.
        tls: Serves https with it.

    Raises:
        ConfigError: An answer that is none, or another option that cannot be.
        OSError: The port is taken.
    """

    def __init__(
        self,
        *answers: Answer | int | Respond,
        host: str = "127.0.0.1",
        port: int = 0,
        max_body: int = _LARGEST_BODY,
        keep: int = 100_000,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        check_text("host", host)
        check_whole("port", port, 0, 65535)
        self._max_body = check_whole("max_body", max_body, 0, _LARGEST_BODY)
        if tls is not None and not isinstance(tls, ssl.SSLContext):
            raise ConfigError("must be an ssl.SSLContext", "tls")
        self._answers = [_checked(one) for one in answers] or [Answer()]
        self._changed = threading.Condition()
        self._requests: deque[HttpRequest] = deque(maxlen=check_whole("keep", keep, 0, 10**9))
        self._came = 0
        self._under_way = 0  # Requests that are being answered.
        self._closing = threading.Event()
        self._tls = tls is not None
        self._server = _Listener((host, port), self)
        if tls is not None:
            # The handshake is made by the connection's own thread.
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._host, self._port = host, int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="webhook-server", daemon=True
        )
        self._pid = os.getpid()
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._port

    @property
    def url(self) -> str:
        """Of a hook; any other path below the host is answered as well."""
        return f"{self.base_url}/hook"

    @property
    def base_url(self) -> str:
        """Scheme, host and port."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{'https' if self._tls else 'http'}://{host}:{self._port}"

    @property
    def policy(self) -> UrlPolicy:
        """What a ``Client`` or ``send()`` needs to call it: http and loopback, nothing more."""
        return UrlPolicy(allow_http=True, allow=["127.0.0.0/8", "::1/128"])

    @property
    def requests(self) -> list[HttpRequest]:
        """What came so far, oldest first, with the exact bytes of the bodies; a copy."""
        with self._changed:
            return list(self._requests)

    def answer(self, *answers: Answer | int | Respond) -> None:
        """From now on these, one a request; the last one stays.

        Raises:
            ConfigError: There is none, or one that is no answer.
        """
        if not answers:
            raise ConfigError("give at least one", "answers")
        checked = [_checked(one) for one in answers]
        with self._changed:
            self._answers = checked

    def wait_for(self, count: int = 1, timeout: float = 10.0) -> list[HttpRequest]:
        """Block until at least ``count`` requests came; returns all of them.

        Raises:
            TimeoutError: They did not come in ``timeout`` seconds.
        """
        check_whole("count", count, 0, 10**9)
        check_seconds("timeout", timeout, 0, 3600)
        with self._changed:
            if not self._changed.wait_for(lambda: self._came >= count, timeout):
                raise TimeoutError(f"{self._came} of {count} requests came in {timeout:g} s")
            return list(self._requests)

    def event(self, provider: SchemeLike, secrets: Secrets, place: int = -1) -> Event:
        """One of the requests, verified; the last one when ``place`` is omitted.

        Raises:
            VerificationError: Its signature is refused.
            IndexError: There is none.
        """
        secrets = shade(secrets) or ()
        found = self.requests[place]
        return verify(
            provider,
            body=found.body,
            headers=found.headers,
            secrets=secrets,
            url=found.url,
            method=found.method,
        )

    def close(self) -> None:
        """Stop listening and let go whatever it holds back; what it got stays readable."""
        if self._closing.is_set():
            return
        self._closing.set()
        if self._pid != os.getpid():  # The child of a fork has the socket, but not the thread.
            self._server.socket.close()
            return
        self._server.shutdown()
        with self._changed:  # Who was heard is answered; a delay and a hanging have ended by now.
            self._changed.wait_for(lambda: self._under_way == 0, _LAST_ANSWERS)
        self._server.server_close()
        self._thread.join(5)

    def __enter__(self) -> WebhookServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<WebhookServer {self.base_url} requests={len(self.requests)}>"

    def _begin(self, more: int) -> None:
        with self._changed:
            self._under_way += more
            self._changed.notify_all()

    def _take(self, request: HttpRequest) -> Answer | HttpResponse:
        with self._changed:
            self._requests.append(request)
            self._came += 1
            chosen = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
            self._changed.notify_all()
        if isinstance(chosen, Answer):
            return chosen
        made = chosen(request)
        return made if isinstance(made, (Answer, HttpResponse)) else Answer(made)


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    # Or a burst of a test's many threads is refused by the kernel.
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], owner: WebhookServer) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self.owner = owner
        super().__init__(address, _Connection)

    def server_bind(self) -> None:
        # Not the one of HTTPServer, which asks DNS for the host's name.
        super(ThreadingHTTPServer, self).server_bind()
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that left in the middle is no error of the server's."""


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _PATIENCE
    server: _Listener

    def _respond(self) -> None:
        body = self._read_body()
        if body is None:
            return
        owner = self.server.owner
        owner._begin(1)
        try:
            self._take_and_answer(owner, body)
        finally:
            owner._begin(-1)

    def _take_and_answer(self, owner: WebhookServer, body: bytes) -> None:
        request = HttpRequest(
            self.command,
            self.path,
            list(self.headers.items()),
            body,
            client_ip=self.client_address[0],
            url=self._url(),
        )
        try:
            answer = owner._take(request)
        except Exception:  # noqa: BLE001  # The user's own code; the client is answered.
            _log.exception("the function that answers failed")
            answer = Answer(500, b"the function that answers failed")
        self._send(answer)

    def __getattr__(self, name: str) -> Any:
        # http.server looks for do_GET and the like: every method is answered alike.
        if name.startswith("do_"):
            return self._respond
        raise AttributeError(name)

    def _url(self) -> str:
        host = self.headers.get("Host") or f"127.0.0.1:{self.server.owner.port}"
        scheme = "https" if self.server.owner._tls else "http"
        return f"{scheme}://{host}{self.path}" if self.path.startswith("/") else self.path

    def _read_body(self) -> bytes | None:
        """None: it was refused, and the client is told."""
        coding = self.headers.get("Transfer-Encoding")
        if coding is not None:
            # Of any other coding nobody could say where the body ends.
            return (
                self._read_chunks() if coding.strip().lower() == "chunked" else self._refused(501)
            )
        length = self.headers.get("Content-Length", "0").strip()
        if not length.isascii() or not length.isdecimal() or len(length) > 18:
            return self._refused(400)
        if int(length) > self.server.owner._max_body:
            return self._refused(413)
        body = self.rfile.read(int(length))
        return body if len(body) == int(length) else self._refused(400)

    def _read_chunks(self) -> bytes | None:
        body = bytearray()
        while True:
            match = _CHUNK.match(self.rfile.readline(1024))
            if match is None:
                return self._refused(400)
            size = int(match[1], 16)
            if len(body) + size > self.server.owner._max_body:
                return self._refused(413)
            if size == 0:
                return bytes(body) if self._read_trailers() else self._refused(431)
            body += self.rfile.read(size)
            self.rfile.readline(8)

    def _read_trailers(self) -> bool:
        return any(self.rfile.readline(8192) in (b"\r\n", b"\n", b"") for _ in range(100))

    def _refused(self, status: int) -> bytes | None:
        self.close_connection = True
        self._send(Answer(status, b"the body was refused"))
        return None

    def _send(self, answer: Answer | HttpResponse) -> None:
        if isinstance(answer, HttpResponse):
            answer = Answer(answer.status, answer.body, answer.headers)
        owner = self.server.owner
        if answer.delay:
            owner._closing.wait(answer.delay)
        if answer.fault is not None:
            self._fail(answer)
            return
        size = len(answer.body) if answer.size is None else answer.size
        self._head(answer, size)
        if self.command == "HEAD" or answer.status in (204, 304):
            return
        self._write(answer.body, size)

    def _fail(self, answer: Answer) -> None:
        self.close_connection = True
        if answer.fault == "hang":
            self._hang()
        elif answer.fault == "garbage":
            self.wfile.write(b"\x00\x01 this is no HTTP \r\n\r\n")
        elif answer.fault == "truncate":
            body = answer.body or b"half of"
            self._head(answer, 2 * len(body))
            self._write(body, len(body))
        elif answer.fault == "reset":
            # Lingering for no time at all makes the kernel send RST in place of FIN.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            # Now, with whatever the client still sends unread.
            with contextlib.suppress(OSError):
                self.rfile.close()
                self.connection.close()

    def _hang(self) -> None:
        self.connection.settimeout(0.05)
        while not self.server.owner._closing.is_set() and self._is_there():
            pass

    def _is_there(self) -> bool:
        try:
            return bool(self.connection.recv(_PIECE))
        except TimeoutError:
            return True
        except OSError:
            return False

    def _head(self, answer: Answer, size: int) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        if answer.status not in (204, 304):
            self.send_header("Content-Length", str(size))
        self.end_headers()

    def _write(self, body: bytes, size: int) -> None:
        piece = body * max(1, _PIECE // len(body)) if 0 < len(body) < size else body
        endless = size > len(body)
        while size > 0 and not (endless and self.server.owner._closing.is_set()):
            size -= self.wfile.write(piece[:size])

    def log_message(self, format: str, *args: Any) -> None:
        pass


def _checked(answer: Answer | int | Respond) -> Answer | Respond:
    if isinstance(answer, Answer) or callable(answer):
        return answer
    if isinstance(answer, int) and not isinstance(answer, bool):
        return Answer(answer)
    raise ConfigError("must be an Answer, a status or a function", "answers")
