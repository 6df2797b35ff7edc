"""D6: what stands around the data."""

from __future__ import annotations

import json

import pytest

import webhookcore as wh


def body_of(message):
    return json.loads(message.body)


def test_the_envelope_is_type_timestamp_and_data(client):
    body = body_of(client.send("a.b", {"id": 7}))
    assert list(body) == ["type", "timestamp", "data"]
    assert (body["type"], body["data"]) == ("a.b", {"id": 7})


def test_an_api_version_stands_in_the_envelope_when_it_is_set(tmp_path, client):
    assert body_of(client.send("a", 1, api_version="2026-01-01"))["api_version"] == "2026-01-01"
    with wh.Client(f"sqlite:///{tmp_path}/v.db", api_version="v1") as versioned:
        assert body_of(versioned.send("a", 1))["api_version"] == "v1"
        assert body_of(versioned.send("a", 1, api_version="v2"))["api_version"] == "v2"
        assert body_of(versioned.send("a", 1, envelope="guide"))["api_version"] == "v1"


def test_the_guide_envelope_names_the_message(client, tmp_path):
    message = client.send("a.b", {"id": 7}, envelope="guide")
    body = body_of(message)
    assert list(body) == ["event", "idempotencyKey", "timestamp", "data"]
    assert (body["event"], body["idempotencyKey"]) == ("a.b", message.id)
    with wh.Client(f"sqlite:///{tmp_path}/g.db", envelope="guide") as guided:
        keyed = guided.send("a.b", {}, idempotency_key="order-7")
        assert body_of(keyed)["idempotencyKey"] == "order-7"
        assert guided.send("a.b", {}, idempotency_key="order-7").id == keyed.id
        assert "type" in body_of(guided.send("a", 1, envelope="standard"))


def test_the_generic_receivers_find_id_and_type_in_the_guide_envelope(client, receiver):
    endpoint = client.endpoints.create(receiver.url, events=["*"], schemes=["generic"])
    message = client.send("order.created", {"id": 7}, envelope="guide")
    client.run_until_idle()
    [request] = receiver.requests
    headers = {
        name: value
        for name, value in request.headers.items()
        if name.lower().startswith("x-webhook")
    }
    assert headers["X-Webhook-Event"] == "order.created"
    assert headers["X-Webhook-Id"] == message.id
    for dropped in (False, True):
        if dropped:
            del headers["X-Webhook-Id"], headers["X-Webhook-Event"]
        event = wh.verify("generic", body=request.body, headers=headers, secrets=[endpoint.secret])
        assert (event.id, event.type) == (message.id, "order.created")


@pytest.mark.parametrize("scheme", ["generic", "generic-body", "generic-t-s"])
def test_every_generic_scheme_sends_the_type_beside_the_signature(client, receiver, scheme):
    client.endpoints.create(receiver.url, events=["*"], schemes=[scheme])
    client.send("order.created", {})
    client.run_until_idle()
    assert receiver.requests[0].headers["X-Webhook-Event"] == "order.created"


def test_a_raw_body_has_no_envelope(client, receiver):
    client.endpoints.create(receiver.url, events=["*"])
    client.send("a", b"<x/>", content_type="application/xml", envelope="guide", api_version="1")
    client.run_until_idle()
    [request] = receiver.requests
    assert (request.body, request.headers["Content-Type"]) == (b"<x/>", "application/xml")


@pytest.mark.parametrize(
    ("option", "value"), [("envelope", "guid"), ("api_version", ""), ("api_version", 1)]
)
def test_an_envelope_that_cannot_be_is_refused(client, option, value):
    with pytest.raises(wh.ConfigError) as refused:
        client.send("a", {}, **{option: value})
    assert refused.value.field == option
    with pytest.raises(wh.ConfigError):
        wh.Client("memory://", **{option: value})
