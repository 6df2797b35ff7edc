"""What the worst receivers do to themselves, and not to the others or to us."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

import webhookcore as wh
from faults.hostile import HOSTILE, HostileServer
from support.waiting import wait_until

POLICY = wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"])
COPIES = 20  # Of each hostile receiver.
HEALTHY = 100
MESSAGES = 5


def peak_memory() -> int:
    """Of this process, in bytes; it never goes down."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.fixture
def server():
    with HostileServer() as running:
        yield running


def delivered_of(message: wh.Message) -> int:
    return sum(delivery.state == "delivered" for delivery in message.deliveries)


def client_of(store: Path, **options) -> wh.Client:
    return wh.Client(f"sqlite:///{store}", policy=POLICY, breaker=wh.Breaker(failures=0), **options)


@pytest.mark.timeout(180)
def test_hostile_receivers_end_as_documented_and_healthy_ones_get_all_of_theirs(store, server):
    with client_of(store, concurrency=(600, 16), durability="normal") as client:
        expected = {}
        for name, (_script, ending) in HOSTILE.items():
            for number in range(COPIES):
                url = server.url(name, host=number + 1)
                endpoint = client.endpoints.create(url, events=["hostile"], retry=[], timeout=2)
                expected[endpoint.id] = (name, ending)
        for number in range(HEALTHY):
            client.endpoints.create(server.url(f"ok-{number}", host=number + 1), events=["good.*"])
        before = peak_memory()
        bad = client.send("hostile", {"size": "x" * 900})
        good = client.send_many([{"type": "good.one", "data": {}} for _ in range(MESSAGES)])
        client.run_until_idle(wait=1)
        grown = peak_memory() - before

        assert len(bad.deliveries) == COPIES * len(HOSTILE)
        for delivery in bad.deliveries:
            name, ending = expected[delivery.endpoint_id]
            [attempt] = client.deliveries.attempts(delivery)
            found = attempt.status if attempt.status is not None else attempt.error
            assert found == ending, (name, attempt)
            assert delivery.state == ("delivered" if ending == 200 else "dead"), name
            assert len(attempt.error_text or "") <= 200
            assert len(attempt.response_body or b"") <= 4096
        states = {delivery.state for message in good for delivery in message.deliveries}
    assert states == {"delivered"}
    counts = {name: count for name, count in server.requests.items() if name.startswith("ok-")}
    assert counts == {f"ok-{number}": MESSAGES for number in range(HEALTHY)}
    assert grown <= 64 * 2**20


@pytest.mark.parametrize("dead", [1, 10])
def test_dead_endpoints_among_a_hundred_leave_the_others_alone(store, server, dead):
    each = 30  # More than an endpoint may have under way.
    with client_of(store) as client:
        for number in range(100):
            name = "silent" if number < dead else f"ok-{number}"
            url = server.url(name, host=number + 1)
            client.endpoints.create(url, events=["*"], timeout=300)
        messages = client.send_many([{"type": "a", "data": {}} for _ in range(each)])
        client.start()
        healthy = [f"ok-{number}" for number in range(dead, 100)]
        server.wait_until(lambda: all(server.requests.get(name, 0) >= each for name in healthy))
        wait_until(
            lambda: all(delivered_of(message) == 100 - dead for message in messages),
            "the healthy deliveries to be recorded",
        )
        # All that time the dead ones were asked, and none of their attempts has ended.
        assert 0 < server.requests["silent"] <= dead * 16
        client.stop(0)
        counts = {server.requests[name] for name in healthy}
    assert counts == {each}
