"""python -m bench.loop: how long one turn of an event loop takes because of us.

For each kind of request, of all callbacks that ran on the loop: how many, the 99th percentile and the
longest, in milliseconds of processor time of the loop's thread (what else the machine does is not
ours). Requests come one after the other, so that no callback does the work of two.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from asyncio.events import Handle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import webhookcore as wh
import webhookcore.asgi

SECRET = "secret-of-a-benchmark-0123456789"
URL = "https://hooks.example.com"
KIB = 1024


@contextmanager
def watched(spent: list[float]) -> Iterator[None]:
    """Every callback of a loop in Python goes through this method."""
    run = Handle._run

    def timed(self: Handle) -> None:
        began = time.thread_time()
        run(self)
        spent.append((time.thread_time() - began) * 1000)

    Handle._run = timed  # type: ignore[method-assign]
    try:
        yield
    finally:
        Handle._run = run  # type: ignore[method-assign]


def stripe(number: int, size: int) -> tuple[str, bytes, dict[str, str]]:
    body = json.dumps({"id": f"evt_{size}_{number}", "type": "invoice.paid"}).encode().ljust(size)
    return "/stripe", body, wh.sign("stripe", body=body, secret=SECRET)


def batch(number: int, items: int) -> tuple[str, bytes, dict[str, str]]:
    rows = [
        {"eventId": number * items + item, "subscriptionType": "contact.creation"}
        for item in range(items)
    ]
    body, url = json.dumps(rows).encode(), f"{URL}/hubspot-v3"
    return "/hubspot-v3", body, wh.sign("hubspot-v3", body=body, secret=SECRET, url=url)


async def post(app: Any, path: str, body: bytes, headers: dict[str, str]) -> None:
    at, said = 0, []

    async def receive() -> dict[str, Any]:
        nonlocal at
        await asyncio.sleep(0)
        piece, at = body[at : at + 64 * KIB], at + 64 * KIB
        return {"type": "http.request", "body": piece, "more_body": at < len(body)}

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    pairs = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode()}
    scope |= {"query_string": b"", "headers": pairs, "scheme": "http", "root_path": ""}
    await app(scope, receive, send)
    assert said[0]["status"] == 202, said


KINDS = {
    "1 KiB": (500, lambda number: stripe(number, KIB)),
    "64 KiB": (200, lambda number: stripe(number, 64 * KIB)),
    "1 MiB": (50, lambda number: stripe(number, KIB * KIB)),
    "16 MiB": (10, lambda number: stripe(number, 16 * KIB * KIB)),
    "a batch of 1,000": (20, lambda number: batch(number, 1000)),
}


async def measure(folder: str) -> None:
    with wh.Receiver(f"sqlite:///{folder}/hooks.db") as receiver:
        receiver.add_source("stripe", secrets=[SECRET], max_body=32 * KIB * KIB)
        receiver.add_source("hubspot-v3", secrets=[SECRET], public_url=URL, max_body=KIB * KIB)
        app = webhookcore.asgi.app(receiver)
        await post(app, *stripe(-1, KIB))
        for name, (count, make) in KINDS.items():
            requests = [make(number) for number in range(count)]
            await asyncio.sleep(0)
            spent: list[float] = []
            with watched(spent):
                for request in requests:
                    await post(app, *request)
            spent.sort()
            p99, longest = spent[int(len(spent) * 0.99)], spent[-1]
            print(
                f"{name:>18}: {len(spent):6} callbacks, p99 {p99:.2f} ms, longest {longest:.2f} ms"
            )


def main() -> None:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        asyncio.run(measure(folder))


if __name__ == "__main__":
    sys.exit(main())
