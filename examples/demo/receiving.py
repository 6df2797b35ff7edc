"""The receiving half: a FastAPI app under uvicorn, and the weather it has to live with."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

import webhookcore as wh
import webhookcore.fastapi

SOURCES = ("standard", "github", "stripe")


@dataclass
class Handled:
    """What the handlers saw: (source, event id) and the digest of each body."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    times: Counter[tuple[str, str]] = field(default_factory=Counter)
    digests: dict[str, str] = field(default_factory=dict)

    def record(self, event: wh.Event) -> None:
        with self.lock:
            self.times[event.source, event.id or ""] += 1
            self.digests[event.id or ""] = hashlib.sha256(event.body).hexdigest()


def make_receiver(store: Path, secrets: dict[str, str], handled: Handled) -> wh.Receiver:
    """Three sources. GitHub's events are handled while GitHub waits, the others afterwards."""
    receiver = wh.Receiver(f"sqlite:///{store}")
    for source in SOURCES:
        mode = "inline" if source == "github" else "background"
        receiver.add_source(source, secrets=[secrets[source]], mode=mode)

    @receiver.on("standard")
    @receiver.on("stripe")
    def later(event: wh.Event) -> None:
        handled.record(event)

    @receiver.on("github")
    async def at_once(event: wh.Event) -> dict[str, Any]:
        handled.record(event)
        return {"seen": len(event.body)}

    return receiver


@dataclass(frozen=True)
class Captured:
    """A request as it came, good for sending it again."""

    path: str
    headers: list[tuple[bytes, bytes]]
    body: bytes

    @property
    def event_id(self) -> str:
        for name, value in self.headers:
            if name in (b"webhook-id", b"x-github-delivery"):
                return value.decode("ascii")
        return str(json.loads(self.body)["id"])


@dataclass
class Weather:
    """What goes wrong, exactly: an ASGI middleware that follows a script.

    Attributes:
        fail_twice: Ids whose first two requests are answered 500 unseen.
        lose_answer: Ids whose first request is handled, but its answer lost: 502.
        swallow: Ids that are acknowledged and thrown away. Nobody should do that.
        ledger_is_up: While it is not, everything under /ledger is answered 503.
    """

    app: Any
    fail_twice: set[str] = field(default_factory=set)
    lose_answer: set[str] = field(default_factory=set)
    swallow: set[str] = field(default_factory=set)
    ledger_is_up: bool = False
    requests: Counter[str] = field(default_factory=Counter)
    answers: Counter[int] = field(default_factory=Counter)
    accepted: dict[str, Captured] = field(default_factory=dict)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        body = await _read(receive)
        request = Captured(scope["path"], scope["headers"], body)
        status = self._interference(request)
        if status is not None:
            await self._answer(send, status)
            return

        async def replay() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def watched(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                self.answers[message["status"]] += 1
                if message["status"] < HTTPStatus.MULTIPLE_CHOICES:
                    self.accepted[request.event_id] = request
            await send(message)

        if request.event_id in self.lose_answer and self.requests[request.event_id] == 1:
            await self.app(scope, replay, _nowhere)
            await self._answer(send, HTTPStatus.BAD_GATEWAY)
            return
        await self.app(scope, replay, watched)

    def _interference(self, request: Captured) -> int | None:
        event_id = request.event_id
        self.requests[event_id] += 1
        if request.path.startswith("/ledger") and not self.ledger_is_up:
            return HTTPStatus.SERVICE_UNAVAILABLE
        if event_id in self.fail_twice and self.requests[event_id] <= 2:
            return HTTPStatus.INTERNAL_SERVER_ERROR
        if event_id in self.swallow:
            return HTTPStatus.ACCEPTED
        return None

    async def _answer(self, send: Any, status: int) -> None:
        self.answers[int(status)] += 1
        await send({"type": "http.response.start", "status": int(status), "headers": []})
        await send({"type": "http.response.body", "body": b"scripted"})


async def _read(receive: Any) -> bytes:
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


async def _nowhere(message: dict[str, Any]) -> None:
    del message


class Server:
    """uvicorn on a free port of 127.0.0.1, in a thread, until the block ends."""

    def __init__(self, receiver: wh.Receiver) -> None:
        self._receiver = receiver
        app = FastAPI(title="demo receiver")
        app.include_router(webhookcore.fastapi.router(receiver), prefix="/hooks")
        # The same sources behind another address: the one that stays dead for a while.
        app.include_router(webhookcore.fastapi.router(receiver), prefix="/ledger")
        self.weather = Weather(app)
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(self.weather, log_level="warning", lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def __enter__(self) -> Server:
        self._receiver.start()
        self._thread.start()
        ends = time.monotonic() + 20
        while not self._server.started:
            if time.monotonic() > ends or not self._thread.is_alive():
                raise RuntimeError("uvicorn did not start")
            time.sleep(0.01)
        return self

    def __exit__(self, *error: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._receiver.stop()
        self._socket.close()
