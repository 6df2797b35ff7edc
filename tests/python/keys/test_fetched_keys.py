"""Providers whose keys are fetched: asked for last, and only where the rest is right."""

from __future__ import annotations

import asyncio
import base64
import json
import time

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

import webhookcore as wh
from support.key_server import Authority, private_pem, public_jwk

NOW = 1_700_000_000
WEBHOOK = wh.scheme("paypal").replace(
    webhook_id="WH-1",
    certificate_url="https://api.paypal.com/v1/notifications/certs/CERT-1",
)
MESSAGE = json.dumps(
    {
        "Type": "Notification",
        "MessageId": "m-1",
        "Message": "hello",
        "Timestamp": "2023-11-14T22:13:20.000Z",
        "TopicArn": "arn:aws:sns:us-east-1:1:t",
    }
).encode()


class Fetcher:
    """Gives a text, or raises an error, and notes what it was asked."""

    def __init__(self, answer):
        self.answer = answer
        self.asked = []

    def fetch(self, reference):
        self.asked.append(reference)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


@pytest.fixture(scope="module")
def rsa_key():
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def certificate(rsa_key):
    return Authority().issue(rsa_key, "sns.amazonaws.com")


@pytest.fixture(scope="module")
def message(rsa_key):
    return wh.sign_body("aws-sns", body=MESSAGE, secret=private_pem(rsa_key))


def ed25519_key():
    key = ed25519.Ed25519PrivateKey.generate()
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    x = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    return private_pem(key), {"kty": "OKP", "crv": "Ed25519", "x": x}


def fal_request(private, now=NOW):
    user = {"X-Fal-Webhook-User-Id": "user-1"}
    signed = wh.sign("fal", body=b"{}", secret=private, id="r-1", timestamp=now, headers=user)
    return {**signed, **user}


def plaid_request(private, kid="kid-1", now=NOW, body=b"{}"):
    return wh.sign(wh.scheme("plaid").replace(kid=kid), body=body, secret=private, timestamp=now)


def refusal(verifier, body, headers, now=NOW):
    with pytest.raises(wh.VerificationError) as refused:
        verifier.verify(body, headers, now=now)
    return refused.value.reason


class TestAmazonSns:
    def test_a_message_verifies_with_the_certificate_that_it_names(self, message, certificate):
        keys = Fetcher(certificate)
        event = wh.verify("aws-sns", body=message, headers={}, keys=keys)
        assert (event.id, event.type) == ("m-1", "Notification")
        assert keys.asked == [
            wh.KeyReference(
                "aws-sns",
                "https://sns.us-east-1.amazonaws.com/SimpleNotificationService.pem",
            )
        ]

    def test_nothing_is_fetched_for_what_cannot_be_right(self, message, certificate):
        keys = Fetcher(certificate)
        verifier = wh.Verifier("aws-sns", keys=keys)
        elsewhere = message.replace(b"sns.us-east-1.amazonaws.com", b"bucket.s3.amazonaws.com")
        assert refusal(verifier, elsewhere, {}) == "untrusted_key"
        assert refusal(verifier, message.replace(b'"MessageId"', b'"X"'), {}) == "malformed_body"
        assert refusal(verifier, b"", {}) == "malformed_body"
        other_version = message.replace(b'"SignatureVersion":"2"', b'"SignatureVersion":"3"')
        assert other_version != message
        assert refusal(verifier, other_version, {}) == "unsupported_version"
        assert keys.asked == []

    def test_a_changed_message_is_refused_by_its_signature(self, message, certificate):
        verifier = wh.Verifier("aws-sns", [], keys=Fetcher(certificate))
        assert refusal(verifier, message.replace(b"hello", b"hallo"), {}) == "signature_mismatch"

    def test_a_renewed_key_is_used_at_once(self, message, certificate, rsa_key):
        keys = Fetcher(Authority().issue(rsa.generate_private_key(65537, 2048), "x.example"))
        verifier = wh.Verifier("aws-sns", keys=keys)
        assert refusal(verifier, message, {}) == "signature_mismatch"
        keys.answer = certificate
        assert verifier.verify(message, {}).id == "m-1"


class TestPayPal:
    def test_a_request_verifies_by_certificate_and_webhook_id(self, rsa_key):
        keys = Fetcher(Authority().issue(rsa_key, "messageverificationcerts.paypal.com"))
        headers = wh.sign(WEBHOOK, body=b"{}", secret=private_pem(rsa_key), id="t", timestamp=NOW)
        verifier = wh.Verifier(WEBHOOK, keys=keys)
        assert verifier.verify(b"{}", headers, now=NOW).provider == "paypal"
        other = wh.Verifier(WEBHOOK.replace(webhook_id="WH-2"), keys=keys)
        assert refusal(other, b"{}", headers) == "signature_mismatch"
        assert {asked.url for asked in keys.asked} == {
            "https://api.paypal.com/v1/notifications/certs/CERT-1"
        }

    def test_nothing_is_fetched_for_a_late_or_a_foreign_request(self, rsa_key):
        keys = Fetcher("")
        verifier = wh.Verifier(WEBHOOK, keys=keys)
        headers = wh.sign(WEBHOOK, body=b"{}", secret=private_pem(rsa_key), id="t", timestamp=NOW)
        assert refusal(verifier, b"{}", headers, NOW + 301) == "timestamp_too_old"
        assert refusal(verifier, b"{}", headers, NOW - 301) == "timestamp_too_new"
        foreign = {**headers, "PAYPAL-CERT-URL": "https://api.paypal.com.example.com/v1/x"}
        assert refusal(verifier, b"{}", foreign) == "untrusted_key"
        nameless = {k: v for k, v in headers.items() if k != "PAYPAL-CERT-URL"}
        assert refusal(verifier, b"{}", nameless) == "untrusted_key"
        assert keys.asked == []

    def test_the_webhooks_id_is_wanted_where_the_verifier_is_made(self):
        with pytest.raises(wh.ConfigError, match="webhook_id"):
            wh.Verifier("paypal")


class TestFal:
    def test_any_key_of_the_set_may_match(self):
        private, jwk = ed25519_key()
        odd = [{"kty": "oct", "k": "AAAA"}, "text", {**ed25519_key()[1], "use": "enc"}]
        keys = Fetcher(json.dumps({"keys": [*odd, ed25519_key()[1], jwk]}))
        verifier = wh.Verifier("fal", keys=keys)
        assert verifier.verify(b"{}", fal_request(private), now=NOW).id == "r-1"
        assert refusal(verifier, b"[]", fal_request(private)) == "signature_mismatch"
        assert keys.asked[0].url == "https://rest.alpha.fal.ai/.well-known/jwks.json"

    def test_a_set_without_a_key_is_not_to_be_trusted(self):
        private, jwk = ed25519_key()
        symmetric = {"kty": "oct", "k": base64.urlsafe_b64encode(b"k" * 32).decode()}
        for text in (
            '{"keys": []}',
            json.dumps({"keys": [symmetric]}),
            json.dumps({**jwk, "x": "AAAA"}),
            "[]",
            "{",
            "",
            "whpk_" + "A" * 43,
            "[" * 100_000,
            '{"keys": ' + "[" * 100_000,
        ):
            verifier = wh.Verifier("fal", keys=Fetcher(text))
            assert refusal(verifier, b"{}", fal_request(private)) == "untrusted_key"

    def test_the_users_tolerance_decides_what_is_fetched(self):
        private, jwk = ed25519_key()
        keys = Fetcher(json.dumps(jwk))
        verifier = wh.Verifier("fal", tolerance=1000, keys=keys)
        assert verifier.verify(b"{}", fal_request(private), now=NOW + 1000).id == "r-1"
        assert refusal(verifier, b"{}", fal_request(private), NOW + 1001) == "timestamp_too_old"
        assert len(keys.asked) == 1

    def test_over_https_from_end_to_end(self, server):
        private, jwk = ed25519_key()
        server.body = json.dumps({"keys": [jwk]}).encode()
        policy = wh.UrlPolicy(allow=["127.0.0.0/8"], ca_file=server.ca_file)
        scheme = wh.scheme("fal").replace(keys_url=server.url)
        verifier = wh.Verifier(scheme, keys=wh.HttpsKeyFetcher(policy, urls=[server.url]))
        for forged in ({}, fal_request(private, NOW - 1000), {"X-Fal-Webhook-Signature": "00"}):
            with pytest.raises(wh.VerificationError):
                verifier.verify(b"{}", forged, now=NOW)
        assert server.count == 0
        for _ in range(3):
            assert verifier.verify(b"{}", fal_request(private), now=NOW).id == "r-1"
        assert server.count == 1

    def test_a_hint_says_what_a_refusal_without_a_key_was(self):
        verifier = wh.Verifier("fal", keys=Fetcher(""))
        with pytest.raises(wh.VerificationError) as refused:
            verifier.verify(b"{}", fal_request(ed25519_key()[0]), now=NOW + 400)
        assert "400 s before" in refused.value.hint


class TestPlaid:
    def test_a_key_is_asked_for_by_its_id_where_the_rest_is_right(self):
        key = ec.generate_private_key(ec.SECP256R1())
        keys = Fetcher(json.dumps(public_jwk(key)))
        verifier = wh.Verifier("plaid", keys=keys)
        headers = plaid_request(private_pem(key))
        assert refusal(verifier, b"[]", headers) == "body_mismatch"
        assert refusal(verifier, b"{}", headers, NOW + 1000) == "timestamp_too_old"
        assert keys.asked == []
        assert verifier.verify(b"{}", headers, now=NOW).provider == "plaid"
        assert keys.asked == [wh.KeyReference("plaid", "", "kid-1")]

    def test_of_a_set_only_the_key_of_the_id_counts(self):
        key = ec.generate_private_key(ec.SECP256R1())
        listed = {"keys": [{**public_jwk(key), "kid": "kid-1"}]}
        verifier = wh.Verifier("plaid", keys=Fetcher(json.dumps(listed)))
        assert verifier.verify(b"{}", plaid_request(private_pem(key)), now=NOW)
        other = plaid_request(private_pem(key), kid="kid-2")
        assert refusal(verifier, b"{}", other) == "untrusted_key"

    def test_plaid_is_asked_with_the_credentials(self, server):
        key = ec.generate_private_key(ec.SECP256R1())
        server.body = json.dumps({"key": {**public_jwk(key), "expired_at": None}}).encode()
        policy = wh.UrlPolicy(allow=["127.0.0.0/8"], ca_file=server.ca_file)
        base = server.url.removesuffix("/jwks.json")
        keys = wh.PlaidKeyFetcher("client", "hush", base, policy=policy)
        verifier = wh.Verifier("plaid", keys=keys)
        for _ in range(2):
            assert verifier.verify(b"{}", plaid_request(private_pem(key)), now=NOW)
        assert len(server.requests) == 1
        method, path, body = server.requests[0]
        assert (method, path) == ("POST", "/webhook_verification_key/get")
        assert json.loads(body) == {"client_id": "client", "secret": "hush", "key_id": "kid-1"}
        assert "hush" not in repr(keys)

    @pytest.mark.parametrize(
        ("status", "answer", "expected"),
        [
            (400, {"error_code": "INVALID_WEBHOOK_VERIFICATION_KEY_ID"}, wh.VerificationError),
            (200, {"key": {"kty": "EC", "expired_at": 1}}, wh.VerificationError),
            (400, {"error_code": "INVALID_API_KEYS"}, wh.KeyUnavailableError),
            (500, {}, wh.KeyUnavailableError),
            (200, {}, wh.KeyUnavailableError),
        ],
    )
    def test_what_plaid_answers_else(self, server, status, answer, expected):
        server.status, server.body = status, json.dumps(answer).encode()
        policy = wh.UrlPolicy(allow=["127.0.0.0/8"], ca_file=server.ca_file)
        base = server.url.removesuffix("/jwks.json")
        keys = wh.PlaidKeyFetcher("client", "hush", base, policy=policy)
        with pytest.raises(expected):
            keys.fetch(wh.KeyReference("plaid", "", "kid-1"))


class TestConfiguration:
    @pytest.mark.parametrize("name", ["stripe", "standard", "vonage-jwt", "discord", "rfc9421"])
    def test_no_keys_are_fetched_for_others(self, name):
        with pytest.raises(wh.ConfigError, match=r"^keys"):
            wh.Verifier(name, keys=Fetcher(""))
        with pytest.raises(wh.ConfigError, match=r"^secrets"):
            wh.Verifier(name)

    def test_secrets_mean_that_nothing_is_fetched(self, message, certificate):
        assert wh.verify("aws-sns", body=message, headers={}, secrets=[certificate]).id == "m-1"
        with pytest.raises(wh.ConfigError, match="not both"):
            wh.Verifier("aws-sns", [certificate], keys=Fetcher(""))
        with pytest.raises(wh.ConfigError, match="not both"):
            wh.Verifier("aws-sns", lambda: [certificate], keys=Fetcher(""))

    @pytest.mark.parametrize("name", ["plaid", "jws-es256"])
    def test_an_id_alone_needs_somebody_to_ask(self, name):
        with pytest.raises(wh.ConfigError, match="keys="):
            wh.Verifier(name)

    def test_public_keys_of_rfc_9421_come_by_their_id(self):
        private, jwk = ed25519_key()
        scheme = wh.scheme("rfc9421").replace(alg="ed25519", keyid="key-1")
        url = "https://example.com/hook"
        headers = wh.sign(scheme, body=b"{}", secret=private, timestamp=NOW, url=url)
        keys = Fetcher(json.dumps(jwk))
        assert wh.verify(scheme, body=b"{}", headers=headers, url=url, keys=keys, now=NOW)
        assert keys.asked[0].id == "key-1"

    @pytest.mark.parametrize("keys", ["text", 1, object()])
    def test_what_is_no_fetcher_is_refused(self, keys):
        with pytest.raises(wh.ConfigError, match=r"^keys"):
            wh.Verifier("aws-sns", keys=keys)

    def test_a_closed_verifier_asks_nobody(self, message):
        keys = Fetcher("")
        verifier = wh.Verifier("aws-sns", keys=keys)
        verifier.close()
        with pytest.raises(wh.ConfigError):
            verifier.verify(message, {})
        assert keys.asked == []

    def test_a_fetchers_own_errors_are_no_others(self, message):
        broken = wh.Verifier("aws-sns", keys=Fetcher(OSError("down")))
        with pytest.raises(wh.KeyUnavailableError, match="OSError"):
            broken.verify(message, {})
        with pytest.raises(wh.ConfigError):
            wh.Verifier("aws-sns", keys=Fetcher(b"bytes")).verify(message, {})
        untrusted = wh.Verifier("aws-sns", keys=Fetcher(wh.VerificationError("untrusted_key")))
        assert refusal(untrusted, message, {}) == "untrusted_key"


class TestAnswers:
    """What a provider is told while a key cannot be had."""

    @pytest.fixture
    def down(self):
        return Fetcher(wh.KeyUnavailableError("down", 7.5))

    def test_a_receiver_answers_503(self, message, down):
        with wh.Receiver("memory://") as receiver:
            receiver.add_source("aws-sns", keys=down)
            request = wh.HttpRequest("POST", "/hooks/aws-sns", [], message)
            answer = receiver.handle(request, "aws-sns")
        assert (answer.status, answer.headers["Retry-After"]) == (503, "8")
        assert json.loads(answer.body)["error"]["reason"] == "key_unavailable"

    def test_a_receiver_takes_what_a_fetched_key_verifies(self, message, certificate):
        with wh.Receiver("memory://") as receiver:
            receiver.add_source("topic", "aws-sns", keys=Fetcher(certificate))
            request = wh.HttpRequest("POST", "/hooks/topic", [], message)
            assert receiver.handle(request, "topic").status == 202

    def test_flask_answers_503(self, message, down):
        flask = pytest.importorskip("flask")
        app = flask.Flask(__name__)
        view = wh.flask.verified("aws-sns", keys=down)(lambda event: event.id)
        app.post("/hook", endpoint="hook")(view)
        answer = app.test_client().post("/hook", data=message)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "8")

    def test_fastapi_answers_503_and_lets_its_loop_run(self, message, down):
        fastapi = pytest.importorskip("fastapi")
        from fastapi.testclient import TestClient

        loops = []
        fetch = down.fetch

        def noting(reference):
            try:
                loops.append(asyncio.get_running_loop())
            except RuntimeError:
                loops.append(None)
            return fetch(reference)

        down.fetch = noting
        app = fastapi.FastAPI()
        verified = fastapi.Depends(wh.fastapi.verified("aws-sns", keys=down))

        @app.post("/hook")
        async def hook(event: wh.Event = verified):
            return event.id

        answer = TestClient(app).post("/hook", content=message)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "8")
        assert loops == [None]


def test_a_request_is_judged_by_the_time_at_which_it_came(monkeypatch):
    """A slow fetch makes nothing too old that came in time."""
    private, jwk = ed25519_key()
    times = iter([NOW, NOW + 1000])
    monkeypatch.setattr(time, "time", lambda: next(times))
    verifier = wh.Verifier("fal", keys=Fetcher(json.dumps(jwk)))
    assert verifier.verify(b"{}", fal_request(private)).id == "r-1"
