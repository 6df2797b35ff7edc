"""Ends in the way it is told, with a client that nobody closed. Says `leaving` just before."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable

from . import core_choice  # noqa: F401  # First: decides which module is loaded.

import webhookcore as wh  # isort: skip

from support.waiting import wait_until  # isort: skip

from .sender import open_client, say  # isort: skip


class OnPurposeError(Exception):
    pass


def send_until_closed(client: wh.Client) -> None:
    with contextlib.suppress(wh.StoreUnavailableError):  # At exit the store is closed.
        while True:
            client.send("left.behind", {})


def deliver_until_closed(client: wh.Client) -> None:
    with contextlib.suppress(wh.StoreUnavailableError):
        client.run_until_idle(wait=60)


async def send_in_a_loop(client: wh.AsyncClient) -> None:
    """Four tasks, whose sends are under way when the process ends."""

    async def send() -> None:
        with contextlib.suppress(wh.StoreUnavailableError):
            while True:
                await client.send("left.behind", {})

    await asyncio.gather(*[send() for _ in range(4)])


async def leave_in_a_loop(client: wh.AsyncClient, way: str) -> None:
    sending = asyncio.ensure_future(send_in_a_loop(client))
    await client.send("before.leaving", {})
    say("leaving")
    WAYS[way]()
    sending.cancel()


def leave_by_exit() -> None:
    sys.exit(7)


def leave_hard() -> None:
    os._exit(8)


def leave_by_exception() -> None:
    raise OnPurposeError


def leave_by(number: signal.Signals) -> Callable[[], None]:
    def leave() -> None:
        os.kill(os.getpid(), number)
        threading.Event().wait(30)

    return leave


def leave_by_two_interrupts() -> None:
    try:
        os.kill(os.getpid(), signal.SIGINT)
        threading.Event().wait(30)
    finally:
        os.kill(os.getpid(), signal.SIGINT)


def leave_by_sigterm_handler() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(9))
    leave_by(signal.SIGTERM)()


WAYS: dict[str, Callable[[], None]] = {
    "end": lambda: None,
    "sys.exit": leave_by_exit,
    "os._exit": leave_hard,
    "exception": leave_by_exception,
    "SIGTERM": leave_by(signal.SIGTERM),
    "SIGTERM handled": leave_by_sigterm_handler,
    "SIGINT": leave_by(signal.SIGINT),
    "SIGINT twice": leave_by_two_interrupts,
}


def prepare(state: str, client: wh.Client, client_of_a_loop: wh.AsyncClient) -> wh.Client | None:
    """Bring the client into the state in which the process ends; None: the last one is gone."""
    client.send("before.leaving", {})
    if state in ("delivering", "closed late", "run_until_idle"):
        client.start()
        for number in range(12):
            client.send("in.flight", {"number": number})
        wait_until(lambda: len(client.deliveries.list(state="in_flight", limit=1)), "in flight")
    if state == "sending":
        for _ in range(3):
            threading.Thread(target=send_until_closed, args=(client,), daemon=True).start()
    if state == "closed late":
        atexit.register(client.close, timeout=0)
    if state == "run_until_idle":
        # The main thread leaves while another one is inside the engine.
        threading.Thread(target=deliver_until_closed, args=(client,), daemon=True).start()
    if state == "loop in a thread":
        loop = send_in_a_loop(client_of_a_loop)
        threading.Thread(target=asyncio.run, args=(loop,), daemon=True).start()
        wait_until(lambda: len(client.messages.list(limit=9)) > 8, "sends of the loop")
    if state == "closed":
        client.close()
    return None if state == "deleted" else client


def main() -> None:
    # Ignored from the start where a shell runs the tests in the background.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    options = json.loads(sys.argv[1])
    client: wh.Client | None = open_client(options["store"])
    if not client.endpoints.list(limit=1):
        client.endpoints.create(options["url"], events=["*"], timeout=60)
    client_of_a_loop = wh.AsyncClient(options["store"])
    if options["state"] == "in a loop":
        asyncio.run(leave_in_a_loop(client_of_a_loop, options["way"]))
        return
    client = prepare(options["state"], client, client_of_a_loop)
    say("leaving")
    WAYS[options["way"]]()
    del client


if __name__ == "__main__":
    main()
