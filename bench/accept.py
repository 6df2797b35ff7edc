"""Durable accept under web frameworks, against routes of the same server that do nothing.

All of ours verify the signature, claim the event and store it, FULL, before they answer 202. wrk
sends requests that were signed before, each of an event of its own. The baselines, in writing:

- FastAPI: an `APIRoute` that returns `Response(status_code=200)` and never reads the body, under
  uvicorn (uvloop and httptools where they are installed);
- raw ASGI: an app that sends an empty 200 and never reads the body, under uvicorn;
- Flask: a view that returns `("", 200)`, under gunicorn, one gthread worker with 8 threads.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import importlib.util
import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.accept_app import SECRET
from bench.report import Goal, Row, say
from bench.storage import folder

RUNS = 5
# In one second the first requests of all connections alone would make most of a 99th percentile.
SECONDS = 4
MOST = 120_000  # Requests that are signed for a run; more than any run takes.
FEW = 500  # Enough for what never looks at a request.
SCRIPT = Path(__file__).parent / "native" / "accept.lua"
ITEMS = ",".join(
    f'{{"sku":"item-{n}","quantity":{n},"price":{{"cents":{n}99}}}}' for n in range(1, 19)
)
PREFIX, SUFFIX = '{"id":"', f'","type":"invoice.paid","data":{{"items":[{ITEMS}]}}}}'  # 1 KB.

UVICORN = "uvicorn bench.accept_app:app --log-level warning --no-access-log --port {port}"
GUNICORN = "gunicorn bench.accept_app:app -w 1 -k gthread --threads 8 -b 127.0.0.1:{port}"
SERVERS = {"flask": GUNICORN, "busy": f"{UVICORN} --workers 2"}

_numbers = itertools.count()


@dataclass(frozen=True)
class Measured:
    rate: float  # Requests a second.
    p99: float  # Milliseconds.


@contextmanager
def _serving(kind: str, path: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = SERVERS.get(kind, UVICORN).format(port=port).split()
    environment = {**os.environ, "BENCH_APP": kind, "BENCH_FOLDER": str(path)}
    process = subprocess.Popen([sys.executable, "-m", *command], env=environment)
    try:
        _wait_for(process, ("127.0.0.1", port))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _wait_for(process: subprocess.Popen[bytes], address: tuple[str, int]) -> None:
    ends = time.monotonic() + 60
    while time.monotonic() < ends and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(address) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("the server did not start")


def _sign(path: Path, count: int) -> Path:
    """Ids and signature headers, a line each; no id ever comes twice."""
    moment, run = int(time.time()), next(_numbers)
    keyed = hmac.new(SECRET.encode(), f"{moment}.{PREFIX}".encode(), hashlib.sha256)
    suffix = SUFFIX.encode()
    with (path / "signed").open("w") as file:
        for number in range(count):
            mac, id = keyed.copy(), f"evt_{run:04d}{number:08d}"
            mac.update(id.encode() + suffix)
            file.write(f"{id} t={moment},v1={mac.hexdigest()}\n")
    return path / "signed"


def _load(url: str, connections: int, path: Path, *, is_bare: bool) -> Measured:
    signed = _sign(path, FEW if is_bare else MOST)
    output = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "-s", str(SCRIPT), url, "--",
         str(signed), PREFIX, SUFFIX],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    lines = {line.split()[0]: line.split()[1:] for line in output.splitlines() if line.strip()}
    requests, sent, signed_count, errors = (int(text) for text in lines["accept"][:4])
    if errors or not requests:
        raise RuntimeError(f"{url}: {errors} errors in {requests} requests\n{output}")
    if sent > signed_count and not is_bare:
        raise RuntimeError(f"{url}: {sent} requests, but only {signed_count} were signed")
    return Measured(requests / float(lines["seconds"][0]), float(lines["accept"][4]) / 1000)


@functools.cache  # Rate and latency are of the same runs.
def _pairs(
    kind: str, ours: str, other: str = "/bare", connections: int = 64
) -> list[tuple[Measured, Measured]]:
    """Ours and the other's, one right after the other, in turns first."""
    pairs = []
    with folder() as path, _serving(kind, path) as url:
        is_bare = other == "/bare"
        sides = {ours: False, other: is_bare}
        for route, bare in sides.items():
            _load(url + route, connections, path, is_bare=bare)  # The warm-up.
        for run in range(RUNS):
            found = {
                route: _load(url + route, connections, path, is_bare=sides[route])
                for route in (sides if run % 2 == 0 else reversed(sides))
            }
            pairs.append((found[ours], found[other]))
    medians = [sorted(side.rate for side in sides)[RUNS // 2] for sides in zip(*pairs, strict=True)]
    say(f"  {kind}{ours} {medians[0]:,.0f}/s, {other} {medians[1]:,.0f}/s, c={connections}")
    return pairs


def _rates(kind: str, ours: str, other: str = "/bare", connections: int = 64) -> list[float]:
    return [one.rate / two.rate for one, two in _pairs(kind, ours, other, connections)]


def _p99(kind: str, ours: str, other: str = "/bare", connections: int = 64) -> list[float]:
    return [one.p99 / two.p99 for one, two in _pairs(kind, ours, other, connections)]


@contextmanager
def _redis(path: Path) -> Iterator[None]:
    """A Redis that keeps nothing on disk, on a socket in the folder."""
    options = f"--port 0 --unixsocket {path}/redis.sock --save '' --appendonly no"
    command = ["redis-server", *options.replace("''", "").split(" ")]
    process = subprocess.Popen(command, cwd=path, stdout=subprocess.DEVNULL)
    try:
        while not (path / "redis.sock").exists():
            if process.poll() is not None:
                raise RuntimeError("redis-server did not start")
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.wait(10)


def _against_redis() -> list[float]:
    ratios = []
    with folder() as path, _redis(path), _serving("redis", path) as url:
        for run in range(-1, RUNS):
            order = ("/hooks/stripe", "/redis") if run % 2 == 0 else ("/redis", "/hooks/stripe")
            found = {route: _load(url + route, 64, path, is_bare=False) for route in order}
            if run >= 0:  # The first pair is the warm-up.
                ratios.append(found["/hooks/stripe"].rate / found["/redis"].rate)
    return ratios


def _redis_rows() -> Iterator[Row]:
    for name in ("redis", "stripe"):
        if importlib.util.find_spec(name) is None:
            say(f"bench: accept.redis is left out: the {name} package is not installed")
            return
    if shutil.which("redis-server") is None:
        say("bench: accept.redis is left out: redis-server is not installed")
        return
    what = "rate of FastAPI's router over a route with stripe and Redis SET NX"
    yield Row("accept.redis", what, Goal(">=", 1.0), _against_redis)


def rows() -> list[Row]:
    if shutil.which("wrk") is None:
        say("bench: accept is left out: wrk is not installed")
        return []
    rate, p99 = "rate over the bare one's", "99th percentile over the bare route's"
    by_hand = "rate over a handler that uses sqlite3 on the loop"
    router, depends, raw = "/hooks/stripe", "/depends", "/stripe"

    def row(name: str, what: str, direction: str, goal: float, find, *given) -> Row:
        return Row(f"accept.{name}", what, Goal(direction, goal), lambda: find(*given))

    return [
        row("fastapi_router", f"FastAPI router: {rate}", ">=", 0.8, _rates, "fastapi", router),
        row("fastapi_depends", f"FastAPI handler: {rate}", ">=", 0.5, _rates, "fastapi", depends),
        row("asgi_64", f"raw ASGI: {rate}", ">=", 0.42, _rates, "asgi", raw),
        row("asgi_16", f"raw ASGI, c=16: {rate}", ">=", 0.3, _rates, "asgi", raw, "/bare", 16),
        row("flask_view", f"Flask: {rate}", ">=", 0.62, _rates, "flask", router, "/bare", 16),
        row("wsgi", f"WSGI middleware in front of Flask: {rate}", ">=", 0.95, _rates, "flask",
            "/front/stripe", "/bare", 16),
        row("sqlite3_depends", f"FastAPI handler: {by_hand}", ">=", 2, _rates, "fastapi", depends,
            "/sqlite3"),
        row("sqlite3_router", f"FastAPI router: {by_hand}", ">=", 3, _rates, "fastapi", router,
            "/sqlite3"),
        row("p99_router", f"FastAPI router: {p99}", "<=", 1.4, _p99, "fastapi", router),
        row("p99_depends", f"FastAPI handler: {p99}", "<=", 1.7, _p99, "fastapi", depends),
        row("p99_asgi", f"raw ASGI: {p99}", "<=", 2.5, _p99, "asgi", raw),
        row("p99_gate", "two workers: 99th percentile over that of SQLite's busy handler", "<=", 0.5,
            _p99, "busy", raw, "/busy"),
        *_redis_rows(),
    ]  # fmt: skip
