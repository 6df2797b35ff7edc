"""Deliveries from the store to a receiver in another process, against senders that store nothing.

What is timed is all of a delivery: claim, sign, POST, record. Storing the message is measured by
`enqueue` and, from `send()` to the receiver, by `deliver.p99`.
"""

from __future__ import annotations

import asyncio
import importlib.util
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import webhookcore as wh
from bench import isolation, tls
from bench.growth import LARGE, SMALL, store_with
from bench.native import Sink, curl_seconds, sink
from bench.report import Goal, Row
from bench.storage import folder, sync_seconds
from webhookcore.config import Durability

RUNS = 5
ENDPOINTS = 16
IN_FLIGHT = 64
COUNT = 4000  # Deliveries in a run: about a quarter of a second of bare libcurl.
SIZE = 1024
DATA = {"note": "x" * 940}  # SIZE with its envelope.
FEW, MANY = 30_000, 1_000_000  # Deliveries that are due, for the backlog.
RATE = 1000  # Messages a second, for the latency.
LATENCY_SECONDS = 1.5
POLICY = wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"])

Peer = Callable[[int, list[str]], float]  # Requests, URLs -> seconds they took.


@contextmanager
def _delivering(path: Path, receiver: Sink, durability: Durability) -> Iterator[wh.Client]:
    with wh.Client(
        f"sqlite:///{path}/ours.db",
        policy=POLICY,
        durability=durability,
        concurrency=(IN_FLIGHT, IN_FLIGHT),
    ) as client:
        for number, url in enumerate(receiver.urls(ENDPOINTS)):
            client.endpoints.create(url, events=[f"order.e{number}"])
        yield client


def _items(count: int) -> list[dict[str, object]]:
    return [{"type": f"order.e{number % ENDPOINTS}", "data": DATA} for number in range(count)]


def _our_seconds(client: wh.Client, count: int) -> float:
    client.send_many(_items(count))
    begin = time.perf_counter()
    counts = client.run_until_idle()
    seconds = time.perf_counter() - begin
    if counts.delivered != count:
        raise RuntimeError(f"{counts.delivered} of {count} were delivered")
    return seconds


def _rate_over(peer: Peer, durability: Durability, peer_count: int = COUNT) -> list[float]:
    """Our rate over the peer's, in interleaved pairs whose order alternates."""
    ratios = []
    with folder() as path, sink() as receiver, _delivering(path, receiver, durability) as client:
        urls = receiver.urls(ENDPOINTS)
        _our_seconds(client, COUNT // 4)
        peer(peer_count // 4, urls)
        for run in range(RUNS):
            each: dict[str, float] = {}
            for side in ("ours", "peer") if run % 2 == 0 else ("peer", "ours"):
                if side == "ours":
                    each[side] = _our_seconds(client, COUNT) / COUNT
                else:
                    each[side] = peer(peer_count, urls) / peer_count
            ratios.append(each["peer"] / each["ours"])
            receiver.arrivals()  # So that the receiver's list does not grow.
    return ratios


def _curl(count: int, urls: list[str]) -> float:
    return curl_seconds(count, IN_FLIGHT, SIZE, urls)


def _wrk(_count: int, urls: list[str]) -> float:
    """Seconds per request times the count asked for: wrk knows durations only."""
    script = Path(__file__).parent / "native" / "post.lua"
    command = ["wrk", "-t1", f"-c{IN_FLIGHT}", "-d1s", "-s", str(script), urls[0]]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    (rate,) = (float(line.split()[1]) for line in output.splitlines() if "Requests/sec" in line)
    return _count / rate


def _aiohttp(count: int, urls: list[str]) -> float:
    import aiohttp  # noqa: PLC0415  # May not be installed.

    body = b"x" * SIZE

    async def post(session: aiohttp.ClientSession, numbers: Iterator[int]) -> None:
        for number in numbers:
            async with session.post(urls[number % len(urls)], data=body) as response:
                await response.read()

    async def post_all() -> float:
        numbers = iter(range(count))
        connector = aiohttp.TCPConnector(limit=IN_FLIGHT)
        async with aiohttp.ClientSession(connector=connector) as session:
            begin = time.perf_counter()
            await asyncio.gather(*(post(session, numbers) for _ in range(IN_FLIGHT)))
            return time.perf_counter() - begin

    return asyncio.run(post_all())


def _requests(count: int, urls: list[str]) -> float:
    """16 threads with a session each: more make it slower."""
    import requests  # noqa: PLC0415  # May not be installed.

    body = b"x" * SIZE
    numbers = iter(range(count))
    lock = threading.Lock()

    def work() -> None:
        with requests.Session() as session:
            while True:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                session.post(urls[number % len(urls)], data=body, timeout=10)

    threads = [threading.Thread(target=work) for _ in range(16)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - begin


def _p99_seconds(client: wh.Client, receiver: Sink) -> float:
    """From the call of send() to the request's arrival, at a steady RATE."""
    receiver.arrivals()
    sent: dict[str, int] = {}
    begin = time.monotonic_ns()
    for number in range(int(RATE * LATENCY_SECONDS)):
        due = begin + number * 1_000_000_000 // RATE
        # What the sender is late counts as ours; otherwise a stall would hide itself.
        while (left := due - time.monotonic_ns()) > 0:
            time.sleep(left / 1e9)
        sent[client.send(f"order.e{number % ENDPOINTS}", DATA).id] = due
    arrived = receiver.wait_for(set(sent))
    latencies = [arrived[id] - moment for id, moment in sent.items()]
    return statistics.quantiles(latencies, n=100)[98] / 1e9


def _p99() -> list[float]:
    ratios = []
    with folder() as path, sink() as receiver, _delivering(path, receiver, "full") as client:
        client.start()
        _p99_seconds(client, receiver)
        for _ in range(RUNS):
            one_sync = sync_seconds(path)
            ratios.append(_p99_seconds(client, receiver) / one_sync)
        client.stop()
    return ratios


def _growth() -> list[float]:
    """Time of a delivery in a store of LARGE rows over that in one of SMALL."""
    ratios = []
    with sink() as receiver, ExitStack() as open_clients:
        clients = []
        for count in (LARGE, SMALL):
            client = open_clients.enter_context(_reopened(store_with(count)))
            for number, url in enumerate(receiver.urls(ENDPOINTS)):
                client.endpoints.create(url, uid=f"new{number}", events=[f"order.e{number}"])
            clients.append(client)
            _our_seconds(client, COUNT // 4)
        for run in range(RUNS):
            order = (0, 1) if run % 2 == 0 else (1, 0)
            seconds = {side: _our_seconds(clients[side], COUNT) for side in order}
            ratios.append(seconds[0] / seconds[1])
            receiver.arrivals()
    return ratios


def _reopened(file: Path) -> wh.Client:
    return wh.Client(
        f"sqlite:///{file}", policy=POLICY, durability="normal", concurrency=(IN_FLIGHT, IN_FLIGHT)
    )


def _rate_with_backlog(receiver: Sink, backlog: int) -> float:
    """Deliveries a second out of the middle of a backlog that is due."""
    measured = 2 * COUNT
    with folder() as path, _delivering(path, receiver, "normal") as client:
        for begin in range(0, backlog, COUNT):
            client.send_many(_items(min(COUNT, backlog - begin)))
        receiver.arrivals()
        client.start()
        moments: list[int] = []
        while len(moments) < COUNT + measured:
            time.sleep(0.05)
            moments.extend(receiver.arrivals().values())
        client.stop()
        moments.sort()
        return measured * 1e9 / (moments[COUNT + measured - 1] - moments[COUNT - 1])


def _backlog() -> list[float]:
    with sink() as receiver:
        return [
            _rate_with_backlog(receiver, MANY) / _rate_with_backlog(receiver, FEW)
            for _ in range(RUNS)
        ]


def _peak_memory(file: Path, urls: list[str]) -> int:
    """KiB, of a process that delivers COUNT messages from that store."""
    command = [sys.executable, "-m", "bench.growth", str(file), str(COUNT), *urls]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return int(output)


def _memory() -> list[float]:
    with sink() as receiver:
        urls = receiver.urls(ENDPOINTS)
        return [
            _peak_memory(store_with(LARGE), urls) / _peak_memory(store_with(SMALL), urls)
            for _ in range(RUNS)
        ]


def _peer_rows() -> Iterator[Row]:
    """Rows against programs that may not be there; a row that is left out says why."""
    durable = "rate of durable deliveries over bare"
    for name, goal in (("aiohttp", 5.0), ("requests", 12.0)):
        if importlib.util.find_spec(name) is None:
            _leave_out(name, f"the {name} package is not installed")
            continue
        peer, count = (_aiohttp, 2000) if name == "aiohttp" else (_requests, 800)
        yield Row(
            f"deliver.{name}",
            f"{durable} {name}",
            Goal(">=", goal),
            lambda peer=peer, count=count: _rate_over(peer, "full", count),
        )
    if shutil.which("wrk") is None:
        _leave_out("wrk", "wrk is not installed")
    else:
        what = "rate of deliveries over wrk, 64 connections, NORMAL"
        yield Row("deliver.wrk", what, Goal(">=", 0.15), lambda: _rate_over(_wrk, "normal"))


def _leave_out(name: str, why: str) -> None:
    print(f"bench: deliver.{name} is left out: {why}", file=sys.stderr)


def rows() -> list[Row]:
    curl = "rate of deliveries over bare libcurl, 64 in flight, NORMAL"
    p99 = "99th percentile from send() to arrival at 1000/s over one sync's median"
    sizes = f"with {LARGE:,} deliveries in the store over that with {SMALL:,}"
    growth = f"time of a delivery {sizes}"
    backlog = f"rate of deliveries with {MANY:,} due over that with {FEW:,}"
    memory = f"peak memory of delivering {sizes}"
    return [
        Row("deliver.curl", curl, Goal(">=", 0.75), lambda: _rate_over(_curl, "normal")),
        *_peer_rows(),
        Row("deliver.p99", p99, Goal("<=", 16), _p99),
        Row("deliver.growth_5m", growth, Goal("<=", 1.25), _growth),
        Row("deliver.backlog_1m", backlog, Goal(">=", 0.9), _backlog),
        Row("deliver.rss_5m", memory, Goal("<=", 1.3), _memory),
        *isolation.rows(),
        *tls.rows(),
    ]
