"""What an attacker once got through stays out."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

import webhookcore as wh

URL = "https://hooks.example.com/in"
SECRET = "a secret that is long enough"
KEYS = {
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
    "p-256": ec.generate_private_key(ec.SECP256R1()),
}
every_key = pytest.mark.parametrize("kind", KEYS)


def private_pem(kind: str) -> str:
    return KEYS[kind].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_texts(kind: str) -> dict[str, str]:
    public = KEYS[kind].public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {"pem": pem, "der": base64.b64encode(der).decode(), "one line": pem.replace("\n", " ")}


@every_key
@pytest.mark.parametrize("form", ["pem", "der"])
def test_a_public_key_in_any_form_verifies_and_is_no_shared_secret(kind, form):
    public = public_texts(kind)[form]
    options = {"body": b"{}", "url": URL}
    genuine = wh.sign("rfc9421", secret=private_pem(kind), **options)
    assert wh.verify("rfc9421", headers=genuine, secrets=[public], **options)
    with pytest.raises(wh.ConfigError):
        wh.sign("rfc9421", secret=public, **options)


@every_key
@pytest.mark.parametrize("form", ["pem", "der", "one line"])
@pytest.mark.parametrize("name", ["github", "openai", "vonage-jwt", "slack", "shopify"])
def test_where_a_secret_is_shared_a_public_key_is_refused(name, form, kind):
    with pytest.raises(wh.ConfigError):
        wh.Verifier(name, secrets=[public_texts(kind)[form]])
    jwk = '{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}'
    with pytest.raises(wh.ConfigError):
        wh.Verifier(name, secrets=[jwk])


@pytest.mark.parametrize("body", [b"1234567", b"true", b"null", b"token-of-anybody"])
def test_an_answer_to_a_challenge_of_x_signs_no_event(body):
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).digest()
    headers = {"X-Twitter-Webhooks-Signature": "sha256=" + base64.b64encode(digest).decode()}
    with pytest.raises(wh.VerificationError) as refused:
        wh.verify("twitter", body=body, headers=headers, secrets=[SECRET])
    assert refused.value.reason == "malformed_body"


ITEM = {
    "pspReference": "7914",
    "eventCode": "CAPTURE",
    "success": "true",
    "additionalData": {},
}


@pytest.mark.parametrize(
    "added",
    [
        {"originalReference": ["evil"]},
        {"originalReference": {"x": "evil"}},
        {"originalReference": 1.5},
        {"amount": {"value": 99999.5, "currency": ["EUR"]}},
    ],
)
@pytest.mark.parametrize("bare", [False, True])
def test_nothing_is_added_to_a_signed_item_of_adyen(added, bare):
    key = bytes(range(32)).hex()

    def body_of(item: dict) -> bytes:
        whole = item if bare else {"notificationItems": [{"NotificationRequestItem": item}]}
        return json.dumps(whole).encode()

    signed = json.loads(wh.sign_body("adyen", body=body_of(ITEM), secret=key))
    item = signed if bare else signed["notificationItems"][0]["NotificationRequestItem"]
    assert wh.verify("adyen", body=body_of(item), headers={}, secrets=[key])
    with pytest.raises(wh.VerificationError) as refused:
        wh.verify("adyen", body=body_of({**item, **added}), headers={}, secrets=[key])
    assert refused.value.reason in ("malformed_body", "signature_mismatch")


def test_a_repeated_request_of_mailgun_with_another_event_is_a_duplicate():
    body = b'{"signature":{},"event-data":{"id":"A","event":"opened"}}'
    sent = wh.sign_body("mailgun", body=body, secret=SECRET, id="token-1")
    with wh.Receiver("memory://") as receiver:
        receiver.add_source("mailgun", secrets=[SECRET])
        answers = [
            receiver.handle(wh.HttpRequest("POST", "/mailgun", {}, content), source="mailgun")
            for content in (sent, sent.replace(b'"A"', b'"F0"').replace(b"opened", b"forged"))
        ]
        assert [answer.status for answer in answers] == [202, 200]
        assert len(list(receiver.inbox.list())) == 1


def test_a_letter_that_only_unicode_takes_for_a_k_names_another_header():
    sent = wh.sign("standard", body=b"{}", secret=wh.generate_secret(), id="msg_1")
    headers = wh.Headers([("webhoo\u212a-id", "evil"), *sent.items()])
    assert headers["webhook-id"] == "msg_1"
    assert headers.get_all("webhook-id") == ["msg_1"]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("aws-sns", {"timestamp": "s"}),
        ("adyen", {"timestamp": "s"}),
        ("mailgun", {"sig": "X-A"}),
        ("adyen", {"time": "header:X"}),
        ("rfc9421", {"label": "\ud800"}),
        ("github", {"id": "header:\ud800"}),
        ("github", {"time": "header:\ud800"}),
    ],
)
def test_a_change_that_a_scheme_cannot_take_is_refused_by_its_name(name, change):
    with pytest.raises(wh.ConfigError) as refused:
        wh.scheme(name).replace(**change)
    assert refused.value.field in change
