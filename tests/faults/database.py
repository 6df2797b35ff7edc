"""What a store file holds, read with the standard library and without writing to it.

Only for processes that have not opened the store through webhookcore: closing a descriptor of the
file would drop the locks of the store in the same process.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

# The numbers that stand for states in the file; cpp/webhookcore/store/sqlite/codes.h.
STATES = ("pending", "in_flight", "delivered", "dead", "cancelled")


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)) as connection:
        yield connection


def states(path: Path) -> dict[str, int]:
    """How many deliveries are in each state that occurs."""
    with reading(path) as connection:
        rows = connection.execute("SELECT state, count(*) FROM deliveries GROUP BY state")
        return {STATES[state]: count for state, count in rows}


def unfinished(path: Path, most: int = 5) -> list[str]:
    """Some of the deliveries that came to no good end, and what is known of them."""
    with reading(path) as connection:
        rows = connection.execute(
            "SELECT key, state, held, attempts, reaps, last_error FROM deliveries WHERE state <> ?"
            " ORDER BY key LIMIT ?",
            (STATES.index("delivered"), most),
        )
        return [
            f"delivery {key}: {STATES[state]}, held {held}, {attempts} attempts, {reaps} reaps, {error}"
            for key, state, held, attempts, reaps, error in rows
        ]


def message_ids(path: Path) -> set[str]:
    with reading(path) as connection:
        return {id for (id,) in connection.execute("SELECT id FROM messages")}


def integrity(path: Path) -> str:
    with reading(path) as connection:
        try:
            rows = connection.execute("PRAGMA integrity_check(10)").fetchall()
        except sqlite3.DatabaseError as error:
            return str(error)
    return "; ".join(row[0] for row in rows)
