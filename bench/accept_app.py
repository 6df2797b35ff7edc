"""What `bench.accept` measures, each kind in a server process of its own; BENCH_APP names one.

Every kind has the route that does nothing beside those that accept, so that both sides of a pair
run in one process, on one loop, under one server.
"""

# No `from __future__ import annotations`: FastAPI has to see what a function imported itself.

import asyncio
import gc
import hashlib
import hmac
import json
import os
import sqlite3
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

import webhookcore as wh

SECRET = "correct-horse-battery-staple-1"
_FOLDER = Path(os.environ.get("BENCH_FOLDER", "."))

SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS keys (source TEXT, id TEXT, at INTEGER, PRIMARY KEY (source, id))
  WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS inbox (key INTEGER PRIMARY KEY, id TEXT, type TEXT, body BLOB,
  state INTEGER, due INTEGER);
CREATE INDEX IF NOT EXISTS due ON inbox (due) WHERE state = 0;
"""
_INSERT_KEY = "INSERT OR IGNORE INTO keys VALUES ('stripe', ?, ?)"
_INSERT_EVENT = "INSERT INTO inbox (id, type, body, state, due) VALUES (?, ?, ?, 0, ?)"

Row = tuple[str, str, bytes]


def ours() -> wh.Receiver:
    receiver = wh.Receiver(f"sqlite:///{_FOLDER}/ours.db")
    receiver.add_source("stripe", secrets=[SECRET])
    return receiver


def connect(name: str) -> sqlite3.Connection:
    """A file of SQLite as durable as ours; whoever comes second sleeps in the busy handler."""
    path = _FOLDER / name
    connection = sqlite3.connect(path, isolation_level=None, timeout=60, check_same_thread=False)
    connection.executescript(SCHEMA)
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def store(connection: sqlite3.Connection, rows: list[Row]) -> None:
    moment = time.time_ns() // 1_000_000
    connection.execute("BEGIN IMMEDIATE")
    for id, type, body in rows:
        if connection.execute(_INSERT_KEY, (id, moment)).rowcount:
            connection.execute(_INSERT_EVENT, (id, type, body, moment))
    connection.execute("COMMIT")


def verify_by_hand(body: bytes, header: str) -> Row:
    """What a careful user writes without any library."""
    fields = dict(part.split("=", 1) for part in header.split(","))
    if abs(time.time() - int(fields["t"])) > 300:
        raise ValueError("too old")
    mac = hmac.new(SECRET.encode(), fields["t"].encode() + b"." + body, hashlib.sha256)
    if not hmac.compare_digest(mac.hexdigest(), fields["v1"]):
        raise ValueError("forged")
    event = json.loads(body)
    return event["id"], event["type"], body


def fastapi_app() -> Any:
    import fastapi  # noqa: PLC0415  # Each process needs one framework.

    app = fastapi.FastAPI()
    receiver, by_hand = ours(), connect("by_hand.db")

    @app.post("/bare")
    async def bare() -> fastapi.Response:
        return fastapi.Response(status_code=200)

    app.include_router(wh.fastapi.router(receiver), prefix="/hooks")

    @app.post("/depends")
    async def depends(request: fastapi.Request) -> fastapi.Response:
        body = await request.body()
        asked = wh.HttpRequest("POST", request.url.path, request.headers.raw, body)
        found = await receiver.handle_async(asked, "stripe")
        return fastapi.Response(found.body, found.status, dict(found.headers))

    @app.post("/sqlite3")
    async def on_the_loop(request: fastapi.Request) -> fastapi.Response:
        row = verify_by_hand(await request.body(), request.headers["stripe-signature"])
        store(by_hand, [row])
        return fastapi.Response(status_code=202)

    return app


def redis_app() -> Any:
    """What tutorials show: Stripe's library, and Redis to know what was seen. Nothing is kept."""
    import fastapi  # noqa: PLC0415
    import redis.asyncio  # noqa: PLC0415
    import stripe  # noqa: PLC0415

    app = fastapi.FastAPI()
    seen = redis.asyncio.Redis.from_url(f"unix://{_FOLDER}/redis.sock")
    app.include_router(wh.fastapi.router(ours()), prefix="/hooks")

    @app.post("/redis")
    async def by_hand(request: fastapi.Request) -> fastapi.Response:
        body, header = await request.body(), request.headers["stripe-signature"]
        event = stripe.Webhook.construct_event(body, header, SECRET)
        is_new = await seen.set(f"seen:{event['id']}", 1, nx=True, ex=604800)
        return fastapi.Response(status_code=202 if is_new else 200)

    return app


def asgi_app() -> Any:
    accept = wh.asgi.app(ours())

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == "/bare":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})
        else:
            await accept(scope, receive, send)

    return app


class BusyWriter:
    """A writer thread that commits what a tick brought, and knows nothing of other processes."""

    def __init__(self) -> None:
        self._connection = connect("busy.db")
        self._waiting: SimpleQueue[tuple[Row, Callable[[], None]]] = SimpleQueue()
        Thread(target=self._write, daemon=True).start()

    def accept(self, row: Row) -> Awaitable[None]:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._waiting.put((row, lambda: loop.call_soon_threadsafe(done.set_result, None)))
        return done

    def _write(self) -> None:
        while True:
            batch = [self._waiting.get()]
            while not self._waiting.empty():
                batch.append(self._waiting.get())
            store(self._connection, [row for row, _ in batch])
            for _, tell in batch:
                tell()


def busy_app() -> Any:
    """Two of these share each file: ours behind the gate, the other by SQLite's busy handler."""
    accept, writer = wh.asgi.app(ours()), BusyWriter()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != "/busy":
            await accept(scope, receive, send)
            return
        body = (await receive())["body"]
        (header,) = (value for name, value in scope["headers"] if name == b"stripe-signature")
        await writer.accept(verify_by_hand(body, header.decode()))
        await send({"type": "http.response.start", "status": 202, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    return app


def flask_app() -> Any:
    import flask  # noqa: PLC0415

    app = flask.Flask(__name__)
    receiver = ours()
    wh.flask.Webhooks(receiver).init_app(app, url_prefix="/hooks")
    app.post("/bare")(lambda: ("", 200))
    app.wsgi_app = wh.wsgi.middleware(app.wsgi_app, receiver, prefix="/front")
    return app


def _started(make: Callable[[], Any]) -> Any:
    made = make()
    # Futures that wait promote garbage, and a sweep of a framework's heap stalls 20 ms.
    gc.collect()
    gc.freeze()
    return made


if "BENCH_APP" in os.environ:
    app = _started(globals()[f"{os.environ['BENCH_APP']}_app"])
