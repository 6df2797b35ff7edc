"""Forks again and again while threads send and the engine delivers; children send as well."""

from __future__ import annotations

import faulthandler
import json
import multiprocessing
import os
import random
import sys
import threading
import time

from . import core_choice  # noqa: F401  # First: decides which module is loaded.

import webhookcore as wh  # isort: skip

from . import children  # isort: skip
from .sender import open_client, say  # isort: skip

THREADS = 4
PER_CHILD = 3


class Load:
    """Threads that send until they are told to stop."""

    def __init__(self, client: wh.Client) -> None:
        self._client = client
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._send) for _ in range(THREADS)]
        self.ids: list[str] = []

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> bool:
        """Whether all have come to an end in time."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(children.PATIENCE)
        return not any(thread.is_alive() for thread in self._threads)

    def _send(self) -> None:
        while not self._stopping.wait(0.004):  # An arrival rate.
            self.ids.append(self._client.send("load.sent", {"from": "parent"}).id)


def send_some(client: wh.Client) -> None:
    for number in range(PER_CHILD):
        say(f"child {client.send('child.sent', {'number': number}).id}")


def send_and_deliver(client: wh.Client) -> None:
    """A child may become a deliverer of its own."""
    client.start()
    send_some(client)
    client.run_until_idle()
    client.stop(0)


def use_inherited_and_new(client: wh.Client, store: str) -> None:
    send_some(client)
    with open_client(store) as own:
        send_some(own)
    send_some(client)


def touch_nothing() -> None:
    assert children.threads_here() == 1


def leave_by_the_front_door(client: wh.Client) -> None:
    """The whole of an interpreter's exit, with the inherited client still open."""
    send_some(client)
    sys.exit(0)


def fork_in_child(client: wh.Client) -> None:
    """Before the child has opened the store anew, and after."""
    assert children.await_end(children.fork(lambda: send_some(client))) == 0
    send_some(client)
    assert children.await_end(children.fork(lambda: send_some(client))) == 0


def main() -> None:
    faulthandler.enable()
    options = json.loads(sys.argv[1])
    chance = random.Random(options["seed"])
    client = open_client(options["store"])
    client.start()
    load = Load(client)
    load.start()
    works = {
        "send": lambda: send_some(client),
        "deliver": lambda: send_and_deliver(client),
        "new": lambda: use_inherited_and_new(client, options["store"]),
        "nothing": touch_nothing,
        "grandchild": lambda: fork_in_child(client),
    }
    ended: list[list[object]] = []
    longest = 0.0
    forks = multiprocessing.get_context("fork")
    for turn in range(options["forks"]):
        time.sleep(chance.uniform(0, 0.03))  # The random moment.
        name = chance.choice([*works, "multiprocessing", "front door"])
        begin = time.monotonic()
        if name == "multiprocessing":
            process = forks.Process(target=send_some, args=(client,))
            process.start()
            pid = process.pid
            process.join(children.PATIENCE)
            status = children.HUNG if process.is_alive() else process.exitcode
            process.kill()
        elif name == "front door":
            pid = os.fork()
            if pid == 0:
                leave_by_the_front_door(client)
            status = children.await_end(pid)
        else:
            pid = children.fork(works[name])
            longest = max(longest, time.monotonic() - begin)
            status = children.await_end(pid)
        ended.append([turn, name, status])
    stopped = load.stop()
    client.run_until_idle(wait=2)
    client.close()
    say(
        "report "
        + json.dumps(
            {"ended": ended, "stopped": stopped, "parent": len(load.ids), "longest": longest}
        )
    )
    for id in load.ids:
        say(f"parent {id}")


if __name__ == "__main__":
    main()
