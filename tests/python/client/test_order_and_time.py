"""Priorities, ``deliver_at``, ``expires_at`` and ``ordering="fifo"``, as a user sees them."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta, timezone

import pytest

import webhookcore as wh

IN_AN_HOUR = datetime.now(timezone.utc) + timedelta(hours=1)


def refused_field(job):
    with pytest.raises(wh.ConfigError) as refused:
        job()
    return refused.value.field


def received(receiver):
    return [json.loads(request.body)["data"] for request in receiver.requests]


@pytest.mark.parametrize("priority", ["urgent", "", None, 0, ["high"]])
def test_a_priority_is_high_normal_or_low(client, priority):
    assert refused_field(lambda: client.send("a", {}, priority=priority)) == "priority"


@pytest.mark.parametrize("field", ["deliver_at", "expires_at"])
@pytest.mark.parametrize(
    "moment",
    [
        datetime(2030, 1, 1),  # noqa: DTZ001
        "2030-01-01T00:00:00Z",
        60,
        -1,
        1_900_000_000_000,  # Milliseconds.
        float("nan"),
        float("inf"),
        True,
        timedelta(hours=1),
    ],
)
def test_a_time_is_an_aware_datetime_or_unix_seconds(client, field, moment):
    assert refused_field(lambda: client.send("a", {}, **{field: moment})) == field
    item = {"type": "a", "data": {}, field: moment}
    assert refused_field(lambda: client.send_many([item])) == f"messages[0].{field}"
    assert len(client.messages.list()) == 0


def test_what_expires_before_it_is_due_is_refused(client):
    for expires_at in (IN_AN_HOUR, IN_AN_HOUR - timedelta(seconds=1)):
        field = refused_field(
            lambda at=expires_at: client.send("a", {}, deliver_at=IN_AN_HOUR, expires_at=at)
        )
        assert field == "expires_at"


def test_a_datetime_and_its_unix_seconds_are_the_same_time(client, endpoint):
    east = IN_AN_HOUR.astimezone(timezone(timedelta(hours=5, minutes=30)))
    for moment in (IN_AN_HOUR, IN_AN_HOUR.timestamp(), east):
        message = client.send("a", {}, deliver_at=moment, expires_at=IN_AN_HOUR.timestamp() + 60)
        [delivery] = message.deliveries
        assert abs(delivery.next_attempt_at - IN_AN_HOUR) < timedelta(milliseconds=2)
        assert abs(delivery.expires_at - IN_AN_HOUR - timedelta(minutes=1)) < timedelta(
            milliseconds=2
        )


def test_a_message_with_a_deliver_at_is_not_sent_before(client, receiver):
    client.endpoints.create(receiver.url, events=["*"])
    client.send("a", "later", deliver_at=IN_AN_HOUR)
    client.send("a", "past", deliver_at=time.time() - 60)
    client.run_until_idle()
    assert received(receiver) == ["past"]


def test_what_has_expired_is_cancelled_and_never_sent(client, receiver):
    client.endpoints.create(receiver.url, events=["*"])
    message = client.send("a", {}, expires_at=time.time() - 1)
    counts = client.run_until_idle()
    [delivery] = message.deliveries
    assert (delivery.state, delivery.last_error, delivery.attempts) == ("cancelled", "expired", 0)
    assert counts.attempts == 0
    assert receiver.requests == []


def test_a_retry_that_would_come_too_late_is_cancelled_at_once(client, receiver):
    receiver.statuses = [500]
    client.endpoints.create(receiver.url, events=["*"], retry=[3600])
    message = client.send("a", {}, expires_at=time.time() + 600)
    client.run_until_idle()
    [delivery] = message.deliveries
    assert (delivery.state, delivery.last_error, delivery.attempts) == ("cancelled", "expired", 1)


def test_the_higher_priority_goes_first(tmp_path, policy, receiver):
    with wh.Client(f"sqlite:///{tmp_path}/one.db", policy=policy, concurrency=(1, 1)) as client:
        client.endpoints.create(receiver.url, events=["*"])
        for priority in ("low", "normal", "high"):
            message = client.send("a", priority, priority=priority)
            assert message.deliveries[0].priority == priority
        client.run_until_idle()
    assert received(receiver) == ["high", "normal", "low"]


def test_order_and_time_are_no_part_of_what_an_idempotency_key_compares(client, endpoint):
    first = client.send("a", {}, idempotency_key="k", priority="high", expires_at=IN_AN_HOUR)
    again = client.send("a", {}, idempotency_key="k", deliver_at=IN_AN_HOUR)
    assert again.duplicate
    assert again.id == first.id
    assert again.deliveries[0].priority == "high"


def test_items_of_a_batch_have_their_own_order_and_time(client, endpoint):
    first, second = client.send_many(
        [
            {"type": "a", "data": 1, "priority": "low", "deliver_at": IN_AN_HOUR},
            {"type": "a", "data": 2},
        ]
    )
    assert first.deliveries[0].priority == "low"
    assert first.deliveries[0].next_attempt_at > second.deliveries[0].next_attempt_at
    assert second.deliveries[0].expires_at is None


def test_an_ordered_endpoint_gets_its_messages_in_order_even_over_a_failure(client, receiver):
    receiver.statuses = [200, 500, 500, 200]
    endpoint = client.endpoints.create(
        receiver.url, events=["*"], ordering="fifo", retry=[0.05, 0.05, 0.05]
    )
    assert endpoint.ordering == "fifo"
    for number in range(20):
        client.send("a", number)
    client.run_until_idle(wait=20)
    assert received(receiver) == [0, 1, 1, 1, *range(2, 20)]


def test_a_line_stops_alone(client, receiver):
    receiver.statuses = [500]
    client.endpoints.create(receiver.url, events=["*"], ordering="fifo", retry=[3600])
    messages = [client.send("a", number) for number in range(3)]
    client.run_until_idle()
    assert received(receiver) == [0]
    receiver.statuses = [200]
    client.endpoints.create(receiver.url + "/other", events=["b"])
    client.send("b", "other")
    client.run_until_idle()
    # The line takes it too, at its end.
    assert received(receiver) == [0, "other"]
    client.deliveries.cancel(messages[0].deliveries[0])
    client.run_until_idle()
    assert received(receiver) == [0, "other", 1, 2, "other"]


def test_a_dead_letter_is_replayed_into_its_place_in_the_line(client, receiver):
    receiver.statuses = [400, 200]
    client.endpoints.create(receiver.url, events=["*"], ordering="fifo")
    dead = client.send("a", "first")
    client.run_until_idle()
    client.send("a", "second")
    client.dead_letters.replay(dead.deliveries[0])
    client.run_until_idle()
    assert received(receiver) == ["first", "first", "second"]


def test_ordering_can_be_switched_while_deliveries_wait(client, receiver):
    endpoint = client.endpoints.create(receiver.url, events=["*"], ordering="fifo")
    for number in range(5):
        client.send("a", number, deliver_at=IN_AN_HOUR if number == 0 else None)
    client.run_until_idle()
    assert received(receiver) == []
    assert client.endpoints.update(endpoint, ordering=None).ordering is None
    client.run_until_idle()
    assert sorted(received(receiver)) == [1, 2, 3, 4]


@pytest.mark.parametrize("ordering", ["lifo", "", 1, True, []])
def test_an_ordering_is_fifo_or_none(client, endpoint, ordering):
    job = client.endpoints.update
    assert refused_field(lambda: job(endpoint, ordering=ordering)) == "ordering"
