"""What an accepted request gives: its id, type, time and exact body."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timezone

import pydantic
import pytest

import webhookcore as wh
from support.senders import SENDERS, TEXT_SECRET, Sender, sender

SIGNED_AT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=timezone.utc)  # The fixture `now`.


def received(provider: str, body: bytes, now: int, *, sign=(), **headers: str) -> wh.Event:
    """The event of a signed request with further headers on it, `A_B` standing for `A-B`."""
    one = sender(provider)
    signed = wh.sign(provider, body=body, secret=one.secret, timestamp=now, **dict(sign))
    extra = {name.replace("_", "-"): value for name, value in headers.items()}
    return one.verify({**signed, **extra}, body=body, now=now)


def test_a_standard_event_takes_its_id_from_the_header_and_its_type_from_the_body(now, body):
    event = received("standard", body, now, sign={"id": "msg_1"})
    assert (event.id, event.type) == ("msg_1", "invoice.paid")
    assert event.provider == "standard"
    assert event.source == "standard"
    assert event.timestamp == SIGNED_AT
    assert event.timestamp.tzinfo is not None
    assert event.body == body
    assert event.matched_secret == 0
    assert event.json() == json.loads(body)


def test_a_stripe_event_takes_id_and_type_from_the_body(now, body):
    event = received("stripe", body, now)
    assert (event.id, event.type) == ("evt_1", "invoice.paid")
    assert event.timestamp == SIGNED_AT


@pytest.mark.parametrize(
    ("body", "event_type"),
    [
        (b'{"action":"opened","number":7}', "pull_request.opened"),
        (b'{"number":7}', "pull_request"),
        (b'{"action":null}', "pull_request"),
        (b'{"action":["opened"]}', "pull_request"),
        (b"payload=%7B%7D", "pull_request"),
        (b"\xff", "pull_request"),
    ],
)
@pytest.mark.parametrize("provider", ["github", "github-sha1"])
def test_a_github_type_is_the_event_and_its_action_if_it_has_one(provider, body, event_type, now):
    event = received(
        provider, body, now, X_GitHub_Event="pull_request", X_GitHub_Delivery="72d3162e-cc78"
    )
    assert (event.id, event.type) == ("72d3162e-cc78", event_type)
    assert event.timestamp is None


def test_shopify_names_the_event_and_the_topic_in_headers(now):
    event = received(
        "shopify",
        b"{}",
        now,
        X_Shopify_Topic="orders/create",
        X_Shopify_Webhook_Id="b54557e4",
        X_Shopify_Event_Id="98880550",
    )
    assert (event.id, event.type) == ("98880550", "orders/create")


def test_slack_prefers_the_inner_event_type(now):
    body = b'{"type":"event_callback","event_id":"Ev1","event":{"type":"app_mention"}}'
    event = received("slack", body, now)
    assert (event.id, event.type) == ("Ev1", "app_mention")
    assert received("slack", b'{"type":"url_verification"}', now).type == "url_verification"


GENERIC = ["generic", "generic-body", "generic-t-s", "generic-t-v1"]


@pytest.mark.parametrize("provider", GENERIC)
@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        (
            b'{"id":"b1","type":"t.b"}',
            {"X_Webhook_Id": "h1", "X_Webhook_Event": "t.h"},
            ("h1", "t.h"),
        ),
        (b'{"id":"b1","idempotencyKey":"k1","type":"t.b","event":"e.b"}', {}, ("b1", "t.b")),
        (b'{"idempotencyKey":"k1","event":"e.b"}', {}, ("k1", "e.b")),
        (b"{}", {}, (None, None)),
        (b"not json", {}, (None, None)),
    ],
)
def test_a_generic_event_falls_back_from_header_to_body(provider, body, headers, expected, now):
    event = received(provider, body, now, **headers)
    assert (event.id, event.type) == expected


@pytest.mark.parametrize("provider", ["generic", "generic-body"])
def test_the_generic_trio_carries_id_and_type_that_were_signed_with(provider, now):
    event = received(provider, b"{}", now, sign={"id": "msg_1", "type": "order.created"})
    assert (event.id, event.type) == ("msg_1", "order.created")


def test_what_no_signature_covers_is_named(now, body):
    covered = received("stripe", body, now)
    loose = received("github", b"{}", now, X_GitHub_Event="push", X_GitHub_Delivery="d1")
    assert not covered.unsigned
    assert set(loose.unsigned) == {"id", "type"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b'{"id":{},"type":[]}',
        b'{"id":',
        b"\xff\xfe",
        b'{"id":"\\ud800"}',
        b"[" * 100_000,
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    ],
    ids=lambda body: repr(body[:12]),
)
@pytest.mark.parametrize("one", SENDERS, ids=str)
def test_a_body_without_readable_fields_verifies_and_has_neither_id_nor_type(
    one: Sender, body, now
):
    if one.provider == "twilio":
        body = b""
    signed = wh.sign(
        one.provider, body=body, secret=one.secret, id="m1", timestamp=now, url=one.url
    )
    event = one.verify(signed, body=body, now=now)
    assert event.body == body
    assert event.type is None
    assert event.id in {None, "m1"}


def test_a_number_as_id_is_shown_as_text(now):
    assert received("stripe", b'{"id":42,"type":"a"}', now).id == "42"


@pytest.mark.parametrize("number", ["18446744073709551616", "-9223372036854775809", "9" * 300])
def test_an_id_beyond_64_bits_is_the_number_as_it_was_written(number, now):
    body = f'{{"id":{number},"type":"a","amount":{number}0}}'.encode()
    event = received("stripe", body, now)
    assert (event.id, event.type) == (number, "a")
    assert event.json()["id"] == int(number)


def test_a_number_of_too_many_digits_is_no_json(now):
    event = received("github", b"[" + b"9" * 5000 + b"]", now, X_GitHub_Event="push")
    with pytest.raises(json.JSONDecodeError, match="too many digits"):
        event.json()


def test_headers_of_an_event_are_found_in_any_case(now):
    event = received("github", b"{}", now, X_GitHub_Event="push", X_Trace="t-1")
    assert event.headers["x-trace"] == event.headers["X-TRACE"] == "t-1"
    assert "X-Trace" in event.headers
    assert event.headers.get("x-missing") is None


@dataclass
class Invoice:
    id: str
    type: str


class InvoiceModel(pydantic.BaseModel):
    id: str
    type: str
    data: dict[str, int]


def test_parse_makes_a_dataclass(now, body):
    assert received("stripe", body, now).parse(Invoice) == Invoice("evt_1", "invoice.paid")


def test_parse_makes_a_pydantic_model(now, body):
    model = received("stripe", body, now).parse(InvoiceModel)
    assert model == InvoiceModel(id="evt_1", type="invoice.paid", data={"amount": 1200})


def test_the_body_keeps_the_bytes_that_came(now):
    body = b'{ "a":1,\r\n "b" : "\\u00e9\xc3\xa9" , "a":2}\n'
    assert received("stripe", body, now).body == body


def test_an_event_shows_neither_body_nor_secret(now, body):
    text = repr(received("stripe", body, now))
    assert TEXT_SECRET not in text
    assert "1200" not in text
