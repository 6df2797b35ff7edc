"""D14: deliveries that were given up are found, shown, put back once, and deleted.

Thoroughly: client/test_dead_letters.py, faults/test_replay_kill.py, cli/test_store_commands.py.
"""

from __future__ import annotations

import itertools
import time
from datetime import datetime, timedelta, timezone

import pytest

import webhookcore as wh

from .conftest import ids


def die(client, server, count=1, type="order.created", **options):
    """Dead letters, oldest first, of an endpoint that refuses everything."""
    server.answer(404)
    sent = [client.send(type, {"n": n}, **options) for n in range(count)]
    client.run_until_idle()
    letters = [row for message in sent for row in message.deliveries]
    assert {letter.state for letter in letters} == {"dead"}
    return letters


@pytest.fixture
def endpoint(client, server):
    return client.endpoints.create(server.url, events=["*"], retry=[0.01])


def test_they_are_listed_by_filters_and_cursor_and_shown(client, server, endpoint):
    letters = die(client, server, 3)
    other = die(client, server, type="user.created")
    newest_first = [letter.id for letter in reversed([*letters, *other])]
    assert [letter.id for letter in client.dead_letters.list()] == newest_first
    assert [row.id for row in client.dead_letters.list(type="user.created")] == [other[0].id]
    assert len(client.dead_letters.list(endpoint=endpoint, error="permanent")) == 4
    assert len(client.dead_letters.list(tenant="acme")) == 0
    page = client.dead_letters.list(limit=3)
    assert [row.id for row in page] == newest_first[:3]
    assert [row.id for row in client.dead_letters.list(cursor=page.cursor)] == newest_first[3:]
    assert client.dead_letters.get(letters[0]).last_status == 404


@pytest.mark.usefixtures("endpoint")
def test_a_replay_keeps_the_message_id_and_gets_a_fresh_attempt_budget(client, server):
    [letter] = die(client, server)
    server.answer(500, 200)
    replayed = client.dead_letters.replay(letter)
    client.run_until_idle(wait=5)
    ended = client.deliveries.get(letter)
    assert (ended.state, ended.replay_outcome) == ("delivered", "delivered")
    assert ended.replayed_at == replayed.replayed_at
    triggers = [attempt.trigger for attempt in client.deliveries.attempts(letter)]
    assert triggers == ["send", "replay", "retry"]
    assert ids(server) == [letter.message_id] * 3


@pytest.mark.usefixtures("endpoint")
def test_what_was_replayed_and_delivered_is_refused_unless_forced(client, server):
    [letter] = die(client, server)
    server.answer(200)
    client.dead_letters.replay(letter)
    client.run_until_idle()
    with pytest.raises(wh.AlreadyDeliveredError):
        client.dead_letters.replay(letter)
    client.dead_letters.replay(letter, force=True)
    client.run_until_idle()
    assert ids(server) == [letter.message_id] * 3


@pytest.mark.usefixtures("endpoint")
def test_many_are_counted_first_and_then_replayed_at_a_rate(client, server):
    letters = die(client, server, 4)
    die(client, server, 2, type="user.created")
    assert client.dead_letters.replay_many(type="order.created", dry_run=True) == 4
    assert client.deliveries.count()["dead"] == 6
    assert client.dead_letters.replay_many(type="order.created", rate="10/s") == 4
    due = [client.deliveries.get(letter).next_attempt_at for letter in letters]
    apart = [after - before for before, after in itertools.pairwise(due)]
    assert apart == [timedelta(milliseconds=100)] * 3


@pytest.mark.usefixtures("endpoint")
def test_they_are_deleted_for_good(client, server):
    letters = die(client, server, 3)
    client.dead_letters.delete(letters[0])
    with pytest.raises(wh.NotFoundError):
        client.dead_letters.get(letters[0])
    assert len(client.dead_letters.list()) == 2


def test_recover_makes_up_for_an_outage(client, server, endpoint):
    begun = datetime.now(timezone.utc)
    [dead] = die(client, server)
    client.endpoints.disable(endpoint)
    missed = client.send("order.created", {"n": "while disabled"})
    assert missed.deliveries == []
    server.answer(200)
    client.endpoints.enable(endpoint)
    assert client.recover(endpoint, begun, dry_run=True) == 2
    assert client.recover(endpoint, begun) == 2
    client.run_until_idle()
    assert sorted(ids(server)[1:]) == sorted([dead.message_id, missed.id])
    assert client.recover(endpoint, begun) == 0
    assert client.recover(endpoint, time.time() + 60) == 0
