"""A database connection of the user's, in whatever form they have it.

Nothing here opens, commits or closes anything: all that is done happens inside the
transaction of whoever the connection belongs to.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias

from ..errors import ConfigError

Values: TypeAlias = Sequence[Any]
Rows: TypeAlias = list[Any]

_FORM: Final = (
    "must be an open connection to SQLite: of sqlite3, or SQLAlchemy's Connection or Session, "
    "or Django's"
)


class Database(Protocol):
    """Runs statements with `?` where a value stands."""

    def run(self, sql: str, values: Values = ()) -> Rows:
        """The rows, none for a statement that has none."""


class _Sqlite3:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def run(self, sql: str, values: Values = ()) -> Rows:
        connection = self._connection
        given = connection.text_factory
        cursor = connection.cursor()
        # Plain rows, whatever the connection makes of them for its owner.
        cursor.row_factory = None
        connection.text_factory = _text
        try:
            cursor.execute(sql, tuple(values))
            # All of them: an open cursor would hold its read lock.
            rows: Rows = cursor.fetchall()
            return rows
        finally:
            connection.text_factory = given
            cursor.close()


def _text(raw: bytes) -> str:
    """Also of a path that is no UTF-8."""
    return raw.decode("utf-8", "surrogateescape")


class _SqlAlchemy:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def run(self, sql: str, values: Values = ()) -> Rows:
        result = self._connection.exec_driver_sql(sql, tuple(values))
        return [tuple(row) for row in result] if result.returns_rows else []


class _Django:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def run(self, sql: str, values: Values = ()) -> Rows:
        with self._connection.cursor() as cursor:
            cursor.execute(sql.replace("?", "%s"), tuple(values))
            return list(cursor.fetchall()) if cursor.description else []


def caller_database(connection: Any, store_path: str) -> Database:
    """The connection behind one face.

    Raises:
        ConfigError: It is none of those that are understood, or its database is the
            store's own file, which must not be opened a second time: another copy of SQLite
            drops the store's locks, and what was sent could be lost.
    """
    database = _of(connection)
    for row in database.run("PRAGMA database_list"):
        if not isinstance(row, tuple) or len(row) != 3 or not isinstance(row[0], int):
            raise ConfigError("must give rows that are plain tuples", "connection")
        _, name, path = row
        if store_path and path and _is_same_file(path, store_path):
            raise ConfigError(
                f"its database {name!r} is the store itself; the outbox belongs into the database "
                "of your application",
                "connection",
            )
    return database


def _of(connection: Any) -> Database:
    if _is_a("sqlite3", connection):
        return _Sqlite3(connection)
    if hasattr(connection, "sync_connection") or hasattr(connection, "sync_session"):
        raise ConfigError("give what run_sync() hands over, not an async connection", "connection")
    if hasattr(connection, "exec_driver_sql"):
        return _checked(connection.dialect.name, _SqlAlchemy(connection))
    if hasattr(connection, "get_bind") and callable(getattr(connection, "connection", None)):
        inner = connection.connection()
        return _checked(inner.dialect.name, _SqlAlchemy(inner))
    if hasattr(connection, "vendor") and hasattr(connection, "cursor"):
        return _checked(connection.vendor, _Django(connection))
    raise ConfigError(_FORM, "connection")


def _checked(dialect: str, database: Database) -> Database:
    if dialect != "sqlite":
        raise ConfigError(
            f"an outbox in {dialect} is not available yet, only in SQLite", "connection"
        )
    return database


def _is_a(module: str, connection: Any) -> bool:
    """Without an import: our own Python never opens a database."""
    return any(
        kind.__name__ == "Connection" and kind.__module__ == module
        for kind in type(connection).__mro__
    )


def _is_same_file(one: str, other: str) -> bool:
    try:
        return Path(one).samefile(other)
    except OSError:  # One of them is not there (any more).
        return Path(one).resolve() == Path(other).resolve()
