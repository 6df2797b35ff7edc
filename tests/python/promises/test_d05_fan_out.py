"""D5: one message is one delivery for each subscribed endpoint of its tenant.

Thoroughly: client/test_sending.py, client/test_channels.py, client/test_tenants.py.
"""

from __future__ import annotations

from webhookcore.testing import WebhookServer

from .conftest import ids


def test_every_subscribed_endpoint_of_the_tenant_gets_it_once_and_no_other(client, server):
    with WebhookServer() as second, WebhookServer() as others:
        client.endpoints.create(server.url, events=["order.*"], tenant="acme")
        client.endpoints.create(second.url, events=["user.*", "order.created"], tenant="acme")
        client.endpoints.create(others.url, events=["user.*"], tenant="acme")
        client.endpoints.create(others.url, events=["*"], tenant="globex")
        client.endpoints.create(others.url, events=["*"])
        message = client.send("order.created", {"id": 7}, tenant="acme")
        assert len(message.deliveries) == 2
        assert client.run_until_idle().delivered == 2
        assert ids(server) == ids(second) == [message.id]
        assert others.requests == []


def test_a_message_that_nobody_wants_is_stored_without_deliveries(client):
    message = client.send("order.created", {"id": 7})
    assert message.deliveries == []
    assert client.messages.get(message.id).type == "order.created"


def test_one_endpoints_failure_is_no_others(client, server):
    with WebhookServer(500) as failing:
        client.endpoints.create(server.url, events=["*"])
        client.endpoints.create(failing.url, events=["*"], retry=[])
        message = client.send("order.created", {"id": 7})
        client.run_until_idle()
        assert sorted(row.state for row in message.deliveries) == ["dead", "delivered"]
