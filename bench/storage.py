"""Where the benchmarks put their files, and what SQLite alone needs for the same work."""

from __future__ import annotations

import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BUILD = Path(__file__).parents[1] / "build"

SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS messages (key INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL, created_at INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS deliveries (key INTEGER PRIMARY KEY, message INTEGER NOT NULL,
  state INTEGER NOT NULL, next_attempt_at INTEGER) STRICT;
CREATE INDEX IF NOT EXISTS due ON deliveries (next_attempt_at) WHERE state = 0;
"""


@contextmanager
def folder() -> Iterator[Path]:
    """Beside the project and not in /tmp, which may be memory: a sync must cost what it costs."""
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD, prefix="bench-") as path:
        yield Path(path)


class RawQueue:
    """One connection that stores a message and its delivery in one durable transaction each.

    Performance.md, section 2: from Python this takes as long as from C; SQLite is all of it.
    """

    def __init__(self, path: Path, body: bytes) -> None:
        self._connection = sqlite3.connect(
            path, isolation_level=None, timeout=60, check_same_thread=False
        )
        self._connection.executescript(SCHEMA)
        self._connection.execute("PRAGMA synchronous = FULL")
        self._body = body

    def send(self) -> None:
        run = self._connection.execute
        moment = time.time_ns() // 1_000_000
        run("BEGIN IMMEDIATE")
        message = run(
            "INSERT INTO messages (id, type, created_at, body) VALUES (?, ?, ?, ?)",
            (f"msg_{moment:011x}{os.urandom(8).hex()}", "order.created", moment, self._body),
        ).lastrowid
        run(
            "INSERT INTO deliveries (message, state, next_attempt_at) VALUES (?, 0, ?)",
            (message, moment),
        )
        run("COMMIT")

    def close(self) -> None:
        self._connection.close()


def sync_seconds(path: Path, count: int = 200) -> float:
    """The median time of appending 4 KiB to a file and making that durable."""
    page = bytes(4096)
    times = []
    with (path / "sync").open("wb", buffering=0) as file:
        for _ in range(count):
            begin = time.perf_counter()
            file.write(page)
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - begin)
    return statistics.median(times)
