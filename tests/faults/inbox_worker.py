"""A worker process of the soak: handles events until it is killed.

Each run holds a lock on a file of its event, which the system drops the moment the process dies: who
cannot get it runs at the same time as somebody else. The effect is a row in a database of its own.
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import webhookcore as wh

FAILS = 0.05  # Of the runs.


class Shop:
    """What the handlers work on."""

    def __init__(self, folder: Path, pause: float) -> None:
        self._folder = folder
        self._pause = pause
        self._chance = random.Random()
        self._write = threading.Lock()  # So that threads of a process do not wait for SQLite's.

    def book(self, event: wh.Event) -> None:
        with self._alone(str(event.id)):
            self._note("runs", str(event.id))
            time.sleep(
                self._chance.uniform(0, 2 * self._pause)
            )  # Work, during which a kill may come.
            with (
                self._write,
                closing(sqlite3.connect(self._folder / "shop.db", timeout=60)) as shop,
            ):
                shop.execute("PRAGMA synchronous = OFF")  # No power is cut here.
                with shop:
                    shop.execute("BEGIN IMMEDIATE")
                    if event.once(shop):
                        shop.execute("INSERT INTO effects VALUES (?)", (event.id,))
            if self._chance.random() < FAILS:
                raise OSError("after the effect")

    @contextmanager
    def _alone(self, id: str) -> Iterator[None]:
        with (self._folder / "locks" / id).open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._note("overlaps", id)
            yield

    def _note(self, name: str, id: str) -> None:
        descriptor = os.open(self._folder / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, f"{id}\n".encode())  # One write: whole or not there.
        os.close(descriptor)


def main() -> None:
    options = json.loads(sys.argv[1])
    shop = Shop(Path(options["folder"]), options["pause"])
    sys.stdin.readline()  # A spare stands ready until it is wanted.
    receiver = wh.Receiver(options["store"], lease=options["lease"])
    receiver.on("stripe")(shop.book)
    receiver.start()
    for _ in sys.stdin:
        # What was killed three times over is a dead letter; the operator puts it back.
        print(receiver.inbox.replay_many(error="crash_loop"), flush=True)


if __name__ == "__main__":
    main()
