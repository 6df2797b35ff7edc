"""Sends until the disk is full; reports what was acknowledged; goes on once there is space.

With `limit` the disk is full because no file may be larger; else the parent frees space and says
so on standard input.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import TypeVar

from . import core_choice  # noqa: F401  # First: decides which module is loaded.

import webhookcore as wh  # isort: skip

from support.waiting import wait_until  # isort: skip

from .sender import open_client  # isort: skip

BODY = "x" * 20_000
MOST = 3000  # 60 MB: more than any disk here holds.
Outcome = TypeVar("Outcome")


def fill(client: wh.Client, ids: list[str]) -> tuple[str, float]:
    """The error that came, and how long the failing call took."""
    for number in range(MOST):
        begin = time.monotonic()
        try:
            ids.append(client.send("filled.up", {"number": number, "padding": BODY}).id)
        except wh.WebhookError as error:  # The failing call is what is timed.
            return type(error).__name__, time.monotonic() - begin
    return "none", 0.0


def until_it_works(call: Callable[[], Outcome], seconds: float) -> Outcome:
    """Calls again while the store refuses."""
    errors: list[wh.StoreError] = []

    def works() -> list[Outcome]:
        try:
            return [call()]
        except wh.StoreError as error:
            errors.append(error)
            return []

    return wait_until(works, lambda: f"{errors[-1]!r}", seconds)[0]


def send_until_it_works(client: wh.Client) -> tuple[str, float]:
    begin = time.monotonic()
    message = until_it_works(lambda: client.send("afterwards.sent", {}), seconds=20)
    return message.id, time.monotonic() - begin


def main() -> None:
    options = json.loads(sys.argv[1])
    ids: list[str] = []
    with open_client(options["store"]) as client:
        if options["delivering"]:
            client.start()
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        if options["limit"]:
            resource.setrlimit(resource.RLIMIT_FSIZE, (options["limit"], hard))
        error, seconds = fill(client, ids)
        again, _ = fill(client, ids)
        busy = time.process_time()
        time.sleep(1.0)  # What is measured: a second of a full disk, in which nothing may spin.
        busy = time.process_time() - busy
        readable = len(list(client.messages.list()))
        print("full", flush=True)
        sys.stdin.readline()
        if options["limit"]:
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        id, resumed_after = send_until_it_works(client)
        ids.append(id)
        if options["delivering"]:
            # The engine may rest for 2 s after a failure of the store, and says so meanwhile.
            until_it_works(lambda: client.run_until_idle(wait=3), seconds=5)
    report = {
        "ids": ids,
        "errors": [error, again],
        "seconds": seconds,
        "resumed_after": resumed_after,
        "readable": readable,
        "busy": busy,
    }
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
