"""D16: what one endpoint does is no other's loss.

Thoroughly: faults/test_hostile_receivers.py, tests/cpp/core/rate_limit_test.cpp,
tests/cpp/core/lane_width_test.cpp, and the isolation rows of docs/performance.md.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from datetime import datetime, timezone

import webhookcore as wh
from support.waiting import wait_until
from webhookcore.testing import Answer, WebhookServer

from .conftest import ids


class Busy:
    """Answers when it is told to, and knows how many requests it held at once."""

    def __init__(self) -> None:
        self.held, self.most = 0, 0
        self.arrived = threading.Condition()
        self.may_answer = threading.Event()

    def __call__(self, _request: wh.HttpRequest) -> Answer:
        with self.arrived:
            self.held += 1
            self.most = max(self.most, self.held)
            self.arrived.notify_all()
        self.may_answer.wait(30)
        with self.arrived:
            self.held -= 1
        return Answer()


def test_an_endpoint_has_so_many_attempts_under_way_and_no_more(store, policy):
    busy = Busy()
    with (
        WebhookServer(busy) as server,
        wh.Client(store, policy=policy, concurrency=(64, 3)) as client,
    ):
        client.endpoints.create(server.url, events=["*"])
        client.send_many([{"type": "a", "data": number} for number in range(12)])
        client.start()
        with busy.arrived:
            assert busy.arrived.wait_for(lambda: busy.held == 3, 20)
        busy.may_answer.set()
        wait_until(lambda: client.deliveries.count()["delivered"] == 12, "all of them")
        assert busy.most == 3


def test_a_rate_limit_is_a_bucket_of_tokens_of_its_endpoint_alone(client, server):
    client.endpoints.create(server.url, events=["slow"], rate_limit="5/h")
    client.endpoints.create(server.url, events=["free"])
    for type in ("slow", "free"):
        client.send_many([{"type": type, "data": number} for number in range(20)])
    client.run_until_idle()
    came = Counter(json.loads(request.body)["type"] for request in server.requests)
    assert came["free"] == 20
    assert 1 <= came["slow"] <= 5
    waiting = client.deliveries.list(state="pending", limit=100)
    assert {(row.type, row.attempts) for row in waiting} == {("slow", 0)}


def test_first_attempts_go_before_retries(store, policy, server):
    """One at a time, so that there is an order to look at; so few that no turn is a retry's."""
    client = wh.Client(store, policy=policy, concurrency=(1, 1), breaker=wh.Breaker(0))
    with client:
        client.endpoints.create(server.url, events=["*"], retry=[0.2])
        server.answer(500)
        failed = {client.send("a", number).id for number in range(5)}
        client.run_until_idle()
    wait_until(lambda: all_due(store), "the retries to be due")
    server.answer(200)
    with wh.Client(store, policy=policy, concurrency=(1, 1)) as client:
        late = {client.send("a", number).id for number in range(5)}
        client.run_until_idle()
    order = ids(server)[5:]
    assert set(order[:5]) == late
    assert set(order[5:]) == failed


def all_due(store):
    with wh.Client(store) as client:
        now = datetime.now(timezone.utc)
        return all(row.next_attempt_at < now for row in client.deliveries.list(state="pending"))


def test_a_dead_and_a_slow_endpoint_leave_the_others_alone(client, server):
    with WebhookServer(Answer(fault="hang")) as slow, WebhookServer(500) as dead:
        for one in (slow, dead, server):
            client.endpoints.create(one.url, events=["*"], timeout=60)
        messages = client.send_many([{"type": "a", "data": number} for number in range(50)])
        client.start()
        wait_until(lambda: client.deliveries.count()["delivered"] == 50, "the healthy ones")
        # The slow one has not answered anything yet.
        assert len(slow.requests) <= 16
        client.stop(0)
    assert sorted(ids(server)) == sorted(message.id for message in messages)
