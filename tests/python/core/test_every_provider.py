"""Every built-in scheme, from its row alone: what is signed verifies, and nothing else does."""

from __future__ import annotations

import base64
from functools import cache

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

import webhookcore as wh

NOW = 1_700_000_000
URL = "https://hooks.example.com/in?account=7"
JSON_BODY = (
    b'{"id":"evt_1","type":"a.b","event-data":{"event":"opened"},"webhookTimestamp":1700000000000}'
)
BODIES = {
    "adyen": b'{"live":"false","notificationItems":[{"NotificationRequestItem":'
    b'{"pspReference":"7914","eventCode":"CAPTURE","success":"true","amount":'
    b'{"value":1000,"currency":"EUR"},"additionalData":{}}}]}',
    "aws-sns": b'{"Type":"Notification","MessageId":"m-1","TopicArn":"arn:aws:sns:eu-1:1:t",'
    b'"Message":"hello","Timestamp":"2023-11-14T22:13:20.000Z","SignatureVersion":"2",'
    b'"SigningCertURL":"https://sns.eu-west-1.amazonaws.com/a.pem"}',
}
# What a sender puts on the request beside the signature, where the scheme signs it.
SIGNED_HEADERS = {
    "fal": {"X-Fal-Webhook-User-Id": "user-1"},
    "symfony": {"Webhook-Event": "a.b"},
    "mailomat": {"X-MOM-Webhook-Event": "a.b"},
}
SETTINGS = {"paypal": {"webhook_id": "WH-1"}}
# The signature covers no body, or another part of the request than the body.
BODY_IS_UNSIGNED = {"mailomat", "mailgun", "gitlab", "telegram", "auth0", "okta", "jws-es256"}
KEYS_ARE_FETCHED = {"aws-sns", "paypal", "fal"}
BODY_SIGNERS = {"mailgun", "adyen", "aws-sns"}
NAMES = wh.providers()

every_provider = pytest.mark.parametrize("name", NAMES)


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem_pair(key) -> tuple[str, str]:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return private, public


def key_pair(name: str, number: int = 1) -> tuple[str, str]:
    """The sender's key and the receiver's; the same where there is one secret."""
    fields = wh.scheme(name).describe()
    algorithm = fields["versions"][0][1]
    if algorithm.startswith("ecdsa"):
        return pem_pair(ec.generate_private_key(ec.SECP256R1()))
    if algorithm.startswith("rsa"):
        return pem_pair(
            rsa_key()
            if number == 1
            else rsa.generate_private_key(public_exponent=65537, key_size=2048)
        )
    if algorithm == "ed25519" and fields["key"] == "public":
        return pem_pair(ed25519.Ed25519PrivateKey.generate())
    if algorithm == "ed25519":
        key = ed25519.Ed25519PrivateKey.generate()
        raw = key.public_key().public_bytes_raw()
        return (key.private_bytes_raw() + raw).hex(), raw.hex()
    bytes_32 = bytes([number]) * 32
    texts = {"b64": base64.b64encode(bytes_32).decode(), "hex": bytes_32.hex()}
    secret = texts.get(fields["key"], f"a secret that is long enough, {number}")
    return secret, secret


class Exchange:
    """A request as its sender makes it, and what the receiver knows."""

    def __init__(self, name: str) -> None:
        self.scheme = wh.scheme(name).replace(**SETTINGS.get(name, {}))
        self.private, self.public = key_pair(name)
        self.headers: dict[str, str] = dict(SIGNED_HEADERS.get(name, {}))
        self.headers["Content-Type"] = "application/json"
        self.body = BODIES.get(name, JSON_BODY)
        self.url = URL
        if name in {"twilio", "mandrill"}:
            self.headers["Content-Type"] = "application/x-www-form-urlencoded"
            self.body = b"From=%2B1415&Body=done"
        if name in BODY_SIGNERS:
            self.body = wh.sign_body(
                self.scheme,
                body=self.body,
                secret=self.private,
                id="token-1" if name == "mailgun" else None,
                timestamp=NOW,
            )
            return
        signed = wh.sign(
            self.scheme,
            body=self.body,
            secret=self.private,
            id="msg_1",
            type="a.b",
            timestamp=NOW,
            url=self.url,
            headers=self.headers,
        )
        self.headers.update(signed)

    def verify(self, *, body: bytes | None = None, secret: str | None = None, now: float = NOW):
        return wh.verify(
            self.scheme,
            body=self.body if body is None else body,
            headers=self.headers,
            secrets=[self.public if secret is None else secret],
            url=self.url,
            now=now,
        )


@every_provider
def test_what_is_signed_verifies(name):
    event = Exchange(name).verify()
    assert event.provider == name
    assert event.matched_secret == 0


@every_provider
def test_another_key_is_refused(name):
    with pytest.raises(wh.VerificationError) as refusal:
        Exchange(name).verify(secret=key_pair(name, 2)[1])
    assert refusal.value.reason == "signature_mismatch"
    assert refusal.value.http_status == 401


@pytest.mark.parametrize("name", [name for name in NAMES if name not in BODY_IS_UNSIGNED])
def test_another_body_is_refused(name):
    exchange = Exchange(name)
    changed = {
        "adyen": exchange.body.replace(b"1000", b"9000"),
        "aws-sns": exchange.body.replace(b"hello", b"hullo"),
        "twilio": exchange.body + b"&x=1",
        "mandrill": exchange.body + b"&x=1",
    }.get(name, exchange.body.replace(b"evt_1", b"evt_2"))
    assert changed != exchange.body
    with pytest.raises(wh.VerificationError) as refusal:
        exchange.verify(body=changed)
    assert refusal.value.reason in ("signature_mismatch", "body_mismatch")


TIMED = [name for name in NAMES if wh.scheme(name).describe()["timestamp"]]


@pytest.mark.parametrize("name", TIMED)
def test_an_old_and_an_early_request_are_refused(name):
    exchange = Exchange(name)
    tolerance = wh.scheme(name).describe()["tolerance"]
    with pytest.raises(wh.VerificationError) as old:
        exchange.verify(now=NOW + tolerance + 2)
    with pytest.raises(wh.VerificationError) as early:
        exchange.verify(now=NOW - tolerance - 2)
    assert (old.value.reason, early.value.reason) == ("timestamp_too_old", "timestamp_too_new")
    assert exchange.verify(now=NOW + tolerance - 2).timestamp is not None


@every_provider
def test_a_request_without_its_signature_is_refused(name):
    if name in BODY_SIGNERS:
        exchange = Exchange(name)
        exchange.body = BODIES.get(name, JSON_BODY)
        with pytest.raises(wh.VerificationError) as refusal:
            exchange.verify()
        assert refusal.value.reason in ("missing_header", "malformed_body")
        return
    exchange = Exchange(name)
    exchange.headers = {"Content-Type": exchange.headers["Content-Type"]}
    with pytest.raises(wh.VerificationError) as refusal:
        exchange.verify()
    assert refusal.value.reason == "missing_header"


@every_provider
def test_a_key_of_no_form_is_refused_where_it_is_configured(name):
    scheme = wh.scheme(name).replace(**SETTINGS.get(name, {}))
    for impossible in ("", " ", "\t"):
        with pytest.raises(wh.ConfigError):
            wh.Verifier(scheme, secrets=[impossible])
    if name not in KEYS_ARE_FETCHED:
        with pytest.raises(wh.ConfigError):
            wh.Verifier(scheme, secrets=[])


def takes_several_signatures(name: str) -> bool:
    fields = wh.scheme(name).describe()
    is_numbered = any(numbered for *_, numbered in fields["families"])
    return not fields["special"] and (bool(fields["items"]) or is_numbered)


LISTS = [name for name in NAMES if takes_several_signatures(name)]


@pytest.mark.parametrize("name", LISTS)
def test_a_request_signed_with_two_secrets_passes_with_either(name):
    first, second = key_pair(name, 1)[0], key_pair(name, 2)[0]
    signed = wh.sign(
        name, body=JSON_BODY, secret=[first, second], id="msg_1", timestamp=NOW, url=URL
    )
    for secrets, index in (([first], 0), ([second], 0), (["x" * 40, second], 1)):
        if index and wh.scheme(name).describe()["key"] != "utf8":
            continue
        event = wh.verify(name, body=JSON_BODY, headers=signed, secrets=secrets, now=NOW, url=URL)
        assert event.matched_secret == index


def test_the_rows_in_both_languages_are_of_the_same_providers():
    assert sorted(NAMES) == sorted({wh.scheme(name).name for name in NAMES})
    assert len(NAMES) >= 70


def test_the_header_that_is_a_secret_is_known_as_one():
    for row in wh.providers(details=True):
        assert row.secret_header == wh.scheme(row.name).provider.secret_header
    assert {row.name for row in wh.providers(details=True) if row.secret_header} == {
        "gitlab",
        "telegram",
        "auth0",
        "okta",
        "gitlab-signed",  # Its older token may come along.
    }


def test_what_rests_on_documentation_alone_is_marked_unconfirmed():
    details = {row.name: row for row in wh.providers(details=True)}
    assert details["stripe"].confirmed
    assert not details["calendly"].confirmed
    assert not details["gitlab-signed"].confirmed
