"""The sending side."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Final

from .. import _core
from ..caller_database import caller_database
from ..config import (
    Alerts,
    Breaker,
    Durability,
    Priority,
    Retention,
    Retry,
    check_alerts,
    check_seconds,
)
from ..errors import StoreUnavailableError
from ..store import open_store
from ..urls import UrlPolicy, check_policy
from .attempt_log import AttemptLog
from .backlog import OnFull, Room, check_full
from .batch import Batch
from .dead_letters import DeadLetters
from .defaults import EndpointDefaults
from .deliveries import Deliveries, Messages
from .endpoint_options import SchemeOption
from .endpoint_rows import EndpointRows
from .endpoints import Endpoints
from .engine_options import engine_options
from .event_types import EventTypes
from .message_rows import MessageRows, Moment
from .metrics import Metrics, Since, measure
from .operations import Operations
from .operations_feed import OperationsFeed
from .outbox import SCHEMA, Outbox
from .payload import Envelope, EnvelopeName
from .relay import Relay
from .rows import Endpoint, Message
from .sending import Sending
from .tenant_limits import Tenants
from .tenants import ANY_TENANT
from .until_idle import RunCounts, UntilIdle
from .upkeep import Pruned, StoreSpace, prune_store, reseal_store

_KEPT: Final = Retention()


class Client:
    """Sends messages to endpoints; what was sent is durable when ``send()`` returns.

    Nothing runs until it is asked for: a web process only sends, and one process
    delivers with ``start()``, ``run_until_idle()`` or ``webhookcore worker``.
    Share one client between threads; close it, or use it as a context manager.

    Args:
        url: The store: ``sqlite:///relative.db``, ``sqlite:////absolute.db`` or
            ``memory://``.
        policy: Which URLs endpoints may have; public https when omitted.
        durability: ``"full"`` or ``"normal"``; see ``open_store``.
        breaker: Default for endpoints that have none of their own.
        auto_disable_after: Seconds of nothing but failing after which an endpoint is
            disabled; None: never.
        alerts: Where operational events go beside the log and ``operations.on()``: a URL,
            or ``Alerts``, which also says what is worth telling.
        concurrency: Attempts under way at once, in all and to one endpoint.
        create: Whether a file is made when there is none; else that is an error.
        max_backlog: From so many deliveries on that wait to be made (those of disabled
            endpoints apart), ``send()`` and ``send_many()`` store nothing. None: no limit.
            It may be passed by what is sent within a tenth of a second.
        on_full: ``"raise"`` a StoreFullError at once, or ``"wait"`` for room first; also where
            a tenant has none (``tenants.set_limits()``).
        full_timeout: Seconds to wait for room before the error.
        envelope: What stands around the data: ``"standard"``, ``{"type", "timestamp",
            "data"}``, or ``"guide"``, ``{"event", "idempotencyKey", "timestamp", "data"}``.
        api_version: Stands in the envelope as ``api_version`` when it is given.
        retention: How long what has come to its end is kept, 30 days when omitted; whoever
            delivers deletes it little by little. None: for ever, but for expired keys.
        quota: Such as ``"2 GiB"``: while the store holds more, ``send()`` raises
            ``StoreFullError``. Deliveries go on, and pruning makes room.
        schemes, rate_limit, timeout, max_attempts, retry, client_errors: What
            ``endpoints.create()`` gives an endpoint where it is told nothing else, and
            ``endpoints.test(url=...)`` too. It is stored with the endpoint, so that every
            process delivers by it; endpoints that exist already are not changed.

    Raises:
        ConfigError: An option that can never work.
        StoreError: The store cannot be opened; it is left as it is.
    """

    def __init__(
        self,
        url: str,
        *,
        policy: UrlPolicy | None = None,
        durability: Durability = "full",
        breaker: Breaker | None = None,
        auto_disable_after: float | None = 5 * 24 * 3600.0,
        alerts: str | Alerts | None = None,
        concurrency: tuple[int, int] = (256, 16),
        create: bool = True,
        max_backlog: int | None = None,
        on_full: OnFull = "raise",
        full_timeout: float = 30.0,
        envelope: EnvelopeName = "standard",
        api_version: str | None = None,
        retention: Retention | None = _KEPT,
        quota: int | str | None = None,
        schemes: SchemeOption = ("standard",),
        rate_limit: str | None = None,
        timeout: float = 10.0,
        max_attempts: int | None = None,
        retry: Retry = "standard",
        client_errors: str = "die",
    ) -> None:
        self.policy = check_policy(policy)
        told = check_alerts(alerts)
        engine = engine_options(
            self.policy, breaker, concurrency, auto_disable_after, told, retention
        )
        around = Envelope(envelope, api_version)
        self._retention = retention
        patience = check_full(max_backlog, on_full, full_timeout)
        defaults = EndpointDefaults(
            {
                "schemes": schemes,
                "rate_limit": rate_limit,
                "timeout": timeout,
                "max_attempts": max_attempts,
                "retry": retry,
                "client_errors": client_errors,
            }
        )
        self._store = open_store(url, durability, create=create, quota=quota)
        self._engine = _core.Engine(store=self._store, **engine)
        self._relays: weakref.WeakSet[Relay] = weakref.WeakSet()
        self.operations = Operations(self)
        self._feed = OperationsFeed(self)
        self._log = AttemptLog(self._engine, self._store, _ticker(self._feed))
        self.event_types = EventTypes(self._store)
        rows = EndpointRows(self._store, self.policy, self.event_types, defaults)
        self.endpoints = Endpoints(self, rows)
        self.tenants = Tenants(self._store)
        self._rows = MessageRows(self.event_types, around)
        self.messages = Messages(self)
        self.deliveries = Deliveries(self)
        self.dead_letters = DeadLetters(self)
        room = Room(self._store.count_backlog, max_backlog, patience)
        self._sending = Sending(self._engine, room, self.messages, self.deliveries)
        # Also at interpreter exit: attempts that are under way are not waited for, and
        # are made again by the next process.
        self._finalizer = weakref.finalize(self, _shut_down, self._engine, self._store, self._log)
        try:
            self.operations._keep_endpoint(told)
        except BaseException:
            self._finalizer()
            raise

    def send(
        self,
        type: str,
        data: Any,
        *,
        tenant: str | None = None,
        idempotency_key: str | None = None,
        content_type: str | None = None,
        priority: Priority = "normal",
        deliver_at: Moment | None = None,
        expires_at: Moment | None = None,
        channels: Sequence[str] | None = None,
        envelope: EnvelopeName | None = None,
        api_version: str | None = None,
    ) -> Message:
        """Store a message for every endpoint that subscribes to its type.

        Args:
            type: 1 to 128 of ``A-Z a-z 0-9 _ . -``.
            data: Anything JSON, sent in the envelope; or ``bytes``, sent exactly as they
                are.
            idempotency_key: The same key and tenant within 24 hours return the first
                message instead of a second one. After an exception of unknown
                outcome (a crash, a full disk), send again with the same key.
            content_type: ``application/json`` when omitted.
            priority: ``"high"``, ``"normal"`` or ``"low"``: what is claimed first when more
                is due than can be sent at once.
            deliver_at: The first attempt is not made before it: an aware datetime, or
                Unix seconds. At once when it has passed.
            expires_at: No attempt is made at or after it: what is not delivered by then is
                cancelled, with the error ``expired``.
            channels: At most 20. An endpoint with channels gets the message only when they
                share one; one without gets it anyhow.
            envelope, api_version: In place of the client's.

        Raises:
            ConfigError: A type, data or a time that cannot be.
            UnknownEventTypeError: There is a catalogue, and the type is not in it.
            IdempotencyConflictError: The key was used with other content.
            StoreFullError: No space is left, or ``max_backlog`` is reached. Nothing was stored.
            TenantLimitError: The same of a tenant's limits (``tenants.set_limits()``).
            StoreError: Nothing is promised: repeat with the same idempotency key.
        """
        row = self._rows.make(
            type,
            data,
            tenant,
            idempotency_key,
            content_type,
            priority,
            deliver_at,
            expires_at,
            channels,
            envelope,
            api_version,
        )
        message = self._sending.send(row)
        if message is not None:
            return message
        # Checked by a catalogue that is no longer the one in the store: the long way.
        given = (tenant, idempotency_key, content_type, priority, deliver_at, expires_at)
        row_again = functools.partial(
            self._rows.make, type, data, *given, channels, envelope, api_version
        )
        return self._sending.finish(Batch(self.event_types, [row_again]))[0]

    def send_many(self, messages: Iterable[Mapping[str, Any]]) -> list[Message]:
        """Send all in one transaction; each item holds the arguments of ``send()``.

        Raises:
            ConfigError: An item that cannot be sent, such as ``messages[2].type``; nothing
                is stored.
            IdempotencyConflictError: The first item whose key was used with other content.
                All items without such a conflict are stored and will be delivered; with
                idempotency keys the same call can be made again without them being sent
                twice.
            StoreFullError: No space is left, or ``max_backlog`` is reached. Nothing was stored.
            TenantLimitError: The same of a tenant's limits (``tenants.set_limits()``).
            StoreError: Nothing is promised: repeat with the same idempotency keys.
        """
        return self._sending.finish(Batch(self.event_types, self._rows.makers(messages)))

    def outbox(self, connection: Any) -> Outbox:
        """Send inside a transaction of your own database; a ``relay()`` does the rest.

        Args:
            connection: To a SQLite database: of ``sqlite3``, or SQLAlchemy's ``Connection``
                or ``Session``, or Django's ``connection``.

        Raises:
            ConfigError: It is none of these, or leads to the store's own file.
            StoreUnavailableError: The client was closed.
        """
        self._check_open()
        database = caller_database(connection, [self._store.info()["path"]], "outbox")
        return Outbox(database, self.event_types, self._rows.make)

    @staticmethod
    def outbox_schema() -> str:
        """The statement that makes the outbox's table, for a migration of yours."""
        return SCHEMA

    def relay(self, connect: Callable[[], Any], *, every: float = 0.2) -> Relay:
        """What moves the rows of outboxes into this client's store.

        Args:
            connect: Opens a new ``sqlite3`` connection to the database with the outbox. It
                is called on the relay's thread, which closes what it returns.
            every: Seconds between two looks at the table.

        Raises:
            ConfigError: ``connect`` is no function, or ``every`` no such time.
            StoreUnavailableError: The client was closed.
        """
        self._check_open()
        relay = Relay(self._engine, self._store, connect, every, self._check_open)
        self._relays.add(relay)
        return relay

    def metrics(
        self,
        *,
        since: Since | None = None,
        until: Since | None = None,
        tenant: str | None = ANY_TENANT,
        endpoint: str | Endpoint | None = None,
    ) -> Metrics:
        """How the deliveries went that were created in a window.

        Reads pieces of the store, so that sending is not held up: it takes about a second
        for each million deliveries in the window.

        Args:
            since, until: An aware ``datetime``, a ``timedelta`` back from now, or Unix
                seconds. Omitted: from the first one kept, to now.
            tenant: Of all tenants when omitted.

        Raises:
            ConfigError: A moment that cannot be.
            NotFoundError: There is no such endpoint and no delivery of it, or it is another
                tenant's.
        """
        return measure(self._store, since=since, until=until, tenant=tenant, endpoint=endpoint)

    def run_until_idle(self, wait: float = 0) -> RunCounts:
        """Deliver here and now: what is due, and what becomes due within ``wait`` seconds.

        Raises:
            StoreError: The store fails, or (StoreKeyError) what is left needs a key that was not
                given. Its ``counts`` say what was done before.
        """
        run = self._until_idle(wait)
        try:
            while not run.step():
                pass
        finally:
            run.end()
        return run.counts

    def recover(
        self,
        endpoint: str | Endpoint,
        since: datetime | float,
        *,
        rate: str | None = None,
        dry_run: bool = False,
        tenant: str | None = ANY_TENANT,
    ) -> int:
        """Make up for an endpoint's outage; see ``endpoints.recover``."""
        return self.endpoints.recover(endpoint, since, rate=rate, dry_run=dry_run, tenant=tenant)

    def prune(self) -> Pruned:
        """Delete now what the client's retention no longer keeps, and shrink the file.

        A delivering client does so by itself; this is for stores that no process delivers from
        for long. Others can go on using the store meanwhile.
        """
        return prune_store(self._store, self._retention)

    def reseal(self) -> int:
        """Seal now, with the first key of ``WEBHOOKCORE_ENCRYPTION_KEY``, what is not yet.

        A delivering client does so by itself. Returns how many endpoints were sealed; after it
        the keys behind the first are not needed any more, unless another process still writes
        with one of them.
        """
        return reseal_store(self._store)

    def space(self) -> StoreSpace:
        """How much room the store takes."""
        return StoreSpace(**self._store.measure_space())

    def start(self) -> None:
        """Deliver in the background, in this process, until ``stop()``."""
        self._check_open()
        self._feed.begin()
        self._engine.start()
        self._log.start()

    def stop(self, timeout: float = 10.0) -> None:
        """Take no more work and wait for attempts under way, at most ``timeout`` seconds."""
        check_seconds("timeout", timeout, 0, 3600)
        worked = self._engine.running()
        self._engine.stop(timeout)
        self._log.stop()
        if worked:
            self._feed.try_to_give_out()

    def close(self, timeout: float = 10.0) -> None:
        """``stop()``, and so for its relays, then close the store.

        The client cannot be used afterwards.
        """
        if self._finalizer.alive:
            for relay in list(self._relays):
                relay.stop(timeout)
            self.stop(timeout)
            self._finalizer()

    def _check_open(self) -> None:
        if not self._finalizer.alive:
            raise StoreUnavailableError("the client was closed")

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        info = self._store.info()
        return f"<Client {info['backend']} {info['path']}>".replace(" >", ">")

    def _until_idle(self, wait: float) -> UntilIdle:
        check_seconds("wait", wait, 0, 30 * 24 * 3600)
        self._check_open()
        return UntilIdle(self._engine, self._log, self._feed, wait)


def _ticker(feed: OperationsFeed) -> Callable[[], None]:
    """Holds the feed, and so the client, no longer than somebody else does."""
    held = weakref.ref(feed)

    def tick() -> None:
        feed = held()
        if feed is not None:
            feed.tick()

    return tick


def _shut_down(engine: _core.Engine, store: _core.Store, log: AttemptLog) -> None:
    engine.stop(0.0)
    log.stop()
    store.close()
