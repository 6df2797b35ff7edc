"""An endpoint's own headers: what is refused, and that the rest is sent."""

from __future__ import annotations

import pytest

import webhookcore as wh

URL = "http://127.0.0.1:8999/hook"

EIGHT = ["standard", "github", "stripe", "slack", "shopify", "generic", "gitea", "gogs"]


def field_of(job):
    with pytest.raises(wh.ConfigError) as refused:
        job()
    return refused.value.field


@pytest.mark.parametrize(
    ("name", "schemes"),
    [
        ("Host", ["standard"]),
        ("content-encoding", ["standard"]),
        ("HTTP2-Settings", ["standard"]),
        ("Webhook-Anything", ["github"]),
        ("svix-id", ["github"]),
        ("X-Shopify-Hmac-Sha256", ["shopify"]),
        ("x-slack-signature", ["standard", "slack"]),
        ("X-Hub-Signature", ["github"]),
    ],
)
def test_a_header_of_the_connection_or_of_a_scheme_is_refused_by_its_name(client, name, schemes):
    headers = {"X-Team": "billing", name: "x"}
    refused = field_of(
        lambda: client.endpoints.create(URL, events=["*"], schemes=schemes, headers=headers)
    )
    assert refused == f"headers[{name!r}]"
    endpoint = client.endpoints.create(URL, events=["*"], schemes=schemes)
    assert field_of(lambda: client.endpoints.update(endpoint, headers=headers)) == refused
    assert len(client.endpoints.get(endpoint).headers) == 0


def test_a_scheme_is_refused_that_needs_a_header_of_the_endpoint(client):
    endpoint = client.endpoints.create(URL, events=["*"], headers={"X-Slack-Signature": "mine"})
    refused = field_of(lambda: client.endpoints.update(endpoint, schemes=["standard", "slack"]))
    assert refused == "headers['X-Slack-Signature']"
    assert client.endpoints.get(endpoint).schemes == ("standard",)
    client.endpoints.update(endpoint, schemes=["slack"], headers={})
    assert client.endpoints.get(endpoint).schemes == ("slack",)


def test_whatever_is_accepted_is_sent(client, receiver):
    headers = {
        "X-Slack-Signature": "mine",
        "X-Shopify-Hmac-Sha256": "too",
        "User-Agent": "acme/1.0",
        "Authorization": "Bearer x",
    }
    client.endpoints.create(receiver.url, events=["*"], headers=headers)
    client.send("a", {})
    assert client.run_until_idle().delivered == 1
    sent = receiver.requests[0].headers
    assert {name: sent[name] for name in headers} == headers


def test_names_that_differ_only_in_case_are_one_header(client):
    for headers in ({"X-Team": "a", "x-team": "b"}, [("X-Team", "a"), ("X-Team", "a")]):
        refused = field_of(
            lambda headers=headers: client.endpoints.create(URL, events=["*"], headers=headers)
        )
        assert refused.lower() == "headers['x-team']"


@pytest.mark.parametrize(
    ("field", "options", "less"),
    [
        (
            "headers",
            {"headers": {f"X-{i}": "v" for i in range(33)}},
            {"headers": {f"X-{i}": "v" for i in range(32)}},
        ),
        ("headers['X-A']", {"headers": {"X-A": "v" * 4097}}, {"headers": {"X-A": "v" * 4096}}),
        ("events", {"events": ["a"] * 101}, {"events": ["a"] * 100}),
        ("schemes", {"schemes": [*EIGHT, "linear"]}, {"schemes": EIGHT}),
    ],
    ids=["headers", "value", "events", "schemes"],
)
def test_what_is_too_much_is_refused_by_its_name(client, field, options, less):
    endpoint = client.endpoints.create(URL, **{"events": ["*"], **less})
    assert field_of(lambda: client.endpoints.create(URL, **{"events": ["*"], **options})) == field
    assert field_of(lambda: client.endpoints.update(endpoint, **options)) == field
    client.endpoints.update(endpoint, **less)
