"""A TCP proxy that does harm to one connection after the other, as its plan says."""

from __future__ import annotations

import asyncio
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from socket import SO_LINGER, SOL_SOCKET


@dataclass(frozen=True)
class Fault:
    """What happens to one connection. Without any field set it passes unharmed.

    `at` counts the bytes towards the receiver, or with `answering` those that come back: up to
    there all is well. With `in_data` it counts from the first application data of TLS 1.2 on, so
    that a fault strikes the request or the answer and not the handshake. Then: "cut" closes both
    sides, "reset" does it with RST, "stall" passes nothing more and closes nothing, "half-open"
    closes the receiver's side and tells the sender nothing, "corrupt" changes one byte and goes on.
    """

    kind: str = "none"
    at: int = 0
    answering: bool = False
    in_data: bool = False
    piece: int = 65536  # Bytes passed on at a time,
    delay: float = 0.0  # and seconds before each: latency, or a small bandwidth.


class _Strike:
    """Where a fault strikes in one direction of a connection, asked piece by piece."""

    _HEAD = 5  # Of a TLS record: type, version, length.
    _DATA = 0x17

    def __init__(self, fault: Fault) -> None:
        self._at = fault.at
        self._passed = 0
        self._begin = None if fault.in_data else 0
        self._head = b""
        self._left = 0  # Of the record.

    def within(self, data: bytes) -> int | None:
        """The place in the piece from which on it is struck; None while all is well."""
        if self._begin is None:
            self._look_for_data(data)
        before = self._passed
        self._passed += len(data)
        if self._begin is None or self._passed <= self._begin + self._at:
            return None
        return max(0, self._begin + self._at - before)

    def _look_for_data(self, data: bytes) -> None:
        place = 0
        while place < len(data) and self._begin is None:
            if self._left > 0:
                step = min(self._left, len(data) - place)
                self._left -= step
                place += step
                continue
            self._head += data[place : place + 1]
            if self._head[0] == self._DATA:
                self._begin = self._passed + place
            elif len(self._head) == self._HEAD:
                self._left = int.from_bytes(self._head[3:], "big")
                self._head = b""
            place += 1


@dataclass
class _Pair:
    near: asyncio.StreamWriter
    far: asyncio.StreamWriter
    fault: Fault

    def abort(self) -> None:
        for writer in (self.near, self.far):
            writer.transport.abort()

    def close(self, reset: bool = False) -> None:
        for writer in (self.near, self.far):
            if reset:
                socket = writer.get_extra_info("socket")
                socket.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort() if reset else writer.close()


class FaultProxy:
    """Forwards to a port on loopback; `plan` is asked for each connection, from 0 on."""

    def __init__(self, target: int, plan: Callable[[int], Fault]) -> None:
        self._target = target
        self._plan = plan
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._listening = threading.Event()
        # Held here, because the loop holds no task that waits for what nobody else knows.
        self._never = asyncio.Event()
        self.connections = 0
        self.port = 0

    def __enter__(self) -> FaultProxy:
        self._thread.start()
        assert self._listening.wait(10)
        return self

    def __exit__(self, *_error: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        starting = asyncio.start_server(self._serve, "127.0.0.1", 0)
        server = self._loop.run_until_complete(starting)
        self.port = server.sockets[0].getsockname()[1]
        self._listening.set()
        self._loop.run_forever()
        server.close()
        for _ in range(3):  # Who was just accepted becomes a task, and begins.
            self._loop.run_until_complete(asyncio.sleep(0))
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.run_until_complete(asyncio.sleep(0))  # Lets aborted connections go.
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        fault = self._plan(self.connections)
        self.connections += 1
        try:
            far_reader, far = await asyncio.open_connection("127.0.0.1", self._target)
        except (OSError, asyncio.CancelledError):
            near.transport.abort()
            return
        pair = _Pair(near, far, fault)
        try:
            await asyncio.gather(
                self._pass_on(pair, reader, far, answering=False),
                self._pass_on(pair, far_reader, near, answering=True),
            )
        except (OSError, asyncio.CancelledError):  # The end of the test cancels what is left.
            pair.abort()

    async def _pass_on(
        self,
        pair: _Pair,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        answering: bool,
    ) -> None:
        fault = pair.fault
        harmful = fault.kind != "none" and fault.answering == answering
        strike = _Strike(fault)
        while data := await reader.read(fault.piece):
            await asyncio.sleep(fault.delay)
            keep = strike.within(data) if harmful else None
            if keep is not None and fault.kind == "corrupt":
                data = data[:keep] + bytes([data[keep] ^ 0x15]) + data[keep + 1 :]
                harmful = False
            elif keep is not None:
                writer.write(data[:keep])
                await writer.drain()
                await self._harm(pair)
                return
            writer.write(data)
            await writer.drain()
        pair.close()

    async def _harm(self, pair: _Pair) -> None:
        kind = pair.fault.kind
        if kind == "half-open":
            pair.far.transport.abort()
        if kind in ("stall", "half-open"):
            await self._never.wait()
        pair.close(reset=kind == "reset")
