"""Claims of idempotency keys against the same transaction made by SQLite alone, durable (FULL)."""

from __future__ import annotations

import atexit
import functools
import itertools
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import webhookcore as wh
from bench.enqueue import SIDE, THREADS, in_threads
from bench.report import Goal, Row, loop, say, time_ratios
from bench.storage import BUILD, folder

SMALL = 10_000
LARGE = int(os.environ.get("WEBHOOKCORE_BENCH_KEYS", "1000000"))
LEASE = 60_000
WEEK = 7 * 24 * 3600 * 1000

RAW_SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS keys (source TEXT NOT NULL, event_key TEXT NOT NULL,
  state INTEGER NOT NULL, token BLOB, lease_expires_at INTEGER, expires_at INTEGER NOT NULL,
  PRIMARY KEY (source, event_key)) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS expiry ON keys (expires_at);
"""

_numbers = itertools.count()


def new_key() -> str:
    """As providers make them: of no order."""
    return f"evt_{os.urandom(8).hex()}{next(_numbers)}"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class RawKeys:
    """One connection that claims a key in one durable transaction each, if nobody has it."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(
            path, isolation_level=None, timeout=60, check_same_thread=False
        )
        self._connection.executescript(RAW_SCHEMA)
        self._connection.execute("PRAGMA synchronous = FULL")

    def claim(self) -> None:
        run = self._connection.execute
        now = now_ms()
        run("BEGIN IMMEDIATE")
        run(
            "INSERT INTO keys VALUES ('stripe', ?, 0, ?, ?, ?) ON CONFLICT DO NOTHING",
            (new_key(), os.urandom(16), now + LEASE, now + WEEK),
        )
        run("COMMIT")

    def close(self) -> None:
        self._connection.close()


@contextmanager
def raw_keys(path: Path, count: int) -> Iterator[list[RawKeys]]:
    keys = [RawKeys(path / "raw.db") for _ in range(count)]
    try:
        yield keys
    finally:
        for one in keys:
            one.close()


def claiming(receiver: wh.Receiver) -> Callable[[], object]:
    """What an inline source does before its handler, and nothing else of it."""
    claim = receiver._store.claim
    return lambda: claim("stripe", new_key(), now_ms(), LEASE)


def _single() -> list[float]:
    with (
        folder() as path,
        wh.Receiver(f"sqlite:///{path}/ours.db") as receiver,
        raw_keys(path, 1) as (raw,),
    ):
        return time_ratios(loop(claiming(receiver)), loop(raw.claim), side_lasts=SIDE)


def _threads() -> list[float]:
    with folder() as path, raw_keys(path, THREADS) as raw:
        theirs = [one.claim for one in raw]
        with wh.Receiver(f"sqlite:///{path}/ours.db") as receiver:
            ours = [claiming(receiver)] * THREADS
            return time_ratios(in_threads(theirs), in_threads(ours), side_lasts=SIDE)


def _duplicate() -> list[float]:
    with folder() as path, wh.Receiver(f"sqlite:///{path}/ours.db") as receiver:
        store = receiver._store
        _, token, _, _ = store.claim("stripe", "known", now_ms(), LEASE)
        store.complete("stripe", "known", token, "null", now_ms(), WEEK)
        again = partial(store.claim, "stripe", "known", now_ms(), LEASE)
        return time_ratios(loop(again), loop(claiming(receiver)), side_lasts=SIDE)


@functools.cache
def store_with(count: int) -> Path:
    """A file with that many completed keys, written while nobody has it open."""
    BUILD.mkdir(exist_ok=True)
    path = Path(tempfile.mkdtemp(dir=BUILD, prefix="bench-keys-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    say(f"filling a store with {count} keys")
    file = path / "store.db"
    wh.Receiver(f"sqlite:///{file}").close()
    expires_at = now_ms() + WEEK
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        with connection:
            connection.executemany(
                "INSERT INTO idempotency_keys (source, event_key, state, expires_at, kept_result)"
                " VALUES ('stripe', ?, 1, ?, 'null')",
                ((new_key(), expires_at + number) for number in range(count)),
            )
    return file


def _growth() -> list[float]:
    large, small = (wh.Receiver(f"sqlite:///{store_with(count)}") for count in (LARGE, SMALL))
    with large, small:
        return time_ratios(loop(claiming(large)), loop(claiming(small)), side_lasts=SIDE)


def rows() -> list[Row]:
    single = "a claim's time over a raw transaction of one insert"
    threads = "rate of 8 threads over 8 raw connections"
    duplicate = "a duplicate's time over a new claim's"
    growth = f"a claim's time with {LARGE:,} keys in the store over that with {SMALL:,}"
    return [
        Row("claim.single", single, Goal("<=", 1.25), _single),
        Row("claim.threads_8", threads, Goal(">=", 2.5), _threads),
        Row("claim.duplicate", duplicate, Goal("<=", 0.4), _duplicate),
        Row("claim.growth_1m", growth, Goal("<=", 1.5), _growth),
    ]
