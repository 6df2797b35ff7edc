"""What is signed verifies, under every provider and in every shape a framework hands over."""

from __future__ import annotations

import hashlib
import hmac
import time

import pytest
from starlette.datastructures import Headers as StarletteHeaders
from werkzeug.datastructures import Headers as WerkzeugHeaders

import webhookcore as wh
from support.senders import (
    SENDERS,
    TEXT_SECRET,
    URL,
    Sender,
    canonical,
    encoded_secret,
    sender,
)

every_sender = pytest.mark.parametrize("sender", SENDERS, ids=str)
timed_sender = pytest.mark.parametrize(
    "sender", [sender for sender in SENDERS if sender.signs_time], ids=str
)


@every_sender
def test_what_is_signed_verifies(sender: Sender, now):
    event = sender.verify(sender.headers(now=now), now=now)
    assert event.body == sender.body
    assert event.matched_secret == 0


@every_sender
def test_another_body_is_refused(sender: Sender, now):
    headers = sender.headers(now=now)
    with pytest.raises(wh.VerificationError) as refusal:
        sender.verify(headers, body=sender.body + b"&x=1", now=now)
    assert refusal.value.reason == "signature_mismatch"


@every_sender
def test_another_secret_is_refused(sender: Sender, now):
    headers = sender.headers(now=now)
    with pytest.raises(wh.VerificationError) as refusal:
        sender.verify(headers, secrets=[sender.other_secret], now=now)
    assert refusal.value.reason == "signature_mismatch"


@every_sender
def test_during_a_rotation_either_secret_passes_and_its_index_is_told(sender: Sender, now):
    by_new = sender.headers(now=now, secret=sender.other_secret)
    by_old = sender.headers(now=now)
    secrets = [sender.other_secret, sender.secret]
    assert sender.verify(by_new, secrets=secrets, now=now).matched_secret == 0
    assert sender.verify(by_old, secrets=secrets, now=now).matched_secret == 1


@timed_sender
@pytest.mark.parametrize(
    ("late", "reason"), [(301, "timestamp_too_old"), (-301, "timestamp_too_new")]
)
def test_the_tolerance_is_300_seconds_both_ways(sender: Sender, now, late, reason):
    headers = sender.headers(now=now)
    nearly = late - 1 if late > 0 else late + 1
    assert sender.verify(headers, now=now + nearly).body == sender.body
    with pytest.raises(wh.VerificationError) as refusal:
        sender.verify(headers, now=now + late)
    assert refusal.value.reason == reason


@timed_sender
def test_the_tolerance_can_be_set(sender: Sender, now):
    headers = sender.headers(now=now)
    assert sender.verify(headers, now=now + 900, tolerance=900).body == sender.body
    with pytest.raises(wh.VerificationError) as refusal:
        sender.verify(headers, now=now + 11, tolerance=10)
    assert refusal.value.reason == "timestamp_too_old"


@pytest.mark.parametrize("tolerance", [0, -1, 0.0, float("nan"), float("-inf")])
@pytest.mark.parametrize("provider", ["stripe", "github"])
def test_a_tolerance_that_is_not_above_zero_is_refused_where_it_is_configured(provider, tolerance):
    with pytest.raises(wh.ConfigError):
        wh.Verifier(provider, secrets=[TEXT_SECRET], tolerance=tolerance)
    with pytest.raises(wh.ConfigError):
        sender(provider).verify({}, tolerance=tolerance)


@timed_sender
def test_without_now_the_system_clock_decides(sender: Sender):
    fresh = sender.headers(now=int(time.time()))
    assert sender.verify(fresh).body == sender.body
    with pytest.raises(wh.VerificationError) as refusal:
        sender.verify(sender.headers(now=int(time.time()) - 400))
    assert refusal.value.reason == "timestamp_too_old"


def test_without_a_timestamp_the_signature_is_made_now():
    headers = wh.sign("stripe", body=b"{}", secret=TEXT_SECRET)
    assert wh.verify("stripe", body=b"{}", headers=headers, secrets=[TEXT_SECRET]).body == b"{}"


SHAPES = {
    "dict": dict,
    "pairs": lambda headers: list(headers.items()),
    "tuple of pairs": lambda headers: tuple(headers.items()),
    "lower case": lambda headers: {name.lower(): value for name, value in headers.items()},
    "upper case": lambda headers: {name.upper(): value for name, value in headers.items()},
    "bytes pairs": lambda headers: [(k.encode(), v.encode()) for k, v in headers.items()],
    "bytes dict": lambda headers: {k.encode(): v.encode() for k, v in headers.items()},
    "ASGI": lambda headers: [(k.lower().encode(), v.encode()) for k, v in headers.items()],
    "Starlette": StarletteHeaders,
    "Werkzeug": WerkzeugHeaders,
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@every_sender
def test_headers_may_come_in_any_shape_and_case(sender: Sender, now, shape):
    headers = {"Host": "hooks.example.com", "Accept": "*/*", **sender.headers(now=now)}
    assert sender.verify(shape(headers), now=now).body == sender.body


@pytest.mark.parametrize("shape", [StarletteHeaders, WerkzeugHeaders])
def test_a_repeated_header_is_seen_through_a_multi_dict(shape, now):
    pairs = [*sender("stripe").headers(now=now).items()] * 2
    headers = shape(raw=_as_asgi(pairs)) if shape is StarletteHeaders else shape(pairs)
    with pytest.raises(wh.VerificationError) as refusal:
        sender("stripe").verify(headers, now=now)
    assert refusal.value.reason == "duplicate_header"


def _as_asgi(pairs):
    return [(name.lower().encode(), value.encode()) for name, value in pairs]


@pytest.mark.parametrize(
    "secrets",
    [
        [TEXT_SECRET],
        (TEXT_SECRET,),
        [TEXT_SECRET.encode()],
        lambda: [TEXT_SECRET],
        lambda: [TEXT_SECRET.encode()],
    ],
    ids=["str", "tuple", "bytes", "callable", "callable of bytes"],
)
def test_secrets_may_be_text_bytes_or_a_callable(secrets, now):
    stripe = sender("stripe")
    headers = stripe.headers(now=now)
    assert stripe.verify(headers, secrets=secrets, now=now).matched_secret == 0
    assert wh.Verifier("stripe", secrets=secrets).verify(stripe.body, headers, now=now).type


def test_the_bytes_of_an_encoded_secret_are_its_text(now):
    secret = encoded_secret(5)
    headers = wh.sign("standard", body=b"{}", secret=secret.encode(), id="m", timestamp=now)
    for form in (secret, secret.encode()):
        assert wh.verify("standard", body=b"{}", headers=headers, secrets=[form], now=now)


@pytest.mark.parametrize("body", ['{"id":1}', None, 7, ["x"]])
def test_a_body_that_is_not_bytes_is_a_mistake_of_the_caller(body, now):
    headers = sender("stripe").headers(now=now)
    with pytest.raises(TypeError):
        wh.verify("stripe", body=body, headers=headers, secrets=[TEXT_SECRET], now=now)
    with pytest.raises(TypeError):
        wh.Verifier("stripe", secrets=[TEXT_SECRET]).verify(body, headers, now=now)
    with pytest.raises(TypeError):
        wh.sign("stripe", body=body, secret=TEXT_SECRET, timestamp=now)


# Twilio signs the fields of a form, so it is not among them.
@pytest.mark.parametrize("sender", [s for s in SENDERS if s.provider != "twilio"], ids=str)
@pytest.mark.parametrize("body", [b"", b"\x00", b"\xff\xfe\xfd", b"\xef\xbb\xbf{}", b"\r\n" * 500])
def test_any_bytes_are_a_legal_body(sender: Sender, now, body):
    headers = wh.sign(sender.provider, body=body, secret=sender.secret, id="m", timestamp=now)
    event = sender.verify(headers, body=body, now=now)
    assert event.body == body
    assert event.type is None


def test_signing_gives_text_headers_for_http(now):
    for one in SENDERS:
        for name, value in one.headers(now=now).items():
            assert name.isascii()
            assert value.isascii()
            assert value.isprintable()


def test_stripe_signs_the_published_string(now):
    mac = hmac.new(TEXT_SECRET.encode(), b"1700000000.{}", hashlib.sha256).hexdigest()
    headers = wh.sign("stripe", body=b"{}", secret=TEXT_SECRET, timestamp=now)
    assert canonical(headers) == {"Stripe-Signature": f"t=1700000000,v1={mac}"}


def test_twilio_covers_a_json_body_by_the_hash_in_the_url(now):
    body = b'{"property":"value"}'
    url = f"{URL}&bodySHA256={hashlib.sha256(body).hexdigest()}"
    headers = wh.sign("twilio", body=body, secret=TEXT_SECRET, url=url)
    options = {"headers": headers, "secrets": [TEXT_SECRET], "url": url}
    assert wh.verify("twilio", body=body, **options).body == body
    with pytest.raises(wh.VerificationError) as refusal:
        wh.verify("twilio", body=body + b" ", **options)
    assert refusal.value.reason in {"body_mismatch", "signature_mismatch"}


def test_twilio_without_a_url_is_refused_where_it_is_signed(now):
    with pytest.raises(wh.ConfigError):
        wh.sign("twilio", body=b"", secret=TEXT_SECRET)


def test_the_published_v1a_signature_comes_out_of_the_private_key(now):
    private, public = wh.generate_keypair()
    headers = wh.sign("standard", body=b"{}", secret=private, id="msg_1", timestamp=now)
    assert canonical(headers)["Webhook-Signature"].startswith("v1a,")
    for key in (public, private):
        assert wh.verify("standard", body=b"{}", headers=headers, secrets=[key], now=now)
    with pytest.raises(wh.ConfigError):
        wh.sign("standard", body=b"{}", secret=public, id="msg_1", timestamp=now)
