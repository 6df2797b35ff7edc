"""D18: an endpoint that has done nothing but fail for five days is disabled, and somebody is told.

Thoroughly: client/test_health.py, tests/cpp/core/endpoint_health_test.cpp.
"""

from __future__ import annotations

import time

import pytest

import webhookcore as wh

from .conftest import DAY, DELIVER, HOUR


def fail_once(store, policy, server):
    """One failure now; the next attempt is due whenever anybody looks."""
    server.answer(500)
    with wh.Client(store, policy=policy) as client:
        endpoint = client.endpoints.create(server.url, events=["*"], retry=[60] * 5)
        client.send("a", {})
        client.run_until_idle()
    return endpoint


def shown(store, policy, endpoint):
    with wh.Client(store, policy=policy) as client:
        row = client.endpoints.get(endpoint.id)
        told = [event.details["reason"] for event in client.operations.list("endpoint.disabled")]
        return row.state, row.disabled_reason, told


@pytest.mark.parametrize(
    ("last", "expected"),
    [(5 * DAY - HOUR, ("enabled", "", [])), (5 * DAY + HOUR, ("disabled", "failing", ["failing"]))],
)
def test_after_5_days_of_failing_only_it_is_disabled_with_an_operational_event(
    store, policy, server, clock, last, expected
):
    endpoint = fail_once(store, policy, server)
    for later in (1 * DAY, 2 * DAY, 3 * DAY, 4 * DAY, last):
        clock.run(DELIVER, store, later=later)
    assert len(server.requests) == 6
    assert shown(store, policy, endpoint) == expected


def test_one_success_in_between_begins_the_five_days_anew(store, policy, server, clock):
    endpoint = fail_once(store, policy, server)
    server.answer(lambda request: 200 if b"good" in request.body else 500)
    with wh.Client(store, policy=policy) as client:
        good = client.send("a", "good", deliver_at=time.time() + 3 * DAY - HOUR)
    for later in (1 * DAY, 2 * DAY, 3 * DAY, 4 * DAY, 5 * DAY + HOUR):
        clock.run(DELIVER, store, later=later)
    assert len(server.requests) == 7
    assert shown(store, policy, endpoint) == ("enabled", "", [])
    with wh.Client(store, policy=policy) as client:
        assert client.messages.get(good.id).deliveries[0].state == "delivered"


def test_enabling_it_again_resets_the_breaker(client, server):
    server.answer(500)
    endpoint = client.endpoints.create(server.url, events=["*"], retry=[0] * 5, ordering="fifo")
    client.send("a", {})
    client.run_until_idle(wait=5)
    assert client.endpoints.get(endpoint.id).health.state == "open"
    client.endpoints.disable(endpoint)
    client.endpoints.enable(endpoint)
    health = client.endpoints.get(endpoint.id).health
    assert (health.state, health.failing_since) == ("closed", None)
    server.answer(200)
    client.send("b", {})
    assert client.run_until_idle(wait=1).delivered >= 1
