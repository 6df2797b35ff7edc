"""A FastAPI app that receives what sender.py sends.

    WEBHOOK_SECRET=whsec_... uvicorn fastapi_receiver:app

Events of the source `shop` are stored, answered with 202, and handled by the worker that
starts with the app. `/light` only verifies, and stores nothing.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI

import webhookcore as wh
import webhookcore.fastapi

SECRET = os.environ["WEBHOOK_SECRET"]

receiver = wh.Receiver(os.environ.get("WEBHOOK_STORE", "sqlite:///receiver.db"))
receiver.add_source("shop", provider="standard", secrets=[SECRET])


@receiver.on("shop", "order.*")
async def order_changed(event: wh.Event) -> None:
    print("order", event.json()["data"]["id"], event.type, flush=True)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    receiver.start()
    yield
    receiver.close()


app = FastAPI(lifespan=lifespan)
app.include_router(webhookcore.fastapi.router(receiver), prefix="/hooks")


@app.post("/light")
async def light(
    event: Annotated[wh.Event, Depends(webhookcore.fastapi.verified("standard", secrets=[SECRET]))],
) -> dict[str, str | None]:
    return {"seen": event.id}
