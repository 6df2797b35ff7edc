"""`Client.send` against the same two inserts made by SQLite alone, all of it durable (FULL)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import webhookcore as wh
from bench.growth import LARGE, SMALL, store_with
from bench.report import Goal, Row, Timer, loop, time_ratios
from bench.storage import RawQueue, folder

DATA = {"note": "x" * 940}  # 1 KiB with its envelope.
BODY = bytes(1024)
BATCH = 100
THREADS = 8
SIDE = 0.5  # Seconds: thousands of syncs, whose times vary more than the code's.
TURN = 20  # Sends of a thread in one round, so that starting threads costs little of it.


@contextmanager
def sending_client(path: Path) -> Iterator[wh.Client]:
    """One with an endpoint that wants everything; nothing is delivered."""
    with wh.Client(f"sqlite:///{path}/ours.db") as client:
        client.endpoints.create("https://example.com/hook", events=["*"])
        yield client


@contextmanager
def raw_queues(path: Path, count: int) -> Iterator[list[RawQueue]]:
    queues = [RawQueue(path / "raw.db", BODY) for _ in range(count)]
    try:
        yield queues
    finally:
        for queue in queues:
            queue.close()


def _single() -> list[float]:
    with folder() as path, sending_client(path) as client, raw_queues(path, 1) as (raw,):
        ours = loop(partial(client.send, "order.created", DATA))
        return time_ratios(ours, loop(raw.send), side_lasts=SIDE)


def _many() -> list[float]:
    batch = [{"type": "order.created", "data": DATA}] * BATCH
    with folder() as path, sending_client(path) as client:

        def one_by_one() -> None:
            for _ in range(BATCH):
                client.send("order.created", DATA)

        return time_ratios(
            loop(one_by_one), loop(partial(client.send_many, batch)), side_lasts=SIDE
        )


def in_threads(works: list[Callable[[], object]]) -> Timer:
    """A timer in which each work has a thread of its own; a round is TURN calls of each."""

    def rounds(count: int) -> float:
        def repeat(work: Callable[[], object]) -> None:
            for _ in range(count * TURN):
                work()

        threads = [threading.Thread(target=repeat, args=(work,)) for work in works]
        begin = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.perf_counter() - begin

    return rounds


def _threads() -> list[float]:
    with folder() as path, sending_client(path) as client, raw_queues(path, THREADS) as raw:
        ours = [partial(client.send, "order.created", DATA)] * THREADS
        theirs = [queue.send for queue in raw]
        return time_ratios(in_threads(theirs), in_threads(ours), side_lasts=SIDE)


def _growth() -> list[float]:
    large, small = (wh.Client(f"sqlite:///{store_with(count)}") for count in (LARGE, SMALL))
    with large, small:
        for client in (large, small):
            client.endpoints.create("https://example.com/hook", uid="new", events=["order.*"])
        sends = [partial(client.send, "order.created", DATA) for client in (large, small)]
        return time_ratios(loop(sends[0]), loop(sends[1]), side_lasts=SIDE)


def rows() -> list[Row]:
    single = "send()'s time over a raw transaction of two inserts"
    many = "rate of send_many(100) over one by one"
    threads = "rate of 8 threads over 8 raw connections"
    growth = f"send()'s time with {LARGE:,} deliveries in the store over that with {SMALL:,}"
    return [
        Row("enqueue.single", single, Goal("<=", 1.2), _single),
        Row("enqueue.many_100", many, Goal(">=", 8), _many),
        Row("enqueue.threads_8", threads, Goal(">=", 2.5), _threads),
        Row("enqueue.growth_5m", growth, Goal("<=", 1.25), _growth),
    ]
