"""Effects exactly once: a row in the user's own database says that an event was handled there.

The row and what the handler writes are one transaction of the user's. A handler that runs again,
because the process died before the store heard of its end, finds the row.
"""

from __future__ import annotations

import hashlib
import time
from typing import Any, Final

from .caller_database import Database, caller_database, commits_each, is_async
from .config import check_seconds, check_text, check_whole
from .errors import ConfigError

TABLE: Final = "webhookcore_once"
_LONGEST_KEY: Final = 512
_DAY: Final = 86_400.0
_LONGEST: Final = 3650 * _DAY

# Both SQLite and PostgreSQL take it. `handled_at` is in Unix milliseconds.
SCHEMA: Final = f"""\
CREATE TABLE IF NOT EXISTS {TABLE} (
  source VARCHAR(64) NOT NULL,
  event_key VARCHAR(512) NOT NULL,
  handled_at BIGINT NOT NULL,
  PRIMARY KEY (source, event_key)
)"""

_INSERT: Final = (
    f"INSERT INTO {TABLE} (source, event_key, handled_at) VALUES (?, ?, ?)"  # noqa: S608
    " ON CONFLICT DO NOTHING"
)

# The rows are looked for first: neither database takes a LIMIT of a DELETE as it comes.
_DELETE: Final = (
    f"DELETE FROM {TABLE} WHERE (source, event_key) IN"  # noqa: S608
    f" (SELECT source, event_key FROM {TABLE} WHERE handled_at < ? LIMIT ?)"
)
INDEX: Final = f"CREATE INDEX IF NOT EXISTS {TABLE}_by_time ON {TABLE} (handled_at)"

# Files of the stores that were opened in this process.
_store_paths: set[str] = set()


def remember_store(path: str) -> None:
    """No connection of a user's may lead to this file."""
    _store_paths.add(path)


def once_table_sql() -> str:
    """The statement that makes the table of ``event.once()``, for your migrations.

    The same for SQLite and PostgreSQL; it does nothing where the table is there.
    """
    return SCHEMA


def row_key(key: str) -> str:
    """What stands in the row for a provider's key: of one that no column takes, its digest.

    Else the handler of an event that the provider gave a strange id would fail for ever.
    """
    if len(key) <= _LONGEST_KEY and "\0" not in key:
        return key
    return f"sha256:{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}"


def once_index_sql() -> str:
    """The statement that makes an index for ``prune_once()``, worth it above a million rows.

    The same for SQLite and PostgreSQL; it does nothing where the index is there.
    """
    return INDEX


def prune_once(connection: Any, *, older_than: float, limit: int = 10_000) -> int:
    """Delete old rows of ``event.once()``, inside your own transaction; commits nothing.

    An event whose row is gone can be marked again: go no further back than the receiver's
    ``idempotency_ttl``, or than any dead letter that may still be replayed.

    Args:
        connection: As for ``event.once()``; an asynchronous one of SQLAlchemy by
            ``await connection.run_sync(wh.prune_once, older_than=…)``.
        older_than: Seconds since the event was marked, a day at least.
        limit: Of rows at once, so that the transaction is short (1 to a million).

    Returns:
        How many were deleted. Below ``limit``, no more are left.

    Raises:
        ConfigError: No connection that is understood, no table, or another argument that
            cannot be.
    """
    age = check_seconds("older_than", older_than, _DAY, _LONGEST)
    most = check_whole("limit", limit, 1, 1_000_000)
    database = caller_database(connection, list(_store_paths), "once")
    before = time.time_ns() // 1_000_000 - round(age * 1000)
    try:
        return max(0, database.change(_DELETE, (before, most)))
    except Exception as error:
        _explain(error)
        raise


def mark_once(connection: Any, source: str, key: str) -> bool:
    """Insert the row, inside the connection's transaction; False when it is there.

    Raises:
        ConfigError: No connection that is understood, one that commits each statement by itself,
            the store's own file, a key that no database takes, or the table is not there.
    """
    return _insert(caller_database(connection, list(_store_paths), "once"), source, key)


async def mark_once_async(connection: Any, source: str, key: str) -> bool:
    """``mark_once()`` for SQLAlchemy's AsyncConnection and AsyncSession, and psycopg's."""
    if not is_async(connection):
        raise ConfigError(
            "must be an AsyncConnection or AsyncSession of SQLAlchemy, or psycopg's"
            " AsyncConnection; for others there is once()",
            "connection",
        )
    if hasattr(connection, "run_sync"):
        return bool(await connection.run_sync(mark_once, source, key))
    values = _values(source, key)
    if commits_each(connection):
        raise _no_transaction()
    try:
        cursor = await connection.execute(_INSERT.replace("?", "%s"), values)
    except Exception as error:
        _explain(error)
        raise
    return bool(cursor.rowcount == 1)


def _insert(database: Database, source: str, key: str) -> bool:
    values = _values(source, key)
    if database.commits_each():
        raise _no_transaction()
    try:
        return database.change(_INSERT, values) == 1
    except Exception as error:
        _explain(error)
        raise


def _no_transaction() -> ConfigError:
    # The row would stay when what depends on it fails, and its retry would find the row.
    return ConfigError(
        "commits each statement by itself (autocommit): begin a transaction around once() and the"
        " effects that depend on it",
        "connection",
    )


def _values(source: str, key: str) -> tuple[str, str, int]:
    if not isinstance(key, str) or "\0" in key or not 1 <= len(key) <= _LONGEST_KEY:
        raise ConfigError(f"must be 1 to {_LONGEST_KEY} characters without NUL", "key")
    try:
        key.encode()
    except UnicodeEncodeError:
        raise ConfigError("holds a lone surrogate, which no database takes", "key") from None
    return check_text("source", source), key, time.time_ns() // 1_000_000


def _explain(error: Exception) -> None:
    text = str(error)
    if TABLE in text and ("no such table" in text or "does not exist" in text):
        raise ConfigError(
            f"its database has no table {TABLE}; put what wh.once_table_sql() gives into a"
            " migration, or execute it once",
            "connection",
        ) from error
