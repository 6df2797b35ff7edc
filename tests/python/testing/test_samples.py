"""What `sample()` makes is what a receiver takes, for every provider there is."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import pytest

import webhookcore as wh
from webhookcore import testing

NAMES = wh.providers()
ROWS = {row.name: row for row in wh.providers(details=True)}
ANSWERS = {"discord": 204, "xero": 200, "adyen": 200}
NOW = 1_700_000_000.0


@pytest.fixture
def receiver():
    with wh.Receiver("memory://", clock=lambda: NOW) as made:
        yield made


@pytest.mark.parametrize("name", NAMES)
def test_a_receiver_takes_a_sample_of_every_provider_and_knows_its_repeat(receiver, name):
    request = testing.sample(name, at=NOW)
    receiver.add_source(name, request.scheme, secrets=request.secrets)
    assert receiver.handle(request, name).status == ANSWERS.get(name, 202)
    again = receiver.handle(testing.signed_again(request, at=NOW - 1), name)
    assert again.status in (200, 202, 204)
    stored = list(receiver.inbox.list())
    # What has an id is one event, however often it is sent.
    assert len(stored) == (1 if ROWS[name].id else 2)
    assert (stored[0].event_id, stored[0].type) == (request.id, request.type)


@pytest.mark.parametrize("name", NAMES)
def test_an_event_of_every_provider_is_the_verified_one(name):
    event = testing.event(name, at=NOW)
    assert event.provider == name
    assert all(item.type for item in event.items()) == bool(ROWS[name].type)


@pytest.mark.parametrize("name", NAMES)
def test_every_type_that_is_named_has_a_body_that_says_so(name):
    for type in testing.sample_types(name):
        (event,) = testing.event(name, type).items()
        assert event.type == type


def test_ids_are_never_the_same_twice():
    ids = {testing.sample("stripe").id for _ in range(100)}
    assert len(ids) == 100


def test_data_is_put_over_the_part_that_is_the_events_own():
    data = {"amount_paid": 7, "metadata": {"order": "7"}}
    body = json.loads(testing.sample("stripe", "invoice.paid", data).body)
    assert body["type"] == "invoice.paid"
    assert body["data"]["object"]["amount_paid"] == 7
    assert body["data"]["object"]["metadata"] == {"order": "7"}
    assert body["data"]["object"]["customer"] == "cus_sample"
    pushed = json.loads(testing.sample("github", "push", {"repository": {"name": "mine"}}).body)
    assert (pushed["repository"]["name"], pushed["repository"]["id"]) == ("mine", 186853002)


def test_a_type_that_nobody_knows_gets_the_providers_usual_body():
    assert testing.event("stripe", "radar.early_fraud_warning.created").type == (
        "radar.early_fraud_warning.created"
    )
    assert testing.event("github", "workflow_run.completed").type == "workflow_run.completed"


def test_a_body_of_ones_own_is_sent_byte_for_byte():
    request = testing.sample("github", "push", body=b'{"exactly": "this" }\n')
    assert request.body == b'{"exactly": "this" }\n'
    assert testing.verified(request).type == "push"


def test_a_secret_of_ones_own_signs():
    secret = wh.generate_secret()
    request = testing.sample("standard", secret=secret)
    wh.verify("standard", body=request.body, headers=request.headers, secrets=[secret])
    assert secret not in repr(request)
    assert list(request.secrets) == [secret]


def test_a_private_key_of_ones_own_signs_and_its_public_half_verifies():
    private, public = wh.generate_keypair()
    request = testing.sample("standard", secret=testing.SenderKeys(private, public))
    assert list(request.secrets) == [public]
    assert testing.verified(request).id == request.id
    assert testing.verified(testing.sample("standard", secret=private))


def test_the_time_is_that_of_the_signature_and_of_the_body():
    at = datetime(2026, 5, 1, tzinfo=timezone.utc)
    assert testing.event("standard", at=at).timestamp == at
    assert json.loads(testing.sample("stripe", at=at).body)["created"] == at.timestamp()


def test_a_signed_url_is_the_one_that_was_given():
    request = testing.sample("twilio", url="http://testserver/hooks/twilio?account=7")
    assert request.path == "/hooks/twilio?account=7"
    assert testing.verified(request).id == request.id


def test_a_scheme_of_ones_own_has_samples_too():
    scheme = wh.Scheme(sig="X-Sig", name="mine", id="header:X-Id", type="json:kind")
    request = testing.sample(scheme, "it.happened")
    event = testing.verified(request)
    assert (event.id, event.type) == (request.id, "it.happened")
    assert request.provider == "mine"


def test_a_recording_is_signed_anew_without_its_secret():
    genuine = testing.sample("stripe", secret="whsec_of_production_0123456789", at=NOW)
    again = testing.recorded("stripe", body=genuine.body, headers=genuine.headers, at=NOW)
    assert again.body == genuine.body
    assert again.headers["Stripe-Signature"] != genuine.headers["Stripe-Signature"]
    assert testing.verified(again).id == genuine.id


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"provider": "strip"}, "provider"),
        ({"type": ""}, "type"),
        ({"type": "\ud800"}, "type"),
        ({"provider": "twilio", "type": "x"}, "type"),
        ({"provider": "zoom", "id": "1"}, "id"),
        ({"id": ""}, "id"),
        ({"id": "\n"}, "id"),
        ({"data": [1]}, "data"),
        ({"data": {"x": float("nan")}}, "data"),
        ({"data": {"x": {1, 2}}}, "data"),
        ({"data": {}, "body": b""}, "body"),
        ({"body": "text"}, "body"),
        ({"at": float("nan")}, "at"),
        ({"at": -1}, "at"),
        ({"at": "now"}, "at"),
        ({"at": datetime(2026, 1, 1)}, "at"),  # noqa: DTZ001
        ({"url": "/hooks"}, "url"),
        ({"url": "http://[/"}, "url"),
        ({"secret": 7}, "secret"),
        ({"headers": ["x"]}, "headers"),
        ({"headers": {"X": "a\r\nb"}}, "headers[X]"),
        ({"method": ""}, "method"),
    ],
    ids=str,
)
def test_what_cannot_be_is_named(options, field):
    with pytest.raises(wh.ConfigError) as refused:
        testing.sample(**{"provider": "stripe", **options})
    assert refused.value.field == field


def test_key_pairs_are_made_anew_in_each_process_and_secrets_are_not():
    assert "BEGIN PUBLIC KEY" in testing.sample("sendgrid").secrets[0]
    assert testing.sample("stripe").secrets == testing.sample("stripe").secrets
    assert testing.sample("stripe").secrets != testing.sample("github").secrets


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"headers": 7}, "headers"),
        ({"headers": [1]}, "headers"),
        ({"headers": None}, "headers"),
        ({"headers": [("a", "b\r\nc")]}, "headers"),
        ({"body": "text"}, "body"),
        ({"type": 7}, "type"),
        ({"id": "a\r\nb"}, "id"),
        ({"at": "then"}, "at"),
    ],
    ids=str,
)
def test_what_is_no_recording_is_named(options, field):
    with pytest.raises(wh.ConfigError) as refused:
        testing.recorded("github", **{"body": b"{}", "headers": {}, **options})
    assert refused.value.field == field


@pytest.mark.parametrize("function", [testing.verified, testing.signed_again])
def test_a_request_that_is_no_sample_is_said(function):
    with pytest.raises(wh.ConfigError, match="what sample"):
        function(wh.HttpRequest("POST", "/", {}, b""))


def test_a_headers_name_that_cannot_be_is_refused():
    with pytest.raises(wh.ConfigError, match="cannot be a header's name"):
        testing.sample("stripe", headers={"a b": "c"})
