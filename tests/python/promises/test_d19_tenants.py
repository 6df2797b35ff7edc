"""D19: endpoints, messages, keys and limits belong to a tenant; no other sees them.

Thoroughly: client/test_tenants.py, client/test_tenant_limits.py. Tokens come with the admin API.
"""

from __future__ import annotations

import pytest

import webhookcore as wh

from .conftest import ids


@pytest.fixture
def two(client, server):
    """For each of two tenants an endpoint of the same uid and a message of the same key."""
    made = {}
    for tenant in ("acme", "globex"):
        endpoint = client.endpoints.create(server.url, events=["*"], tenant=tenant, uid="main")
        message = client.send("a", {}, tenant=tenant, idempotency_key="same")
        made[tenant] = endpoint, message
    return made


def test_uids_and_idempotency_keys_are_each_tenants_own(client, two):
    endpoints, messages = zip(*two.values(), strict=True)
    assert len({endpoint.id for endpoint in endpoints}) == 2
    assert not any(message.duplicate for message in messages)


def test_listings_of_a_tenant_show_its_own_rows(client, two):
    for tenant, (endpoint, message) in two.items():
        assert [row.id for row in client.endpoints.list(tenant=tenant)] == [endpoint.id]
        assert [row.id for row in client.messages.list(tenant=tenant)] == [message.id]
        assert [row.message_id for row in client.deliveries.list(tenant=tenant)] == [message.id]
        assert client.metrics(tenant=tenant).deliveries == 1


def test_anothers_endpoint_is_as_little_there_as_one_that_never_was(client, two):
    endpoint, message = two["acme"]
    for reach in (
        lambda: client.endpoints.get(endpoint, tenant="globex"),
        lambda: client.endpoints.update(endpoint, tenant="globex", timeout=5),
        lambda: client.endpoints.rotate_secret(endpoint, tenant="globex"),
        lambda: client.endpoints.delete(endpoint, tenant="globex"),
        lambda: client.messages.get(message.id, tenant="globex"),
    ):
        with pytest.raises(wh.NotFoundError):
            reach()
    assert client.endpoints.get(endpoint, tenant="acme").timeout == 10


def test_a_limit_of_one_tenants_endpoint_holds_nobody_else_up(client, server, two):
    client.endpoints.update(two["acme"][0], rate_limit="1/h")
    for tenant in two:
        client.send_many([{"type": "a", "data": n, "tenant": tenant} for n in range(10)])
    client.run_until_idle()
    assert client.deliveries.count(tenant="globex")["delivered"] == 11
    assert client.deliveries.count(tenant="acme")["delivered"] == len(ids(server)) - 11 == 1


def test_limits_of_a_tenant_are_its_own(client, two):
    client.tenants.set_limits("acme", max_backlog=3, max_endpoints=1)
    client.send_many([{"type": "a", "data": n, "tenant": "acme"} for n in range(3)])
    with pytest.raises(wh.TenantLimitError) as refused:
        client.send("a", {}, tenant="acme")
    assert refused.value.limit == "max_backlog"
    with pytest.raises(wh.TenantLimitError) as refused:
        client.endpoints.create("http://127.0.0.1:8999/", events=["*"], tenant="acme")
    assert refused.value.limit == "max_endpoints"
    for _ in range(5):
        client.send("a", {}, tenant="globex")


def test_no_tenant_is_a_scope_of_its_own(client, server, two):
    client.endpoints.create(server.url, events=["*"])
    message = client.send("a", {})
    assert len(message.deliveries) == 1
    assert [row.id for row in client.messages.list(tenant=None)] == [message.id]
