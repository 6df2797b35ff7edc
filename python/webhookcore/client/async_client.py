"""The sending side for asyncio."""

from __future__ import annotations

import asyncio
import functools
import weakref
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final

from ..door import Door, Threads
from ..urls import UrlPolicy
from .awaited import Part, awaited, listed, same_arguments
from .batch import Batch
from .client import Client
from .dead_letters import DeadLetters
from .deliveries import Deliveries, Messages
from .endpoints import Endpoints
from .event_types import EventTypes
from .metrics import Metrics
from .operations import HookFunction, Operations
from .outbox import Outbox
from .relay import Relay
from .rows import Endpoint, Message
from .tenant_limits import Tenants
from .until_idle import RunCounts

# How long close() lets writes end that are under way: longer than a store may be busy.
_PATIENCE: Final = 10.0


class AsyncEndpoints(Part):
    """``client.endpoints``."""

    create = awaited(Endpoints.create)
    get = awaited(Endpoints.get)
    list = listed(Endpoints.list)
    update = awaited(Endpoints.update)
    enable = awaited(Endpoints.enable)
    disable = awaited(Endpoints.disable)
    delete = awaited(Endpoints.delete)
    rotate_secret = awaited(Endpoints.rotate_secret)
    test = awaited(Endpoints.test)
    recover = awaited(Endpoints.recover)

    def __aiter__(self) -> AsyncIterator[Endpoint]:
        return self.list().__aiter__()


class AsyncEventTypes(Part):
    """``client.event_types``."""

    create = awaited(EventTypes.create)
    get = awaited(EventTypes.get)
    list = awaited(EventTypes.list)
    update = awaited(EventTypes.update)
    archive = awaited(EventTypes.archive)
    delete = awaited(EventTypes.delete)


class AsyncMessages(Part):
    """``client.messages``."""

    get = awaited(Messages.get)
    list = listed(Messages.list)
    poll = awaited(Messages.poll)


class AsyncDeliveries(Part):
    """``client.deliveries``."""

    get = awaited(Deliveries.get)
    list = listed(Deliveries.list)
    attempts = awaited(Deliveries.attempts)
    replay = awaited(Deliveries.replay)
    cancel = awaited(Deliveries.cancel)
    count = awaited(Deliveries.count)


class AsyncDeadLetters(Part):
    """``client.dead_letters``."""

    list = listed(DeadLetters.list)
    get = awaited(DeadLetters.get)
    replay = awaited(DeadLetters.replay)
    replay_many = awaited(DeadLetters.replay_many)
    resume = awaited(DeadLetters.resume)
    jobs = listed(DeadLetters.jobs)
    get_job = awaited(DeadLetters.get_job)
    delete = awaited(DeadLetters.delete)
    delete_many = awaited(DeadLetters.delete_many)


class AsyncTenants(Part):
    """``client.tenants``."""

    set_limits = awaited(Tenants.set_limits)
    set_default_limits = awaited(Tenants.set_default_limits)
    limits = awaited(Tenants.limits)
    default_limits = awaited(Tenants.default_limits)
    clear_limits = awaited(Tenants.clear_limits)
    list = listed(Tenants.list)
    backlog = awaited(Tenants.backlog)


class AsyncOperations(Part):
    """``client.operations``; hooks are plain functions here too, and called on a thread."""

    list = listed(Operations.list)

    def on(self, pattern: str = "*") -> Callable[[HookFunction], HookFunction]:
        operations: Operations = self._blocking
        return operations.on(pattern)

    on.__doc__ = Operations.on.__doc__


class AsyncClient:
    """``Client`` for asyncio: the same arguments and methods, to be awaited.

    ``send()`` and ``send_many()`` use no thread of Python: what a tick of the loop sends is
    one commit, made by a thread of the core. Everything else runs on a few threads of the
    client's own. Any number of event loops may share one client.

    Making it opens the file, which takes milliseconds: do it at start-up. Use it with
    ``async with``, or await ``close()``.
    """

    @same_arguments(Client.__init__)
    def __init__(self, *args: Any, **options: Any) -> None:
        self._blocking = Client(*args, **options)
        self._threads = Threads()
        self._door = Door(self._blocking._store, self._blocking._engine.wake)
        self.endpoints = AsyncEndpoints(self._blocking.endpoints, self._threads)
        self.event_types = AsyncEventTypes(self._blocking.event_types, self._threads)
        self.messages = AsyncMessages(self._blocking.messages, self._threads)
        self.deliveries = AsyncDeliveries(self._blocking.deliveries, self._threads)
        self.dead_letters = AsyncDeadLetters(self._blocking.dead_letters, self._threads)
        self.tenants = AsyncTenants(self._blocking.tenants, self._threads)
        self.operations = AsyncOperations(self._blocking.operations, self._threads)
        # At interpreter exit before the blocking client's own, which closes the store.
        self._finalizer = weakref.finalize(self, _shut_down, self._door, self._threads)

    @property
    def policy(self) -> UrlPolicy:
        return self._blocking.policy

    @same_arguments(Client.send)
    async def send(self, *args: Any, **options: Any) -> Message:
        make = functools.partial(self._blocking._rows.make, *args, **options)
        return (await self._send_all([make]))[0]

    async def send_many(self, messages: Iterable[Mapping[str, Any]]) -> list[Message]:
        return await self._send_all(self._blocking._rows.makers(messages))

    async def run_until_idle(self, wait: float = 0) -> RunCounts:
        run = await self._threads.run(functools.partial(self._blocking._until_idle, wait))
        try:
            while not await self._threads.run(run.step):
                pass
        finally:
            # Also when the task is cancelled: else deliveries would go on unasked.
            await asyncio.shield(self._threads.run(run.end))
        return run.counts

    @same_arguments(Client.metrics)
    async def metrics(self, **options: Any) -> Metrics:
        return await self._threads.run(functools.partial(self._blocking.metrics, **options))

    # These wait for nothing: an outbox belongs to a connection that is not ours, which an
    # async one hands over with ``run_sync()``.

    @same_arguments(Client.outbox)
    def outbox(self, connection: Any) -> Outbox:
        return self._blocking.outbox(connection)

    outbox_schema = staticmethod(Client.outbox_schema)

    @same_arguments(Client.relay)
    def relay(self, *args: Any, **options: Any) -> Relay:
        return self._blocking.relay(*args, **options)

    recover = awaited(Client.recover)
    prune = awaited(Client.prune)
    reseal = awaited(Client.reseal)
    space = awaited(Client.space)

    async def start(self) -> None:
        await self._threads.run(self._blocking.start)

    async def stop(self, timeout: float = 10.0) -> None:
        await self._threads.run(functools.partial(self._blocking.stop, timeout))

    async def close(self, timeout: float = 10.0) -> None:
        if not self._finalizer.alive:
            return
        await self.stop(timeout)
        await self._threads.run(functools.partial(self._door.close, _PATIENCE))
        await self._threads.run(self._blocking.close)
        self._finalizer()

    async def _send_all(self, makers: Sequence[Callable[[], Any]]) -> list[Message]:
        batch = Batch(self.event_types._blocking, makers)
        room = self._blocking._sending.room
        for pause in room.pauses():
            await asyncio.sleep(pause)
        patience = room.patience()
        while rows := batch.waiting():
            if refused := batch.take(await self._door.call("enqueue_many", rows)):
                await asyncio.sleep(patience.pause(refused))
        return self._blocking._sending.sent(batch)

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<Async{repr(self._blocking)[1:]}"


for _name in ("send_many", "run_until_idle", "start", "stop", "close"):
    getattr(AsyncClient, _name).__doc__ = getattr(Client, _name).__doc__


def _shut_down(door: Door, threads: Threads) -> None:
    door.close(1.0)
    threads.close()
