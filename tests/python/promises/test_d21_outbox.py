"""D21: a message is sent inside the caller's own transaction; rolled back means never sent.

Thoroughly: client/test_outbox.py (SQLAlchemy, Django, kills of the relay).
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing

import pytest

from support.waiting import wait_until

from .conftest import ids


@pytest.fixture
def connect(tmp_path):
    return lambda: sqlite3.connect(tmp_path / "shop.db")


@pytest.fixture
def shop(client, connect):
    with closing(connect()) as connection:
        connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
        client.outbox(connection).create_table()
        connection.commit()
        yield connection


def order(client, shop, number):
    shop.execute("INSERT INTO orders VALUES (?)", (number,))
    return client.outbox(shop).send("order.created", {"id": number})


def test_committed_is_sent_and_rolled_back_never(client, server, shop, connect):
    client.endpoints.create(server.url, events=["*"])
    order(client, shop, 7)
    shop.rollback()
    sent = order(client, shop, 8)
    shop.commit()
    assert client.relay(connect).relay_once().moved == 1
    client.run_until_idle()
    assert ids(server) == [sent.id]


def test_nobody_sees_it_before_the_commit(client, shop, connect):
    relay = client.relay(connect)
    order(client, shop, 7)
    assert relay.relay_once().moved == 0
    shop.commit()
    assert relay.relay_once().moved == 1


def test_an_exception_in_the_callers_transaction_takes_the_message_along(client, shop, connect):
    def order_twice():
        with shop:
            order(client, shop, 7)
            order(client, shop, 7)

    with pytest.raises(sqlite3.IntegrityError):
        order_twice()
    assert client.relay(connect).relay_once().moved == 0
    assert client.messages.list() == []


def test_two_relays_at_once_send_nothing_twice(client, shop, connect):
    sent = {order(client, shop, number).id for number in range(50)}
    shop.commit()
    relays = [threading.Thread(target=client.relay(connect).relay_once) for _ in range(2)]
    for relay in relays:
        relay.start()
    for relay in relays:
        relay.join(30)
    wait_until(lambda: len(client.messages.list(limit=100)) == 50, "all of them")
    assert {message.id for message in client.messages.list(limit=100)} == sent
