"""One request with many events: each is stored, claimed and handled by itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

import webhookcore as wh
from support.receiving import SECRET, answer, request

URL = "https://example.com/hooks/hubspot-v3"
ADYEN_KEY = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"


def change(id, type="contact.creation"):
    return {"eventId": id, "subscriptionType": type, "objectId": 7}


def hubspot(*items, body=None, **options):
    content = json.dumps(items).encode() if body is None else body
    asked = request("hubspot-v3", content, url=URL, **options)
    return wh.HttpRequest("POST", "/hooks/hubspot-v3", asked.headers, content, url=URL)


@pytest.fixture(params=["background"])
def mode(request):
    return request.param


@pytest.fixture
def receiver(url, clock, mode):
    with wh.Receiver(url, clock=clock) as receiver:
        receiver.add_source("hubspot-v3", secrets=[SECRET], mode=mode)
        yield receiver


def give(receiver, *items, **options):
    return answer(receiver.handle(hubspot(*items, **options), source="hubspot-v3"))


def stored(receiver):
    return [event.event_id for event in receiver.inbox.list()][::-1]


def accepted(event_id=None):
    return 202, {"status": "accepted", "event_id": event_id, "result": "accepted"}


class TestInTheBackground:
    def test_each_item_is_an_event_with_its_own_bytes(self, receiver):
        body = (
            b' [ {"eventId":1, "subscriptionType":"contact.creation","n":"\xc3\xa9 \\u00e9"},\r\n'
            b'{"subscriptionType":"deal.deletion","eventId":2 ,"x":[1.50,{"a":"]"}]} ]\r\n'
        )
        assert give(receiver, body=body) == accepted()
        first, second = list(receiver.inbox.list())[::-1]
        assert (first.event_id, first.type) == ("1", "contact.creation")
        assert (second.event_id, second.type) == ("2", "deal.deletion")
        assert first.event.body == body[3 : body.index(b",\r\n")]
        assert second.event.body == body[body.index(b'{"sub') : body.rindex(b" ]")]
        assert first.event.items() == [first.event]

    def test_handlers_get_each_by_its_type(self, receiver):
        seen = []
        receiver.on("hubspot-v3", "deal.*")(lambda event: seen.append(event.json()["eventId"]))
        give(receiver, change(1), change(2, "deal.deletion"), change(3, "deal.creation"))
        counts = receiver.run_until_idle()
        assert seen == [2, 3]
        assert (counts.handled, counts.ignored) == (2, 1)

    def test_a_repeat_inside_or_later_is_dropped_one_by_one(self, receiver):
        assert give(receiver, change(1), change(1), change(2)) == accepted()
        assert give(receiver, change(2), change(3)) == accepted()
        assert stored(receiver) == ["1", "2", "3"]
        status, content = give(receiver, change(1), change(3))
        assert (status, content["status"]) == (200, "duplicate")
        assert stored(receiver) == ["1", "2", "3"]

    def test_a_batch_of_one_is_answered_as_any_event(self, receiver):
        assert give(receiver, change(1)) == accepted("1")

    def test_a_store_that_fails_keeps_none_answers_503_and_the_repeat_stores_all(self, receiver):
        store, woken = receiver.reception._store, []
        receiver._intake._on_stored = lambda: woken.append(1)

        class Full:
            def accept_many(self, *arguments):
                raise wh.StoreFullError("the disk is full")

        receiver.reception._store = Full()
        status, content = give(receiver, *[change(number) for number in range(5)])
        assert (status, content["error"]["reason"]) == (503, "store_unavailable")
        receiver.reception._store = store
        assert stored(receiver) == []
        assert woken == []
        assert give(receiver, *[change(number) for number in range(5)]) == accepted()
        assert stored(receiver) == ["0", "1", "2", "3", "4"]
        assert woken == [1]

    def test_a_thousand_items_are_one_transaction(self, receiver, url):
        give(receiver, change("first"))
        log = Path(url.removeprefix("sqlite:///") + "-wal")
        before = log.stat().st_size
        assert give(receiver, *[change(number) for number in range(1000)]) == accepted()
        assert len(stored(receiver)) == 1001
        # Each commit of its own would write several pages of 4 KiB to the log.
        assert log.stat().st_size - before < 1000 * 4096

    def test_a_forged_batch_stores_nothing(self, receiver):
        status, content = give(receiver, change(1), secret="not-the-secret-of-this-source")
        assert (status, content["error"]["reason"]) == (401, "signature_mismatch")
        assert stored(receiver) == []

    @pytest.mark.parametrize(
        "body",
        [
            b"[]", b"", b"{}", b'"a"', b"null", b'[{"eventId":1}', b'[{"eventId":1},]',
            b'[{"eventId":1}] x', b'[{"eventId":1}{"eventId":2}]', b'[{"eventId":NaN}]',
            b'[{"eventId":1},{"subscriptionType":"a"}]', b'[{"eventId":1},7]', b"[null]",
            b'[{"eventId":"\xff"}]', b'\xef\xbb\xbf[{"eventId":1}]',
            b'[{"eventId":1},' + b"[" * 100_000, b"[" + b'{"eventId":1},' * 10_000 + b"{}]",
        ],
        ids=lambda body: body[:24].decode("latin-1"),
    )  # fmt: skip
    def test_what_is_no_batch_is_refused_whole(self, receiver, body):
        status, content = give(receiver, body=body)
        assert (status, content["error"]["reason"]) == (400, "malformed_body")
        assert stored(receiver) == []

    def test_types_are_chosen_item_by_item(self, url, clock):
        with wh.Receiver(url, clock=clock) as receiver:
            receiver.add_source("hubspot-v3", secrets=[SECRET], types=["deal.*"])
            assert give(receiver, change(1), change(2, "deal.creation")) == accepted()
            assert stored(receiver) == ["2"]
            status, content = give(receiver, change(3), change(4))
            assert (status, content["status"]) == (200, "ignored")

    def test_a_key_of_the_users_own_is_asked_for_each_before_any_is_stored(self, url, clock):
        with wh.Receiver(url, clock=clock) as receiver:
            receiver.add_source(
                "hubspot-v3", secrets=[SECRET], event_key=lambda event: event.json()["key"]
            )
            give(receiver, change(1) | {"key": "a"}, change(2) | {"key": "a"})
            assert stored(receiver) == ["1"]
            status, content = give(receiver, change(3) | {"key": "b"}, change(4))
            assert (status, content["error"]["reason"]) == (500, "misconfigured")
            assert stored(receiver) == ["1"]


@pytest.mark.parametrize("mode", ["inline"], indirect=True)
class TestInline:
    def test_handlers_run_for_each_and_a_failure_comes_back_alone(self, receiver):
        seen, failing = [], ["2"]

        @receiver.on("hubspot-v3", "contact.*")
        def changed(event):
            seen.append(event.id)
            if event.id in failing:
                raise ValueError("not yet")

        batch = [change(1), change(2), change(9, "deal.creation"), change(1), change(3)]
        status, content = give(receiver, *batch)
        assert (status, content["error"]["reason"]) == (500, "handler_failed")
        assert seen == ["1", "2", "3"]
        failing.clear()
        status, content = give(receiver, *batch)
        assert (status, content) == (
            200,
            {"status": "processed", "event_id": None, "result": None},
        )
        assert seen == ["1", "2", "3", "2"]
        assert give(receiver, *batch)[1]["status"] == "duplicate"
        assert seen == ["1", "2", "3", "2"]

    def test_one_that_is_handled_elsewhere_makes_the_batch_come_again(self, receiver, clock):
        receiver.on("hubspot-v3")(lambda event: None)
        receiver._store.claim("hubspot-v3", "2", round(clock.now * 1000), 60_000)
        response = receiver.handle(hubspot(change(1), change(2), change(3)), source="hubspot-v3")
        assert (response.status, answer(response)[1]["error"]["reason"]) == (503, "running")
        assert int(response.headers["Retry-After"]) > 0

    def test_an_interrupt_gives_back_the_one_under_way_and_leaves_the_rest(self, receiver):
        seen = []

        @receiver.on("hubspot-v3")
        def changed(event):
            seen.append(event.id)
            if seen == ["1", "2"]:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            give(receiver, change(1), change(2), change(3))
        assert give(receiver, change(1), change(2), change(3))[1]["status"] == "processed"
        assert seen == ["1", "2", "2", "3"]

    async def all_of(self, receiver, *items):
        return await receiver.handle_async(hubspot(*items), source="hubspot-v3")

    def test_on_an_event_loop_it_is_the_same(self, receiver):
        import asyncio

        seen = []

        @receiver.on("hubspot-v3")
        async def changed(event):
            await asyncio.sleep(0)
            seen.append(event.id)

        response = asyncio.run(self.all_of(receiver, change(1), change(2), change(1)))
        assert answer(response)[1]["status"] == "processed"
        assert seen == ["1", "2"]


def test_sendgrids_lines_are_kept_as_they_came(url, clock):
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    body = b'[{"sg_event_id":"a","event":"open"},\r\n{"sg_event_id":"b","event":"click"}]\r\n'
    with wh.Receiver(url, clock=clock) as receiver:
        receiver.add_source("sendgrid", secrets=[public])
        asked = request("sendgrid", body, secret=private)
        assert answer(receiver.handle(asked, source="sendgrid")) == accepted()
        events = [(event.event_id, event.type) for event in receiver.inbox.list()]
        assert events == [("b", "click"), ("a", "open")]


class TestAdyen:
    def items(self, *codes, envelope="notificationItems"):
        listed = [
            {
                "NotificationRequestItem": {
                    "pspReference": "7914073381342284",
                    "merchantAccountCode": "TestMerchant",
                    "merchantReference": "TestPayment",
                    "amount": {"value": 1130, "currency": "EUR"},
                    "eventCode": code,
                    "success": "true",
                }
            }
            for code in codes
        ]
        return json.dumps({"live": "false", envelope: listed}).encode()

    def give(self, receiver, body):
        asked = wh.HttpRequest("POST", "/hooks/adyen", {}, body)
        response = receiver.handle(asked, source="adyen")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        return response.status, response.headers["Content-Type"], response.body

    @pytest.fixture
    def adyen(self, url, clock):
        with wh.Receiver(url, clock=clock) as receiver:
            receiver.add_source("adyen", secrets=[ADYEN_KEY])
            yield receiver

    def signed(self, *codes):
        return wh.sign_body("adyen", body=self.items(*codes), secret=ADYEN_KEY)

    def test_it_is_told_accepted_in_its_own_words(self, adyen):
        body = self.signed("AUTHORISATION", "CAPTURE")
        assert self.give(adyen, body) == (200, "text/plain", b"[accepted]")
        assert self.give(adyen, body) == (200, "text/plain", b"[accepted]")
        # Of one payment, so that its reference alone does not tell them apart.
        found = [(event.event_id, event.type) for event in adyen.inbox.list()]
        assert found == [("7914073381342284", "CAPTURE"), ("7914073381342284", "AUTHORISATION")]
        assert json.loads(adyen.inbox.list()[0].event.body)["NotificationRequestItem"]

    def test_one_bad_item_refuses_all(self, adyen):
        body = self.signed("AUTHORISATION", "CAPTURE")
        status, _, content = self.give(adyen, body.replace(b"CAPTURE", b"REFUND"))
        assert (status, b"signature_mismatch" in content) == (401, True)
        assert len(adyen.inbox.list()) == 0

    def test_an_array_that_the_signatures_do_not_cover_is_not_read(self, adyen):
        body = self.signed("CAPTURE")
        forged = self.items("REFUND")[len(b'{"live": "false", ') : -1]
        for name in (b'"notificationItems"', rb'"notificationItem\u0073"'):
            named = forged.replace(b'"notificationItems"', name)
            for twice in (body[:-1] + b"," + named + b"}", b"{" + named + b"," + body[1:]):
                assert self.give(adyen, twice)[0] in (400, 401)
        item = json.loads(body)["notificationItems"][0]["NotificationRequestItem"]
        one_alone = json.dumps(item).encode()[:-1] + b"," + forged + b"}"
        assert self.give(adyen, one_alone)[0] in (400, 401)
        assert len(adyen.inbox.list()) == 0

    def test_an_item_without_its_envelope_is_one_event_for_verify_and_receiver_alike(self, adyen):
        item = json.loads(self.items("CAPTURE"))["notificationItems"][0]["NotificationRequestItem"]
        bare = json.dumps(item, indent=1).encode() + b"\n"
        body = wh.sign_body("adyen", body=bare, secret=ADYEN_KEY)
        event = wh.verify("adyen", body=body, headers={}, secrets=[ADYEN_KEY])
        assert (event.id, event.type, event.unsigned) == ("7914073381342284", "CAPTURE", ())
        for _ in range(2):
            assert self.give(adyen, body) == (200, "text/plain", b"[accepted]")
        (kept,) = adyen.inbox.list()
        assert (kept.event_id, kept.type) == ("7914073381342284", "CAPTURE")
        assert kept.event.json()["success"] == "true"

    @pytest.mark.parametrize("envelope", [b"null", b"{}", b'"x"', b"7"])
    def test_an_envelope_that_is_none_makes_no_item_of_what_is_beside_it(self, adyen, envelope):
        item = json.loads(self.items("CAPTURE"))["notificationItems"][0]["NotificationRequestItem"]
        body = wh.sign_body("adyen", body=json.dumps(item).encode(), secret=ADYEN_KEY)
        named = body[:-1] + b',"notificationItems":' + envelope + b"}"
        with pytest.raises(wh.VerificationError):
            wh.verify("adyen", body=named, headers={}, secrets=[ADYEN_KEY])
        assert self.give(adyen, named)[0] == 400
        assert len(adyen.inbox.list()) == 0


class TestTokens:
    """Providers that sign nothing, and put several events into a request."""

    def give(self, receiver, source, body):
        return answer(receiver.handle(request(source, body), source=source))

    @pytest.fixture
    def tokens(self, url, clock):
        with wh.Receiver(url, clock=clock) as receiver:
            for source in ("okta", "auth0", "telegram"):
                receiver.add_source(source, secrets=[SECRET])
            yield receiver

    def found(self, receiver):
        return [(event.event_id, event.type) for event in receiver.inbox.list()][::-1]

    def okta(self, *events):
        return json.dumps(
            {
                "eventType": "com.okta.event_hook",
                "eventId": "envelope-1",
                "data": {"events": events},
            }
        ).encode()

    def test_oktas_events_are_events_of_their_own(self, tokens):
        first = {"uuid": "u-1", "eventType": "user.session.start"}
        second = {"uuid": "u-2", "eventType": "user.session.end"}
        assert self.give(tokens, "okta", self.okta(first, second)) == accepted()
        assert self.found(tokens) == [("u-1", "user.session.start"), ("u-2", "user.session.end")]
        # In another envelope it is the same event.
        assert self.give(tokens, "okta", self.okta(second))[1]["status"] == "duplicate"
        assert tokens.inbox.list()[0].event.unsigned == ("id", "type")

    def test_oktas_envelope_keeps_its_id_and_type(self):
        event = wh.Event(
            self.okta({"uuid": "u-1"}), [], wh.scheme("okta").provider, "okta", None, 0
        )
        assert (event.id, event.type) == ("envelope-1", "com.okta.event_hook")
        assert [item.id for item in event.items()] == ["u-1"]

    @pytest.mark.parametrize(
        "body",
        [
            b"{}", b"[]", b'{"data":{}}', b'{"data":[]}', b'{"data":{"events":{}}}',
            b'{"data":{"events":[]}}', b'{"data":{"events":[{"eventType":"a"}]}}',
            b'{"eventId":"e","eventType":"t"}', b'{"data":{"events":[7]}}',
        ],
    )  # fmt: skip
    def test_what_is_no_event_hook_is_refused(self, tokens, body):
        status, content = self.give(tokens, "okta", body)
        assert (status, content["error"]["reason"]) == (400, "malformed_body")

    LOGS = (
        b'{"log_id":"900","data":{"type":"s","date":"2023-11-14T22:13:20.000Z"}}',
        b'{"log_id":"901", "data":{"type":"fp","description":"a\\nb"}}',
    )

    @pytest.mark.parametrize(
        "body",
        [
            b"[%b,%b]" % LOGS, b' {"logs": [%b , %b]}\n' % LOGS, b"%b\n%b" % LOGS,
            b"\r\n%b\r\n\n %b \n" % LOGS,
        ],
        ids=["array", "object", "lines", "lines and spaces"],
    )  # fmt: skip
    def test_auth0s_logs_come_in_any_of_its_formats(self, tokens, body):
        assert self.give(tokens, "auth0", body) == accepted()
        assert self.found(tokens) == [("900", "s"), ("901", "fp")]
        bodies = [event.event.body for event in tokens.inbox.list()]
        assert bodies == [self.LOGS[1], self.LOGS[0]]

    def test_one_log_of_auth0_is_a_line_by_itself(self, tokens):
        assert self.give(tokens, "auth0", self.LOGS[0]) == accepted("900")

    @pytest.mark.parametrize(
        "body",
        [
            b"", b" \n", b"[]", b'{"logs":[]}', b'{"logs":{}}', b"7", b"%b\n7" % LOGS[0],
            b"%b %b" % LOGS, b"%b,%b" % LOGS, b"%b\n{" % LOGS[0], b"%b\n[]" % LOGS[0],
            b'{"log_id":"1"\n}\n{"data":\n{}}', b"%b\n{}" % LOGS[0], b"\xff\n%b" % LOGS[0],
            b'{"logs":[%b]}\n%b' % LOGS, b'{"logs":[%b],"logs":[%b]}' % LOGS,
            LOGS[0] + b"\n" + LOGS[1] * 2, (LOGS[0] + b"\n") * 10_001,
        ],
        ids=lambda body: body[:40].decode("latin-1"),
    )  # fmt: skip
    def test_what_is_no_log_of_auth0_is_refused_whole(self, tokens, body):
        status, content = self.give(tokens, "auth0", body)
        assert (status, content["error"]["reason"]) == (400, "malformed_body")
        assert self.found(tokens) == []

    def test_telegrams_type_is_what_the_update_holds(self, tokens):
        for body in (
            b'{"update_id":7,"message":{"text":"hi"}}',
            b'{"edited_message":{},"update_id":8}',
            b'{"update_id":9}',
        ):
            assert self.give(tokens, "telegram", body)[0] == 202
        assert self.found(tokens) == [("7", "message"), ("8", "edited_message"), ("9", None)]
        assert tokens.inbox.list()[2].event.unsigned == ("id", "type")


class TestWithoutAReceiver:
    def event(self, body, provider="sendgrid"):
        return wh.Event(body, [], wh.scheme(provider).provider, provider, 5, 1)

    def test_items_of_a_verified_event(self):
        first, second = self.event(b'[{"sg_event_id":"a","event":"open"},{}]').items()
        assert (first.id, first.type, first.unsigned) == ("a", "open", ())
        assert (first.source, first.matched_secret, first.provider) == ("sendgrid", 1, "sendgrid")
        assert first.timestamp is not None
        assert (second.id, second.body) == (None, b"{}")
        assert first.items() == [first]

    def test_an_event_of_another_provider_is_its_only_item(self):
        event = self.event(b"[1,2]", "stripe")
        assert event.items() == [event]

    @pytest.mark.parametrize("body", [b"{}", b"[NaN]", b"[-Infinity]", b"[1", b"", b"[]"])
    def test_what_is_no_batch_is_refused_as_malformed(self, body):
        with pytest.raises(wh.VerificationError) as refused:
            self.event(body).items()
        assert (refused.value.reason, refused.value.http_status) == ("malformed_body", 400)

    def test_ten_thousand_are_the_most(self):
        assert len(self.event(b"[" + b"{}," * 9_999 + b"{}]").items()) == 10_000
        with pytest.raises(wh.VerificationError):
            self.event(b"[" + b"{}," * 10_000 + b"{}]").items()
