"""Errors are typed, say what to answer, and help without giving anything away."""

from __future__ import annotations

import json

import pytest

import webhookcore as wh
from support.senders import SENDERS, TEXT_SECRET, Sender, sender

HTTP_STATUS = {  # requirements.md S7
    "missing_header": 401,
    "malformed_header": 401,
    "malformed_signature": 401,
    "unsupported_version": 401,
    "signature_mismatch": 401,
    "body_mismatch": 401,
    "untrusted_key": 401,
    "duplicate_header": 400,
    "too_many_signatures": 400,
    "malformed_timestamp": 400,
    "timestamp_too_old": 400,
    "timestamp_too_new": 400,
    "malformed_body": 400,
    "body_too_large": 413,
    "header_too_large": 431,
}
BASES = {
    "ConfigError": "WebhookError",
    "VerificationError": "WebhookError",
    "InvalidUrlError": "WebhookError",
    "BlockedAddressError": "WebhookError",
    "IdempotencyConflictError": "WebhookError",
    "AlreadyDeliveredError": "WebhookError",
    "UnknownEventTypeError": "WebhookError",
    "NotFoundError": "WebhookError",
    "StoreError": "WebhookError",
    "StoreUnavailableError": "StoreError",
    "StoreBusyError": "StoreError",
    "StoreFullError": "StoreError",
    "StoreCorruptError": "StoreError",
    "SchemaTooNewError": "StoreError",
}


@pytest.mark.parametrize(("name", "base"), BASES.items())
def test_every_error_has_its_place_in_the_tree(name, base):
    assert issubclass(getattr(wh, name), getattr(wh, base))
    assert issubclass(wh.WebhookError, Exception)
    assert not issubclass(wh.VerificationError, wh.ConfigError)


def refusal(provider: str, headers, now, body: bytes | None = None) -> wh.VerificationError:
    with pytest.raises(wh.VerificationError) as caught:
        sender(provider).verify(headers, body=body, now=now)
    return caught.value


def stripe_header(now: int) -> str:
    return sender("stripe").headers(now=now)["Stripe-Signature"]


def refusals(now: int):
    """A request for every reason that the first providers can give."""
    good = stripe_header(now)
    signature = good.partition(",")[2]
    twin = [("Stripe-Signature", good)] * 2
    yield "missing_header", "stripe", {}
    yield "duplicate_header", "stripe", twin
    yield "header_too_large", "stripe", {"Stripe-Signature": good + ",v1=0" * 2000}
    yield "too_many_signatures", "stripe", {"Stripe-Signature": good + ",v1=00" * 64}
    yield "malformed_header", "stripe", {"Stripe-Signature": good + ","}
    yield "malformed_timestamp", "stripe", {"Stripe-Signature": f"t=1.5,{signature}"}
    yield "malformed_signature", "stripe", {"Stripe-Signature": good[:-1]}
    yield "unsupported_version", "stripe", {"Stripe-Signature": good.replace("v1=", "v0=")}
    yield "timestamp_too_old", "stripe", {"Stripe-Signature": stripe_header(now - 301)}
    yield "timestamp_too_new", "stripe", {"Stripe-Signature": stripe_header(now + 301)}
    yield "signature_mismatch", "stripe", {"Stripe-Signature": good[:-64] + "0" * 64}


def test_every_reason_comes_with_the_status_to_answer(now):
    seen = set()
    for reason, provider, headers in refusals(now):
        error = refusal(provider, headers, now)
        assert (error.reason, error.http_status) == (reason, HTTP_STATUS[reason])
        seen.add(reason)
    # The others need a body cap, an id, a digest or a certificate; later landings have them.
    assert set(HTTP_STATUS) - seen == {
        "body_mismatch",
        "body_too_large",
        "malformed_body",
        "untrusted_key",
    }


@pytest.mark.parametrize("reason", HTTP_STATUS)
def test_a_refusal_made_by_hand_has_the_same_status(reason):
    assert wh.VerificationError(reason).http_status == HTTP_STATUS[reason]


@pytest.mark.parametrize("one", SENDERS, ids=str)
def test_no_header_at_all_is_a_missing_header(one: Sender, now):
    assert refusal(one.provider, {}, now).reason == "missing_header"
    assert refusal(one.provider, {"Host": "example.com"}, now).reason == "missing_header"


@pytest.mark.parametrize(
    ("given", "near"), [("strpe", "stripe"), ("githb", "github"), ("Standard", "standard")]
)
def test_an_unknown_provider_is_refused_with_the_names_nearest_to_it(given, near):
    for call in (
        lambda: wh.verify(given, body=b"", headers={}, secrets=[TEXT_SECRET]),
        lambda: wh.Verifier(given, secrets=[TEXT_SECRET]),
        lambda: wh.sign(given, body=b"", secret=TEXT_SECRET),
    ):
        with pytest.raises(wh.ConfigError, match=near):
            call()


def test_the_hint_tells_the_distance_in_time(now):
    error = refusal("stripe", {"Stripe-Signature": stripe_header(now - 4321)}, now)
    assert "4321" in error.hint.replace(",", "")
    error = refusal("stripe", {"Stripe-Signature": stripe_header(now + 777)}, now)
    assert "777" in error.hint


def test_the_hint_sees_a_body_that_was_parsed_and_written_again(now):
    sent = json.dumps({"id": 1, "b": [1, 2]}, separators=(",", ":")).encode()
    headers = wh.sign("stripe", body=sent, secret=TEXT_SECRET, timestamp=now)
    error = refusal("stripe", headers, now, body=json.dumps(json.loads(sent)).encode())
    assert error.reason == "signature_mismatch"
    assert "serial" in error.hint


def test_the_hint_sees_a_trailing_newline(now, body):
    headers = wh.sign("stripe", body=body, secret=TEXT_SECRET, timestamp=now)
    error = refusal("stripe", headers, now, body=body + b"\n")
    assert error.reason == "signature_mismatch"
    assert "newline" in error.hint


def test_the_hint_sees_the_headers_of_another_provider(now):
    error = refusal("stripe", sender("github").headers(now=now), now)
    assert error.reason == "missing_header"
    assert "github" in error.hint.lower()


def test_the_hint_sees_a_secret_of_another_form(now, body):
    """Stripe's secrets start with whsec_; someone copied another key."""
    headers = wh.sign("stripe", body=body, secret="whsec_" + TEXT_SECRET, timestamp=now)
    with pytest.raises(wh.VerificationError) as caught:
        wh.verify("stripe", body=body, headers=headers, secrets=["sk_live_" + "9" * 24], now=now)
    assert "prefix" in caught.value.hint or "whsec_" in caught.value.hint


def test_the_message_names_the_reason_and_not_the_hint(now):
    for reason, provider, headers in refusals(now):
        error = refusal(provider, headers, now)
        assert reason in str(error)
        assert not error.hint or error.hint not in str(error)
