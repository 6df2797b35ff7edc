"""A TCP proxy that does harm to one connection after the other, as its plan says."""

from __future__ import annotations

import asyncio
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from socket import SO_LINGER, SOL_SOCKET


@dataclass(frozen=True)
class Fault:
    """What happens to one connection. Without any field set it passes unharmed.

    `at` counts the bytes towards the receiver, or with `answering` those that come back: up to
    there all is well. Then: "cut" closes both sides, "reset" does it with RST, "stall" passes
    nothing more and closes nothing, "corrupt" changes one byte and goes on.
    """

    kind: str = "none"
    at: int = 0
    answering: bool = False
    piece: int = 65536  # Bytes passed on at a time.


@dataclass
class _Pair:
    near: asyncio.StreamWriter
    far: asyncio.StreamWriter
    fault: Fault
    passed: dict[bool, int] = field(default_factory=lambda: {False: 0, True: 0})

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
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.run_until_complete(asyncio.sleep(0))  # Lets aborted connections go.
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        fault = self._plan(self.connections)
        self.connections += 1
        far_reader, far = await asyncio.open_connection("127.0.0.1", self._target)
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
        while data := await reader.read(fault.piece):
            passed = pair.passed[answering]
            pair.passed[answering] += len(data)
            if not harmful or passed + len(data) <= fault.at:
                writer.write(data)
                await writer.drain()
                continue
            keep = max(0, fault.at - passed)
            if fault.kind == "corrupt":
                if passed <= fault.at:
                    data = data[:keep] + bytes([data[keep] ^ 0x15]) + data[keep + 1 :]
                writer.write(data)
                await writer.drain()
                continue
            writer.write(data[:keep])
            await writer.drain()
            if fault.kind == "stall":
                await asyncio.Event().wait()
            pair.close(reset=fault.kind == "reset")
            return
        pair.close()
