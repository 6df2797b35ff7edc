"""D19: no tenant sees, changes or replays what is another's."""

from __future__ import annotations

import pytest

import webhookcore as wh
from client.conftest import URL

TENANTS = ("acme", "globex", None)


@pytest.fixture
def rows(client, receiver):
    """For each tenant an endpoint, a message and a dead delivery."""
    receiver.statuses = [404]
    made = {}
    for tenant in TENANTS:
        endpoint = client.endpoints.create(
            receiver.url, events=["*"], tenant=tenant, uid="main", retry=[]
        )
        message = client.send("a", {"of": tenant}, tenant=tenant, idempotency_key="same")
        made[tenant] = (endpoint, message)
    client.run_until_idle()
    return made


def test_no_listing_of_one_tenant_shows_anothers_rows(client, rows):
    for tenant in TENANTS:
        endpoint, message = rows[tenant]
        assert [row.id for row in client.endpoints.list(tenant=tenant)] == [endpoint.id]
        assert [row.id for row in client.messages.list(tenant=tenant)] == [message.id]
        assert [row.id for row in client.messages.poll(tenant=tenant).messages] == [message.id]
        assert {row.message_id for row in client.deliveries.list(tenant=tenant)} == {message.id}
        assert {row.message_id for row in client.dead_letters.list(tenant=tenant)} == {message.id}
        assert client.deliveries.count(tenant=tenant)["dead"] == 1
        assert client.metrics(tenant=tenant).deliveries == 1
        assert client.dead_letters.replay_many(tenant=tenant, dry_run=True) == 1


def test_without_a_tenant_a_listing_shows_all(client, rows):
    assert len(client.endpoints.list()) == len(client.messages.list()) == 3
    assert len(client.deliveries.list()) == len(client.dead_letters.list()) == 3


def test_idempotency_keys_and_uids_are_each_tenants_own(rows):
    assert len({endpoint.id for endpoint, _ in rows.values()}) == 3
    assert len({message.id for _, message in rows.values()}) == 3


def test_anothers_row_is_as_little_there_as_one_that_never_was(client, rows):
    endpoint, message = rows["acme"]
    [delivery] = message.deliveries
    before = client.endpoints.get(endpoint.id)
    calls = [
        lambda tenant: client.endpoints.get(endpoint, tenant=tenant),
        lambda tenant: client.endpoints.update(endpoint, description="x", tenant=tenant),
        lambda tenant: client.endpoints.enable(endpoint, tenant=tenant),
        lambda tenant: client.endpoints.disable(endpoint, tenant=tenant),
        lambda tenant: client.endpoints.rotate_secret(endpoint, tenant=tenant),
        lambda tenant: client.endpoints.test(endpoint, tenant=tenant),
        lambda tenant: client.endpoints.delete(endpoint, tenant=tenant),
        lambda tenant: client.messages.get(message, tenant=tenant),
        lambda tenant: client.messages.poll(endpoint, tenant=tenant),
        lambda tenant: client.deliveries.get(delivery, tenant=tenant),
        lambda tenant: client.deliveries.attempts(delivery, tenant=tenant),
        lambda tenant: client.deliveries.replay(delivery, tenant=tenant),
        lambda tenant: client.deliveries.cancel(delivery, tenant=tenant),
        lambda tenant: client.dead_letters.replay(delivery, tenant=tenant),
        lambda tenant: client.dead_letters.delete(delivery, tenant=tenant),
    ]
    for call in calls:
        for tenant in ("globex", None, ""):
            with pytest.raises((wh.NotFoundError, wh.ConfigError)) as refused:
                call(tenant)
            assert isinstance(refused.value, wh.ConfigError) == (tenant == "")
    assert client.endpoints.get(endpoint.id) == before
    assert client.deliveries.get(delivery.id).state == "dead"


def test_ones_own_rows_are_there(client, rows):
    endpoint, message = rows["acme"]
    [delivery] = message.deliveries
    assert client.endpoints.get(endpoint, tenant="acme").id == endpoint.id
    assert client.messages.get(message, tenant="acme").id == message.id
    assert client.deliveries.replay(delivery, tenant="acme").state == "pending"
    client.endpoints.delete(endpoint, tenant="acme")
    assert client.endpoints.list(tenant="acme") == []
    nobodys, _ = rows[None]
    assert client.endpoints.get(nobodys, tenant=None).id == nobodys.id


def test_a_tenant_named_like_nothing_is_no_scope_at_all(client):
    client.endpoints.create(URL, events=["*"], tenant="t")
    assert client.send("a", {}, tenant="tt").deliveries == []
    assert client.endpoints.list(tenant="tt") == []
