"""D13: the same key and tenant within 24 h is the first message; with other content, an error.

Thoroughly: client/test_sending.py, client/test_tenants.py, tests/cpp/store (every store).
"""

from __future__ import annotations

import pytest

import webhookcore as wh

from .conftest import DAY

SEND = """
import sys, webhookcore as wh
with wh.Client(sys.argv[1]) as client:
    message = client.send("order.created", {"id": int(sys.argv[2])}, idempotency_key="order-7")
    print(message.id, message.duplicate)
"""


def send(client, data=7, **options):
    return client.send("order.created", {"id": data}, idempotency_key="order-7", **options)


def test_the_same_key_returns_the_first_message_and_stores_nothing(client):
    first = send(client)
    again = send(client)
    assert (first.duplicate, again.duplicate, again.id) == (False, True, first.id)
    assert len(client.messages.list()) == 1


def test_the_same_key_of_another_tenant_is_another_message(client):
    assert send(client, tenant="acme").id != send(client, tenant="globex").id


@pytest.mark.parametrize(
    "other", [{"type": "order.paid", "data": {"id": 7}}, {"type": "order.created", "data": {}}]
)
def test_the_same_key_with_other_content_is_a_clear_error(client, other):
    first = send(client)
    with pytest.raises(wh.IdempotencyConflictError, match="used for another message") as refused:
        client.send(**other, idempotency_key="order-7")
    assert isinstance(refused.value, wh.WebhookError)
    assert [message.id for message in client.messages.list()] == [first.id]


def test_a_day_later_the_same_key_is_a_new_message(store, clock):
    first, _ = clock.run(SEND, store, 7).split()
    assert clock.run(SEND, store, 7, later=DAY - 60).split() == [first, "True"]
    later, duplicate = clock.run(SEND, store, 7, later=DAY + 60).split()
    assert duplicate == "False"
    assert later != first


def test_a_day_later_other_content_is_no_conflict(store, clock):
    clock.run(SEND, store, 7)
    assert clock.run(SEND, store, 8, later=DAY + 60).split()[1] == "False"
