"""D19: one tenant can neither fill the store nor crowd out the others."""

from __future__ import annotations

import asyncio
import pickle
import sqlite3
import threading

import pytest

import webhookcore as wh
from client.conftest import URL
from webhookcore.client.backlog import Patience


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/webhooks.db"


def test_a_tenant_with_a_full_backlog_is_refused_by_name_and_others_are_not(client):
    for tenant in ("acme", "globex"):
        client.endpoints.create(URL, events=["*"], tenant=tenant)
    client.tenants.set_limits("acme", max_backlog=2)
    for number in range(2):
        client.send("a.b", number, tenant="acme")
    with pytest.raises(wh.StoreFullError, match=r"tenant 'acme'.*max_backlog") as refused:
        client.send("a.b", 2, tenant="acme")
    assert isinstance(refused.value, wh.TenantLimitError)
    assert (refused.value.tenant, refused.value.limit) == ("acme", "max_backlog")
    assert refused.value.retry_after is None
    client.send("a.b", 3, tenant="globex")
    client.send("a.b", 4)
    assert len(client.messages.list(tenant="acme")) == 2
    assert client.tenants.backlog("acme") == 2


def test_a_batch_with_a_refused_message_stores_none_of_it(client):
    client.endpoints.create(URL, events=["*"], tenant="acme")
    client.tenants.set_limits("acme", max_backlog=1)
    client.send("a.b", 0, tenant="acme")
    with pytest.raises(wh.TenantLimitError):
        client.send_many([{"type": "a.b", "data": 1}, {"type": "a.b", "data": 2, "tenant": "acme"}])
    assert len(client.messages.list()) == 1


def test_what_was_delivered_makes_room(url, policy, receiver):
    with wh.Client(url, policy=policy, on_full="wait", full_timeout=60) as client:
        client.endpoints.create(receiver.url, events=["*"], tenant="acme")
        client.tenants.set_limits("acme", max_backlog=1)
        client.send("a.b", 0, tenant="acme")
        client.run_until_idle()
        assert client.tenants.backlog("acme") == 0
        client.send("a.b", 1, tenant="acme")


def test_a_client_that_waits_sends_when_there_is_room(url, policy, receiver):
    with wh.Client(url, policy=policy, on_full="wait", full_timeout=60) as client:
        client.endpoints.create(receiver.url, events=["*"], tenant="acme")
        client.tenants.set_limits("acme", max_backlog=1)
        receiver.may_answer.clear()
        client.send("a.b", 0, tenant="acme")
        sent = []

        def send_more():
            sent.append(client.send("a.b", 1, tenant="acme"))
            sent.extend(client.send_many([{"type": "a.b", "data": 2, "tenant": "acme"}]))

        sender = threading.Thread(target=send_more)
        sender.start()
        receiver.may_answer.set()
        client.start()
        sender.join(60)
        assert len(sent) == 2


def test_an_async_client_that_waits_sends_when_its_tenant_may(url, policy):
    async def send_all():
        async with wh.AsyncClient(url, policy=policy, on_full="wait", full_timeout=60) as client:
            await client.tenants.set_limits("acme", rate_limit="50/s")
            for number in range(55):
                await client.send("a.b", number, tenant="acme")
            return [message.id for message in await client.messages.list(tenant="acme")]

    assert len(asyncio.run(send_all())) == 55


def test_a_client_that_waits_gives_up_when_the_rate_asks_for_too_much(url, policy):
    with wh.Client(url, policy=policy, on_full="wait", full_timeout=60) as client:
        client.tenants.set_limits("acme", rate_limit="1/h")
        client.send("a.b", 0, tenant="acme")
        with pytest.raises(wh.TenantLimitError):
            client.send("a.b", 1, tenant="acme")


def test_who_waits_for_a_slow_rate_looks_soon_whether_it_still_holds():
    refused = wh.TenantLimitError("no", "acme", "rate_limit", 50.0)
    assert Patience(60, clock=lambda: 0.0).pause(refused) <= 1
    with pytest.raises(wh.TenantLimitError):
        Patience(40, clock=lambda: 0.0).pause(refused)


def test_a_tenant_that_sends_too_fast_is_told_when_it_may_again(client):
    client.tenants.set_limits("acme", rate_limit="2/h")
    client.send("a.b", 0, tenant="acme")
    with pytest.raises(wh.TenantLimitError, match="rate_limit") as refused:
        client.send("a.b", 1, tenant="acme")
    assert refused.value.limit == "rate_limit"
    assert 1790 < refused.value.retry_after <= 1800
    client.send("a.b", 2, tenant="globex")


def test_a_rate_holds_over_processes_and_restarts(url, policy):
    with wh.Client(url, policy=policy) as client:
        client.tenants.set_limits("acme", rate_limit="1/h")
        client.send("a.b", 0, tenant="acme")
    with wh.Client(url, policy=policy) as client, pytest.raises(wh.TenantLimitError):
        client.send("a.b", 1, tenant="acme")


def test_the_same_message_again_is_the_first_one_whatever_the_limit(client):
    client.tenants.set_limits("acme", rate_limit="1/h")
    first = client.send("a.b", 0, tenant="acme", idempotency_key="k")
    assert client.send("a.b", 0, tenant="acme", idempotency_key="k").id == first.id


def test_a_tenant_has_no_more_endpoints_than_it_may(client):
    client.tenants.set_limits("acme", max_endpoints=1)
    client.endpoints.create(URL, events=["*"], tenant="acme", uid="main")
    with pytest.raises(wh.TenantLimitError, match="max_endpoints"):
        client.endpoints.create(URL, events=["*"], tenant="acme")
    client.endpoints.create(URL, events=["a.*"], tenant="acme", uid="main")
    client.endpoints.create(URL, events=["*"])


def test_a_default_holds_for_each_tenant_without_limits_of_its_own(client):
    client.tenants.set_default_limits(rate_limit="1/h", max_endpoints=9)
    client.tenants.set_limits("vip", max_endpoints=99)
    for tenant in ("acme", "globex"):
        client.send("a.b", 0, tenant=tenant)
        with pytest.raises(wh.TenantLimitError):
            client.send("a.b", 1, tenant=tenant)
    for number in range(3):
        client.send("a.b", number, tenant="vip")
        client.send("a.b", number)
    assert client.tenants.limits("acme").max_endpoints == 9
    assert client.tenants.limits("acme").tenant is None
    assert client.tenants.limits("vip") == wh.TenantLimits("vip", max_endpoints=99)
    client.tenants.clear_limits("vip")
    assert client.tenants.limits("vip").max_endpoints == 9
    with pytest.raises(wh.NotFoundError):
        client.tenants.clear_limits("vip")


def test_limits_are_listed_by_name_and_kept_in_the_store(url, policy):
    with wh.Client(url, policy=policy) as client:
        for name in ("b", "a", "c"):
            client.tenants.set_limits(name, max_backlog=5)
        client.tenants.set_default_limits(max_backlog=6)
    with wh.Client(url, policy=policy) as client:
        assert [row.tenant for row in client.tenants.list()] == ["a", "b", "c"]
        first = client.tenants.list(limit=2)
        assert [row.tenant for row in first] == ["a", "b"]
        assert [row.tenant for row in client.tenants.list(cursor=first.cursor)] == ["c"]
        assert client.tenants.default_limits() == wh.TenantLimits(None, max_backlog=6)


def test_what_an_outbox_committed_is_not_refused(tmp_path, client):
    path = tmp_path / "own.db"
    connection = sqlite3.connect(path)
    connection.execute(client.outbox_schema())
    client.tenants.set_limits("acme", rate_limit="1/h")
    for number in range(3):
        client.outbox(connection).send("a.b", number, tenant="acme")
    connection.commit()
    connection.close()
    client.send("a.b", 3, tenant="acme")  # All that the hour lets in.
    relay = client.relay(lambda: sqlite3.connect(path))
    assert relay.relay_once().moved == 3
    with pytest.raises(wh.TenantLimitError):
        client.send("a.b", 4, tenant="acme")


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"tenant": ""}, "tenant"),
        ({"tenant": wh.ALERTS_TENANT}, "tenant"),
        ({"max_backlog": 0}, "max_backlog"),
        ({"max_endpoints": -1}, "max_endpoints"),
        ({"rate_limit": "fast"}, "rate_limit"),
        ({"rate_limit": 5}, "rate_limit"),
    ],
)
def test_a_limit_that_cannot_be_is_refused_by_its_name(client, options, field):
    with pytest.raises(wh.ConfigError) as refused:
        client.tenants.set_limits(**{"tenant": "acme", **options})
    assert refused.value.field == field


def test_the_error_survives_a_pickle():
    error = pickle.loads(pickle.dumps(wh.TenantLimitError("no", "acme", "rate_limit", 2.5)))
    assert (str(error), error.tenant, error.limit, error.retry_after) == (
        "no", "acme", "rate_limit", 2.5
    )  # fmt: skip
