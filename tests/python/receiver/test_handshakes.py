"""What providers ask before they send events: each good, and as somebody else would ask."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
from functools import cache

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

import webhookcore as wh
from support.receiving import SECRET, request
from webhookcore.receiver import handshake_options

FORGED = "not-the-secret-of-this-source"
HTML = "<script>alert(1)</script>"
MARKUP = ["<b>", "a b", 'a"b', "a\nb", "{a}", "a:b", "\u00e9", ""]


@pytest.fixture
def bare(url, clock):
    """A receiver without a source."""
    with wh.Receiver(url, clock=clock) as receiver:
        yield receiver


def get(receiver, source, query="", headers=()):
    path = f"/hooks/{source}" + (f"?{query}" if query else "")
    response = receiver.handle(wh.HttpRequest("GET", path, dict(headers), b""), source=source)
    return shown(receiver, response)


def post(receiver, asked, source):
    return shown(receiver, receiver.handle(asked, source=source))


def shown(receiver, response):
    """Status and content; no answer can be taken for a page."""
    kind = response.headers["Content-Type"]
    assert kind in ("application/json", "text/plain")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    if kind == "text/plain":
        return response.status, response.body.decode("ascii")
    content = json.loads(response.body)
    return response.status, content.get("error", {}).get("reason", content)


def stored(receiver):
    return [event.type for event in receiver.inbox.list()]


class TestSigned:
    def test_zooms_token_comes_back_with_its_mac(self, bare):
        bare.add_source("zoom", secrets=[SECRET])
        body = (
            b'{"event":"endpoint.url_validation","payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"}}'
        )
        mac = hmac.new(SECRET.encode(), b"qgg8vlvZRS6UYooatFL8Aw", "sha256").hexdigest()
        expected = {"plainToken": "qgg8vlvZRS6UYooatFL8Aw", "encryptedToken": mac}
        assert post(bare, request("zoom", body), "zoom") == (200, expected)
        assert stored(bare) == []

    @pytest.mark.parametrize("is_callable", [False, True])
    def test_zooms_mac_is_made_with_the_secret_that_zoom_has(self, bare, is_callable):
        secrets = ["the-new-secret-that-zoom-has-not", SECRET]
        bare.add_source("zoom", secrets=(lambda: secrets) if is_callable else secrets)
        body = b'{"event":"endpoint.url_validation","payload":{"plainToken":"abc"}}'
        mac = hmac.new(SECRET.encode(), b"abc", "sha256").hexdigest()
        assert post(bare, request("zoom", body), "zoom")[1]["encryptedToken"] == mac

    def test_zooms_token_is_not_answered_unsigned(self, bare):
        bare.add_source("zoom", secrets=[SECRET])
        body = b'{"event":"endpoint.url_validation","payload":{"plainToken":"abc"}}'
        unsigned = wh.HttpRequest("POST", "/hooks/zoom", {}, body)
        assert post(bare, unsigned, "zoom") == (401, "missing_header")
        forged = request("zoom", body, secret=FORGED)
        assert post(bare, forged, "zoom") == (401, "signature_mismatch")

    @pytest.mark.parametrize("token", [*MARKUP, "a" * 65, 'v0:1700000000:{"event":"x"}'])
    def test_zoom_gets_no_mac_of_what_could_be_signed(self, bare, token):
        bare.add_source("zoom", secrets=[SECRET])
        content = {"event": "endpoint.url_validation", "payload": {"plainToken": token}}
        asked = request("zoom", json.dumps(content).encode())
        assert post(bare, asked, "zoom") == (400, "malformed_body")

    def twitch(self, content, asked="webhook_callback_verification", **options):
        kind = {"Twitch-Eventsub-Message-Type": asked}
        kind["Twitch-Eventsub-Subscription-Type"] = "channel.follow"
        body = json.dumps(content).encode()
        return request("twitch", body, id="m1", headers=kind, **options)

    def test_twitchs_challenge_comes_back_as_text(self, bare):
        bare.add_source("twitch", secrets=[SECRET])
        content = {"challenge": "pogchamp-kappa-360noscope-vohiyo"}
        assert post(bare, self.twitch(content), "twitch") == (200, content["challenge"])
        forged = self.twitch(content, secret=FORGED)
        assert post(bare, forged, "twitch") == (401, "signature_mismatch")
        assert stored(bare) == []

    @pytest.mark.parametrize("content", [{}, {"challenge": HTML}, {"challenge": "a" * 257}])
    def test_twitchs_challenge_is_short_and_harmless(self, bare, content):
        bare.add_source("twitch", secrets=[SECRET])
        assert post(bare, self.twitch(content), "twitch") == (400, "malformed_body")

    def test_twitchs_revocation_is_an_event_of_that_type(self, bare):
        bare.add_source("twitch", secrets=[SECRET])
        content = {"subscription": {"type": "channel.follow", "status": "authorization_revoked"}}
        assert post(bare, self.twitch(content, "revocation"), "twitch")[0] == 202
        (event,) = bare.inbox.list()
        assert (event.type, event.event.unsigned) == ("revocation", ("type",))
        kind = {"Twitch-Eventsub-Message-Type": "notification"}
        body = b'{"subscription":{"type":"channel.follow"}}'
        assert post(bare, request("twitch", body, id="m2", headers=kind), "twitch")[0] == 202
        newest = bare.inbox.list()[0]
        assert (newest.type, newest.event.unsigned) == ("channel.follow", ())

    @staticmethod
    def discord(body, *, forged=False):
        key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))
        public = key.public_key().public_bytes_raw().hex()
        asked = request("discord", body, secret=bytes(32).hex() + public)
        if forged:
            wrong = {**asked.headers, "X-Signature-Ed25519": "00" * 64}
            return public, wh.HttpRequest("POST", asked.path, wrong, body)
        return public, asked

    def discord_answer(self, receiver, body, **options):
        public, asked = self.discord(body, **options)
        if "discord" not in receiver.sources:
            receiver.add_source("discord", secrets=[public])
        return post(receiver, asked, "discord")

    def test_discords_two_pings_are_answered_and_a_bad_signature_is_401(self, bare):
        ping = b'{"id":"1","application_id":"2","type":1,"token":"t","version":1}'
        assert self.discord_answer(bare, ping) == (200, {"type": 1})
        assert self.discord_answer(bare, b'{"version":1,"type":0}') == (204, "")
        assert self.discord_answer(bare, ping, forged=True) == (401, "signature_mismatch")
        bare_ping = wh.HttpRequest("POST", "/hooks/discord", {}, ping)
        assert post(bare, bare_ping, "discord") == (401, "missing_header")
        assert stored(bare) == []

    def test_discords_webhook_event_has_the_type_of_a_ping_and_is_none(self, bare):
        event = b'{"version":1,"type":1,"event":{"type":"APPLICATION_AUTHORIZED"}}'
        assert self.discord_answer(bare, event) == (204, "")
        assert stored(bare) == ["APPLICATION_AUTHORIZED"]
        interaction = b'{"id":"7","type":2,"data":{}}'
        assert self.discord_answer(bare, interaction)[1]["status"] == "accepted"


class TestMeta:
    QUERY = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=meatyham%26eggs"

    @pytest.fixture
    def meta(self, bare):
        bare.add_source("meta", secrets=[SECRET], verify_token="meatyham&eggs")
        return bare

    def test_the_challenge_comes_back_as_text(self, meta):
        assert get(meta, "meta", self.QUERY) == (200, "1158201444")
        assert meta.counts() == {"challenge": 1}

    def test_not_for_another_token_or_without_one_here(self, meta, caplog):
        for token in ("", "wrong", "meatyham%26egg", "meatyham%26eggs&hub.verify_token=x"):
            query = f"hub.mode=subscribe&hub.challenge=1&hub.verify_token={token}"
            assert get(meta, "meta", query) == (403, "handshake_refused")
        assert get(meta, "meta") == (403, "handshake_refused")
        meta.add_source("tokenless", "meta", secrets=[SECRET])
        for query in (self.QUERY, "hub.mode=subscribe&hub.challenge=1&hub.verify_token="):
            assert get(meta, "tokenless", query) == (403, "handshake_refused")
        assert "verify_token" in caplog.text

    @pytest.mark.parametrize("challenge", ["%3Cscript%3E", "a%20b", "%C3%A9", "a" * 257, ""])
    def test_what_could_be_a_page_is_not_echoed(self, meta, challenge):
        query = f"hub.mode=subscribe&hub.verify_token=meatyham%26eggs&hub.challenge={challenge}"
        assert get(meta, "meta", query) == (400, "malformed_handshake")

    def test_the_mode_has_to_be_subscribe(self, meta):
        query = self.QUERY.replace("subscribe", "unsubscribe")
        assert get(meta, "meta", query) == (400, "malformed_handshake")

    def test_a_post_is_an_event_and_no_handshake(self, meta):
        asked = request("meta", b'{"object":"page"}')
        with_query = wh.HttpRequest("POST", f"/?{self.QUERY}", asked.headers, asked.body)
        assert post(meta, with_query, "meta")[1]["status"] == "accepted"

    def test_the_token_is_shown_nowhere(self, meta):
        source = meta._sources["meta"]
        assert "meatyham" not in repr(source)
        assert "meatyham" not in repr(source.options)


class TestUnsigned:
    def test_xs_token_gets_its_mac(self, bare):
        bare.add_source("twitter", secrets=[SECRET, "another-secret-of-this-source"])
        mac = base64.b64encode(hmac.digest(SECRET.encode(), b"challenge_string-1", "sha256"))
        expected = {"response_token": f"sha256={mac.decode()}"}
        assert get(bare, "twitter", "crc_token=challenge_string-1&nonce=n") == (200, expected)

    @pytest.mark.parametrize("token", [*MARKUP, "a" * 129, '{"tweet_create_events":[]}'])
    def test_x_gets_no_mac_of_what_could_be_a_body(self, bare, token):
        bare.add_source("twitter", secrets=[SECRET])
        quoted = "".join(f"%{byte:02x}" for byte in token.encode())
        assert get(bare, "twitter", f"crc_token={quoted}") == (400, "malformed_handshake")
        twice = get(bare, "twitter", "crc_token=a&crc_token=b")
        assert twice == (400, "malformed_handshake")

    def test_xs_mac_follows_the_secrets_that_a_callable_gives(self, bare):
        secrets = ["the-first-secret-of-this-source"]
        bare.add_source("twitter", secrets=lambda: secrets)
        secrets[:] = [SECRET]
        mac = base64.b64encode(hmac.digest(SECRET.encode(), b"t", "sha256")).decode()
        assert get(bare, "twitter", "crc_token=t")[1] == {"response_token": f"sha256={mac}"}

    def test_a_callable_that_fails_is_our_fault_and_not_an_exception(self, bare, caplog):
        secrets = [[SECRET]]
        bare.add_source("twitter", secrets=secrets.pop)
        assert get(bare, "twitter", "crc_token=t") == (500, "misconfigured")
        assert "twitter" in caplog.text

    def test_dropboxs_challenge_comes_back_as_text(self, bare):
        bare.add_source("dropbox", secrets=[SECRET])
        assert get(bare, "dropbox", "challenge=aB3_-x") == (200, "aB3_-x")

    @pytest.mark.parametrize("challenge", ["%3Cscript%3E", "a+b", "", "a" * 257])
    def test_dropbox_cannot_be_used_to_show_a_page(self, bare, challenge):
        bare.add_source("dropbox", secrets=[SECRET])
        asked = get(bare, "dropbox", f"challenge={challenge}")
        assert asked == (400, "malformed_handshake")
        assert get(bare, "dropbox") == (400, "malformed_handshake")

    def test_a_query_of_a_great_many_fields_is_none(self, bare):
        bare.add_source("dropbox", secrets=[SECRET])
        assert get(bare, "dropbox", "challenge=a" + "&b=1" * 100) == (400, "malformed_handshake")

    def test_oktas_header_comes_back_as_json(self, bare):
        bare.add_source("okta", secrets=[SECRET])
        asked = {"X-Okta-Verification-Challenge": "Uk9fLk9LVEE="}
        expected = (200, {"verification": "Uk9fLk9LVEE="})
        assert get(bare, "okta", headers=asked) == expected
        assert get(bare, "okta", headers={**asked, "Authorization": SECRET}) == expected

    def test_okta_is_not_answered_when_its_token_is_wrong_or_its_challenge_odd(self, bare):
        bare.add_source("okta", secrets=[SECRET])
        asked = {"X-Okta-Verification-Challenge": "abc", "Authorization": FORGED}
        assert get(bare, "okta", headers=asked) == (401, "signature_mismatch")
        for odd in (HTML, "a" * 257, ""):
            asked = {"X-Okta-Verification-Challenge": odd}
            assert get(bare, "okta", headers=asked) == (400, "malformed_handshake")
        assert get(bare, "okta") == (400, "malformed_handshake")

    @pytest.mark.parametrize("provider", ["stripe", "zoom", "asana", "notion"])
    def test_get_is_for_those_that_have_such_a_handshake(self, bare, provider):
        bare.add_source(provider, secrets=[SECRET])
        assert get(bare, provider, "challenge=a") == (405, "method_not_allowed")
        bare.add_source("dropbox", secrets=[SECRET])
        asked = wh.HttpRequest("PUT", "/hooks/dropbox", {}, b"")
        refused = bare.handle(asked, source="dropbox")
        assert (refused.status, refused.headers["Allow"]) == (405, "GET, POST")


class TestSecretsThatAreTold:
    """By Asana in a header, by Notion in a body: once, and while there is none."""

    TOLD = "b537207f20cbfa02357cf448134da559e8bd39d61597dcd5631b8012eae53e81"

    def asked(self, provider, secret=TOLD):
        if provider == "asana":
            return wh.HttpRequest("POST", "/hooks/asana", {"X-Hook-Secret": secret}, b"")
        body = json.dumps({"verification_token": secret}).encode()
        return wh.HttpRequest("POST", "/hooks/notion", {}, body)

    @pytest.fixture(params=["asana", "notion"])
    def provider(self, request):
        return request.param

    @pytest.fixture
    def kept(self, bare, provider):
        kept = []
        bare.add_source(provider, secrets=lambda: kept, on_secret=kept.append)
        return kept

    def test_the_first_one_is_stored_and_verifies_from_then_on(self, bare, provider, kept):
        event = request(provider, b'{"id":"e1","type":"a"}', secret=self.TOLD)
        assert post(bare, event, provider) == (401, "untrusted_key")
        response = bare.handle(self.asked(provider), source=provider)
        assert response.status == 200
        if provider == "asana":
            assert response.headers["X-Hook-Secret"] == self.TOLD
        else:
            assert self.TOLD.encode() not in response.body
        assert kept == [self.TOLD]
        assert post(bare, event, provider)[1]["status"] == "accepted"

    def test_a_later_one_is_refused_and_changes_nothing(self, bare, provider, kept, caplog):
        caplog.set_level(logging.DEBUG)
        bare.handle(self.asked(provider), source=provider)
        for secret in ("another-secret-0123456789abcdef", self.TOLD):
            response = bare.handle(self.asked(provider, secret), source=provider)
            assert response.status == 403
            assert "X-Hook-Secret" not in response.headers
        assert kept == [self.TOLD]
        # A manager that loses the secret does not open the door again.
        kept.clear()
        assert post(bare, self.asked(provider), provider) == (403, "handshake_refused")
        assert kept == []
        assert self.TOLD not in caplog.text

    def test_one_that_was_there_before_is_not_replaced(self, bare, provider):
        kept = [SECRET]
        bare.add_source(provider, secrets=lambda: kept, on_secret=kept.append)
        assert post(bare, self.asked(provider), provider) == (403, "handshake_refused")
        bare.add_source("fixed", provider, secrets=[SECRET])
        assert post(bare, self.asked(provider), "fixed") == (403, "handshake_refused")
        assert kept == [SECRET]

    @pytest.mark.parametrize("secret", ["", "short", "a b" * 8, "\u00e9" * 20, "a" * 257])
    def test_what_is_no_secret_is_not_taken(self, bare, provider, kept, secret):
        assert post(bare, self.asked(provider, secret), provider)[0] in (400, 401)
        assert kept == []

    def test_one_that_cannot_be_stored_is_not_acknowledged(self, bare, provider):
        def fail(secret):
            raise OSError("disk full")

        bare.add_source(provider, secrets=list, on_secret=fail)
        assert post(bare, self.asked(provider), provider) == (500, "misconfigured")
        bare.add_source("forgetful", provider, secrets=list, on_secret=lambda secret: None)
        assert post(bare, self.asked(provider), "forgetful") == (500, "misconfigured")

    def test_a_large_body_is_refused_before_it_is_looked_at(self, bare):
        bare.add_source("notion", secrets=list, on_secret=print, max_body=20)
        assert post(bare, self.asked("notion"), "notion") == (413, "body_too_large")


@cache
def sns_key() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return private, public


class TestAmazonSns:
    TOPIC = "arn:aws:sns:eu-west-1:123456789012:orders"
    URL = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=2336412f37"

    def message(self, kind="SubscriptionConfirmation", **fields):
        content = {
            "Type": kind,
            "MessageId": "m-1",
            "TopicArn": self.TOPIC,
            "Message": "You have chosen to subscribe",
            "Timestamp": "2023-11-14T22:13:20.000Z",
            "Token": "2336412f37",
            "SubscribeURL": self.URL,
            "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/a.pem",
            **fields,
        }
        body = wh.sign_body("aws-sns", body=json.dumps(content).encode(), secret=sns_key()[0])
        return wh.HttpRequest("POST", "/hooks/aws-sns", {"Content-Type": "text/plain"}, body)

    def add(self, receiver, **options):
        receiver.add_source("aws-sns", secrets=[sns_key()[1]], **options)

    def test_by_default_it_is_an_event_and_the_log_says_how_to_confirm(self, bare, caplog):
        self.add(bare)
        assert post(bare, self.message(), "aws-sns")[1]["status"] == "accepted"
        assert stored(bare) == ["SubscriptionConfirmation"]
        assert self.TOPIC in caplog.text
        assert "Token=" not in caplog.text

    def test_it_is_confirmed_when_that_is_wanted(self, bare):
        opened = []
        self.add(bare, topics=[self.TOPIC], confirm_subscriptions=opened.append)
        assert post(bare, self.message(), "aws-sns")[1]["status"] == "challenge"
        assert opened == [self.URL]
        note = self.message("Notification", MessageId="m-2")
        assert post(bare, note, "aws-sns")[1]["status"] == "accepted"
        assert stored(bare) == ["Notification"]
        assert opened == [self.URL]

    def test_nothing_is_opened_for_a_forger_or_for_somebody_elses_topic(self, bare):
        opened = []
        self.add(bare, topics=[self.TOPIC], confirm_subscriptions=opened.append)
        genuine = self.message()
        changed = genuine.body.replace(b"You have", b"We  have")
        forged = wh.HttpRequest("POST", genuine.path, genuine.headers, changed)
        assert post(bare, forged, "aws-sns") == (401, "signature_mismatch")
        foreign = self.message(TopicArn="arn:aws:sns:eu-west-1:666666666666:orders")
        assert post(bare, foreign, "aws-sns") == (403, "foreign_topic")
        foreign = self.message("Notification", TopicArn="arn:aws:sns:eu-west-1:6:orders")
        assert post(bare, foreign, "aws-sns") == (403, "foreign_topic")
        assert opened == []
        assert stored(bare) == []

    @pytest.mark.parametrize(
        "leads",
        [
            "http://sns.eu-west-1.amazonaws.com/",
            "https://evil.example/?sns.eu-west-1.amazonaws.com",
            "https://sns.eu-west-1.amazonaws.com.evil.example/",
            "https://me@sns.eu-west-1.amazonaws.com/",
        ],
    )
    def test_a_url_that_leads_elsewhere_is_not_opened(self, bare, leads):
        opened = []
        self.add(bare, topics=[self.TOPIC], confirm_subscriptions=opened.append)
        assert post(bare, self.message(SubscribeURL=leads), "aws-sns")[0] in (400, 401)
        assert opened == []

    @pytest.mark.parametrize(("status", "expected"), [(200, 200), (302, 503), (500, 503)])
    def test_true_opens_it_over_the_guarded_transport(self, bare, monkeypatch, status, expected):
        asked = []

        def fetch(url, **options):
            asked.append((url, options["method"]))
            return status, [], b"<ConfirmSubscriptionResponse/>"

        monkeypatch.setattr(handshake_options._core, "fetch", fetch)
        self.add(bare, topics=[self.TOPIC], confirm_subscriptions=True)
        assert post(bare, self.message(), "aws-sns")[0] == expected
        assert asked == [(self.URL, "GET")]

    def test_the_guard_is_there(self):
        with pytest.raises(wh.BlockedAddressError):
            handshake_options._get("https://127.0.0.1:1/")

    def test_one_that_fails_is_asked_for_again(self, bare, caplog):
        def fail(url):
            raise OSError("no route")

        self.add(bare, topics=[self.TOPIC], confirm_subscriptions=fail)
        assert post(bare, self.message(), "aws-sns") == (503, "unconfirmed")
        assert "no route" in caplog.text


class TestAnswersThatAProviderFixes:
    def test_xero_gets_no_body_whatever_is_said(self, bare):
        bare.add_source("xero", secrets=[SECRET])
        assert post(bare, request("xero", b'{"events":[]}'), "xero") == (200, "")
        forged = request("xero", b'{"events":[]}', secret=FORGED)
        assert post(bare, forged, "xero") == (401, "")
        bare._store.close()
        later = bare.handle(request("xero", b'{"events":[]}'), source="xero")
        assert (later.status, later.body) == (503, b"")
        assert int(later.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"name": "stripe", "verify_token": "t"}, "verify_token"),
        ({"name": "meta", "verify_token": " "}, "verify_token"),
        ({"name": "meta", "verify_token": 7}, "verify_token"),
        ({"name": "stripe", "secrets": list, "on_secret": print}, "on_secret"),
        ({"name": "asana", "secrets": list, "on_secret": "print"}, "on_secret"),
        ({"name": "asana", "on_secret": print}, "secrets"),
        ({"name": "asana", "secrets": list}, "secrets"),
        ({"name": "stripe", "topics": ["arn:a"]}, "topics"),
        ({"name": "aws-sns", "topics": []}, "topics"),
        ({"name": "aws-sns", "topics": "arn:aws:sns:a"}, "topics"),
        ({"name": "stripe", "confirm_subscriptions": True}, "confirm_subscriptions"),
        ({"name": "aws-sns", "confirm_subscriptions": True}, "confirm_subscriptions"),
        (
            {"name": "aws-sns", "topics": ["arn:a"], "confirm_subscriptions": "yes"},
            "confirm_subscriptions",
        ),
    ],
    ids=str,
)
def test_an_option_that_is_of_no_use_is_refused_by_name(bare, options, field):
    with pytest.raises(wh.ConfigError) as refused:
        bare.add_source(**{"secrets": [SECRET], **options})
    assert refused.value.field == field
    assert bare.sources == {}


def test_on_secret_cannot_be_async(bare):
    async def keep(secret): ...

    with pytest.raises(wh.ConfigError, match="async"):
        bare.add_source("asana", secrets=list, on_secret=keep)


def test_a_mac_is_made_with_no_key_that_is_not_of_an_hmac():
    assert len(wh.Verifier("zoom", [SECRET])._mac(b"a")) == hashlib.sha256().digest_size
    with pytest.raises(wh.ConfigError):
        wh.Verifier("zoom", [SECRET])._mac(b"a", 1)
    with pytest.raises(wh.ConfigError):
        wh.Verifier("okta", [SECRET])._mac(b"a")
    closed = wh.Verifier("zoom", [SECRET])
    closed.close()
    with pytest.raises(wh.ConfigError, match="closed"):
        closed._mac(b"a")
