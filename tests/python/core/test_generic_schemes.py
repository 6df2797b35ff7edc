"""The generic schemes, signed here by the standard library alone."""

from __future__ import annotations

import hashlib
import hmac

import pytest

import webhookcore as wh
from support.senders import TEXT_SECRET, canonical

BODY = b'{"id":"evt_1","type":"order.created"}'
ISO_NOW = ["2023-11-14T22:13:20Z", "2023-11-14T22:13:20+00:00", "2023-11-14T22:13:20.000Z"]


def mac(*parts: bytes) -> str:
    return hmac.new(TEXT_SECRET.encode(), b"".join(parts), hashlib.sha256).hexdigest()


def verify(provider: str, headers, now, body: bytes = BODY) -> wh.Event:
    return wh.verify(provider, body=body, headers=headers, secrets=[TEXT_SECRET], now=now)


def refused(provider: str, headers, now, body: bytes = BODY) -> str:
    with pytest.raises(wh.VerificationError) as refusal:
        verify(provider, headers, now, body)
    return refusal.value.reason


def generic(timestamp: str, prefix: str = "sha256=", *, covered: bool = True) -> dict[str, str]:
    signed = (timestamp.encode(), b".", BODY) if covered else (BODY,)
    return {"X-Webhook-Signature": prefix + mac(*signed), "X-Webhook-Timestamp": timestamp}


@pytest.mark.parametrize("prefix", ["sha256=", ""])
@pytest.mark.parametrize("timestamp", ["1700000000", *ISO_NOW])
def test_generic_takes_both_forms_of_signature_and_of_time(prefix, timestamp, now):
    assert verify("generic", generic(timestamp, prefix), now).timestamp.timestamp() == now


@pytest.mark.parametrize("prefix", ["sha256=", ""])
@pytest.mark.parametrize("timestamp", ["1700000000", *ISO_NOW])
def test_generic_body_signs_the_body_alone(prefix, timestamp, now):
    headers = generic(timestamp, prefix, covered=False)
    assert verify("generic-body", headers, now).body == BODY
    assert refused("generic", headers, now) == "signature_mismatch"


@pytest.mark.parametrize("provider", ["generic", "generic-body"])
@pytest.mark.parametrize(
    ("timestamp", "reason"),
    [("1699999699", "timestamp_too_old"), ("1700000301", "timestamp_too_new")],
)
def test_both_check_the_age(provider, timestamp, reason, now):
    headers = generic(timestamp, covered=provider == "generic")
    assert refused(provider, headers, now) == reason


@pytest.mark.parametrize(
    "timestamp",
    [
        "2023-11-14T22:13:20",  # No zone.
        "2023-11-14",
        "2023-13-14T22:13:20Z",
        "2023-11-14T25:13:20Z",
        "2023-02-30T22:13:20Z",
        "+1700000000",
        "01700000000",
        "1700000000.0",
        "17e8",
        "1700000000000",  # Milliseconds have 13 digits.
        "nan",
        " 1700000000",
    ],
)
@pytest.mark.parametrize("provider", ["generic", "generic-body"])
def test_a_time_of_another_form_is_malformed(provider, timestamp, now):
    headers = generic(timestamp, covered=provider == "generic")
    assert refused(provider, headers, now) == "malformed_timestamp"


@pytest.mark.parametrize("provider", ["generic", "generic-body"])
@pytest.mark.parametrize("absent", ["X-Webhook-Signature", "X-Webhook-Timestamp"])
def test_signature_and_time_are_both_required(provider, absent, now):
    headers = generic("1700000000", covered=provider == "generic")
    del headers[absent]
    assert refused(provider, headers, now) == "missing_header"


@pytest.mark.parametrize(
    ("signature", "reasons"),
    [
        ("sha1=" + "0" * 40, {"unsupported_version"}),
        ("sha512=" + "0" * 128, {"unsupported_version"}),
        ("0" * 63, {"malformed_signature", "malformed_header"}),
        ("0" * 65, {"malformed_signature", "malformed_header"}),
        ("sha256=" + "0" * 63, {"malformed_signature"}),
        ("sha256=" + mac(b"1700000000.", BODY).upper(), {"malformed_signature"}),
        ("sha256=" + "0" * 64, {"signature_mismatch"}),
        ("0" * 64, {"signature_mismatch"}),
    ],
)
def test_generic_refuses_other_hashes_and_lengths(signature, reasons, now):
    headers = {"X-Webhook-Signature": signature, "X-Webhook-Timestamp": "1700000000"}
    assert refused("generic", headers, now) in reasons


@pytest.mark.parametrize(("provider", "field"), [("generic-t-s", "s"), ("generic-t-v1", "v1")])
class TestPairs:
    def header(self, field: str, timestamp: str = "1700000000") -> dict[str, str]:
        signature = mac(timestamp.encode(), b".", BODY)
        return {"X-Webhook-Signature": f"t={timestamp},{field}={signature}"}

    def test_time_and_signature_share_a_header(self, provider, field, now):
        assert verify(provider, self.header(field), now).timestamp.timestamp() == now

    def test_the_age_is_signed_and_checked(self, provider, field, now):
        assert refused(provider, self.header(field, "1699999699"), now) == "timestamp_too_old"
        assert refused(provider, self.header(field, "1700000301"), now) == "timestamp_too_new"

    def test_a_second_time_is_malformed(self, provider, field, now):
        value = self.header(field)["X-Webhook-Signature"]
        headers = {"X-Webhook-Signature": f"t=1700000000,{value}"}
        assert refused(provider, headers, now) == "malformed_header"

    def test_the_field_of_the_other_scheme_is_another_version(self, provider, field, now):
        other = "v1" if field == "s" else "s"
        assert refused(provider, self.header(other), now) == "unsupported_version"

    def test_signing_writes_the_same_header(self, provider, field, now):
        signed = wh.sign(provider, body=BODY, secret=TEXT_SECRET, timestamp=now)
        written = canonical(signed)["X-Webhook-Signature"]
        assert written == self.header(field)["X-Webhook-Signature"]


@pytest.mark.parametrize(("provider", "covered"), [("generic", True), ("generic-body", False)])
def test_signing_sends_sha256_and_unix_time(provider, covered, now):
    signed = canonical(wh.sign(provider, body=BODY, secret=TEXT_SECRET, timestamp=now))
    assert generic("1700000000", covered=covered).items() <= signed.items()
