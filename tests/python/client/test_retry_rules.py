"""When a failed delivery is tried again, and what uses its attempts up (requirement D8)."""

from __future__ import annotations

from datetime import timedelta

import pytest

import webhookcore as wh
from webhookcore import _core
from webhookcore.config import RETRY_SCHEDULES

DAY = 24 * 3600


@pytest.mark.parametrize(
    ("retry", "waits"),
    [
        ("standard", (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, DAY)),
        ("patient", (60, 300, 1800, 7200, 28800)),
        ("fast", (1, 2, 4, 8, 16)),
        (wh.Exponential(base=2, factor=3, cap=30, attempts=6), (2, 6, 18, 30, 30)),
        ([0.5, 60, 7], (0.5, 60, 7)),
        ([], ()),
    ],
    ids=["standard", "patient", "fast", "exponential", "list", "none"],
)
def test_a_schedule_is_what_it_says(client, endpoint, retry, waits):
    assert client.endpoints.update(endpoint, retry=retry).retry == waits


@pytest.mark.parametrize("name", RETRY_SCHEDULES)
def test_every_wait_varies_by_a_fifth_and_then_the_schedule_is_spent(name):
    waits = RETRY_SCHEDULES[name]
    for failures, wait in enumerate(waits, 1):
        drawn = [
            _core.next_attempt_at(schedule=waits, jitter=0.2, failures=failures, now=0)
            for _ in range(300)
        ]
        assert min(drawn) >= 800 * wait
        assert max(drawn) <= 1200 * wait
        assert max(drawn) - min(drawn) > 200 * wait  # Half of what there is.
    spent = _core.next_attempt_at(schedule=waits, jitter=0.2, failures=len(waits) + 1, now=0)
    assert spent is None


def test_a_failure_waits_for_its_schedule_and_the_last_one_is_dead(client, receiver):
    receiver.statuses = [500]
    client.endpoints.create(receiver.url, events=["a"], retry=[600], breaker=wh.Breaker(failures=0))
    client.endpoints.create(receiver.url, events=["b"], retry=[], breaker=wh.Breaker(failures=0))
    [waits] = client.send("a", {}).deliveries
    [spent] = client.send("b", {}).deliveries
    client.run_until_idle()
    waits, spent = client.deliveries.get(waits), client.deliveries.get(spent)
    assert (waits.state, waits.attempts) == ("pending", 1)
    left = waits.next_attempt_at - waits.updated_at
    assert timedelta(seconds=470) < left < timedelta(seconds=730)
    assert (spent.state, spent.attempts) == ("dead", 1)


def test_the_rate_limit_uses_no_attempt_up(client, receiver):
    client.endpoints.create(receiver.url, events=["*"], rate_limit="20/s", retry=[])
    messages = [client.send("a", number) for number in range(30)]
    client.run_until_idle(wait=20)
    for message in messages:
        [delivery] = message.deliveries
        assert (delivery.state, delivery.attempts) == ("delivered", 1)


def test_an_open_breaker_uses_no_attempt_up(client, receiver):
    receiver.statuses = [500]
    breaker = wh.Breaker(failures=2, open_for=3600)
    client.endpoints.create(receiver.url, events=["*"], ordering="fifo", retry=[], breaker=breaker)
    messages = [client.send("a", number) for number in range(5)]
    client.run_until_idle()
    told = [(delivery.state, delivery.attempts) for m in messages for delivery in m.deliveries]
    assert told == [("dead", 1)] * 2 + [("pending", 0)] * 3


def test_a_drain_uses_no_attempt_up(client, receiver):
    receiver.may_answer.clear()
    client.endpoints.create(receiver.url, events=["*"], retry=[])
    message = client.send("a", {})
    client.start()
    assert receiver.arrived.wait(20)
    client.stop(timeout=0)
    [delivery] = message.deliveries
    assert (delivery.state, delivery.attempts) == ("pending", 0)
    receiver.may_answer.set()
    client.run_until_idle()
    [delivery] = message.deliveries
    assert (delivery.state, delivery.attempts) == ("delivered", 1)
