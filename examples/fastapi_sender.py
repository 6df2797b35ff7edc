"""A FastAPI app that sends: a message is durable before its request is answered.

    WEBHOOK_STORE=sqlite:///sender.db uvicorn fastapi_sender:app

It delivers nothing itself. Beside it runs one `webhookcore worker --db sqlite:///sender.db`.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

import webhookcore as wh


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    # In here and not at import: each worker of the server has a client of its own.
    store = os.environ.get("WEBHOOK_STORE", "sqlite:///sender.db")
    async with wh.AsyncClient(store) as app.state.webhooks:
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/orders/{number}")
async def create_order(number: int) -> dict[str, str]:
    key = f"order-{number}"
    message = await app.state.webhooks.send("order.created", {"id": number}, idempotency_key=key)
    return {"message": message.id}
