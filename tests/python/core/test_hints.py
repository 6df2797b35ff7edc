"""A refusal explains itself, and gives nothing of a key or of the expected signature away."""

from __future__ import annotations

import base64

import pytest

import webhookcore as wh
from support.vectors import HostileRow, SignatureRow, hostile_rows, signature_rows

pytestmark = pytest.mark.filterwarnings("ignore")  # Published keys are often short.

ROWS = [*signature_rows(), *signature_rows("made_signatures.jsonl")]
REFUSED = [row for row in ROWS if row.expect == "refused"]
HOSTILE = [row for row in hostile_rows() if row.expect not in ("ok", "bad_secret")]


def refusal_of(row: SignatureRow | HostileRow) -> tuple[wh.VerificationError, tuple[str, ...]]:
    if isinstance(row, HostileRow):
        secrets, options = (row.secret,), {"now": row.now}
        scheme = row.provider
    else:
        secrets, scheme = row.secrets, row.scheme
        options = {
            "now": row.now,
            "url": row.url,
            "method": row.method,
            "tolerance": row.tolerance,
        }
    with pytest.raises(wh.VerificationError) as refusal:
        wh.verify(scheme, body=row.body, headers=row.headers, secrets=list(secrets), **options)
    return refusal.value, secrets


def pieces_of(text: str) -> set[str]:
    """Every run of 8 characters; shorter ones are in any sentence."""
    return {text[start : start + 8] for start in range(len(text) - 7)}


@pytest.mark.parametrize("row", [*REFUSED, *HOSTILE], ids=str)
def test_every_refusal_has_a_hint_that_shows_no_secret(row):
    error, secrets = refusal_of(row)
    assert error.hint.strip(), error.reason
    shown = pieces_of(error.hint) | pieces_of(str(error))
    for secret in secrets:
        for text in (secret, secret.partition("_")[2], base64.b64encode(secret.encode()).decode()):
            assert not pieces_of(text) & shown, (error.reason, error.hint)


SIGNABLE = ["stripe", "github", "shopify", "slack", "standard", "twitch", "square", "linear"]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"id": "evt_1", "webhookTimestamp": 1700000000000}'


@pytest.mark.parametrize("name", SIGNABLE)
@pytest.mark.parametrize("change", ["other secret", "other body", "newline", "layout", "old"])
def test_no_hint_shows_the_signature_that_was_expected(name, change):
    body = {"newline": BODY + b"\n", "layout": BODY.replace(b" ", b""), "other body": b"{}"}.get(
        change, BODY
    )
    secret = SECRET.replace("MfKQ", "NgLR") if change == "other secret" else SECRET
    options = {"id": "msg_1", "url": "https://hooks.example.com/in", "timestamp": 1_700_000_000}
    sent = wh.sign(name, body=BODY, secret=SECRET, **options)
    expected = wh.sign(name, body=body, secret=secret, **options)
    now = 1_712_345_678 if change == "old" else 1_700_000_000
    try:
        wh.verify(name, body=body, headers=sent, secrets=[secret], now=now, url=options["url"])
    except wh.VerificationError as refused:
        hint = refused.hint
    else:
        assert change == "old", "only what does not age may pass"
        assert not wh.scheme(name).describe()["timestamp"]
        return
    signatures = {
        value
        for header, value in {**expected, **sent}.items()
        if "ignature" in header or "mac" in header.lower()
    }
    for signature in signatures:
        assert not pieces_of(signature) & pieces_of(hint), hint


def test_a_body_that_was_parsed_and_written_again_is_recognised():
    sent = wh.sign("github", body=BODY, secret=SECRET)
    with pytest.raises(wh.VerificationError) as refused:
        wh.verify("github", body=BODY.replace(b" ", b""), headers=sent, secrets=[SECRET])
    assert "re-serialised" in refused.value.hint


def test_a_signature_of_another_provider_is_named():
    sent = wh.sign("shopify", body=BODY, secret=SECRET)
    with pytest.raises(wh.VerificationError) as refused:
        wh.verify("github", body=BODY, headers=sent, secrets=[SECRET])
    assert "shopify" in refused.value.hint


def test_a_covered_header_that_is_absent_is_named():
    secret = base64.b64encode(b"a secret of 32 bytes, more or less").decode()
    url, at = "https://example.com/hook", 1_700_000_000
    headers = wh.sign("rfc9421", body=b"{}", secret=secret, timestamp=at, url=url)
    del headers["Content-Digest"]
    with pytest.raises(wh.VerificationError) as refused:
        wh.verify("rfc9421", body=b"{}", headers=headers, secrets=[secret], url=url, now=at)
    assert refused.value.reason == "missing_header"
    assert "content-digest" in refused.value.hint
    assert "empty" not in refused.value.hint


def test_a_label_that_is_absent_is_not_called_an_empty_header():
    secret = base64.b64encode(b"a secret of 32 bytes, more or less").decode()
    url, at = "https://example.com/hook", 1_700_000_000
    headers = wh.sign("rfc9421", body=b"{}", secret=secret, timestamp=at, url=url)
    labelled = wh.scheme("rfc9421").replace(label="other")
    with pytest.raises(wh.VerificationError) as refused:
        wh.verify(labelled, body=b"{}", headers=headers, secrets=[secret], url=url, now=at)
    assert "label" in refused.value.hint


def test_a_covered_url_that_was_not_given_is_asked_for():
    secret = base64.b64encode(b"a secret of 32 bytes, more or less").decode()
    url, at = "https://example.com/hook", 1_700_000_000
    headers = wh.sign("rfc9421", body=b"{}", secret=secret, timestamp=at, url=url)
    with pytest.raises(wh.VerificationError) as refused:
        wh.verify("rfc9421", body=b"{}", headers=headers, secrets=[secret], now=at)
    assert "URL, and none was given" in refused.value.hint


def test_a_signature_that_covers_too_little_is_told_which_settings_say_so():
    secret = base64.b64encode(b"a secret of 32 bytes, more or less").decode()
    scheme, body = wh.scheme("rfc9421"), b"{}"
    few = scheme.replace(required=["@method"])
    url = "https://example.com/hook"
    headers = wh.sign(few, body=body, secret=secret, timestamp=1_700_000_000, url=url)
    with pytest.raises(wh.VerificationError) as refused:
        wh.verify(scheme, body=body, headers=headers, secrets=[secret], url=url, now=1_700_000_000)
    assert "`required`" in refused.value.hint
    assert "`created`" in refused.value.hint
