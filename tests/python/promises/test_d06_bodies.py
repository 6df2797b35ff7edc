"""D6: the body is stored as bytes and signed as those bytes, in an envelope or raw.

Thoroughly: client/test_envelopes.py, roundtrip/test_github_payloads.py, faults/test_poison.py.
"""

from __future__ import annotations

import datetime as dt
import json

import pytest

import webhookcore as wh

from .conftest import header

RAW = b'{ "id":7,\t"name":"\xc3\xa9",  "pi": 3.10 }\n'


def sent(client, server, data, **options):
    """The message and the one request that it became."""
    endpoint = client.endpoints.create(server.url, events=["*"])
    message = client.send("order.created", data, **options)
    client.run_until_idle()
    [request] = server.requests
    signed = wh.verify(
        "standard", body=request.body, headers=request.headers, secrets=[endpoint.secret]
    )
    assert signed.body == request.body == client.messages.get(message.id).body
    return message, request


def test_the_envelope_is_type_timestamp_and_data(client, server):
    _, request = sent(client, server, {"id": 7, "name": "é"})
    envelope = json.loads(request.body)
    assert list(envelope) == ["type", "timestamp", "data"]
    assert (envelope["type"], envelope["data"]) == ("order.created", {"id": 7, "name": "é"})
    at = dt.datetime.fromisoformat(envelope["timestamp"].replace("Z", "+00:00"))
    assert abs(dt.datetime.now(dt.timezone.utc) - at) < dt.timedelta(minutes=1)
    assert header(request, "content-type") == "application/json"


def test_an_api_version_stands_in_it_when_it_is_set(client, server):
    _, request = sent(client, server, {}, api_version="2026-01-01")
    assert json.loads(request.body)["api_version"] == "2026-01-01"


def test_the_guide_envelope_is_event_idempotency_key_timestamp_and_data(client, server):
    message, request = sent(client, server, {"id": 7}, envelope="guide")
    envelope = json.loads(request.body)
    assert set(envelope) == {"event", "idempotencyKey", "timestamp", "data"}
    assert (envelope["event"], envelope["idempotencyKey"]) == ("order.created", message.id)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (RAW, None),
        (b"<order id='7'/>", "application/xml"),
        (bytes(range(256)), "application/octet-stream"),
    ],
)
def test_a_raw_body_is_sent_byte_for_byte_with_its_content_type(client, server, body, content_type):
    _, request = sent(client, server, body, content_type=content_type)
    assert request.body == body
    assert header(request, "content-type") == (content_type or "application/json")
