"""D15: an endpoint that fails five times in a row is left alone for five minutes, then probed.

Thoroughly: client/test_health.py, tests/cpp/core/circuit_breaker_test.cpp, faults/test_storm.py,
tests/cpp/engine/storm_test.cpp.
"""

from __future__ import annotations

import pytest

import webhookcore as wh

from .conftest import DELIVER

MINUTE = 60


def failing(client, server, status=500, count=30, **options):
    server.answer(status)
    endpoint = client.endpoints.create(server.url, events=["*"], ordering="fifo", **options)
    client.send_many([{"type": "a", "data": number} for number in range(count)])
    return endpoint


def test_five_consecutive_failures_open_it_and_what_waits_keeps_its_attempts(client, server):
    """In a line, so that exactly five are made before it opens."""
    endpoint = failing(client, server, retry=[])
    client.run_until_idle()
    health = client.endpoints.get(endpoint.id).health
    assert (health.state, health.trips, len(server.requests)) == ("open", 1, 5)
    waiting = client.deliveries.list(state="pending", limit=100)
    assert [row.attempts for row in waiting] == [0] * 25


@pytest.mark.parametrize(
    ("status", "opens"), [(408, 1), (409, 1), (425, 1), (429, 1), (400, 0), (404, 0), (422, 0)]
)
def test_a_4xx_other_than_408_409_425_429_is_no_failure(client, server, status, opens):
    endpoint = failing(client, server, status, 6, retry=[])
    client.run_until_idle()
    assert client.endpoints.get(endpoint.id).health.trips == opens


def test_it_is_open_for_five_minutes_over_a_restart_and_then_one_probe_decides(
    store, policy, server, clock
):
    with wh.Client(store, policy=policy) as client:
        endpoint = failing(client, server, retry=[])
        client.run_until_idle()
    clock.run(DELIVER, store, later=4 * MINUTE)
    assert len(server.requests) == 5

    clock.run(DELIVER, store, later=6 * MINUTE)  # The probe fails.
    assert len(server.requests) == 6
    clock.run(DELIVER, store, later=9 * MINUTE)
    assert len(server.requests) == 6

    server.answer(200)
    assert clock.run(DELIVER, store, later=13 * MINUTE) == "24\n"
    with wh.Client(store, policy=policy) as client:
        health = client.endpoints.get(endpoint.id).health
        assert (health.state, health.trips) == ("closed", 2)
        assert client.metrics().breaker_trips >= 1


def test_each_endpoint_has_its_own(client, server):
    other = client.endpoints.create(server.url, events=["b"])
    failing(client, server, retry=[], count=6)
    client.run_until_idle()
    server.answer(200)
    client.send("b", {})
    assert client.run_until_idle().delivered >= 1
    assert client.endpoints.get(other.id).health.state == "closed"
