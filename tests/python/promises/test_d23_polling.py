"""D23: a consumer that cannot be called fetches its messages by a cursor.

Thoroughly: client/test_polling.py. This is the library's part; the HTTP endpoint and the event
stream over it belong to the admin API.
"""

from __future__ import annotations

import asyncio

import webhookcore as wh

URL = "https://example.com/hook"


def fetch_all(client, limit=100, **filters):
    cursor, found = None, []
    while True:
        batch = client.messages.poll(cursor=cursor, limit=limit, **filters)
        if not batch.messages:
            return found
        cursor = batch.cursor
        found += [message.id for message in batch.messages]


def test_from_a_cursor_on_every_message_comes_once_and_in_order(client):
    sent = [client.send("a", number).id for number in range(10)]
    assert fetch_all(client, limit=3) == sent
    batch = client.messages.poll(limit=4)
    later = client.send("a", "later")
    rest = client.messages.poll(cursor=batch.cursor)
    assert [message.id for message in rest.messages] == [*sent[4:], later.id]


def test_the_cursor_outlives_the_process_of_the_consumer(store):
    with wh.Client(store) as client:
        first = client.send("a", {})
        cursor = client.messages.poll().cursor
        second = client.send("a", {})
    with wh.Client(store) as client:
        batch = client.messages.poll(cursor=cursor)
        assert [message.id for message in batch.messages] == [second.id] != [first.id]


def test_a_tenant_and_an_endpoint_are_polled_for_their_own(client):
    endpoint = client.endpoints.create(URL, events=["order.*"], tenant="acme")
    client.endpoints.disable(endpoint)
    wanted = client.send("order.created", {}, tenant="acme")
    other = client.send("user.created", {}, tenant="acme")
    client.send("order.created", {}, tenant="globex")
    assert fetch_all(client, endpoint=endpoint) == [wanted.id]
    assert fetch_all(client, tenant="acme") == [wanted.id, other.id]


def test_it_can_be_awaited(store):
    async def story():
        async with wh.AsyncClient(store) as client:
            sent = await client.send("a", {"id": 7})
            batch = await client.messages.poll()
            assert [message.id for message in batch.messages] == [sent.id]

    asyncio.run(story())
