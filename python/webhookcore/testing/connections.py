"""The sockets of the loopback server: requests are read, answers and faults are sent."""

from __future__ import annotations

import contextlib
import logging
import re
import socket
import struct
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

from ..exchange import HttpRequest, HttpResponse
from .answers import Answer

if TYPE_CHECKING:
    from .server import WebhookServer

_log = logging.getLogger("webhookcore.testing")

_PIECE: Final = 64 * 1024
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r?\n")
# Seconds for which a connection may keep still.
_PATIENCE: Final = 30.0


class Connections(ThreadingHTTPServer):
    """Listens, and gives each connection a thread."""

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
    server: Connections

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
