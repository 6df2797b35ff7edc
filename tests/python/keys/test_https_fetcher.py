"""What is asked for keys, what is believed, and how long it is kept."""

from __future__ import annotations

import datetime as dt
import json
import threading
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

import webhookcore as wh
from support.key_server import DAY, Authority, Clock, key_server
from webhookcore import https_keys as rules
from webhookcore.key_cache import ENTRIES, KeyCache

KEY = json.dumps(
    {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
)
SNS = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem"
PAYPAL = "https://api.paypal.com/v1/notifications/certs/CERT-1"


def fetcher_for(server, clock=None, **options):
    policy = wh.UrlPolicy(allow=["127.0.0.0/8"], ca_file=server.ca_file)
    urls = options.pop("urls", [server.url])
    return wh.HttpsKeyFetcher(policy, urls=urls, clock=clock or Clock(), **options)


def reference(server, provider="fal"):
    return wh.KeyReference(provider, server.url)


def reason_of(call):
    with pytest.raises(wh.VerificationError) as refused:
        call()
    return refused.value.reason


class TestAsking:
    def test_a_key_is_fetched_once_and_kept(self, server):
        server.body = KEY.encode()
        fetcher = fetcher_for(server)
        assert [fetcher.fetch(reference(server)) for _ in range(3)] == [KEY] * 3
        assert server.requests == [("GET", "/jwks.json", b"")]

    def test_a_kept_key_expires_as_its_host_says_within_bounds(self, server):
        server.body = KEY.encode()
        # What is said; seconds within which it is kept, and after which not.
        for said, kept, gone in [
            ("public, max-age=1000", 990, 1010),
            ("max-age=1", 290, 310),
            ("no-store", 290, 310),
            ("max-age=999999", 86390, 86410),
            ("", 3590, 3610),
            ("max-age=wrong", 3590, 3610),
        ]:
            clock = Clock()
            server.headers = {"Cache-Control": said}
            fetcher = fetcher_for(server, clock)
            server.requests.clear()
            fetcher.fetch(reference(server))
            clock.offset = kept
            fetcher.fetch(reference(server))
            assert server.count == 1, said
            clock.offset = gone
            fetcher.fetch(reference(server))
            assert server.count == 2, said

    def test_a_shorter_limit_of_the_users_counts(self, server):
        server.body = KEY.encode()
        clock = Clock()
        fetcher = fetcher_for(server, clock, max_age=600)
        fetcher.fetch(reference(server))
        clock.offset = 610
        fetcher.fetch(reference(server))
        assert server.count == 2

    def test_eight_threads_ask_once(self, server):
        server.body = KEY.encode()
        server.may_answer.clear()
        fetcher = fetcher_for(server)
        found = []
        threads = [
            threading.Thread(target=lambda: found.append(fetcher.fetch(reference(server))))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        assert server.arrived.wait(10)
        server.may_answer.set()
        for thread in threads:
            thread.join(10)
        assert found == [KEY] * 8
        assert server.count == 1

    def test_a_redirect_is_not_followed(self, server, tmp_path_factory, authority):
        with key_server(tmp_path_factory.mktemp("other"), authority) as other:
            other.body = KEY.encode()
            server.status, server.headers = 302, {"Location": other.url}
            fetcher = fetcher_for(server, urls=[server.url, other.url])
            assert reason_of(lambda: fetcher.fetch(reference(server))) == "untrusted_key"
            assert other.count == 0

    @pytest.mark.parametrize("status", [204, 301, 400, 403, 404, 410])
    def test_what_is_no_success_is_no_key_for_a_minute(self, server, status):
        server.status = status
        clock = Clock()
        fetcher = fetcher_for(server, clock)
        for _ in range(3):
            assert reason_of(lambda: fetcher.fetch(reference(server))) == "untrusted_key"
        assert server.count == 1
        server.status, server.body, clock.offset = 200, KEY.encode(), 61
        assert fetcher.fetch(reference(server)) == KEY

    @pytest.mark.parametrize("status", [408, 429, 500, 503])
    def test_a_host_in_trouble_says_nothing_about_the_key(self, server, status):
        server.status = status
        fetcher = fetcher_for(server)
        for _ in range(2):
            with pytest.raises(wh.KeyUnavailableError) as missing:
                fetcher.fetch(reference(server))
            assert missing.value.retry_after == 60
        assert server.count == 1

    def test_a_larger_answer_than_64_kib_is_none(self, server):
        fetcher = fetcher_for(server)
        server.body = b"{" + b" " * (64 * 1024)
        with pytest.raises(wh.KeyUnavailableError):
            fetcher.fetch(reference(server))
        server.body = server.body[:-1]
        assert fetcher_for(server).fetch(reference(server))

    def test_a_host_that_keeps_still_is_given_up_on(self, server):
        server.may_answer.clear()
        fetcher = fetcher_for(server, timeout=0.3)
        began = time.monotonic()
        with pytest.raises(wh.KeyUnavailableError):
            fetcher.fetch(reference(server))
        assert time.monotonic() - began < 3

    def test_a_certificate_of_somebody_elses_authority_is_no_tls(self, server, tmp_path):
        stranger = tmp_path / "stranger.pem"
        stranger.write_text(Authority("Stranger").pem)
        policy = wh.UrlPolicy(allow=["127.0.0.0/8"], ca_file=str(stranger))
        fetcher = wh.HttpsKeyFetcher(policy, urls=[server.url])
        with pytest.raises(wh.KeyUnavailableError, match="tls"):
            fetcher.fetch(reference(server))
        assert server.count == 0

    def test_a_private_address_is_not_dialled_without_leave(self, server):
        lenient = wh.HttpsKeyFetcher(
            wh.UrlPolicy(allow=["127.0.0.0/8"], ca_file=server.ca_file), urls=[server.url]
        )
        strict = wh.HttpsKeyFetcher(wh.UrlPolicy(ca_file=server.ca_file))
        strict._urls = lenient._urls  # Which would be refused where they are configured.
        with pytest.raises(wh.KeyUnavailableError):
            strict.fetch(reference(server))
        assert server.count == 0


class TestHosts:
    @pytest.mark.parametrize(
        ("provider", "url"),
        [
            ("aws-sns", "https://sns.eu-west-1.amazonaws.com.evil.example/a.pem"),
            ("aws-sns", "https://evil.example/https://sns.eu-west-1.amazonaws.com/a.pem"),
            ("aws-sns", "https://sns.eu-west-1.amazonaws.com:444/a.pem"),
            ("aws-sns", "https://user@sns.eu-west-1.amazonaws.com/a.pem"),
            ("aws-sns", "https://snsxeu-west-1.amazonaws.com/a.pem"),
            ("aws-sns", "https://bucket.s3.amazonaws.com/a.pem"),
            ("aws-sns", "http://sns.eu-west-1.amazonaws.com/a.pem"),
            ("aws-sns", SNS + "\n"),
            ("aws-sns", SNS.replace(".pem", ".txt")),
            ("aws-sns", PAYPAL),
            ("paypal", PAYPAL + "/../x"),
            ("paypal", PAYPAL.replace("api.", "www.")),
            ("paypal", PAYPAL.replace("api.paypal.com", "api.paypal.com.evil.example")),
            ("fal", "https://rest.alpha.fal.ai/.well-known/jwks.json?x"),
            ("fal", "https://rest-alpha.fal.ai/.well-known/jwks.json"),
            ("mine", "https://example.com/keys"),
            ("mine", ""),
        ],
    )
    def test_no_other_than_the_providers_is_asked(self, monkeypatch, provider, url):
        asked = []
        monkeypatch.setattr(rules, "request_key", lambda *call: asked.append(call))
        fetcher = wh.HttpsKeyFetcher()
        assert reason_of(lambda: fetcher.fetch(wh.KeyReference(provider, url))) == "untrusted_key"
        assert asked == []

    @pytest.mark.parametrize("url", ["http://example.com/k", "https://127.0.0.1/k", "", None])
    def test_further_urls_are_judged_when_they_are_given(self, url):
        with pytest.raises((wh.ConfigError, wh.BlockedAddressError)):
            wh.HttpsKeyFetcher(urls=[url])

    @pytest.mark.parametrize(
        "options",
        [
            {"max_age": 1},
            {"max_age": 10**6},
            {"timeout": 0},
            {"urls": "https://example.com"},
            {"intermediates": "no PEM"},
            {"intermediates": b"bytes"},
            {"policy": "https"},
        ],
    )
    def test_options_that_cannot_be_are_refused(self, options):
        with pytest.raises(wh.ConfigError):
            wh.HttpsKeyFetcher(**options)


class TestCertificates:
    """The answers come from a function in the place of the network."""

    @pytest.fixture
    def fetch(self, monkeypatch, tmp_path, authority):
        ca_file = tmp_path / "ca.pem"
        ca_file.write_text(authority.pem)

        def call(provider, url, text, **options):
            monkeypatch.setattr(rules, "request_key", lambda *_: (200, [], text.encode()))
            policy = wh.UrlPolicy(ca_file=str(ca_file))
            return wh.HttpsKeyFetcher(policy, **options).fetch(wh.KeyReference(provider, url))

        return call

    @pytest.fixture(scope="class")
    def key(self):
        return rsa.generate_private_key(65537, 2048)

    def test_sns_has_its_name_in_it(self, fetch, key, authority):
        for name in ("sns.amazonaws.com", "sns.eu-west-1.amazonaws.com"):
            text = authority.issue(key, name).strip()
            assert fetch("aws-sns", SNS, text) == text
        for name in ("sns.example.com", "xsns.amazonaws.com", "sns.amazonaws.com.example.com"):
            text = authority.issue(key, name)
            assert reason_of(lambda text=text: fetch("aws-sns", SNS, text)) == "untrusted_key"

    def test_what_is_no_certificate_is_none(self, fetch):
        for text in ("", "<html>", KEY, "-----BEGIN CERTIFICATE-----\nAAAA\n"):
            assert reason_of(lambda text=text: fetch("aws-sns", SNS, text)) == "untrusted_key"

    def test_its_dates_are_looked_at(self, fetch, key, authority):
        now = dt.datetime.now(dt.timezone.utc)
        past = authority.issue(key, "sns.amazonaws.com", ends=now - DAY)
        future = authority.issue(key, "sns.amazonaws.com", begins=now + DAY)
        for text in (past, future):
            assert reason_of(lambda text=text: fetch("aws-sns", SNS, text)) == "untrusted_key"

    def test_it_is_kept_no_longer_than_it_is_valid(self, monkeypatch, key, authority):
        soon = dt.datetime.now(dt.timezone.utc) + dt.timedelta(seconds=100)
        text = authority.issue(key, "sns.amazonaws.com", ends=soon)
        monkeypatch.setattr(rules, "request_key", lambda *_: (200, [], text.encode()))
        clock = Clock()
        fetcher = wh.HttpsKeyFetcher(clock=clock)
        assert fetcher.fetch(wh.KeyReference("aws-sns", SNS))
        clock.offset = 110
        call = lambda: fetcher.fetch(wh.KeyReference("aws-sns", SNS))  # noqa: E731
        assert reason_of(call) == "untrusted_key"

    def test_paypals_leads_to_an_authority(self, fetch, key, authority):
        name = "messageverificationcerts.paypal.com"
        text = authority.issue(key, name)
        assert fetch("paypal", PAYPAL, text)
        sandbox = authority.issue(key, "messageverificationcerts.sandbox.paypal.com")
        assert fetch("paypal", PAYPAL, sandbox)
        forged = Authority().issue(key, name)
        other = authority.issue(key, "messageverificationcerts.paypal.com.example.com")
        for refused in (forged, other):
            assert reason_of(lambda text=refused: fetch("paypal", PAYPAL, text)) == "untrusted_key"

    def test_a_chain_that_is_served_without_its_middle_can_be_completed(
        self, fetch, key, authority
    ):
        between = Authority("Between", authority)
        leaf = between.issue(key, "messageverificationcerts.paypal.com")
        assert fetch("paypal", PAYPAL, leaf + between.pem)
        with pytest.raises(wh.VerificationError) as refused:
            fetch("paypal", PAYPAL, leaf)
        assert "intermediates=" in refused.value.hint
        assert fetch("paypal", PAYPAL, leaf, intermediates=between.pem) == leaf.strip()


class TestBounds:
    def test_no_more_is_kept_than_the_bound(self):
        clock = Clock()
        cache = KeyCache(clock, 1)
        for number in range(3 * ENTRIES):
            clock.offset += 2
            cache.get(str(number), lambda: ("text", 10**6))
        assert len(cache._state.kept) == ENTRIES

    def test_names_that_lead_nowhere_push_no_key_out(self):
        clock = Clock()
        cache = KeyCache(clock, 1)
        assert cache.get("good", lambda: ("text", 10**6)) == "text"

        def fail():
            raise wh.VerificationError("untrusted_key")

        for number in range(3 * ENTRIES):
            clock.offset += 10
            with pytest.raises(wh.VerificationError):
                cache.get(str(number), fail)
        assert len(cache._state.failed) == ENTRIES
        assert cache.get("good", fail) == "text"

    def test_a_fetch_that_is_interrupted_holds_nobody_up(self):
        cache = KeyCache(Clock(), 1)

        def interrupted():
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            cache.get("a", interrupted)
        assert cache.get("a", lambda: ("text", 60)) == "text"
