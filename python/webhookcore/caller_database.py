"""A database connection of the user's, in whatever form they have it.

Nothing here opens, commits or closes anything: all that is done happens inside the
transaction of whoever the connection belongs to.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias

from .errors import ConfigError

Values: TypeAlias = Sequence[Any]
Rows: TypeAlias = list[Any]

_FORM: Final = (
    "must be an open connection: of sqlite3, or SQLAlchemy's Connection or Session, "
    "or Django's, or psycopg's"
)
# Which databases there are tables of ours in.
_DIALECTS: Final = {"outbox": ("sqlite",), "once": ("sqlite", "postgresql")}
_TITLES: Final = {"outbox": "an outbox", "once": "once()"}


class Database(Protocol):
    """Runs statements with `?` where a value stands."""

    dialect: str

    def run(self, sql: str, values: Values = ()) -> Rows:
        """The rows, none for a statement that has none."""

    def change(self, sql: str, values: Values = ()) -> int:
        """How many rows the statement inserted, changed or deleted."""

    def commits_each(self) -> bool:
        """Whether a statement now would be a transaction of its own."""


class _Sqlite3:
    dialect = "sqlite"

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

    def change(self, sql: str, values: Values = ()) -> int:
        cursor = self._connection.cursor()
        try:
            return int(cursor.execute(sql, tuple(values)).rowcount)
        finally:
            cursor.close()

    def commits_each(self) -> bool:
        return commits_each(self._connection)


def _text(raw: bytes) -> str:
    """Also of a path that is no UTF-8."""
    return raw.decode("utf-8", "surrogateescape")


class _SqlAlchemy:
    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.dialect = str(connection.dialect.name)
        self._style = connection.dialect.paramstyle

    def run(self, sql: str, values: Values = ()) -> Rows:
        result = self._execute(sql, values)
        return [tuple(row) for row in result] if result.returns_rows else []

    def change(self, sql: str, values: Values = ()) -> int:
        return int(self._execute(sql, values).rowcount)

    def commits_each(self) -> bool:
        pooled = self._connection.connection
        # The adapters of asynchronous drivers know their mode, the drivers the transaction.
        return any(map(commits_each, (pooled.dbapi_connection, pooled.driver_connection)))

    def _execute(self, sql: str, values: Values) -> Any:
        statement, given = _in_style(sql, values, self._style)
        return self._connection.exec_driver_sql(statement, given)


def _in_style(sql: str, values: Values, style: str) -> tuple[str, Any]:
    """The statement and its values as the driver wants them."""
    if style == "qmark":
        return sql, tuple(values)
    names = [f"v{number}" for number in range(len(values))]
    marks = {
        "format": ["%s"] * len(values),
        "pyformat": [f"%({name})s" for name in names],
        "numeric_dollar": [f"${number + 1}" for number in range(len(values))],
    }
    if style not in marks:
        raise ConfigError(f"its driver takes values in the form {style}", "connection")
    head, *rest = sql.split("?")
    statement = head + "".join(
        f"{mark}{part}" for mark, part in zip(marks[style], rest, strict=True)
    )
    named = dict(zip(names, values, strict=True))
    return statement, named if style == "pyformat" else tuple(values)


class _Django:
    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.dialect = str(connection.vendor)

    def run(self, sql: str, values: Values = ()) -> Rows:
        with self._connection.cursor() as cursor:
            cursor.execute(sql.replace("?", "%s"), tuple(values))
            return list(cursor.fetchall()) if cursor.description else []

    def change(self, sql: str, values: Values = ()) -> int:
        with self._connection.cursor() as cursor:
            cursor.execute(sql.replace("?", "%s"), tuple(values))
            return int(cursor.rowcount)

    def commits_each(self) -> bool:
        return bool(self._connection.get_autocommit() and not self._connection.in_atomic_block)


class _Psycopg:
    dialect = "postgresql"

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def run(self, sql: str, values: Values = ()) -> Rows:
        cursor = self._connection.execute(sql.replace("?", "%s"), tuple(values))
        return list(cursor.fetchall()) if cursor.description else []

    def change(self, sql: str, values: Values = ()) -> int:
        return int(self._connection.execute(sql.replace("?", "%s"), tuple(values)).rowcount)

    def commits_each(self) -> bool:
        return commits_each(self._connection)


def commits_each(connection: Any) -> bool:
    """Whether a driver's connection is in autocommit mode and in no transaction that was begun."""
    unset = object()
    autocommits = getattr(connection, "autocommit", None) is True
    if not autocommits and getattr(connection, "isolation_level", unset) is not None:
        return False
    if hasattr(connection, "in_transaction"):  # sqlite3, aiosqlite.
        return not connection.in_transaction
    status = getattr(getattr(connection, "info", None), "transaction_status", None)
    return autocommits and not status  # psycopg; of others the mode alone is known.


def caller_database(connection: Any, store_paths: Sequence[str], purpose: str) -> Database:
    """The connection behind one face.

    Args:
        connection: In any of the forms that are understood.
        store_paths: Of stores' files, which it must not lead to; empty ones are none.
        purpose: ``"outbox"`` or ``"once"``.

    Raises:
        ConfigError: It is none of those that are understood, or its database is the
            store's own file, which must not be opened a second time: another copy of SQLite
            drops the store's locks, and what was sent could be lost.
    """
    database = _of(connection)
    if database.dialect not in _DIALECTS[purpose]:
        raise ConfigError(
            f"{_TITLES[purpose]} in {database.dialect} is not available yet, only in SQLite"
            + (" and PostgreSQL" if purpose == "once" else ""),
            "connection",
        )
    if database.dialect == "sqlite":
        _refuse_stores(database, store_paths, purpose)
    return database


def _refuse_stores(database: Database, store_paths: Sequence[str], purpose: str) -> None:
    for row in database.run("PRAGMA database_list"):
        if not isinstance(row, tuple) or len(row) != 3 or not isinstance(row[0], int):
            raise ConfigError("must give rows that are plain tuples", "connection")
        _, name, path = row
        if path and any(one and _is_same_file(path, one) for one in store_paths):
            raise ConfigError(
                f"its database {name!r} is the store itself; the {purpose} table belongs into the "
                "database of your application",
                "connection",
            )


def _of(connection: Any) -> Database:
    if _is_a("sqlite3", connection):
        return _Sqlite3(connection)
    if is_async(connection):
        raise ConfigError("give what run_sync() hands over, not an async connection", "connection")
    if hasattr(connection, "exec_driver_sql"):
        return _SqlAlchemy(connection)
    if hasattr(connection, "get_bind") and callable(getattr(connection, "connection", None)):
        return _SqlAlchemy(connection.connection())
    if hasattr(connection, "vendor") and hasattr(connection, "cursor"):
        return _Django(connection)
    if _is_a("psycopg", connection):
        return _Psycopg(connection)
    raise ConfigError(_FORM, "connection")


def is_async(connection: Any) -> bool:
    """Whether it is an AsyncConnection or AsyncSession of SQLAlchemy, or psycopg's."""
    return (
        hasattr(connection, "sync_connection")
        or hasattr(connection, "sync_session")
        or _is_a("psycopg", connection, "AsyncConnection")
    )


def _is_a(package: str, connection: Any, name: str = "Connection") -> bool:
    """Without an import: our own Python never opens a database."""
    return any(
        kind.__name__ == name and kind.__module__.partition(".")[0] == package
        for kind in type(connection).__mro__
    )


def _is_same_file(one: str, other: str) -> bool:
    try:
        return Path(one).samefile(other)
    except OSError:  # One of them is not there (any more).
        return Path(one).resolve() == Path(other).resolve()
