"""D17: in order where that is asked for; by priority; not before, and not after.

Thoroughly: client/test_order_and_time.py, faults/test_order_over_kills.py.
"""

from __future__ import annotations

import json
import time

import pytest

import webhookcore as wh

from .conftest import DELIVER, HOUR


def data(server):
    return [json.loads(request.body)["data"] for request in server.requests]


def test_a_fifo_endpoint_gets_messages_in_the_order_of_sending_also_over_failures(client, server):
    server.answer(200, 500, 500, 200)
    client.endpoints.create(server.url, events=["*"], ordering="fifo", retry=[0.01, 0.01])
    for number in range(20):
        client.send("a", number)
    client.run_until_idle(wait=20)
    assert data(server) == [0, 1, 1, 1, *range(2, 20)]


def test_order_is_opt_in_and_a_line_stops_alone(client, server):
    server.answer(500, 200)
    client.endpoints.create(server.url, events=["line"], ordering="fifo", retry=[HOUR])
    client.endpoints.create(server.url, events=["free"], retry=[HOUR])
    client.send("line", "first")
    client.run_until_idle()
    client.send("line", "second")
    client.send("free", "free")
    client.run_until_idle()
    assert data(server) == ["first", "free"]


def test_the_higher_priority_goes_first(store, policy, server):
    with wh.Client(store, policy=policy, concurrency=(1, 1)) as client:
        client.endpoints.create(server.url, events=["*"])
        for priority in ("low", "normal", "high"):
            client.send("a", priority, priority=priority)
        client.run_until_idle()
    assert data(server) == ["high", "normal", "low"]


@pytest.mark.parametrize(
    ("later", "state"), [(0, "pending"), (HOUR - 60, "pending"), (HOUR + 60, "delivered")]
)
def test_deliver_at_is_not_before(store, policy, server, clock, later, state):
    with wh.Client(store, policy=policy) as client:
        client.endpoints.create(server.url, events=["*"])
        message = client.send("a", {}, deliver_at=time.time() + HOUR)
        clock.run(DELIVER, store, later=later)
        assert [row.state for row in client.messages.get(message.id).deliveries] == [state]
    assert len(server.requests) == (state == "delivered")


@pytest.mark.parametrize(("later", "state"), [(HOUR - 60, "delivered"), (HOUR + 60, "cancelled")])
def test_expires_at_is_not_after(store, policy, server, clock, later, state):
    with wh.Client(store, policy=policy) as client:
        client.endpoints.create(server.url, events=["*"])
        message = client.send("a", {}, expires_at=time.time() + HOUR)
        clock.run(DELIVER, store, later=later)
        [delivery] = client.messages.get(message.id).deliveries
    assert delivery.state == state
    assert (delivery.last_error == "expired") == (state == "cancelled")
    assert len(server.requests) == (state == "delivered")
