"""D23: consumers that cannot be called fetch their messages."""

from __future__ import annotations

import threading
import time

import pytest

import webhookcore as wh
from client.conftest import URL


def drain(client, limit=100, **filters):
    cursor, ids = None, []
    while True:
        batch = client.messages.poll(cursor=cursor, limit=limit, **filters)
        cursor = batch.cursor
        if not batch.messages:
            return ids
        ids += [message.id for message in batch.messages]


def test_a_consumer_sees_every_message_once_and_in_order(client):
    sent = [client.send("a", {"n": n}).id for n in range(25)]
    assert drain(client, limit=7) == sent
    first = client.messages.poll(limit=3)
    assert [message.id for message in first.messages] == sent[:3]
    assert b'"n":0' in first.messages[0].body


def test_nothing_is_missed_and_nothing_seen_twice_while_others_send(client):
    sent, seen = [], []

    def send(name):
        sent.extend(client.send("a", {"by": name, "n": n}).id for n in range(60))

    threads = [threading.Thread(target=send, args=(name,)) for name in "wxyz"]
    for thread in threads:
        thread.start()
    cursor = None
    while len(seen) < 240:
        batch = client.messages.poll(cursor=cursor, limit=10)
        seen += [message.id for message in batch.messages]
        cursor = batch.cursor
    for thread in threads:
        thread.join()
    assert len(seen) == len(set(seen)) == 240
    assert set(seen) == set(sent)
    assert client.messages.poll(cursor=cursor).messages == []


def test_an_endpoint_is_polled_for_what_it_subscribes_to_also_while_it_is_disabled(client):
    endpoint = client.endpoints.create(URL, events=["order.*"], channels=["eu"], tenant="acme")
    client.endpoints.disable(endpoint)
    wanted = client.send("order.created", {}, tenant="acme", channels=["eu"])
    client.send("order.created", {}, tenant="acme")
    client.send("user.created", {}, tenant="acme", channels=["eu"])
    client.send("order.created", {}, channels=["eu"])
    assert drain(client, endpoint=endpoint) == [wanted.id]
    assert wanted.deliveries == []


def test_a_tenant_is_polled_for_its_own_messages(client):
    mine = client.send("a", {}, tenant="acme")
    nobodys = client.send("a", {})
    assert drain(client, tenant="acme") == [mine.id]
    assert drain(client, tenant=None) == [nobodys.id]
    assert drain(client) == [mine.id, nobodys.id]


def test_one_message_is_found_behind_ten_thousand_of_others(client):
    client.send_many({"type": "a", "data": n, "tenant": "other"} for n in range(10_001))
    mine = client.send("a", {}, tenant="acme")
    batch = client.messages.poll(tenant="acme")
    assert [message.id for message in batch.messages] == [mine.id]


def test_a_cursor_passes_what_did_not_match(client):
    client.send("a", {}, tenant="other")
    at = client.messages.poll(tenant="acme").cursor
    assert at == client.messages.poll().cursor


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"cursor": "7"}, "cursor"),
        ({"cursor": "pos_99999999999999999999"}, "cursor"),
        ({"cursor": 7}, "cursor"),
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"tenant": 7}, "tenant"),
    ],
)
def test_what_no_poll_gave_is_refused(client, arguments, field):
    with pytest.raises(wh.ConfigError) as refused:
        client.messages.poll(**arguments)
    assert refused.value.field == field


def test_an_endpoint_that_is_not_there_cannot_be_polled(client):
    with pytest.raises(wh.NotFoundError):
        client.messages.poll("ep_1")


def test_a_message_is_polled_whatever_its_attempts_wait_for(client, endpoint):
    later = client.send("a", {}, deliver_at=time.time() + 3600, expires_at=time.time() + 7200)
    assert drain(client) == drain(client, endpoint=endpoint) == [later.id]
