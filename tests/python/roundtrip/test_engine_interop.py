"""What the engine puts on the wire is accepted by code that no one here wrote."""

from __future__ import annotations

import base64
from urllib.parse import parse_qsl

import gidgethub.sansio
import pytest
import standardwebhooks
import stripe
import svix.webhooks
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

import webhookcore as wh
from support.loopback import Received, loopback

TEXT_SECRET = "a text secret that is long enough"
DATA = {"id": 7, "name": "Zoë ✓", "nested": [1.5, None, True]}


@pytest.fixture
def delivered(tmp_path):
    """Sends one message by the engine and returns the request that arrived."""

    def deliver(scheme: str, secret: str, data: object = DATA, **options: str) -> Received:
        policy = wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"])
        with (
            loopback() as receiver,
            wh.Client(f"sqlite:///{tmp_path}/{scheme}.db", policy=policy) as client,
        ):
            client.endpoints.create(
                receiver.url, events=["*"], secret=secret, schemes=[scheme], retry=[]
            )
            message = client.send("order.created", data, **options)
            client.run_until_idle()
            assert [one.state for one in message.deliveries] == ["delivered"]
            deliver.url = receiver.url
            deliver.message = message
            (request,) = receiver.requests
            return request

    return deliver


def test_standardwebhooks_accepts_it(delivered):
    secret = wh.generate_secret()
    request = delivered("standard", secret)
    payload = standardwebhooks.Webhook(secret).verify(request.body, dict(request.headers))
    assert payload["type"] == "order.created"
    assert payload["data"] == DATA


def test_svix_accepts_it(delivered):
    secret = wh.generate_secret()
    request = delivered("svix", secret)
    headers = {name.lower(): value for name, value in request.headers.items()}
    svix.webhooks.Webhook(secret).verify(request.body.decode(), headers)


def test_stripe_accepts_it(delivered):
    request = delivered("stripe", TEXT_SECRET)
    stripe.WebhookSignature.verify_header(
        request.body.decode(), request.headers["Stripe-Signature"], TEXT_SECRET, 300
    )


def test_gidgethub_accepts_it(delivered):
    request = delivered("github", TEXT_SECRET)
    headers = {name.lower(): value for name, value in request.headers.items()}
    event = gidgethub.sansio.Event.from_http(headers, request.body, secret=TEXT_SECRET)
    assert event.delivery_id == delivered.message.id
    assert event.data["data"] == DATA


def test_twilio_accepts_a_form(delivered):
    body = b"Body=caf%C3%A9+%2B1&From=%2B14158675309&Media=b&Media=a"
    request = delivered(
        "twilio", TEXT_SECRET, body, content_type="application/x-www-form-urlencoded"
    )
    assert request.body == body
    parameters = MultiDict(parse_qsl(body.decode(), keep_blank_values=True))
    signature = request.headers["X-Twilio-Signature"]
    assert RequestValidator(TEXT_SECRET).validate(delivered.url, parameters, signature)


def test_cryptography_accepts_an_ed25519_signature(delivered):
    signing_key, verification_key = wh.generate_keypair()
    request = delivered("standard", signing_key)
    version, signature = request.headers["webhook-signature"].split(",")
    assert version == "v1a"
    public = Ed25519PublicKey.from_public_bytes(
        base64.b64decode(verification_key.removeprefix("whpk_"))
    )
    signed = ".".join((request.headers["webhook-id"], request.headers["webhook-timestamp"], ""))
    public.verify(base64.b64decode(signature), signed.encode() + request.body)
