"""D14: dead letters are listed, replayed one by one or many at once, deleted; nothing twice."""

from __future__ import annotations

import itertools
import time
from datetime import datetime, timedelta, timezone

import pytest

import webhookcore as wh
from support.waiting import wait_until

URL = "https://example.com/hook"


@pytest.fixture
def broken(client):
    """An endpoint whose deliveries all die at their first attempt: JSON cannot be signed so."""
    return client.endpoints.create(URL, events=["*"], schemes=["twilio"])


def die(client, count=1, type="order.created", **options):
    """Dead letters, oldest first."""
    sent = [client.send(type, {"n": n}, **options) for n in range(count)]
    client.run_until_idle()
    # As they are now, not as they were when they were sent.
    letters = [delivery for message in sent for delivery in message.deliveries]
    assert {letter.state for letter in letters} == {"dead"}
    return letters


def states(client):
    return {state: count for state, count in client.deliveries.count().items() if count}


def test_dead_letters_are_listed_by_every_filter_and_a_cursor(client, broken):
    first = die(client, 2, type="order.created")
    moment = first[-1].updated_at + timedelta(milliseconds=1)
    wait_until(lambda: datetime.now(timezone.utc) > moment, "a later millisecond")
    second = die(client, 1, type="user.created")
    newest_first = [letter.id for letter in reversed([*first, *second])]
    letters = client.dead_letters

    assert [letter.id for letter in letters.list()] == newest_first
    assert len(letters.list(type="user.created")) == 1
    assert len(letters.list(endpoint=broken)) == 3
    assert len(letters.list(endpoint="ep_other")) == 0
    assert len(letters.list(tenant="acme")) == 0
    assert len(letters.list(tenant=None)) == 3
    assert len(letters.list(error=first[0].last_error)) == 3
    assert len(letters.list(error="timeout")) == 0
    assert [letter.id for letter in letters.list(since=moment)] == [second[0].id]
    assert len(letters.list(until=moment.timestamp())) == 2
    page = letters.list(limit=2)
    assert len(page) == 2
    assert [letter.id for letter in letters.list(cursor=page.cursor)] == newest_first[2:]


def test_a_dead_letter_is_shown_and_anything_else_is_not_found(client, broken):
    [letter] = die(client)
    assert client.dead_letters.get(letter.id).last_error == letter.last_error
    client.dead_letters.replay(letter)
    with pytest.raises(wh.NotFoundError, match="pending"):
        client.dead_letters.get(letter)


def test_replay_keeps_the_message_id_gets_a_fresh_budget_and_remembers_what_came_of_it(
    client, receiver
):
    client.endpoints.create(receiver.url, events=["*"], retry=[])
    receiver.statuses[:] = [500]
    [letter] = die(client)
    assert letter.replayed_at is None
    assert letter.replay_outcome is None

    receiver.statuses[:] = [200]
    replayed = client.dead_letters.replay(letter)
    assert (replayed.state, replayed.replay_outcome) == ("pending", None)
    client.run_until_idle()
    ended = client.deliveries.get(letter)
    assert (ended.state, ended.replay_outcome, ended.attempts) == ("delivered", "delivered", 2)
    assert ended.replayed_at == replayed.replayed_at
    assert [attempt.trigger for attempt in client.deliveries.attempts(letter)] == ["send", "replay"]
    ids = [request.headers["webhook-id"] for request in receiver.requests]
    assert ids == [letter.message_id] * 2


def test_what_was_replayed_and_delivered_is_replayed_by_force_alone(client, receiver):
    client.endpoints.create(receiver.url, events=["*"], retry=[])
    receiver.statuses[:] = [500, 200, 500]
    [letter] = die(client)
    client.dead_letters.replay(letter)
    client.run_until_idle()
    with pytest.raises(wh.AlreadyDeliveredError):
        client.dead_letters.replay(letter)
    client.dead_letters.replay(letter, force=True)
    client.run_until_idle()
    # Dead again, and still something that its receiver has had.
    assert client.dead_letters.get(letter).replay_outcome == "dead"
    with pytest.raises(wh.AlreadyDeliveredError):
        client.dead_letters.replay(letter)
    assert client.dead_letters.replay_many(dry_run=True) == 0
    assert client.dead_letters.replay_many() == 0
    assert client.dead_letters.replay(letter, force=True).state == "pending"


def test_many_are_counted_first_then_put_back_by_the_same_filter(client, broken):
    die(client, 3, type="order.created")
    die(client, 2, type="user.created")
    assert client.dead_letters.replay_many(type="order.created", dry_run=True) == 3
    assert states(client) == {"dead": 5}
    assert client.dead_letters.replay_many(type="order.created") == 3
    assert states(client) == {"dead": 2, "pending": 3}
    assert client.dead_letters.replay_many(type="order.created") == 0


def test_a_limit_takes_the_oldest(client, broken):
    letters = die(client, 5)
    assert client.dead_letters.replay_many(limit=2, dry_run=True) == 2
    assert client.dead_letters.replay_many(limit=2) == 2
    waiting = {delivery.id for delivery in client.deliveries.list(state="pending")}
    assert waiting == {letters[0].id, letters[1].id}


def test_a_rate_spreads_what_is_put_back(client, broken):
    letters = die(client, 5)
    assert client.dead_letters.replay_many(rate="10/s") == 5
    due = [client.deliveries.get(letter).next_attempt_at for letter in letters]
    apart = [after - before for before, after in itertools.pairwise(due)]
    assert apart == [timedelta(milliseconds=100)] * 4


def test_a_rate_is_kept_when_the_endpoint_is_disabled_and_enabled_again(client, broken):
    client.endpoints.disable(broken)
    client.endpoints.enable(broken)
    letters = die(client, 3)
    client.endpoints.disable(broken)
    assert client.dead_letters.replay_many(rate="1/h") == 3
    enabled = datetime.now(timezone.utc)
    client.endpoints.enable(broken)
    first, *later = [client.deliveries.get(letter).next_attempt_at for letter in letters]
    assert first >= enabled - timedelta(milliseconds=1)
    assert [at - first for at in later] == [timedelta(hours=1), timedelta(hours=2)]


def test_letters_of_a_deleted_endpoint_are_left_alone(client, broken):
    die(client, 2)
    client.endpoints.delete(broken)
    assert client.dead_letters.replay_many(dry_run=True) == 0
    assert client.dead_letters.replay_many() == 0
    assert states(client) == {"dead": 2}


def test_a_replay_leaves_a_record_of_what_it_was_asked_for_and_did(client, broken):
    die(client, 3)
    since = datetime(2026, 1, 1, tzinfo=timezone.utc)
    client.dead_letters.replay_many(endpoint=broken, tenant=None, since=since, rate="600/m")
    [job] = client.dead_letters.jobs()
    assert (job.state, job.matched, job.replayed, job.missed) == ("done", 3, 3, 0)
    assert job.rate == 10.0
    assert job.filters == {"endpoint": broken.id, "tenant": None, "since": since}
    assert client.dead_letters.get_job(job.id) == job
    assert client.dead_letters.get_job(job) == job
    assert list(client.dead_letters.jobs(state="running")) == []
    for unknown in ("rpl_99", "99", "rpl_" + "9" * 19):
        with pytest.raises(wh.NotFoundError):
            client.dead_letters.get_job(unknown)


def test_a_replay_that_an_error_ended_is_resumed_and_repeats_nothing(client, broken, monkeypatch):
    die(client, 6)
    monkeypatch.setattr("webhookcore.client.dead_letters._BATCH", 2)
    calls = []

    def stop_after_two() -> int:
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return round(time.time() * 1000)

    with monkeypatch.context() as patch:
        patch.setattr("webhookcore.client.dead_letters.now_ms", stop_after_two)
        with pytest.raises(KeyboardInterrupt):
            client.dead_letters.replay_many()
    [job] = client.dead_letters.jobs(state="running")
    assert (job.matched, job.replayed) == (6, 4)
    assert client.dead_letters.resume() == 2
    assert client.dead_letters.get_job(job).state == "done"
    assert states(client) == {"pending": 6}
    assert client.dead_letters.resume() == 0


def test_delete_one_and_delete_many(client, broken):
    letters = die(client, 3, type="order.created")
    kept = die(client, 1, type="user.created")
    client.dead_letters.delete(letters[0])
    with pytest.raises(wh.NotFoundError):
        client.deliveries.get(letters[0])
    assert client.dead_letters.delete_many(type="order.created", dry_run=True) == 2
    assert states(client) == {"dead": 3}
    assert client.dead_letters.delete_many(type="order.created") == 2
    assert [letter.id for letter in client.dead_letters.list()] == [kept[0].id]
    client.dead_letters.replay(kept[0])
    assert client.dead_letters.delete_many() == 0
    with pytest.raises(wh.IdempotencyConflictError):
        client.dead_letters.delete(kept[0])


def test_a_repeated_message_shows_the_deliveries_that_are_left(client, broken):
    [letter] = die(client, idempotency_key="once")
    client.dead_letters.delete(letter)
    assert client.send("order.created", {"n": 0}, idempotency_key="once").deliveries == []


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"rate": "fast"}, "rate"),
        ({"rate": 50}, "rate"),
        ({"limit": 0}, "limit"),
        ({"since": "yesterday"}, "since"),
        ({"since": datetime(2026, 1, 1)}, "since"),  # noqa: DTZ001  # That is the mistake.
        ({"until": float("nan")}, "until"),
        ({"until": -1}, "until"),
        ({"error": ""}, "error"),
        ({"type": 7}, "type"),
    ],
)
def test_a_wrong_option_is_named(client, options, field):
    with pytest.raises(wh.ConfigError) as refused:
        client.dead_letters.replay_many(**options)
    assert refused.value.field == field
    assert list(client.dead_letters.jobs()) == []


# ---- recover -------------------------------------------------------------------------


def test_recover_puts_back_what_died_and_sends_what_was_sent_while_it_was_disabled(
    client, receiver
):
    endpoint = client.endpoints.create(receiver.url, events=["order.*"], retry=[])
    receiver.statuses[:] = [200]
    client.send("order.created", {"before": True})
    client.run_until_idle()
    since = datetime.now(timezone.utc)
    receiver.statuses[:] = [500]
    [dead] = die(client)
    client.endpoints.disable(endpoint)
    missed = [client.send("order.created", {"n": n}) for n in range(3)]
    client.send("user.created", {})  # Not for this endpoint.
    client.send("order.created", {}, tenant="acme")  # Nor this.
    client.endpoints.enable(endpoint)
    receiver.statuses[:] = [200]

    assert client.recover(endpoint, since, dry_run=True) == 4
    assert client.recover(endpoint, since) == 4
    client.run_until_idle()
    ids = [request.headers["webhook-id"] for request in receiver.requests][2:]
    assert sorted(ids) == sorted([dead.message_id, *(message.id for message in missed)])
    late = client.messages.get(missed[0].id).deliveries
    assert [(delivery.state, delivery.endpoint_id) for delivery in late] == [
        ("delivered", endpoint.id)
    ]
    assert client.recover(endpoint, since) == 0
    assert client.send("order.created", {}).deliveries[0].state == "pending"


def test_recover_leaves_alone_what_died_or_was_sent_before(client, broken):
    die(client)
    client.endpoints.disable(broken)
    client.send("order.created", {})
    client.endpoints.enable(broken)
    assert client.endpoints.recover(broken, time.time() + 60) == 0
    assert states(client) == {"dead": 1}
    assert client.endpoints.recover(broken, time.time() - 60) == 2


def test_recover_of_a_disabled_endpoint_waits_until_it_is_enabled(client, receiver):
    endpoint = client.endpoints.create(receiver.url, events=["*"])
    since = time.time()
    client.endpoints.disable(endpoint)
    client.send("order.created", {})
    assert client.recover(endpoint, since, rate="5/s") == 1
    client.run_until_idle()
    assert receiver.requests == []
    client.endpoints.enable(endpoint)
    client.run_until_idle(wait=1)
    assert len(receiver.requests) == 1


def test_recover_of_an_endpoint_that_is_not_there_is_not_found(client):
    with pytest.raises(wh.NotFoundError):
        client.recover("ep_nothing", time.time())
    with pytest.raises(wh.ConfigError, match="since"):
        client.recover(client.endpoints.create(URL, events=["*"]), "today")
