"""What is logged of a request, and what never is."""

from __future__ import annotations

import io
import json
import logging

import pytest

import webhookcore as wh
from support.receiving import SECRET, request, stripe
from webhookcore.correlation import find_correlation_id
from webhookcore.receiver.intake import Decision
from webhookcore.receiver.request_log import RequestLog
from webhookcore.redaction import Redactor

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def lines(caplog):
    """What the receiver and its worker logged so far."""
    caplog.set_level(logging.INFO, "webhookcore")
    return lambda: [record for record in caplog.records if hasattr(record, "outcome")]


class TestTheCorrelationId:
    @pytest.mark.parametrize(
        ("headers", "found"),
        [
            ({"X-Request-Id": "req-7"}, "req-7"),
            ({"x-request-id": "req-7"}, "req-7"),
            ({"X-Correlation-ID": "c.7"}, "c.7"),
            ({"traceparent": TRACE}, "4bf92f3577b34da6a3ce929d0e0e4736"),
            ({"traceparent": TRACE, "X-Request-Id": "req-7"}, "req-7"),
            ({"X-Request-Id": "a b", "X-Correlation-Id": "c"}, "c"),
            ({"X-Request-Id": "a\nERROR forged line"}, None),
            ({"X-Request-Id": "a\n"}, None),
            ({"X-Request-Id": "../../etc/passwd"}, None),
            ({"X-Request-Id": "$(reboot)"}, None),
            ({"X-Request-Id": "--help"}, None),
            ({"X-Request-Id": ""}, None),
            ({"X-Request-Id": "x" * 129}, None),
            ({"X-Request-Id": "\u00e9"}, None),
            ({"traceparent": "00-" + "0" * 32 + "-00f067aa0ba902b7-01"}, None),
            ({"traceparent": "nonsense"}, None),
            ({}, None),
        ],
        ids=str,
    )
    def test_is_taken_from_the_request_where_it_is_sane(self, headers, found):
        assert find_correlation_id(list(headers.items())) == found
        encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        assert find_correlation_id(encoded) == found

    def test_goes_from_the_request_to_the_handler_and_its_log_line(self, receiver, lines):
        seen = []
        receiver.on("stripe")(lambda event: seen.append(event.correlation_id))
        receiver.handle(stripe(headers={"X-Request-Id": "req-7"}), "stripe")
        receiver.run_until_idle()
        assert seen == ["req-7"]
        assert [line.correlation_id for line in lines()] == ["req-7", "req-7"]
        assert "[req-7]" in lines()[0].getMessage()

    def test_is_made_where_there_is_none_and_travels_as_well(self, receiver, lines):
        seen = []
        receiver.on("stripe")(lambda event: seen.append(event.correlation_id))
        receiver.handle(stripe(headers={"X-Request-Id": "no good"}), "stripe")
        receiver.run_until_idle()
        made = seen[0]
        assert len(made) == 32
        assert [line.correlation_id for line in lines()] == [made, made]
        assert receiver.inbox.get("inb_1").event.correlation_id == made
        assert receiver.inbox.get("inb_1").event.headers["X-Request-Id"] == "no good"

    def test_inline_the_handler_has_it_too(self, inline, lines):
        seen = []
        inline.on("stripe")(lambda event: seen.append(event.correlation_id))
        inline.handle(stripe(), "stripe")
        assert seen == [line.correlation_id for line in lines()]
        assert len(seen[0]) == 32

    def test_is_one_for_all_items_of_a_batch(self, url, clock):
        with wh.Receiver(url, clock=clock) as receiver:
            receiver.add_source("hubspot-v3", secrets=[SECRET])
            place = "https://example.com/hooks/hubspot-v3"
            items = b'[{"eventId":1,"subscriptionType":"a"},{"eventId":2,"subscriptionType":"b"}]'
            receiver.handle(request("hubspot-v3", items, url=place), "hubspot-v3")
            ids = {event.event.correlation_id for event in receiver.inbox.list()}
            assert len(ids) == 1
            assert ids != {None}

    def test_is_in_the_line_of_a_request_that_was_refused(self, receiver, lines):
        forged = stripe(secret="not-the-secret-at-all-000", headers={"X-Request-Id": "req-8"})
        receiver.handle(forged, "stripe")
        receiver.handle(forged, "nobody")
        assert [line.correlation_id for line in lines()] == ["req-8", "req-8"]

    def test_outside_a_receiver_there_is_none_but_the_request_s(self):
        for headers, found in (({}, None), ({"X-Request-Id": "req-7"}, "req-7")):
            asked = stripe(headers=headers)
            event = wh.verify(
                "stripe",
                body=asked.body,
                headers=asked.headers,
                secrets=[SECRET],
                now=1_700_000_000,
            )
            assert event.correlation_id == found
            assert event.inbox_id is None


class TestBodies:
    def logged(self, url, clock, lines, *, body=None, **options):
        with wh.Receiver(url, clock=clock, **options) as receiver:
            receiver.add_source("stripe", secrets=[SECRET])
            asked = stripe() if body is None else request("stripe", body)
            assert receiver.handle(asked, "stripe").status in (200, 202, 400)
        return lines()[-1]

    def test_are_not_logged_unless_asked_for(self, url, clock, lines):
        assert not hasattr(self.logged(url, clock, lines), "body")
        assert not hasattr(self.logged(url, clock, lines, redact=["data"]), "body")

    def test_are_logged_without_the_fields_that_were_named(self, url, clock, lines):
        line = self.logged(url, clock, lines, log_bodies=True, redact=["data.CARD"])
        assert json.loads(line.body) == {
            "id": "evt_1",
            "type": "invoice.paid",
            "data": {"card": "[redacted]"},
        }
        assert "4242-secret" not in repr(vars(line))

    @pytest.mark.parametrize(
        "body", [b"From=%2B1415&Body=secret-text", b"\xff", b'{"id":', b"[" * 5000]
    )
    def test_that_cannot_be_read_are_not_logged(self, url, clock, lines, body):
        line = self.logged(url, clock, lines, body=body, log_bodies=True)
        assert line.body is None

    def test_of_requests_that_nobody_signed_are_not_logged(self, url, clock, lines):
        with wh.Receiver(url, clock=clock, log_bodies=True) as receiver:
            receiver.add_source("stripe", secrets=[SECRET])
            receiver.handle(stripe(secret="not-the-secret-at-all-000"), "stripe")
        assert not hasattr(lines()[-1], "body")

    @pytest.mark.parametrize(
        ("options", "field"),
        [
            ({"log_bodies": "yes"}, "log_bodies"),
            ({"log_bodies": None}, "log_bodies"),
            ({"redact": "email"}, "redact"),
            ({"redact": [""]}, "redact[0]"),
            ({"redact": ["email", 7]}, "redact[1]"),
            ({"redact": ["\ud800"]}, "redact[0]"),
        ],
        ids=str,
    )
    def test_options_that_cannot_be_are_refused_by_name(self, url, options, field):
        with pytest.raises(wh.ConfigError) as refused:
            wh.Receiver(url, **options)
        assert refused.value.field == field


class TestRedaction:
    @pytest.mark.parametrize(
        ("fields", "content", "left"),
        [
            (["email"], {"email": "a@b"}, {"email": "[redacted]"}),
            (["email"], {"a": [{"EMail": "a@b"}]}, {"a": [{"EMail": "[redacted]"}]}),
            (["email"], {"email": {"is": ["a@b"]}}, {"email": "[redacted]"}),
            (["email"], {"my_email": "a@b"}, {"my_email": "a@b"}),
            (["card.number"], {"number": 7}, {"number": 7}),
            (["card.number"], {"card": {"number": 7}}, {"card": {"number": "[redacted]"}}),
            (["card.number"], {"x": {"card": [{"number": 7}]}}, {"x": {"card": [{"number": "[redacted]"}]}}),
            (["card.number"], {"card.number": 7}, {"card.number": "[redacted]"}),
            (["card.number"], {"discard": {"number": 7}}, {"discard": {"number": 7}}),
            ([], {"Password": "p", "client_secret": "s"}, {"Password": "[redacted]", "client_secret": "[redacted]"}),
            ([], {"token": None}, {"token": "[redacted]"}),
            (["a"], ["a", {"a": 1}], ["a", {"a": "[redacted]"}]),
            (["a"], "a", "a"),
        ],
        ids=str,
    )  # fmt: skip
    def test_goes_by_name_at_any_depth(self, fields, content, left):
        assert json.loads(Redactor(fields).text(json.dumps(content).encode())) == left

    def test_a_member_that_stands_there_twice_hides_nothing(self):
        text = Redactor(["email"]).text(b'{"email":"first@b","email":"second@b"}')
        assert text == '{"email":"[redacted]"}'

    def test_what_is_logged_is_one_harmless_line(self):
        text = Redactor().text(b'{"a":"\\n\\u001b[31m\\ud800","b":"\xc3\xa9"}')
        assert text.isascii()
        assert text.isprintable()

    def test_a_long_body_is_cut(self):
        assert len(Redactor().text(json.dumps(["x" * 60_000]).encode())) == 16 * 1024 + 3

    def test_one_that_would_take_long_to_read_is_not_logged(self):
        assert Redactor().text(json.dumps(dict.fromkeys(map(str, range(20_000)))).encode()) is None


class TestAFlood:
    """Of requests that nobody signed."""

    def refuse(self, log, outcome, second, times):
        for _ in range(times):
            log.write(Decision(None, second + 0.5), outcome, 401)

    def test_does_not_fill_the_log_and_is_counted_in_full(self, lines):
        log = RequestLog()
        self.refuse(log, "signature_mismatch", 100, 1000)
        self.refuse(log, "unknown_source", 100, 3)
        self.refuse(log, "signature_mismatch", 101, 2)
        assert [line.outcome for line in lines()] == [
            *["signature_mismatch"] * 10, *["unknown_source"] * 3, *["signature_mismatch"] * 2,
        ]  # fmt: skip
        assert [line.left_out for line in lines() if hasattr(line, "left_out")] == [990]
        assert log.counts() == {"signature_mismatch": 1002, "unknown_source": 3}

    def test_is_no_reason_to_leave_out_what_was_signed(self, inline, lines):
        inline.on("stripe")(lambda event: 1 / 0)
        for number in range(30):
            inline.handle(stripe(f"evt_{number}"), "stripe")
        assert len([line for line in lines() if line.outcome == "failed"]) == 30


def test_json_lines_have_all_fields(receiver):
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(wh.JsonFormatter())
    log = logging.getLogger("webhookcore.receiver")
    log.addHandler(handler)
    level = log.level
    log.setLevel(logging.INFO)
    try:
        receiver.handle(stripe(type="a\nb", headers={"X-Request-Id": "req-7"}), "stripe")
        error = ValueError("two\nlines")
        log.error("failed", exc_info=error, extra={"odd": {1, 2}, "time": "never"})
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
    first, second = (json.loads(line) for line in out.getvalue().splitlines())
    assert first["level"] == "info"
    assert first["logger"] == "webhookcore.receiver"
    assert first["correlation_id"] == "req-7"
    assert (first["source"], first["event_id"], first["type"]) == ("stripe", "evt_1", "a\nb")
    assert (first["outcome"], first["status"]) == ("accepted", 202)
    assert first["duration_ms"] >= 0
    assert "ValueError: two" in second["error"]
    assert second["time"] != "never"
