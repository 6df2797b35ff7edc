"""What each kind of request is answered, in the order in which requests are judged."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import sqlite3

import pytest

import webhookcore as wh
from support.receiving import SECRET, STANDARD_SECRET, answer, request, stripe


def reason(response: wh.HttpResponse) -> tuple[int, str]:
    status, content = answer(response)
    assert set(content) == {"error"}
    assert set(content["error"]) == {"reason", "message"}
    return status, content["error"]["reason"]


def stored(receiver: wh.Receiver) -> int:
    return len(receiver.inbox.list())


def test_an_event_is_stored_and_then_accepted(receiver):
    assert answer(receiver.handle(stripe(), source="stripe")) == (
        202,
        {"status": "accepted", "event_id": "evt_1", "result": "accepted"},
    )
    (event,) = receiver.inbox.list()
    assert (event.source, event.provider, event.event_id) == ("stripe", "stripe", "evt_1")
    assert (event.type, event.state, event.attempts) == ("invoice.paid", "pending", 0)
    assert event.event.body == stripe().body
    assert event.event.json()["id"] == "evt_1"


def test_a_repeat_is_a_duplicate_with_the_first_answer_and_is_not_stored(receiver):
    first = answer(receiver.handle(stripe(), source="stripe"))[1]
    assert answer(receiver.handle(stripe(), source="stripe")) == (
        200,
        {"status": "duplicate", "event_id": "evt_1", "result": first["result"]},
    )
    assert stored(receiver) == 1


def test_an_unknown_source_is_answered_before_anything_is_looked_at(receiver):
    wrong = wh.HttpRequest("GET", "/hooks/acme", {}, b"x" * 10_000_000)
    assert reason(receiver.handle(wrong, source="acme")) == (404, "unknown_source")


def test_only_post_is_allowed(receiver):
    response = receiver.handle(stripe(method="GET"), source="stripe")
    assert reason(response) == (405, "method_not_allowed")
    assert response.headers["Allow"] == "POST"


def test_a_body_over_the_cap_is_refused_before_its_signature_is_looked_at(url, clock):
    with wh.Receiver(url, clock=clock) as receiver:
        receiver.add_source("stripe", secrets=[SECRET], max_body=100)
        fits = request("stripe", b'{"id":"a"}'.ljust(100))
        assert receiver.handle(fits, source="stripe").status == 202
        over = request("stripe", b'{"id":"b"}'.ljust(101))
        assert reason(receiver.handle(over, source="stripe")) == (413, "body_too_large")
        unsigned = wh.HttpRequest("POST", "/hooks/stripe", {}, b"x" * 101)
        assert reason(receiver.handle(unsigned, source="stripe")) == (413, "body_too_large")


def test_a_body_that_is_announced_to_be_over_the_cap_is_refused(receiver):
    announced = stripe(headers={"content-length": "1048577"})
    assert reason(receiver.handle(announced, source="stripe")) == (413, "body_too_large")


@pytest.mark.parametrize(
    "length",
    ["", "-1", "1_0", "\u0661\u0662", "9" * 5000, "ten"],
    ids=["empty", "negative", "underscore", "arabic", "long", "word"],
)
def test_a_content_length_that_is_no_number_changes_nothing(receiver, length):
    odd = stripe(headers={"Content-Length": length})
    assert receiver.handle(odd, source="stripe").status == 202


def test_a_forged_request_is_refused_and_nothing_is_stored(receiver, caplog):
    caplog.set_level(logging.DEBUG)
    response = receiver.handle(stripe(secret="not-the-secret-of-this-source"), source="stripe")
    assert reason(response) == (401, "signature_mismatch")
    assert stored(receiver) == 0
    genuine = stripe()
    changed = wh.HttpRequest("POST", genuine.path, genuine.headers, genuine.body + b" ")
    assert reason(receiver.handle(changed, source="stripe")) == (401, "signature_mismatch")
    assert stored(receiver) == 0
    # The event that the forger named is still new.
    assert receiver.handle(genuine, source="stripe").status == 202


def test_the_hint_for_the_operator_is_not_in_the_answer(receiver):
    genuine = stripe()
    cut = wh.HttpRequest("POST", genuine.path, genuine.headers, genuine.body + b"\n")
    with pytest.raises(wh.VerificationError) as refused:
        wh.verify("stripe", body=cut.body, headers=cut.headers, secrets=[SECRET], now=1.7e9)
    assert refused.value.hint
    assert refused.value.hint.encode() not in receiver.handle(cut, source="stripe").body


@pytest.mark.parametrize(
    ("offset", "expected"), [(301, "timestamp_too_old"), (-301, "timestamp_too_new")]
)
def test_the_receivers_clock_judges_the_age(receiver, clock, offset, expected):
    clock.advance(offset)
    assert reason(receiver.handle(stripe(), source="stripe")) == (400, expected)
    assert stored(receiver) == 0


def test_a_missing_signature_is_401(receiver):
    bare = wh.HttpRequest("POST", "/hooks/stripe", {}, b"{}")
    assert reason(receiver.handle(bare, source="stripe")) == (401, "missing_header")


@pytest.mark.parametrize("body", [b"{}", b"", b"\xff", b'{"type":"a"}', b'{"id":""}', b"[1]"])
@pytest.mark.parametrize("provider", ["stripe", "slack"])
def test_a_body_without_the_id_that_belongs_there_is_malformed(url, clock, provider, body):
    with wh.Receiver(url, clock=clock) as receiver:
        receiver.add_source(provider, secrets=[SECRET])
        response = receiver.handle(request(provider, body), source=provider)
        assert reason(response) == (400, "malformed_body")
        assert stored(receiver) == 0


def test_slacks_handshake_is_answered_once_it_is_verified(url, clock):
    body = b'{"token":"t","challenge":"3eZbrw1a","type":"url_verification"}'
    with wh.Receiver(url, clock=clock) as receiver:
        receiver.add_source("slack", secrets=[SECRET])
        response = receiver.handle(request("slack", body), source="slack")
        assert answer(response) == (200, {"challenge": "3eZbrw1a"})
        forged = request("slack", body, secret="not-the-secret-of-this-source")
        assert reason(receiver.handle(forged, source="slack")) == (401, "signature_mismatch")
        empty = request("slack", b'{"type":"url_verification"}')
        assert reason(receiver.handle(empty, source="slack")) == (400, "malformed_body")
        assert stored(receiver) == 0


def test_an_event_about_handshakes_is_none(url, clock):
    with wh.Receiver(url, clock=clock) as receiver:
        receiver.add_source("slack", secrets=[SECRET])
        event = {"type": "url_verification"}
        body = {"type": "event_callback", "event_id": "Ev1", "event": event, "challenge": "c"}
        asked = request("slack", json.dumps(body).encode())
        assert answer(receiver.handle(asked, source="slack"))[1]["status"] == "accepted"
        body = {"type": "url_verification", "event": {"type": "message"}, "challenge": "c"}
        asked = request("slack", json.dumps(body).encode())
        assert answer(receiver.handle(asked, source="slack")) == (200, {"challenge": "c"})


@pytest.mark.parametrize("depth", [100_000, 1_000_000])
def test_a_body_that_is_nested_too_deeply_is_no_json(receiver, depth):
    deep = wh.Event(b"[" * depth, [], "stripe", "stripe", None, 0)
    with pytest.raises(json.JSONDecodeError, match="deep"):
        deep.json()
    with pytest.raises(ValueError, match="deep"):
        deep.parse(dict)


def test_a_kept_result_that_was_damaged_is_503_and_not_an_exception(url, inline, caplog):
    inline.on("stripe")(lambda event: "whole")
    inline.handle(stripe(), source="stripe")
    with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file, file:
        file.execute("UPDATE idempotency_keys SET kept_result = '{'")
    assert reason(inline.handle(stripe(), source="stripe")) == (503, "store_unavailable")
    assert "no JSON" in caplog.text


def test_a_type_that_the_source_does_not_take_is_acknowledged_and_counted(url, clock):
    with wh.Receiver(url, clock=clock) as receiver:
        receiver.add_source("stripe", secrets=[SECRET], types=["invoice.*", "charge.failed"])
        ignored = receiver.handle(stripe(type="customer.created"), source="stripe")
        assert answer(ignored) == (200, {"status": "ignored", "event_id": "evt_1", "result": None})
        untyped = receiver.handle(request("stripe", b'{"id":"e"}'), source="stripe")
        assert answer(untyped)[1]["status"] == "ignored"
        assert receiver.handle(stripe("e2", "invoice.a.b"), source="stripe").status == 202
        assert receiver.handle(stripe("e3", "charge.failed"), source="stripe").status == 202
        assert stored(receiver) == 2
        assert receiver.counts() == {"ignored": 2, "accepted": 2}


def test_shopify_topics_can_be_patterns(url, clock):
    with wh.Receiver(url, clock=clock) as receiver:
        receiver.add_source("shopify", secrets=[SECRET], types=["orders/*"])
        headers = {"X-Shopify-Topic": "orders/create", "X-Shopify-Event-Id": "e1"}
        taken = receiver.handle(request("shopify", b"{}", headers=headers), source="shopify")
        assert taken.status == 202
        headers["X-Shopify-Topic"] = "carts/update"
        left = receiver.handle(request("shopify", b"{}", headers=headers), source="shopify")
        assert answer(left)[1]["status"] == "ignored"


class TestSameness:
    """What makes a request a repeat."""

    def statuses(self, receiver, source, *requests):
        return [answer(receiver.handle(one, source=source))[1]["status"] for one in requests]

    def test_it_is_the_standard_id_in_its_signed_header(self, url, clock):
        with wh.Receiver(url, clock=clock) as receiver:
            receiver.add_source("standard", secrets=[STANDARD_SECRET])
            requests = [request("standard", b"{}", id=id) for id in ("m1", "m2", "m1")]
            found = self.statuses(receiver, "standard", *requests)
            assert found == ["accepted", "accepted", "duplicate"]

    def test_the_same_id_at_another_source_is_another_event(self, receiver):
        receiver.add_source("stripe-eu", "stripe", secrets=[SECRET])
        assert receiver.handle(stripe(), source="stripe").status == 202
        assert receiver.handle(stripe(), source="stripe-eu").status == 202
        assert {event.source for event in receiver.inbox.list()} == {"stripe", "stripe-eu"}

    def test_a_shopify_event_under_two_topics_is_two(self, url, clock):
        def told(topic):
            headers = {"X-Shopify-Topic": topic, "X-Shopify-Event-Id": "e1"}
            return request("shopify", b"{}", headers=headers)

        with wh.Receiver(url, clock=clock) as receiver:
            receiver.add_source("shopify", secrets=[SECRET])
            found = self.statuses(
                receiver, "shopify", told("orders/create"), told("orders/paid"), told("orders/paid")
            )
            assert found == ["accepted", "accepted", "duplicate"]

    def test_twilio_repeats_its_token_and_not_the_sid_of_the_message(self, url, clock):
        address = "https://example.com/hooks/twilio"
        body = b"MessageSid=SM1&MessageStatus=sent"

        def sent(**headers):
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            signed = wh.sign(
                "twilio",
                body=body,
                secret=SECRET,
                url=address,
                content_type="application/x-www-form-urlencoded",
            )
            return wh.HttpRequest(
                "POST", "/hooks/twilio", {**form, **signed, **headers}, body, url=address
            )

        with wh.Receiver(url, clock=clock) as receiver:
            receiver.add_source("twilio", secrets=[SECRET])
            token = {"I-Twilio-Idempotency-Token": "t1"}
            found = self.statuses(receiver, "twilio", sent(), sent(), sent(**token), sent(**token))
            assert found == ["accepted", "accepted", "accepted", "duplicate"]

    def test_an_event_without_an_id_is_one_of_its_own(self, url, clock):
        with wh.Receiver(url, clock=clock) as receiver:
            receiver.add_source("generic", secrets=[SECRET])
            found = self.statuses(receiver, "generic", *[request("generic", b"x")] * 2)
            assert found == ["accepted", "accepted"]
            assert stored(receiver) == 2

    def test_the_user_may_say_what_it_is(self, url, clock):
        with wh.Receiver(url, clock=clock) as receiver:
            receiver.add_source(
                "generic", secrets=[SECRET], event_key=lambda event: event.json().get("order")
            )
            requests = [
                request("generic", json.dumps(body).encode())
                for body in ({"order": "7"}, {"order": "7", "id": "x"}, {"order": "8"}, {}, {})
            ]
            found = self.statuses(receiver, "generic", *requests)
            assert found == ["accepted", "duplicate", "accepted", "accepted", "accepted"]

    @pytest.mark.parametrize("key", [7, b"7", "\ud800"], ids=["int", "bytes", "surrogate"])
    def test_a_key_that_is_no_text_lets_nothing_in(self, url, clock, key):
        with wh.Receiver(url, clock=clock) as receiver:
            receiver.add_source("generic", secrets=[SECRET], event_key=lambda event: key)
            response = receiver.handle(request("generic", b"{}"), source="generic")
            assert reason(response) == (500, "misconfigured")
            assert stored(receiver) == 0

    def test_it_is_forgotten_after_a_week(self, url, clock):
        with wh.Receiver(url, clock=clock) as receiver:
            receiver.add_source("stripe", secrets=[SECRET])
            receiver.handle(stripe(), source="stripe")
            clock.advance(7 * 24 * 3600 - 1)
            again = receiver.handle(stripe(at=clock.now), source="stripe")
            assert answer(again)[1]["status"] == "duplicate"
            clock.advance(2)
            later = receiver.handle(stripe(at=clock.now), source="stripe")
            assert answer(later)[1]["status"] == "accepted"


def test_a_signed_url_is_the_public_one(url, clock):
    public = "https://example.com/api"
    signed = wh.sign("twilio", body=b"", secret=SECRET, url=f"{public}/hooks/twilio?a=%27b")
    proxied = wh.HttpRequest(
        "POST", "/hooks/twilio?a=%27b", signed, b"", url="http://10.0.0.7:8000/hooks/twilio?a=%27b"
    )
    with wh.Receiver(url, clock=clock) as receiver:
        receiver.add_source("twilio", secrets=[SECRET])
        assert reason(receiver.handle(proxied, source="twilio")) == (401, "signature_mismatch")
        receiver.add_source("public", "twilio", secrets=[SECRET], public_url=public + "/")
        assert receiver.handle(proxied, source="public").status == 202


def test_a_signed_url_that_nobody_gave_lets_nothing_in(url, clock):
    signed = wh.sign("twilio", body=b"", secret=SECRET, url="https://example.com/")
    with wh.Receiver(url, clock=clock) as receiver:
        receiver.add_source("twilio", secrets=[SECRET])
        bare = wh.HttpRequest("POST", "/hooks/twilio", signed, b"")
        assert reason(receiver.handle(bare, source="twilio")) == (500, "misconfigured")


class TestAStoreThatIsAway:
    """Nothing that was not stored is acknowledged."""

    def test_the_provider_is_told_to_come_back(self, receiver):
        receiver._store.close()
        response = receiver.handle(stripe(), source="stripe")
        assert reason(response) == (503, "store_unavailable")
        assert int(response.headers["Retry-After"]) > 0

    def test_an_inline_handler_is_not_run(self, inline):
        seen = []
        inline.on("stripe")(seen.append)
        inline._store.close()
        assert reason(inline.handle(stripe(), source="stripe")) == (503, "store_unavailable")
        assert seen == []

    def test_a_forged_request_is_still_401(self, receiver):
        receiver._store.close()
        forged = stripe(secret="not-the-secret-of-this-source")
        assert receiver.handle(forged, source="stripe").status == 401


class TestLogging:
    def test_each_request_has_one_line_with_fields(self, receiver, caplog):
        caplog.set_level(logging.INFO, "webhookcore.receiver")
        receiver.handle(stripe(), source="stripe")
        receiver.handle(stripe(), source="stripe")
        receiver.handle(stripe(secret="not-the-secret-of-this-source"), source="stripe")
        receiver.handle(stripe(), source="acme\nforged line")
        lines = [(r.source, r.event_id, r.type, r.outcome, r.status) for r in caplog.records]
        assert lines == [
            ("stripe", "evt_1", "invoice.paid", "accepted", 202),
            ("stripe", "evt_1", "invoice.paid", "duplicate", 200),
            ("stripe", None, None, "signature_mismatch", 401),
            (None, None, None, "unknown_source", 404),
        ]
        assert all(record.duration_ms >= 0 for record in caplog.records)
        assert "\n" not in "".join(record.getMessage() for record in caplog.records)

    def test_neither_body_nor_secret_nor_signature_is_in_it(self, receiver, caplog):
        caplog.set_level(logging.DEBUG)
        receiver.on("stripe")(lambda event: 1 / 0)
        genuine = stripe()
        receiver.handle(genuine, source="stripe")
        receiver.run_until_idle()
        receiver.handle(stripe("e2", secret="not-the-secret-of-this-source"), source="stripe")
        text = "".join(repr(vars(record)) for record in caplog.records)
        assert "4242-secret" not in text
        assert SECRET not in text
        assert (
            genuine.headers[
                "stripe-signature" if "stripe-signature" in genuine.headers else "Stripe-Signature"
            ]
            not in text
        )


def test_credentials_on_the_way_are_not_stored(receiver):
    headers = {"Authorization": "Bearer canary-1", "Cookie": "canary-2", "X-Trace": "t-1"}
    receiver.handle(stripe(headers=headers), source="stripe")
    (event,) = receiver.inbox.list()
    assert event.event.headers["x-trace"] == "t-1"
    assert not {"authorization", "cookie"} & {name.lower() for name in event.event.headers}


@pytest.mark.parametrize("provider", ["gitlab", "own"])
def test_a_token_that_is_the_secret_is_not_stored(url, clock, provider):
    token = "a-token-that-nobody-must-find"
    scheme = wh.Scheme(sig="X-Token", alg="equal") if provider == "own" else provider
    header = "X-Token" if provider == "own" else "X-Gitlab-Token"
    with wh.Receiver(url, clock=clock) as receiver:
        receiver.add_source("git", provider=scheme, secrets=[token], event_key=lambda _: "1")
        sent = wh.HttpRequest("POST", "/git", {header: token, "X-Gitlab-Event": "Push"}, b"{}")
        assert receiver.handle(sent, source="git").status == 202
        (stored,) = receiver.inbox.list()
    assert token not in str(dict(stored.event.headers))
    assert stored.event.headers.get("X-Gitlab-Event") == "Push"


def test_any_bytes_come_back_from_the_store_as_they_were(url, clock):
    with wh.Receiver(url, clock=clock) as receiver:
        receiver.add_source("standard", secrets=[STANDARD_SECRET])
        body = bytes(range(256)) * 3
        sent = request("standard", body, id="m1", headers={"X-Odd": "caf\xe9 \xff"})
        receiver.handle(sent, source="standard")
        event = receiver.inbox.list()[0].event
        assert event.body == body
        assert event.headers["X-Odd"] == "caf\xe9 \xff"
        assert (event.id, event.type, event.source) == ("m1", None, "standard")
        assert event.timestamp is not None
        assert event.timestamp.timestamp() == clock.now


@pytest.mark.parametrize("body", [None, "{}", 7, {"id": 1}, ["a"]], ids=repr)
def test_a_body_that_is_no_bytes_is_refused_where_the_request_is_made(body):
    """Text would be encoded by guess, and its signature could be anything's."""
    with pytest.raises(wh.ConfigError) as caught:
        wh.HttpRequest("POST", "/hooks/stripe", {}, body)
    assert caught.value.field == "body"


def test_a_body_of_other_bytes_is_taken(receiver):
    signed = stripe()
    for body in (bytearray(signed.body), memoryview(signed.body)):
        again = dataclasses.replace(signed, body=body)
        assert receiver.handle(again, source="stripe").status in (200, 202)


def test_a_request_without_headers_is_refused_where_it_is_made():
    with pytest.raises(wh.ConfigError) as caught:
        wh.HttpRequest("POST", "/hooks/stripe", None, b"")
    assert caught.value.field == "headers"
