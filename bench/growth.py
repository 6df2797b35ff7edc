"""Stores of very different size, filled through the client, for the rows that compare them.

WEBHOOKCORE_BENCH_ROWS (default 5,000,000) is the number of deliveries in the large one: about
1.4 KiB of disk each, and half a minute for each million.
"""

from __future__ import annotations

import atexit
import functools
import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

import webhookcore as wh
from bench.report import say
from bench.storage import BUILD

SMALL = 10_000
LARGE = int(os.environ.get("WEBHOOKCORE_BENCH_ROWS", "5000000"))
DATA = {"note": "x" * 940}  # 1 KiB with its envelope.
BATCH = 1000
WEEK = 7 * 24 * 3600
POLICY = wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"])


def fill(client: wh.Client, count: int, *, deliver_at: float | None = None) -> None:
    """Messages of type `old.message`, each with a delivery to whoever subscribes to it."""
    item = {"type": "old.message", "data": DATA, "deliver_at": deliver_at}
    for begin in range(0, count, BATCH):
        client.send_many([item] * min(BATCH, count - begin))


@functools.cache
def store_with(count: int) -> Path:
    """A file with that many deliveries, none of them due; removed when the program ends."""
    BUILD.mkdir(exist_ok=True)
    path = Path(tempfile.mkdtemp(dir=BUILD, prefix="bench-growth-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    free = shutil.disk_usage(path).free
    if free < count * 2000:
        raise SystemExit(
            f"bench: {count} rows need {count * 2000 >> 20} MiB of disk, and {free >> 20} are free;"
            " WEBHOOKCORE_BENCH_ROWS makes it fewer"
        )
    say(f"filling a store with {count} deliveries")
    file = path / "store.db"
    with wh.Client(f"sqlite:///{file}", durability="normal") as client:
        client.endpoints.create("https://example.com/old", events=["old.*"])
        fill(client, count, deliver_at=time.time() + WEEK)
    return file


def _deliver(file: str, count: int, urls: list[str]) -> None:
    with wh.Client(f"sqlite:///{file}", policy=POLICY, durability="normal") as client:
        for number, url in enumerate(urls):
            client.endpoints.create(url, uid=f"new{number}", events=[f"order.e{number}"])
        for number in range(count):
            client.send(f"order.e{number % len(urls)}", DATA)
        client.run_until_idle()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


if __name__ == "__main__":  # A process of its own, whose peak of memory is looked at.
    _deliver(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
