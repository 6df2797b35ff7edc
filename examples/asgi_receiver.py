"""An ASGI app without a framework that receives what sender.py sends.

    WEBHOOK_SECRET=whsec_... uvicorn asgi_receiver:app

Everything below /hooks is the receiver's, the rest a page of our own. Events are stored, answered
with 202, and handled by the worker that starts with the app.
"""

import os
from collections.abc import Awaitable, Callable
from typing import Any

import webhookcore as wh
import webhookcore.asgi

receiver = wh.Receiver(os.environ.get("WEBHOOK_STORE", "sqlite:///receiver.db"))
receiver.add_source("shop", provider="standard", secrets=[os.environ["WEBHOOK_SECRET"]])


@receiver.on("shop", "order.*")
async def order_changed(event: wh.Event) -> None:
    print("order", event.json()["data"]["id"], event.type, flush=True)


async def live(
    receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
) -> None:
    await receive()
    receiver.start()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    receiver.close()
    await send({"type": "lifespan.shutdown.complete"})


async def page(scope: Any, receive: Callable[[], Awaitable[Any]], send: Any) -> None:
    if scope["type"] == "lifespan":
        await live(receive, send)
        return
    headers = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"Webhooks go to /hooks/shop.\n"})


app = webhookcore.asgi.middleware(page, receiver, prefix="/hooks")
