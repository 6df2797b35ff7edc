"""Sends large messages, so that the log is folded into the file again and again.

Each line on standard input says how many, for each of `threads`; `done` follows the last `ack`.
"""

from __future__ import annotations

import json
import sys
import threading

from . import core_choice  # noqa: F401  # First: decides which module is loaded.

import webhookcore as wh  # isort: skip

from .sender import say  # isort: skip

BODY = bytes(100_000)  # 1,000 pages, after which a checkpoint comes, are 40 of these.


def send(client: wh.Client, count: int) -> None:
    for _ in range(count):
        say(f"ack {client.send('log.filled', BODY).id}")


def main() -> None:
    options = json.loads(sys.argv[1])
    with wh.Client(options["store"], durability="normal") as client:
        say("up")
        for line in sys.stdin:
            threads = [
                threading.Thread(target=send, args=(client, int(line)))
                for _ in range(options["threads"])
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            say("done")


if __name__ == "__main__":
    main()
