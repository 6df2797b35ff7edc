"""D3: what the client was told holds for endpoints that say nothing else."""

from __future__ import annotations

import asyncio

import pytest

import webhookcore as wh
from client.conftest import URL

TOLD = {
    "schemes": ["github"],
    "rate_limit": "7/s",
    "timeout": 3,
    "max_attempts": 2,
    "retry": [1, 2, 3],
    "client_errors": "retry",
}


def shown(endpoint):
    return {
        "schemes": list(endpoint.schemes),
        "rate_limit": endpoint.rate_limit,
        "timeout": endpoint.timeout,
        "max_attempts": endpoint.max_attempts,
        "retry": list(endpoint.retry),
        "client_errors": endpoint.client_errors,
    }


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/webhooks.db"


def test_an_endpoint_has_what_its_client_was_told(url, policy):
    with wh.Client(url, policy=policy, **TOLD) as client:
        endpoint = client.endpoints.create(URL, events=["*"])
        assert shown(endpoint) == {**TOLD, "rate_limit": 7.0}


def test_what_an_endpoint_says_itself_wins_also_when_it_says_none(url, policy):
    own = {"schemes": ["standard"], "timeout": 20, "retry": [9], "client_errors": "die"}
    with wh.Client(url, policy=policy, **TOLD) as client:
        endpoint = client.endpoints.create(
            URL, events=["*"], rate_limit=None, max_attempts=None, **own
        )
        assert shown(endpoint) == {**own, "rate_limit": None, "max_attempts": None}


def test_whoever_delivers_keeps_to_what_the_creating_client_was_told(url, policy, receiver):
    receiver.statuses = [500]
    with wh.Client(url, policy=policy, max_attempts=1) as client:
        client.endpoints.create(receiver.url, events=["*"])
        client.send("a.b", {})
    with wh.Client(url, policy=policy) as worker:
        assert worker.run_until_idle().dead == 1


def test_a_client_with_other_defaults_changes_no_endpoint_that_exists(url, policy):
    with wh.Client(url, policy=policy) as client:
        id = client.endpoints.create(URL, events=["*"]).id
    with wh.Client(url, policy=policy, timeout=99) as client:
        assert client.endpoints.get(id).timeout == 10
        client.endpoints.update(id, description="changed")
        assert client.endpoints.get(id).timeout == 10


def test_a_url_that_is_not_saved_is_tested_with_the_defaults(url, policy, receiver):
    secret = wh.generate_secret()
    with wh.Client(url, policy=policy, schemes="github") as client:
        client.endpoints.test(url=receiver.url, secret=secret)
    [request] = receiver.requests
    wh.verify("github", body=request.body, headers=request.headers, secrets=[secret])


def test_operational_events_are_sent_as_ever(url, policy):
    with wh.Client(url, policy=policy, alerts=URL, **TOLD) as client:
        [endpoint] = client.endpoints.list(tenant=wh.ALERTS_TENANT)
        assert endpoint.schemes == ("standard",)
        assert endpoint.max_attempts is None


@pytest.mark.parametrize(
    ("option", "value", "field"),
    [
        ("schemes", ["nope"], "schemes[0]"),
        ("schemes", [], "schemes"),
        ("rate_limit", "fast", "rate_limit"),
        ("timeout", 0, "timeout"),
        ("max_attempts", 21, "max_attempts"),
        ("retry", "often", "retry"),
        ("client_errors", "ignore", "client_errors"),
    ],
)
def test_a_default_that_cannot_be_is_refused_by_its_name(tmp_path, option, value, field):
    with pytest.raises(wh.ConfigError) as refused:
        wh.Client(f"sqlite:///{tmp_path}/new.db", **{option: value})
    assert refused.value.field == field
    assert not list(tmp_path.iterdir())


def test_an_async_client_takes_them_too(url, policy):
    async def create():
        async with wh.AsyncClient(url, policy=policy, timeout=4) as client:
            told = await client.endpoints.create(URL, events=["*"])
            own = await client.endpoints.create(URL, events=["*"], timeout=5)
            return told.timeout, own.timeout

    assert asyncio.run(create()) == (4, 5)
