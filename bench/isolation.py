"""What dead endpoints cost the healthy ones: rows of the family `deliver`."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import webhookcore as wh
from bench.native import Sink, sink
from bench.report import Goal, Row
from bench.storage import folder

RUNS = 5
ENDPOINTS = 100
EACH = 60  # Messages to each endpoint: the healthy ones take longer than a dead one's timeout.
TIMEOUT = 1.0  # Seconds, the shortest there is: the dead ones' attempts come and go.
POLICY = wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"])


@contextmanager
def _silence() -> Iterator[int]:
    """The port of a receiver that takes connections and says nothing, on all of loopback."""
    with socket.socket() as listener:
        listener.bind(("0.0.0.0", 0))
        listener.listen(4096)
        yield listener.getsockname()[1]


def _healthy_rate(receiver: Sink, silent_port: int, dead: int) -> float:
    """Deliveries a second to the healthy ones, until the last of them has arrived."""
    with (
        folder() as path,
        wh.Client(
            f"sqlite:///{path}/ours.db",
            policy=POLICY,
            durability="normal",
            breaker=wh.Breaker(failures=0),
        ) as client,
    ):
        for number, url in enumerate(receiver.urls(ENDPOINTS)):
            silent = f"http://127.0.2.{number + 1}:{silent_port}/hook"
            client.endpoints.create(
                silent if number < dead else url, events=[f"e{number}"], retry=[], timeout=TIMEOUT
            )
        # Dead and healthy ones in turn, as they would come.
        items = [
            {"type": f"e{number % ENDPOINTS}", "data": {"note": "x" * 940}}
            for number in range(ENDPOINTS * EACH)
        ]
        messages = client.send_many(items)
        pairs = zip(messages, items, strict=True)
        healthy = {message.id for message, item in pairs if int(item["type"][1:]) >= dead}
        receiver.arrivals()
        begin = time.monotonic_ns()
        client.start()
        arrived = receiver.wait_for(healthy, 60)
        client.stop(0)
    return len(healthy) / (max(arrived[id] for id in healthy) - begin)


def _kept(dead: int) -> list[float]:
    ratios = []
    with sink() as receiver, _silence() as port:
        _healthy_rate(receiver, port, 0)
        for run in range(RUNS):
            rates = {
                count: _healthy_rate(receiver, port, count)
                for count in ((dead, 0) if run % 2 == 0 else (0, dead))
            }
            ratios.append(rates[dead] / rates[0])
    return ratios


def rows() -> list[Row]:
    what = "rate of the healthy endpoints kept with {} dead of 100"
    return [
        Row("deliver.dead_1", what.format(1), Goal(">=", 0.9), lambda: _kept(1)),
        Row("deliver.dead_10", what.format(10), Goal(">=", 0.85), lambda: _kept(10)),
    ]
