"""Requests of many kinds on one event loop, over a disk that is held: what its thread did meanwhile.

Runs under tests/faults/loop_shim.c. Prints the answers to what was stored, those that came while the
disk was held, and the first thing that the loop's thread must not have done.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

from . import core_choice  # noqa: F401  # First: decides which module is loaded.

from fastapi import Depends, FastAPI  # isort: skip

import webhookcore as wh  # isort: skip
import webhookcore.asgi
import webhookcore.fastapi
from support.receiving import SECRET, request

SOURCES = 20
SIZES = (300, 60_000, 64 * 1024 + 200, 1024 * 1024)
URL = "https://hooks.example.com"


async def post(app: Any, path: str, asked: wh.HttpRequest) -> int:
    """The status, of a request in pieces as a server hands it over."""
    body, at, answered = asked.body, 0, []

    async def receive() -> dict[str, Any]:
        nonlocal at
        await asyncio.sleep(0)
        piece, at = body[at : at + 65_536], at + 65_536
        return {"type": "http.request", "body": piece, "more_body": at < len(body)}

    async def send(message: dict[str, Any]) -> None:
        answered.append(message)

    headers = [(name.lower().encode(), value.encode()) for name, value in asked.headers.items()]
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
        "client": ("192.0.2.1", 7),
        "root_path": "",
        "scheme": "http",
        "server": ("localhost", 80),
    }
    await app(scope, receive, send)
    return int(answered[0]["status"])


def stripe(id: str, size: int = 0, **options: Any) -> wh.HttpRequest:
    body = json.dumps({"id": id, "type": "invoice.paid"}).encode().ljust(size)
    return request("stripe", body, at=time.time(), **options)


def batch() -> wh.HttpRequest:
    rows = [{"eventId": number, "subscriptionType": "contact.creation"} for number in range(500)]
    body, url = json.dumps(rows).encode(), f"{URL}/hubspot-v3"
    return request("hubspot-v3", body, at=time.time(), url=url)


def receiver_of(store: str) -> wh.Receiver:
    receiver = wh.Receiver(store)
    for number in range(SOURCES):
        receiver.add_source(f"source-{number}", "stripe", secrets=[SECRET])
    receiver.add_source("guarded", "stripe", secrets=[SECRET], allowed_ips=["192.0.2.0/24"])
    receiver.add_source("vault", "stripe", secrets=lambda: [read_secret()])
    receiver.add_source("hubspot-v3", secrets=[SECRET], public_url=URL)
    receiver.add_source("inline", "stripe", secrets=[SECRET], mode="inline")
    receiver.on("inline")(lambda event: read_secret() and None)
    return receiver


async def answers(shim: Any, store: str) -> dict[str, Any]:
    with receiver_of(store) as receiver:
        app, light = webhookcore.asgi.app(receiver), FastAPI()

        @light.post("/light")
        async def view(
            event: Annotated[
                wh.Event,
                Depends(webhookcore.fastapi.verified("stripe", secrets=lambda: [read_secret()])),
            ],
        ) -> None: ...

        await post(app, "/source-0", stripe("warm"))
        await post(light, "/light", stripe("warm"))
        durable = [
            *[
                ("/" + name, stripe(f"{name}-{size}", size))
                for size in SIZES
                for name in (*[f"source-{number}" for number in range(SOURCES)], "guarded", "vault")
            ],
            ("/hubspot-v3", batch()),
            ("/inline", stripe("inline")),
        ]
        forged = stripe("forged", secret="of-somebody-else-altogether")
        long = stripe("light", SIZES[-1])
        shim.loop_shim_hold(1)
        shim.loop_shim_watch(1)
        tasks = [asyncio.ensure_future(post(app, *one)) for one in durable]
        while not shim.loop_shim_waiting():  # noqa: ASYNC110  # For another thread, by turns.
            await asyncio.sleep(0)
        meanwhile = [
            await post(app, "/source-1", forged),
            await post(app, "/nobody", stripe("x")),
            await post(light, "/light", long),
        ]
        # Turns of the loop, which somebody who waited for the disk would not make.
        for _ in range(1000):
            await asyncio.sleep(0)
        early = [task.result() for task in tasks if task.done()]
        shim.loop_shim_hold(0)
        stored = await asyncio.gather(*tasks)
        shim.loop_shim_watch(0)
    seen = shim.loop_shim_seen()
    return {
        "seen": seen and seen.decode(),
        "meanwhile": meanwhile,
        "early": early,
        "stored": sorted(set(stored)),
        "count": len(stored),
    }


def read_secret() -> str:
    """As of a secret manager: by a file, which must not be read on the loop."""
    return SECRET if Path(__file__).read_bytes() else ""


def main() -> None:
    options = json.loads(sys.argv[1])
    shim = ctypes.CDLL(None)
    shim.loop_shim_seen.restype = ctypes.c_char_p
    if options["loop"] == "uvloop":
        import uvloop

        loop = uvloop.new_event_loop()
    else:
        loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    print(json.dumps(loop.run_until_complete(answers(shim, options["store"]))))
    loop.close()


if __name__ == "__main__":
    main()
