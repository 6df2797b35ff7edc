"""The process that is killed: sends from several threads and delivers, until it dies.

Waits for one line on standard input (so that a spare can stand ready), then reports on standard
output: `up`, `try KEY` before each send, `ack KEY ID` after it has returned. A pipe keeps what was
written to it when the writer is killed.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time

from . import core_choice  # noqa: F401  # First: decides which module is loaded.

import webhookcore as wh  # isort: skip

POLICY = wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"])
THREADS = 3
LONGEST_PAUSE = 0.012  # Seconds between two bursts of a thread: some hundred messages a second.


def open_client(store: str) -> wh.Client:
    # The receiver refuses some messages on purpose, which must not open a breaker for minutes.
    return wh.Client(store, policy=POLICY, breaker=wh.Breaker(failures=0))


def say(line: str) -> None:
    """One write, shorter than PIPE_BUF: whole or not there."""
    os.write(1, f"{line}\n".encode())


def data_of(key: str) -> dict[str, str]:
    """The same for the same key in every process, and of some length."""
    return {"key": key, "padding": key * random.Random(key).randint(1, 60)}


def send(client: wh.Client, key: str) -> None:
    say(f"try {key}")
    message = client.send("order.created", data_of(key), idempotency_key=key)
    say(f"ack {key} {message.id}")


def send_forever(client: wh.Client, prefix: str, chance: random.Random) -> None:
    number = 0
    while True:
        for _ in range(chance.randint(1, 4)):
            number += 1
            send(client, f"{prefix}-{number}")
        time.sleep(chance.uniform(0, LONGEST_PAUSE))  # An arrival rate.


def main() -> None:
    options = json.loads(sys.stdin.readline())
    client = open_client(options["store"])
    client.start()
    say("up")
    for key in options["again"]:
        send(client, key)
    threads = [
        threading.Thread(
            target=send_forever,
            args=(
                client,
                f"{options['name']}-{thread}",
                random.Random(f"{options['name']}{thread}"),
            ),
        )
        for thread in range(THREADS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
