"""The way to a store for event loops: what a tick of a loop asks for is committed together.

Nothing here waits. Calls are handed over once a tick to a thread of the C++ core, which makes
what has come from all loops one transaction and never takes the GIL; an eventfd wakes the loop
when the answers are there.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import os
import threading
import weakref
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar, cast

from . import _core
from .errors import StoreUnavailableError
from .process import process_id

Answer = TypeVar("Answer")

# What is asked for rarely, of all loops of one owner; most of the time they wait for the disk.
_THREADS: Final = 4


class StoreCall(NamedTuple):
    """A method of the store, and what to call it with."""

    name: str
    args: tuple[Any, ...]


# What needs the store says which calls it wants made; who awaits them is somebody else's matter.
Steps: TypeAlias = Generator[StoreCall, Any, Answer]


def run_blocking(steps: Steps[Answer], store: _core.Store) -> Answer:
    """Make the calls in this thread."""
    call, result = _advance(functools.partial(next, steps))
    while call is not None:
        try:
            answer = getattr(store, call.name)(*call.args)
        except Exception as error:  # noqa: BLE001, PERF203  # It is for whoever asked for it.
            call, result = _advance(functools.partial(steps.throw, error))
        else:
            call, result = _advance(functools.partial(steps.send, answer))
    return cast(Answer, result)


async def run_on_loop(steps: Steps[Answer], door: Door, *, starts_in_thread: bool) -> Answer:
    """Make the calls through the door; what comes before the first may run in a thread."""
    try:
        if starts_in_thread:
            begin = functools.partial(_advance, functools.partial(next, steps))
            call, result = await asyncio.to_thread(begin)
            if call is None:
                return cast(Answer, result)
        else:
            call = next(steps)
        while True:
            try:
                answer = await door.call(call.name, *call.args)
            except Exception as error:  # noqa: BLE001, PERF203  # For whoever asked for it.
                call = steps.throw(error)
            else:
                call = steps.send(answer)
    except StopIteration as end:
        return cast(Answer, end.value)


def _advance(move: Callable[[], StoreCall]) -> tuple[StoreCall | None, Any]:
    # A StopIteration cannot leave a thread for an event loop.
    try:
        return move(), None
    except StopIteration as end:
        return None, end.value


class _LoopDoor:
    """One loop's; only the loop's thread uses it. It holds the loop by its futures alone."""

    def __init__(self, queue: _core.WriteQueue, after: Callable[[], None]) -> None:
        self._box = _core.WriteBox(queue)
        self._after = after
        self._futures: dict[int, asyncio.Future[Any]] = {}
        self._kicked = False

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.add_reader(self._box.descriptor(), self._drain)

    def call(
        self, loop: asyncio.AbstractEventLoop, name: str, args: tuple[Any, ...]
    ) -> asyncio.Future[Any]:
        return self._waiting(loop, getattr(self._box, name)(*args))

    def accept(self, loop: asyncio.AbstractEventLoop, *event: Any) -> asyncio.Future[Any] | None:
        ticket = self._box.accept(*event)
        return None if ticket is None else self._waiting(loop, ticket)

    def _waiting(self, loop: asyncio.AbstractEventLoop, ticket: int) -> asyncio.Future[Any]:
        future = self._futures[ticket] = loop.create_future()
        if not self._kicked:
            self._kicked = True
            loop.call_soon(self._kick)
        return future

    def leave(self, loop: asyncio.AbstractEventLoop) -> None:
        """The queue was closed: answer what it has answered, and say so of the rest."""
        self._kick()
        self._drain()
        loop.remove_reader(self._box.descriptor())
        left, self._futures = self._futures, {}
        for future in left.values():
            if not future.done():
                text = "the store was closed meanwhile; whether this was stored is unknown"
                future.set_exception(StoreUnavailableError(text))

    def _kick(self) -> None:
        self._kicked = False
        self._box.kick()

    def _drain(self) -> None:
        if self._box.answer(self._futures):
            self._after()


@dataclass(slots=True)
class _Process:
    """What one process has; a child of a fork leaves its parent's alone and has its own."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    loops: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, _LoopDoor] = field(
        default_factory=weakref.WeakKeyDictionary
    )


class Door:
    """Calls to one store from any number of event loops, each on its own thread.

    Starts a thread at the first call in each process, and none before.

    Args:
        after: Called on a loop when calls of it have come back.
    """

    def __init__(self, store: _core.Store, after: Callable[[], None] = lambda: None) -> None:
        self._queue = _core.WriteQueue(store)
        self._after = after
        self._processes: dict[int, _Process] = {}

    def call(self, name: str, *args: Any) -> asyncio.Future[Any]:
        """Have the store's method called; the future may be cancelled, the call cannot."""
        loop = asyncio.get_running_loop()
        return self._of(loop).call(loop, name, args)

    def accept(
        self, acceptor: _core.Acceptor, body: bytes, headers: Any, now: float | None
    ) -> asyncio.Future[Any] | None:
        """Have an ordinary event stored; None: it is none, and nothing was done."""
        loop = asyncio.get_running_loop()
        return self._of(loop).accept(loop, acceptor, body, headers, now)

    def close(self, patience: float) -> None:
        """Finish what was asked for, at most ``patience`` seconds long, and end the thread."""
        self._queue.close(patience)
        mine = self._processes.pop(process_id(), None)
        if mine is None:
            return
        for loop, door in list(mine.loops.items()):
            with suppress(RuntimeError):  # It is closed: nobody waits there any more.
                loop.call_soon_threadsafe(door.leave, loop)

    def _of(self, loop: asyncio.AbstractEventLoop) -> _LoopDoor:
        mine = self._processes.get(process_id())
        return (None if mine is None else mine.loops.get(loop)) or self._open(loop)

    def _open(self, loop: asyncio.AbstractEventLoop) -> _LoopDoor:
        # By process: a lock that was held at a fork is never free in the child.
        mine = self._processes.setdefault(process_id(), _Process())
        with mine.lock:
            # A future that was never answered holds its loop, and so keeps the pair here.
            for other in [each for each in mine.loops if each.is_closed()]:
                del mine.loops[other]
            door = _LoopDoor(self._queue, self._after)
            door.open(loop)
            mine.loops[loop] = door
        return door


class Threads:
    """A few threads for calls that block and are rare; made when the first one comes."""

    def __init__(self) -> None:
        self._pools: dict[int, ThreadPoolExecutor] = {}  # By process, as above.

    async def run(self, call: Callable[[], Answer]) -> Answer:
        pool = self._pools.get(os.getpid()) or self._pools.setdefault(
            os.getpid(), ThreadPoolExecutor(_THREADS, "webhookcore-async")
        )
        in_context = functools.partial(contextvars.copy_context().run, call)
        return await asyncio.get_running_loop().run_in_executor(pool, in_context)

    def close(self) -> None:
        """What runs goes on; its thread ends afterwards."""
        pool = self._pools.pop(os.getpid(), None)
        if pool is not None:
            pool.shutdown(wait=False)
