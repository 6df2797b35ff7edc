"""D8: when a failed attempt is made again, and which attempts count.

Thoroughly: client/test_retry_rules.py, faults/test_connection_faults.py (Retry-After),
tests/cpp/core/retry_policy_test.cpp.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

import webhookcore as wh
from webhookcore.testing import Answer

from .conftest import DELIVER, ids

URL = "https://example.com/hook"
HOURS = (2, 5, 10, 14, 20, 24)


@pytest.mark.parametrize(
    ("retry", "waits"),
    [
        ("standard", (5, 300, 1800, *(3600 * hours for hours in HOURS))),
        ("patient", (60, 300, 1800, 7200, 28800)),
        ("fast", (1, 2, 4, 8, 16)),
        (wh.Exponential(base=2, factor=3, cap=30, attempts=6), (2, 6, 18, 30, 30)),
        ([1, 2.5, 7], (1, 2.5, 7)),
    ],
    ids=["standard", "patient", "fast", "exponential", "list"],
)
def test_a_schedule_is_a_name_an_exponential_or_a_list(client, retry, waits):
    assert client.endpoints.create(URL, events=["*"], retry=retry).retry == waits


def test_standard_is_about_three_days(client):
    waits = client.endpoints.create(URL, events=["*"]).retry
    assert timedelta(days=3) < timedelta(seconds=sum(waits)) < timedelta(days=3.2)


def waits_after_one_failure(client, server, answer, retry, count=60):
    """How long each of many messages has to wait, in seconds."""
    server.answer(answer)
    client.endpoints.create(server.url, events=["*"], retry=[retry], breaker=wh.Breaker(0))
    messages = client.send_many([{"type": "a", "data": number} for number in range(count)])
    client.run_until_idle()
    rows = [row for message in messages for row in message.deliveries]
    return [(row.next_attempt_at - row.updated_at).total_seconds() for row in rows]


def test_jitter_is_a_fifth_either_way(client, server):
    waits = waits_after_one_failure(client, server, Answer(500), 1000)
    # A record may be written a little after the end of its attempt.
    assert 795 < min(waits) < 900
    assert 1100 < max(waits) <= 1200


@pytest.mark.parametrize(
    ("asked", "least", "most"), [(30, 80, 120), (7200, 7190, 7200), (10**6, 86390, 86400)]
)
def test_retry_after_is_honoured_between_the_schedule_and_a_day(client, server, asked, least, most):
    [wait] = waits_after_one_failure(client, server, Answer.rate_limited(asked), 100, count=1)
    assert least - 10 < wait <= most


def test_each_failure_takes_the_next_wait_and_then_it_is_dead(store, policy, server, clock):
    server.answer(500)
    with wh.Client(store, policy=policy) as client:
        client.endpoints.create(server.url, events=["*"], retry=[60, 600])
        message = client.send("a", {})
        client.run_until_idle()
        for later, attempts in ((10, 1), (120, 2), (400, 2), (1500, 3)):
            clock.run(DELIVER, store, later=later)
            assert len(server.requests) == attempts
        [delivery] = message.deliveries
        assert (client.deliveries.get(delivery).state, set(ids(server))) == ("dead", {message.id})


def test_what_a_rate_limit_or_a_breaker_puts_off_counts_as_no_attempt(client, server):
    server.answer(500)
    breaker = wh.Breaker(failures=2)
    client.endpoints.create(server.url, events=["a"], ordering="fifo", breaker=breaker, retry=[])
    client.endpoints.create(URL, events=["b"], rate_limit="1/h", schemes=["twilio"])
    messages = [client.send("a", number) for number in range(6)]
    client.run_until_idle()
    rows = [row for message in messages for row in message.deliveries]
    assert [(row.state, row.attempts) for row in rows] == [("dead", 1)] * 2 + [("pending", 0)] * 4
