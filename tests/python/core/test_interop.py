"""Code that no one here wrote accepts what we sign, and we accept what it signs."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from datetime import datetime, timezone
from urllib.parse import parse_qs

import gidgethub
import gidgethub.sansio
import pytest
import standardwebhooks
import stripe
import svix.webhooks
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from slack_sdk.signature import Clock, SignatureVerifier
from twilio.request_validator import RequestValidator

import webhookcore as wh
from support.node import ask, encode
from support.senders import FORM_BODY, OTHER_TEXT_SECRET, TEXT_SECRET, URL, canonical

# What these libraries can sign at all: most decode the body as UTF-8 first.
TEXTS = [
    b'{"id":"evt_1","type":"invoice.paid"}',
    '{"name":"Zoë ✓ 🚀","type":"用户.创建"}'.encode(),
    b'{ "spaced" : [ 1 , 2 ] ,\r\n\t"type":"a.b"}\n',
    b"no json, no quotes: $& \\0 {body} %s",
    json.dumps({"type": "big", "data": "x" * 65536}).encode(),
]
every_text = pytest.mark.parametrize("body", TEXTS, ids=lambda body: repr(body[:16]))


@pytest.fixture
def clock() -> int:
    """These libraries read the system clock themselves, so here it is the real one."""
    return int(time.time())


def accepted(check) -> bool:
    """Whether `check` ends without the refusal of one of the libraries."""
    try:
        check()
    except (
        standardwebhooks.WebhookVerificationError,
        stripe.SignatureVerificationError,
        gidgethub.ValidationFailure,
    ):
        return False
    return True


@every_text
class TestStandardWebhooks:
    def test_it_accepts_what_we_sign(self, body, clock):
        secret = wh.generate_secret()
        headers = wh.sign("standard", body=body, secret=secret, id="msg_1", timestamp=clock)
        theirs = standardwebhooks.Webhook(secret)
        assert accepted(lambda: theirs.verify(body, headers, json_parse=False))
        assert not accepted(lambda: theirs.verify(body + b" ", headers, json_parse=False))

    def test_we_accept_what_it_signs(self, body, clock):
        secret = wh.generate_secret()
        moment = datetime.fromtimestamp(clock, timezone.utc)
        headers = {
            "webhook-id": "msg_2",
            "webhook-timestamp": str(clock),
            "webhook-signature": standardwebhooks.Webhook(secret).sign(
                "msg_2", moment, body.decode()
            ),
        }
        event = wh.verify("standard", body=body, headers=headers, secrets=[secret])
        assert (event.id, event.body) == ("msg_2", body)


@every_text
class TestSvix:
    def test_it_accepts_what_we_sign(self, body, clock):
        secret = wh.generate_secret()
        headers = wh.sign("svix", body=body, secret=secret, id="msg_1", timestamp=clock)
        theirs = svix.webhooks.Webhook(secret)
        assert accepted(lambda: theirs.verify(body, headers))
        assert not accepted(lambda: theirs.verify(body + b" ", headers))

    def test_we_accept_what_it_signs(self, body, clock):
        secret = wh.generate_secret()
        moment = datetime.fromtimestamp(clock, timezone.utc)
        signature = svix.webhooks.Webhook(secret).sign("msg_2", moment, body.decode())
        for family in ("svix", "webhook"):
            headers = {
                f"{family}-id": "msg_2",
                f"{family}-timestamp": str(clock),
                f"{family}-signature": signature,
            }
            assert wh.verify("svix", body=body, headers=headers, secrets=[secret]).id == "msg_2"


@every_text
class TestStripe:
    def test_it_accepts_what_we_sign(self, body, clock):
        header = canonical(wh.sign("stripe", body=body, secret=TEXT_SECRET, timestamp=clock))[
            "Stripe-Signature"
        ]
        verify = stripe.WebhookSignature.verify_header
        assert accepted(lambda: verify(body.decode(), header, TEXT_SECRET, 300))
        assert not accepted(lambda: verify(body.decode() + " ", header, TEXT_SECRET, 300))

    def test_we_accept_what_it_signs(self, body, clock):
        header = stripe.WebhookSignature.generate_signature_header(
            body.decode(), TEXT_SECRET, timestamp=clock
        )
        headers = {"Stripe-Signature": header}
        assert wh.verify("stripe", body=body, headers=headers, secrets=[TEXT_SECRET]).body == body


@pytest.mark.parametrize("body", [*TEXTS, b"\xff\x00\xfe"], ids=lambda body: repr(body[:16]))
def test_gidgethub_accepts_what_we_sign(body):
    signature = canonical(wh.sign("github", body=body, secret=TEXT_SECRET))["X-Hub-Signature-256"]
    check = gidgethub.sansio.validate_event
    assert accepted(lambda: check(body, signature=signature, secret=TEXT_SECRET))
    assert not accepted(lambda: check(body + b" ", signature=signature, secret=TEXT_SECRET))


def test_gidgethub_reads_the_event_that_we_send():
    body = b'{"action":"opened"}'
    headers = wh.sign(
        "github", body=body, secret=TEXT_SECRET, id="72d3162e", type="pull_request.opened"
    )
    lower = {name.lower(): value for name, value in headers.items()}
    theirs = gidgethub.sansio.Event.from_http(
        {"content-type": "application/json", **lower}, body, secret=TEXT_SECRET
    )
    assert (theirs.event, theirs.delivery_id) == ("pull_request", "72d3162e")
    ours = wh.verify("github", body=body, headers=headers, secrets=[TEXT_SECRET])
    assert (ours.type, ours.id) == ("pull_request.opened", "72d3162e")


FORM = {name: values[0] for name, values in parse_qs(FORM_BODY.decode()).items()}
FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}


class TestTwilio:
    theirs = RequestValidator(TEXT_SECRET)

    @pytest.mark.parametrize("url", [URL, "http://hooks.example.com:8080/in", "https://h.example"])
    def test_it_accepts_the_form_that_we_sign(self, url):
        signed = canonical(wh.sign("twilio", body=FORM_BODY, secret=TEXT_SECRET, url=url))
        signature = signed["X-Twilio-Signature"]
        assert self.theirs.validate(url, FORM, signature)
        assert not self.theirs.validate(url, {**FORM, "From": "+1"}, signature)

    @pytest.mark.parametrize("port", ["", ":443"])
    def test_we_accept_the_form_that_it_signs_with_and_without_the_port(self, port):
        signed_url = URL.replace(".com/", f".com{port}/")
        signature = self.theirs.compute_signature(signed_url, FORM)
        headers = {"X-Twilio-Signature": signature, **FORM_TYPE}
        options = {"headers": headers, "secrets": [TEXT_SECRET], "url": URL}
        assert wh.verify("twilio", body=FORM_BODY, **options).body == FORM_BODY
        with pytest.raises(wh.VerificationError):
            wh.verify("twilio", body=FORM_BODY + b"&x=1", **options)

    def test_both_cover_a_json_body_by_the_hash_in_the_url(self):
        body = '{"property":"välue"}'
        url = f"{URL}&bodySHA256={hashlib.sha256(body.encode()).hexdigest()}"
        ours = wh.sign("twilio", body=body.encode(), secret=TEXT_SECRET, url=url)
        assert self.theirs.validate(url, body, canonical(ours)["X-Twilio-Signature"])
        headers = {"X-Twilio-Signature": self.theirs.compute_signature(url, {})}
        headers["Content-Type"] = "application/json"
        options = {"headers": headers, "secrets": [TEXT_SECRET], "url": url}
        assert wh.verify("twilio", body=body.encode(), **options)


@every_text
class TestSlack:
    class At(Clock):
        def __init__(self, moment: int) -> None:
            self.moment = moment

        def now(self) -> float:
            return self.moment

    def test_it_accepts_what_we_sign(self, body, now):
        theirs = SignatureVerifier(TEXT_SECRET, self.At(now))
        headers = wh.sign("slack", body=body, secret=TEXT_SECRET, timestamp=now)
        assert theirs.is_valid_request(body, headers)
        assert not theirs.is_valid_request(body + b" ", headers)

    def test_we_accept_what_it_signs(self, body, now):
        theirs = SignatureVerifier(TEXT_SECRET)
        signature = theirs.generate_signature(timestamp=str(now), body=body)
        headers = {"X-Slack-Request-Timestamp": str(now), "X-Slack-Signature": signature}
        event = wh.verify("slack", body=body, headers=headers, secrets=[TEXT_SECRET], now=now)
        assert event.body == body


class TestEd25519:
    """The key forms of Standard Webhooks hold what `cryptography` calls raw keys."""

    def test_cryptography_verifies_what_we_sign(self, now):
        private, public = wh.generate_keypair()
        headers = canonical(
            wh.sign("standard", body=b"\xff{}", secret=private, id="m", timestamp=now)
        )
        signature = base64.b64decode(headers["Webhook-Signature"].removeprefix("v1a,"))
        key = base64.b64decode(public.removeprefix("whpk_"))
        Ed25519PublicKey.from_public_bytes(key).verify(signature, b"m.1700000000.\xff{}")

    def test_we_verify_what_cryptography_signs(self, now):
        key = Ed25519PrivateKey.generate()
        raw = key.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw
        )
        signature = base64.b64encode(key.sign(b"m.1700000000.\xff{}")).decode()
        headers = {
            "webhook-id": "m",
            "webhook-timestamp": str(now),
            "webhook-signature": f"v1a,{signature}",
        }
        public = "whpk_" + base64.b64encode(raw).decode()
        assert wh.verify("standard", body=b"\xff{}", headers=headers, secrets=[public], now=now)


def test_npm_standardwebhooks_accepts_what_we_sign(clock):
    secret = wh.generate_secret()
    questions = []
    for body in TEXTS:
        headers = wh.sign("standard", body=body, secret=secret, id="msg_1", timestamp=clock)
        common = {"op": "standard.verify", "secret": secret, "headers": headers}
        questions += [
            {**common, "body": encode(body)},
            {**common, "body": encode(body + b" ")},
            {**common, "body": encode(body), "secret": wh.generate_secret()},
        ]
    assert ask(questions) == [True, False, False] * len(TEXTS)


def test_we_accept_what_npm_standardwebhooks_signs(now):
    secret = wh.generate_secret()
    question = {"op": "standard.sign", "secret": secret, "id": "msg_9", "timestamp": now}
    answers = ask([{**question, "body": encode(body)} for body in TEXTS])
    for body, signature in zip(TEXTS, answers, strict=True):
        headers = {
            "webhook-id": "msg_9",
            "webhook-timestamp": str(now),
            "webhook-signature": signature,
        }
        event = wh.verify("standard", body=body, headers=headers, secrets=[secret], now=now)
        assert (event.id, event.body) == ("msg_9", body)


def test_npm_octokit_accepts_what_we_sign():
    questions = []
    for body in TEXTS:
        headers = canonical(wh.sign("github", body=body, secret=TEXT_SECRET))
        common = {"op": "github.verify", "signature": headers["X-Hub-Signature-256"]}
        questions += [
            {**common, "secret": TEXT_SECRET, "body": encode(body)},
            {**common, "secret": TEXT_SECRET, "body": encode(body + b" ")},
            {**common, "secret": OTHER_TEXT_SECRET, "body": encode(body)},
        ]
    assert ask(questions) == [True, False, False] * len(TEXTS)


def test_we_accept_what_npm_octokit_signs():
    question = {"op": "github.sign", "secret": TEXT_SECRET}
    answers = ask([{**question, "body": encode(body)} for body in TEXTS])
    for body, signature in zip(TEXTS, answers, strict=True):
        headers = {"X-Hub-Signature-256": signature, "X-GitHub-Event": "push"}
        event = wh.verify("github", body=body, headers=headers, secrets=[TEXT_SECRET])
        assert (event.type, event.body) == ("push", body)
