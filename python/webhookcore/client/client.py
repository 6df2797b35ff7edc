"""The sending side."""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from types import TracebackType
from typing import Any, Final

from .. import _core
from ..config import Breaker, Durability, check_event_type, check_seconds
from ..errors import ConfigError, StoreUnavailableError
from ..store import open_store
from ..urls import UrlPolicy
from .attempt_log import AttemptLog
from .deliveries import DeadLetters, Deliveries, Messages
from .endpoints import Endpoints
from .payload import encode, fingerprint
from .rows import Delivery, Message

_USER_AGENT: Final = "webhookcore/0.1.0"
_OPTIONAL: Final = {
    "tenant": None,
    "idempotency_key": None,
    "content_type": "application/json",
}
# Short, so that Ctrl-C is seen between two of them.
_SLICE: Final = 0.1


@dataclass(frozen=True, slots=True)
class RunCounts:
    """What ``run_until_idle()`` did."""

    attempts: int = 0
    delivered: int = 0
    failed_attempts: int = 0
    dead: int = 0


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
        concurrency: Attempts under way at once, in all and to one endpoint.
        create: Whether a file is made when there is none; else that is an error.

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
        concurrency: tuple[int, int] = (256, 16),
        create: bool = True,
    ) -> None:
        self.policy = policy or UrlPolicy()
        breaker = breaker or Breaker()
        self._store = open_store(url, durability, create=create)
        self._engine = _core.Engine(
            store=self._store,
            policy=self.policy._core,
            ca_file=self.policy.ca_file or "",
            proxy=self.policy.proxy or "",
            interface=self.policy.interface or "",
            user_agent=_USER_AGENT,
            breaker_failures=breaker.failures,
            breaker_open_for=breaker.open_for,
            max_in_flight=concurrency[0],
            max_in_flight_per_endpoint=concurrency[1],
        )
        self._log = AttemptLog(self._engine)
        self.endpoints = Endpoints(self)
        self.messages = Messages(self)
        self.deliveries = Deliveries(self)
        self.dead_letters = DeadLetters(self)
        # Also at interpreter exit: attempts that are under way are not waited for, and
        # are made again by the next process.
        self._finalizer = weakref.finalize(self, _shut_down, self._engine, self._store, self._log)

    def send(
        self,
        type: str,
        data: Any,
        *,
        tenant: str | None = None,
        idempotency_key: str | None = None,
        content_type: str = "application/json",
    ) -> Message:
        """Store a message for every endpoint that subscribes to its type.

        Args:
            type: 1 to 128 of ``A-Z a-z 0-9 _ . -``.
            data: Anything JSON, sent as ``{"type", "timestamp", "data"}``; or ``bytes``,
                sent exactly as they are.
            idempotency_key: The same key and tenant within 24 hours return the first
                message instead of a second one. After an exception of unknown
                outcome (a crash, a full disk), send again with the same key.

        Raises:
            ConfigError: A type or data that cannot be sent.
            IdempotencyConflictError: The key was used with other content.
            StoreError: Nothing is promised: repeat with the same idempotency key.
        """
        row = self._row(type, data, tenant, idempotency_key, content_type)
        return self._message(type, tenant, row[1], self._engine.enqueue(*row))

    def send_many(self, messages: Iterable[Mapping[str, Any]]) -> list[Message]:
        """Send all in one transaction; each item holds the arguments of ``send()``.

        Raises:
            WebhookError: The first fault of an item; the items without one are sent.
        """
        items = [dict(item) for item in messages]
        rows = [self._row(**{**_OPTIONAL, **item}) for item in items]
        results = self._engine.enqueue_many(rows)
        sent = []
        for row, result in zip(rows, results, strict=True):
            if isinstance(result, Exception):
                raise result
            sent.append(self._message(row[0], row[2], row[1], result))
        return sent

    def run_until_idle(self, wait: float = 0) -> RunCounts:
        """Deliver here and now: what is due, and what becomes due within ``wait`` seconds."""
        check_seconds("wait", wait, 0, 30 * 24 * 3600)
        self._check_open()
        ends = time.monotonic() + wait
        was_running = self._engine.running()
        self._engine.start()
        totals = [0, 0, 0, 0]
        try:
            idle = False
            while not idle:
                left = max(0.0, ends - time.monotonic())
                idle, *counts = self._engine.run_until_idle(left, _SLICE)
                totals = [total + count for total, count in zip(totals, counts, strict=True)]
                self._log.flush()
        finally:
            if not was_running:
                self._engine.stop(0.0)
            self._log.flush()
        return RunCounts(*totals)

    def start(self) -> None:
        """Deliver in the background, in this process, until ``stop()``."""
        self._check_open()
        self._engine.start()
        self._log.start()

    def stop(self, timeout: float = 10.0) -> None:
        """Take no more work and wait for attempts under way, at most ``timeout`` seconds."""
        check_seconds("timeout", timeout, 0, 3600)
        self._engine.stop(timeout)
        self._log.stop()

    def close(self, timeout: float = 10.0) -> None:
        """``stop()``, then close the store. The client cannot be used afterwards."""
        if self._finalizer.alive:
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

    def _row(
        self,
        type: str,
        data: Any,
        tenant: str | None,
        idempotency_key: str | None,
        content_type: str,
    ) -> tuple[str, bytes, str | None, str | None, bytes, str]:
        check_event_type(type)
        _check_text("tenant", tenant)
        _check_text("idempotency_key", idempotency_key)
        _check_text("content_type", content_type)
        body = encode(type, data, datetime.now(timezone.utc))
        mark = b"" if idempotency_key is None else fingerprint(type, tenant, data)
        return (type, body, tenant, idempotency_key, mark, content_type)

    def _message(
        self, type: str, tenant: str | None, body: bytes, enqueued: tuple[str, bool, list[int]]
    ) -> Message:
        id, duplicate, keys = enqueued
        deliveries = self.deliveries

        def load_deliveries() -> list[Delivery]:
            return [deliveries.get(f"dlv_{key}") for key in keys]

        def load_body() -> bytes:
            return self.messages.get(id).body if duplicate else body

        return Message(
            id,
            type,
            tenant,
            None,
            duplicate=duplicate,
            load_deliveries=load_deliveries,
            load_body=load_body,
        )


def _check_text(field: str, value: str | None) -> None:
    if value is None:
        return
    valid = isinstance(value, str) and 1 <= len(value) <= 256 and value.isprintable()
    if not valid or any("\ud800" <= character <= "\udfff" for character in value):
        raise ConfigError("must be 1 to 256 printable characters", field)


def _shut_down(engine: _core.Engine, store: _core.Store, log: AttemptLog) -> None:
    engine.stop(0.0)
    log.stop()
    store.close()
