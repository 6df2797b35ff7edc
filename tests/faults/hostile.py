"""Receivers that do not speak HTTP as they should, each under a path of one real server.

A script gets the connection once the head of a request has come, and does its worst. None of them
ends by itself unless that is the point: the sender has to.
"""

from __future__ import annotations

import asyncio
import struct
import threading
from collections.abc import Awaitable, Callable
from socket import SO_LINGER, SOL_SOCKET

Script = Callable[["Wire"], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class Wire:
    """One connection, after the head of its request."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer

    async def send(self, *parts: bytes) -> None:
        for part in parts:
            self._writer.write(part)
            await self._writer.drain()

    async def send_for_ever(self, first: bytes, rest: bytes) -> None:
        await self.send(first)
        while True:
            await self.send(rest)

    async def drip(self, first: bytes, rest: bytes) -> None:
        """A byte every 50 ms: the dripping is what is tested."""
        await self.send(first)
        while True:
            for byte in rest:
                await self.send(bytes([byte]))
                await asyncio.sleep(0.05)

    async def hold(self) -> None:
        """Nothing, until the sender hangs up."""
        while await self.reader.read(65536):
            pass

    def reset(self) -> None:
        socket = self._writer.get_extra_info("socket")
        socket.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


async def _never_reads(_wire: Wire) -> None:
    await asyncio.Event().wait()


async def _reset(wire: Wire) -> None:
    wire.reset()


def _sends(answer: bytes) -> Script:
    async def script(wire: Wire) -> None:
        await wire.send(answer)

    return script


def _head(*lines: str) -> bytes:
    return ("\r\n".join(("HTTP/1.1 200 OK", *lines)) + "\r\n\r\n").encode("latin-1")


# Name -> what it does, and how an attempt at it ends: its status, or its error.
HOSTILE: dict[str, tuple[Script, int | str]] = {
    "endless body": (lambda wire: wire.send_for_ever(_head(), b"x" * 65536), 200),
    "endless headers": (
        lambda wire: wire.send_for_ever(b"HTTP/1.1 200 OK\r\n", b"X-A: 123\r\n" * 1000),
        "bad_response",
    ),
    "endless header": (
        lambda wire: wire.send_for_ever(b"HTTP/1.1 200 OK\r\nX-A: ", b"y" * 65536),
        "bad_response",
    ),
    "endless 1xx": (
        lambda wire: wire.send_for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
        "bad_response",
    ),
    "endless trailers": (
        lambda wire: wire.send_for_ever(_CHUNKED + b"0\r\n", b"X-Trailer: 123\r\n" * 1000),
        200,
    ),
    "drip headers": (lambda wire: wire.drip(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"), "timeout"),
    "drip body": (lambda wire: wire.drip(_head("Content-Length: 9999"), b"z"), 200),
    "never reads": (_never_reads, "timeout"),
    "silent": (lambda wire: wire.hold(), "timeout"),
    "reset": (_reset, "reset"),
    "nul in header": (_sends(_head("X-A: b\0c", "Content-Length: 0")), "bad_response"),
    "garbage": (_sends(b"SSH-2.0-OpenSSH_9.2\r\n"), "bad_response"),
    "http 0.9": (_sends(b"<html>hello</html>"), "bad_response"),
    "negative length": (_sends(_head("Content-Length: -5")), "bad_response"),
    "two lengths": (_sends(_head("Content-Length: 2", "Content-Length: 3") + b"abc"), 200),
    "status 099": (_sends(b"HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n"), "bad_response"),
    "status 999": (_sends(b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n"), "bad_response"),
    "short body": (_sends(_head("Content-Length: 100") + b"short"), 200),
    "redirect": (
        _sends(b"HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n"),
        302,
    ),
    "gzip bomb": (
        # The header promises gzip, and what follows would grow a thousandfold.
        _sends(
            _head("Content-Encoding: gzip", "Content-Length: 60000")
            + b"\x1f\x8b\x08"
            + b"\0" * 59997
        ),
        200,
    ),
    "closes": (_sends(b""), "reset"),
}


class HostileServer:
    """Serves `/NAME` by HOSTILE and answers every other path; counts requests by path."""

    def __init__(self) -> None:
        self.requests: dict[str, int] = {}
        self.changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._listening = threading.Event()
        self.port = 0

    def url(self, path: str, host: int = 1) -> str:
        """Each `host` is an address, and so a host, of its own."""
        return f"http://127.0.2.{host}:{self.port}/{path.replace(' ', '%20')}"

    def wait_until(self, condition: Callable[[], bool], seconds: float = 60.0) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, seconds), self.requests

    def __enter__(self) -> HostileServer:
        self._thread.start()
        assert self._listening.wait(10)
        return self

    def __exit__(self, *_error: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        starting = asyncio.start_server(self._serve, "0.0.0.0", 0, backlog=4096)
        server = self._loop.run_until_complete(starting)
        self.port = server.sockets[0].getsockname()[1]
        self._listening.set()
        self._loop.run_forever()
        server.close()
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.run_until_complete(asyncio.sleep(0))  # Lets aborted connections go.
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                name = head.split(b" ")[1].decode().lstrip("/").replace("%20", " ")
                with self.changed:
                    self.requests[name] = self.requests.get(name, 0) + 1
                    self.changed.notify_all()
                if name in HOSTILE:
                    if name != "never reads":
                        await reader.readexactly(_length(head))
                    await HOSTILE[name][0](Wire(reader, writer))
                    return
                await reader.readexactly(_length(head))
                writer.write(OK)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass  # The sender hung up, which is what most scripts wait for.
        except asyncio.CancelledError:
            writer.transport.abort()  # The test is over.
        finally:
            writer.close()


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"\r\ncontent-length: ")
    return int(rest.split(b"\r\n")[0] or 0)
