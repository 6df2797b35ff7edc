"""An app that verifies, stores, and hands every event to a Redis stream; set up for production.

    WEBHOOK_SECRET=whsec_... REDIS_URL=redis://127.0.0.1:6379/0 uvicorn hand_off:app

POST /hooks/shop takes events, GET /hooks/healthz and /hooks/readyz answer a load balancer.
"""

import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any

import webhookcore as wh
import webhookcore.asgi
from webhookcore.sinks import RedisStream

handler = logging.StreamHandler()
handler.setFormatter(wh.JsonFormatter())
logging.basicConfig(level="INFO", handlers=[handler])

receiver = wh.Receiver(
    os.environ.get("WEBHOOK_STORE", "sqlite:///receiver.db"),
    # nginx on this machine; it adds the client's address to X-Forwarded-For.
    trusted_proxies=["127.0.0.1", "::1", "unix"],
    client_rate_limit="100/s",
    probes=True,
)
receiver.add_source("shop", "standard", secrets=[os.environ["WEBHOOK_SECRET"]], rate_limit="50/s")
receiver.forward("shop", to=RedisStream(os.environ["REDIS_URL"], "webhooks"))

hooks = webhookcore.asgi.app(receiver)


async def app(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[Any]],
    send: Callable[[Any], Awaitable[None]],
) -> None:
    if scope["type"] == "lifespan":
        receiver.start()  # Web processes need no worker where `webhookcore worker` runs.
    await hooks(scope, receive, send)
    if scope["type"] == "lifespan":
        receiver.close()
