"""Moves what outboxes hold into the store, where it is delivered from."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final

from .. import _core
from ..caller_database import Database, caller_database
from ..config import check_seconds
from ..errors import ConfigError, IdempotencyConflictError, StoreError, WebhookError
from .outbox import TABLE, unpack

logger: Final = logging.getLogger("webhookcore.relay")
logger.addHandler(logging.NullHandler())

_BATCH: Final = 100
_LONGEST_PAUSE: Final = 5.0

# All as bytes or None: no text that is no UTF-8, and no converter of the connection's, can
# make the reading of a row fail, and of all the others with it.
_SELECT: Final = (
    "SELECT CAST(id AS BLOB), CAST(options AS BLOB),"  # noqa: S608
    " CASE typeof(body) WHEN 'blob' THEN body END"
    f" FROM {TABLE} WHERE error IS NULL ORDER BY position, id LIMIT ?"
)
_THIS: Final = "id IS ? OR id = CAST(? AS TEXT)"
_DELETE: Final = f"DELETE FROM {TABLE} WHERE {_THIS}"  # noqa: S608
_REFUSE: Final = f"UPDATE {TABLE} SET error = ? WHERE {_THIS}"  # noqa: S608


@dataclass(frozen=True, slots=True)
class RelayCounts:
    """What a pass did.

    Attributes:
        moved: Rows that are messages in the store now.
        refused: Rows that the store will never take, such as an idempotency key that was
            used with other content. They stay in the table, with their ``error``.
    """

    moved: int = 0
    refused: int = 0


class Relay:
    """Made by ``client.relay(connect)``. Several, in any processes, may share one table.

    Start it in one process at least; nothing in an outbox is sent before. Use it as a
    context manager, or call ``relay_once()`` from a job of your own.
    """

    def __init__(
        self,
        engine: _core.Engine,
        store: _core.Store,
        connect: Callable[[], Any],
        every: float,
        check_open: Callable[[], None],
    ) -> None:
        if not callable(connect) or hasattr(connect, "commit"):  # A connection can be called.
            raise ConfigError("must be a function that opens a connection", "connect")
        self._every = check_seconds("every", every, 0.01, 3600)
        self._engine = engine
        self._store = store
        self._connect = connect
        self._check_open = check_open  # Of the client, which lives as long as this.
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def relay_once(self) -> RelayCounts:
        """Move all that is committed now.

        Raises:
            StoreError: The store cannot take it, and the rows stay where they are; or rows
                that are in the store cannot be deleted from the table.
            Exception: What the connection raises.
        """
        self._check_open()
        return self._pass(lambda: False)

    def start(self) -> None:
        """Move rows in the background until ``stop()``; a second call changes nothing.

        Closing the client stops it too.

        Raises:
            StoreUnavailableError: The client was closed.
        """
        self._check_open()
        if self._thread is not None and self._thread.is_alive():
            return
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="webhookcore-relay", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> None:
        """End after the batch under way, and wait for that at most ``timeout`` seconds."""
        self._stopping.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(timeout)

    def __enter__(self) -> Relay:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _run(self) -> None:
        pause = self._every
        while not self._stopping.is_set():
            try:
                self._pass(self._stopping.is_set)
                pause = self._every
            except Exception:
                # Of any database, so of any class. The rows are where they were, and the
                # next pass tries them again.
                pause = min(max(pause * 2, self._every), max(_LONGEST_PAUSE, self._every))
                logger.exception("the outbox could not be relayed; again in %.1f s", pause)
            self._stopping.wait(pause)

    def _pass(self, should_stop: Callable[[], bool]) -> RelayCounts:
        connection = self._connect()
        try:
            return self._move_all(connection, should_stop)
        finally:
            connection.close()

    def _move_all(self, connection: Any, should_stop: Callable[[], bool]) -> RelayCounts:
        database = caller_database(connection, [self._store.info()["path"]], "outbox")
        moved = refused = 0
        settled: set[bytes | None] = set()
        while not should_stop():
            rows = database.run(_SELECT, (_BATCH,))
            connection.commit()
            if not rows:
                break
            ids = {row[0] for row in rows}
            if ids & settled:
                raise StoreError(f"rows of {TABLE} stay there although they were taken out")
            settled = ids
            errors = self._move(rows)
            _settle(database, rows, errors)
            connection.commit()
            refused += len([error for error in errors if error])
            moved += len([error for error in errors if not error])
        return RelayCounts(moved, refused)

    def _move(self, rows: list[Any]) -> list[str]:
        """Into the store, all at once; for each row why it can never be, or nothing."""
        errors = [""] * len(rows)
        messages: list[Any] = []
        places: list[int] = []
        for place, row in enumerate(rows):
            message, errors[place] = _unpacked(row)
            if message is not None:
                messages.append(message)
                places.append(place)
        # They were accepted when their transaction was: a tenant's limits come too late.
        results = self._engine.enqueue_many(messages, refusable=False)
        for place, result in zip(places, results, strict=True):
            if isinstance(result, StoreError):
                raise result
            if isinstance(result, Exception):
                errors[place] = self._refusal(rows[place][0].decode(), result)
        return errors

    def _refusal(self, id: str, error: Exception) -> str:
        if not isinstance(error, WebhookError):
            raise error
        # The one before us moved it and died, or is about to delete it.
        moved_before = isinstance(error, IdempotencyConflictError) and self._store.get_message(id)
        return "" if moved_before else f"{type(error).__name__}: {error}"


def _unpacked(row: Any) -> tuple[tuple[Any, ...] | None, str]:
    """The message, or None and why the row is none."""
    try:
        return unpack(*row), ""
    except ConfigError as error:
        return None, str(error)


def _settle(database: Database, rows: list[Any], errors: list[str]) -> None:
    for (id, *_), error in zip(rows, errors, strict=True):
        if error:
            logger.error("the outbox row %r is refused: %s", id, error)
            database.run(_REFUSE, (error, id, id))
        else:
            database.run(_DELETE, (id, id))
