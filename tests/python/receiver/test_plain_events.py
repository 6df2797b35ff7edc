"""The short way of ordinary events does what the long way does, and nothing else."""

from __future__ import annotations

import asyncio
import dataclasses
import decimal
import fractions
import json
import logging

import pytest

import webhookcore as wh
from support.both_ways import compare, in_turn
from support.receiving import NOW, SECRET, Clock, request, stripe
from support.vectors import hostile_rows, signature_rows

pytestmark = pytest.mark.filterwarnings("ignore")

SIGNED = signature_rows() + signature_rows("made_signatures.jsonl")
on_both = pytest.mark.parametrize("on_loop", [False, True], ids=["blocking", "on_a_loop"])


def with_source(provider="stripe", **options):
    options = {"secrets": [SECRET], **options}
    return lambda receiver: receiver.add_source("s", provider, **options)


def can_be_configured(provider, secrets, tolerance=None):
    try:
        wh.Verifier(provider, secrets, tolerance)
    except wh.ConfigError:
        return False
    return True


# ---- The vectors -----------------------------------------------------------------------------


@pytest.mark.parametrize("row", SIGNED, ids=str)
def test_signatures_of_all_providers(row):
    if not can_be_configured(row.scheme, row.secrets, row.tolerance):
        return
    asked = wh.HttpRequest(row.method, "/hooks/s", row.headers, row.body, url=row.url)
    as_bytes = dataclasses.replace(
        asked,
        headers=[(name.lower().encode(), value.encode()) for name, value in row.headers.items()],
    )
    later = dataclasses.replace(asked, headers={**row.headers, "X-Request-Id": "req-7"})
    compare(
        with_source(row.scheme, secrets=row.secrets, tolerance=row.tolerance),
        in_turn("s", [asked, as_bytes, later]),
        Clock(NOW if row.now is None else row.now),
    )


def test_most_good_signatures_go_the_short_way():
    short = 0
    good = [row for row in SIGNED if row.expect == "ok" and row.method == "POST"]
    for row in good:
        asked = wh.HttpRequest("POST", "/hooks/s", row.headers, row.body, url=row.url)
        short += compare(
            with_source(row.scheme, secrets=row.secrets, tolerance=row.tolerance),
            in_turn("s", [asked]),
            Clock(NOW if row.now is None else row.now),
        )
    assert short > len(good) / 2


@pytest.mark.parametrize("row", hostile_rows(), ids=str)
def test_hostile_headers(row):
    if not can_be_configured(row.provider, [row.secret]):
        return
    asked = wh.HttpRequest("POST", "/hooks/s", list(row.headers), row.body)
    compare(with_source(row.provider, secrets=[row.secret]), in_turn("s", [asked]), Clock(row.now))


# ---- What else a request may be --------------------------------------------------------------


def signed(provider="stripe", body=b'{"id":"evt_1","type":"a.b"}', **options):
    return request(provider, body, **options)


def with_headers(asked, *pairs):
    return dataclasses.replace(asked, headers=[*dict(asked.headers).items(), *pairs])


ODD_HEADERS = [
    [("Authorization", "Bearer x"), ("COOKIE", "a=b"), ("proxy-authorization", "z")],
    [("Webhookcore-Reconciled", "1"), ("Webhookcore-Request-Id", "mine")],
    [("X-Request-Id", "a b"), ("X-Request-Id", "second"), ("X-Correlation-Id", "third")],
    [("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")],
    [("traceparent", "00-" + "0" * 32 + "-00f067aa0ba902b7-01")],
    [("x-CORRELATION-id", "c.7"), ("X-Twice", "1"), ("x-twice", "2"), ("", "no name")],
    [("X-Latin", "caf\xe9"), ("X-L\xe4tin", "1")],
    [("X-Partly", "a\u20acb")],
    [("X-Wide", "\u20ac"), ("X-Request-Id", "\u20ac")],
    [("X-Wid\u20ac", "1")],
    [("X-Surrogate", "\ud800")],
    [("Content-Encoding", "gzip")],
    [("Content-Encoding", "identity")],
    [("Content-Encoding", "")],
    [("Content-Length", "27")],
    [("Content-Length", "028")],
    [("Content-Length", "28"), ("Content-Length", "9999999999")],
    [("Content-Length", "9999999999")],
    [("Content-Length", "what?")],
    [("X-List", ["a", "b"])],
    [("X-Empty-List", [])],
    [("X-Number", 7)],
    [("X-Event", "from a header")],
]


@on_both
@pytest.mark.parametrize("pairs", ODD_HEADERS, ids=str)
def test_odd_headers(pairs, on_loop):
    asked = with_headers(signed(), *pairs)
    as_dict = dataclasses.replace(asked, headers=dict(asked.headers))
    compare(with_source(), in_turn("s", [asked, as_dict]), Clock(), on_loop=on_loop)


@on_both
@pytest.mark.parametrize(
    "shape",
    [
        dict,
        tuple,
        lambda pairs: [list(pair) for pair in pairs],
        lambda pairs: {name: [value] for name, value in pairs},
        lambda pairs: [(name.encode(), value.encode()) for name, value in pairs],
        lambda pairs: [(name.lower().encode(), value) for name, value in pairs],
        lambda pairs: {name.encode(): value.encode() for name, value in pairs},
    ],
    ids=["dict", "tuple", "lists", "lists of values", "bytes", "mixed", "dict of bytes"],
)
def test_headers_in_every_form(shape, on_loop):
    pairs = [*signed().headers.items(), ("X-Request-Id", "req-7"), ("Authorization", "Basic x")]
    asked = dataclasses.replace(signed(), headers=shape(pairs))
    assert compare(with_source(), in_turn("s", [asked, asked]), Clock(), on_loop=on_loop) == 2


BODIES = [
    b"",
    b"{}",
    b"no json",
    b'{"id":"evt_1"}',
    b'{"type":"a.b"}',
    b'{"id":null,"type":null}',
    b'{"id":"","type":""}',
    b'{"id":12345678901234567890123,"type":7}',
    b'{"id":1.50,"type":true}',
    b'{"id":{"a":1},"type":["a"]}',
    b'{"id":"first","id":"last","type":"a"}',
    b'{"id":"evt_\\ud800","type":"a"}',
    b'{"id":"evt_\\u00e9\\u20ac","type":"caf\\u00e9"}',
    '{"id":"evt_\u20ac","type":"\u20ac"}'.encode(),
    b'{"id":"a\\"b\\\\c","type":"a"}',
    b'{"id":"a\\u0000b","type":"a\\u0000"}',
    b'{"id":"a\\nb\\u007f","type":"a"}',
    b'\xef\xbb\xbf{"id":"evt_1"}',
    b'{"id":"evt_\xff"}',
    b'{"id":"evt_1"} trailing',
    b'[{"id":"evt_1"}]',
    b"[" * 5000,
    b'{"id":"' + b"x" * 70_000 + b'"}',
    b'{"id":"evt_1","type":"a","pad":"' + b"x" * 70_000 + b'"}',
    b'{"id":"evt_1","type":"a","pad":"' + b"x" * 20_000 + b'"}',
]


@on_both
@pytest.mark.parametrize("provider", ["stripe", "github", "generic", "shopify", "twitch"])
def test_odd_bodies(provider, on_loop):
    options = {"id": "msg_1", "type": "push"}
    requests = [signed(provider, body, **options) for body in BODIES]
    compare(with_source(provider), in_turn("s", [*requests, *requests]), Clock(), on_loop=on_loop)


@on_both
def test_a_long_body_is_not_looked_at_on_the_loop(on_loop):
    asked = signed(body=b'{"id":"evt_1","type":"a","pad":"' + b"x" * 70_000 + b'"}')
    short = compare(with_source(), in_turn("s", [asked]), Clock(), on_loop=on_loop)
    assert short == (0 if on_loop else 1)


@on_both
def test_ids_of_headers(on_loop):
    ids = ["msg_1", "msg_1", "a b", 'quo"te', "back\\slash", "caf\xe9", "", "x" * 300]
    for provider in ("generic", "github", "standard", "svix"):
        key = {} if provider in ("generic", "github") else {"secrets": ["whsec_" + "QUJD" * 8]}
        secret = key.get("secrets", [None])[0]
        requests = []
        for number, id in enumerate(ids):
            body = b'{"type":"t","action":"opened","n":%d}' % (number // 2)
            try:
                asked = signed(provider, body, id="msg", secret=secret)
            except wh.ConfigError:
                continue
            extra = {"X-GitHub-Delivery": id, "X-GitHub-Event": id, "X-Webhook-Id": id}
            requests.append(dataclasses.replace(asked, headers={**asked.headers, **extra}))
        compare(with_source(provider, **key), in_turn("s", requests), Clock(), on_loop=on_loop)


@on_both
@pytest.mark.parametrize("type", ["caf\xe9", "\u20ac", "a\nb", 'quo"te', "\x7f", "*"], ids=ascii)
def test_types_of_headers(type, on_loop):
    headers = {"X-GitHub-Delivery": "1", "X-GitHub-Event": type, "X-Shopify-Topic": type}
    headers |= {"X-Shopify-Event-Id": "1", "X-Shopify-Webhook-Id": "1"}
    for provider in ("github", "shopify"):
        asked = request(provider, b'{"action":"opened"}', headers=headers)
        compare(with_source(provider), in_turn("s", [asked, asked]), Clock(), on_loop=on_loop)


@on_both
@pytest.mark.parametrize("provider", ["auth0", "hubspot-v1", "okta"])
def test_batches(provider, on_loop):
    items = [{"eventId": n, "log_id": f"l{n}", "uuid": f"u{n}", "data": {}} for n in (1, 2)]
    bodies = [items, items[:1], {"logs": items}, {"data": {"events": items}}, items[0]]
    requests = [signed(provider, json.dumps(body).encode()) for body in bodies]
    compare(with_source(provider), in_turn("s", requests), Clock(), on_loop=on_loop)


@on_both
def test_signed_requests_that_are_handshakes_as_well(on_loop):
    asana = with_headers(signed("asana", b'{"events":[]}'), ("X-Hook-Secret", "x" * 32))
    notion = signed("notion", b'{"verification_token":"secret_xxxxxxxxxxxxxxxxxx"}')
    for provider, asked in (("asana", asana), ("notion", notion)):
        compare(with_source(provider), in_turn("s", [asked]), Clock(), on_loop=on_loop)


SOURCES = [
    {},
    {"types": ["invoice.*"]},
    {"types": ["order.*"]},
    {"types": ["order.*"], "unknown_types": "reject"},
    {"priority": "high"},
    {"priority": "low", "concurrency": 1},
    {"max_body": 60},
    {"max_body": 8},
    {"event_key": lambda event: event.type},
    {"event_key": lambda event: None},
    {"allowed_ips": ["203.0.113.0/24"]},
    {"allowed_ips": ["198.51.100.0/24"]},
    {"rate_limit": "1/s"},
    {"mode": "inline"},
    {"secrets": lambda: [SECRET]},
    {"secrets": ["another-secret-of-somebody", SECRET]},
    {"secrets": ["another-secret-of-somebody"]},
    {"tolerance": 1},
    {"public_url": "https://example.com/x"},
]


@on_both
@pytest.mark.parametrize("options", SOURCES, ids=lambda options: "-".join(options) or "none")
def test_sources_with_options(options, on_loop):
    requests = [stripe(), stripe(), stripe("evt_2", "order.paid"), stripe(at=NOW - 100)]
    compare(with_source(**options), in_turn("s", requests), Clock(), on_loop=on_loop)


@on_both
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "post", "POST"])
def test_methods(method, on_loop):
    asked = dataclasses.replace(stripe(), method=method)
    compare(with_source(), in_turn("s", [asked]), Clock(), on_loop=on_loop)


@on_both
@pytest.mark.parametrize("options", [{}, {"client_rate_limit": "2/s"}, {"max_backlog": 2}], ids=str)
def test_receivers_with_options(options, on_loop):
    requests = [stripe(f"evt_{number}") for number in (1, 2, 3, 1, 2, 3)]
    compare(with_source(), in_turn("s", requests), Clock(), on_loop=on_loop, **options)


@on_both
@pytest.mark.parametrize("kind", [float, int, decimal.Decimal, fractions.Fraction])
def test_clocks_of_any_number(kind, on_loop):
    at = NOW + 0.5 if kind is not int else NOW
    clock = Clock(at)
    requests = [stripe(), stripe(), stripe("evt_2", at=at - 301)]
    compare(
        with_source(), in_turn("s", requests), clock, on_loop=on_loop, shown=lambda: kind(clock.now)
    )


@on_both
@pytest.mark.parametrize("said", [float("nan"), float("inf"), -1e300, "300", None, b"7"], ids=str)
def test_clocks_that_tell_no_time(said, on_loop):
    compare(with_source(), in_turn("s", [stripe()]), Clock(), on_loop=on_loop, shown=lambda: said)


@on_both
def test_a_clock_that_fails(on_loop):
    def fail():
        raise RuntimeError("no time")

    compare(with_source(), in_turn("s", [stripe()]), Clock(), on_loop=on_loop, shown=fail)


# What would be an event if the row had no more than an id and a type: a batch, of which the whole
# has an id as well; a signed request with a handshake in it; types and ids in other places.
MORE_THAN_PLAIN = [
    ("auth0", b'{"log_id":"1","type":"t","logs":[{"log_id":"2"},{"log_id":"3"}]}', {}),
    ("asana", b'{"events":[{"action":"added"}]}', {"X-Hook-Secret": "nobody-waits-for-this"}),
    ("notion", b'{"id":"1","verification_token":"nobody-waits-for-this"}', {}),
    ("telegram", b'{"update_id":7,"message":{"text":"hi"}}', {}),
    ("slack", b'{"type":"url_verification","challenge":"c","event_id":"Ev1"}', {}),
    ("zoom", b'{"event":"endpoint.url_validation","payload":{"plainToken":"abc"}}', {}),
    ("xero", b'{"events":[]}', {}),
]


@on_both
@pytest.mark.parametrize(("provider", "body", "headers"), MORE_THAN_PLAIN, ids=str)
def test_providers_of_which_more_has_to_be_known(provider, body, headers, on_loop):
    asked = request(provider, body, headers=headers)
    assert (
        compare(with_source(provider), in_turn("s", [asked, asked]), Clock(), on_loop=on_loop) == 0
    )


def test_a_long_body_never_takes_the_short_way_on_a_loop():
    asked = signed(body=BODIES[-2])
    assert compare(with_source(), in_turn("s", [asked]), Clock(), on_loop=True) == 0
    assert compare(with_source(), in_turn("s", [asked]), Clock()) == 1


# ---- What the store says ---------------------------------------------------------------------


@on_both
def test_repeats_dead_events_and_those_that_somebody_handles(on_loop):
    clock = Clock()

    def scene(receiver, give):
        @receiver.on("s", "fails")
        def fails(event):
            raise wh.Discard("no use") if event.id == "evt_3" else RuntimeError

        give(stripe("evt_1", "fails"), "s")
        give(stripe("evt_3", "fails"), "s")
        for _ in range(4):
            receiver.run_until_idle()
            clock.advance(100)
        for id in ("evt_1", "evt_1", "evt_3"):
            give(stripe(id, "fails", at=clock.now), "s")
        receiver._store.claim("s", "evt_2", round(clock.now * 1000), 60_000)
        give(stripe("evt_2", at=clock.now), "s")
        clock.advance(3600)
        give(stripe("evt_2", at=clock.now), "s")
        receiver.add_source("other", "stripe", secrets=[SECRET])
        give(stripe("evt_1", at=clock.now), "other")
        give(stripe("evt_1", at=clock.now), "nobody")

    short = compare(with_source(), scene, clock, on_loop=on_loop, max_retries=1)
    assert short == 7  # All but the one that is handled just now, and the one without a source.


@on_both
def test_the_result_of_an_inline_source_of_that_name_is_told_to_a_repeat(on_loop):
    def scene(receiver, give):
        for id, kept in (("evt_1", '{"run":  1}'), ("evt_2", "null"), ("evt_3", "no json")):
            _, token, *_ = receiver._store.claim("s", id, round(NOW * 1000), 1000)
            receiver._store.complete("s", id, token, kept, round(NOW * 1000), 10**9)
        for id in ("evt_1", "evt_2", "evt_3"):
            give(stripe(id), "s")

    compare(with_source(), scene, Clock(), on_loop=on_loop)


@on_both
def test_a_full_store_and_a_closed_one(on_loop, tmp_path):
    def scene(receiver, give):
        give(stripe("evt_1"), "s")
        receiver._store.set_quota(1)
        give(stripe("evt_1"), "s")
        give(stripe("evt_2"), "s")
        receiver._store.set_quota(None)
        give(stripe("evt_2"), "s")
        receiver._door.close(1)
        receiver._store.close()
        give(stripe("evt_3"), "s")

    compare(with_source(), scene, Clock(), on_loop=on_loop, folder=tmp_path)


@on_both
def test_what_waited_for_a_store_that_refuses_it_is_not_too_old_meanwhile(on_loop):
    clock, steps = Clock(), 0.0

    def passes():
        clock.now += steps
        return clock.now

    def scene(receiver, give):
        nonlocal steps
        steps = 0.0
        give(stripe("evt_1"), "s")
        clock.advance(299.999)
        steps = 0.001
        give(stripe("evt_2"), "s")
        steps = 0.0
        assert receiver.counts() == {"accepted": 1, "backlog_full": 1}

    compare(with_source(), scene, clock, on_loop=on_loop, shown=passes, max_backlog=1)


@on_both
def test_in_a_file_the_rows_are_the_same(on_loop, tmp_path):
    requests = [stripe(), stripe(), signed(body=BODIES[6]), signed(body=BODIES[9])]
    scene = in_turn("s", requests)
    assert compare(with_source(), scene, Clock(), on_loop=on_loop, folder=tmp_path) == 2


# ---- When it is not taken --------------------------------------------------------------------


def answered(receiver, asked, on_loop):
    if on_loop:
        return asyncio.run(receiver.handle_async(asked, "stripe"))
    return receiver.handle(asked, "stripe")


@on_both
def test_where_the_lines_of_requests_are_read_each_has_one(receiver, caplog, on_loop):
    with caplog.at_level(logging.INFO, "webhookcore.receiver"):
        answered(receiver, stripe("evt_1"), on_loop)
    (line,) = caplog.records
    (stored,) = receiver.inbox.list()
    assert line.correlation_id == stored.event.correlation_id
    caplog.clear()
    with caplog.at_level(logging.WARNING, "webhookcore.receiver"):
        answered(receiver, stripe("evt_2"), on_loop)
    assert caplog.records == []
    assert receiver.counts() == {"accepted": 2}


def test_a_verifier_that_was_closed_lets_nothing_in(receiver):
    assert receiver.handle(stripe("evt_1"), "stripe").status == 202
    receiver._sources["stripe"].verifier.close()
    assert receiver.handle(stripe("evt_2"), "stripe").status == 500


@on_both
@pytest.mark.parametrize("pair", [("X-Number", 7), ("X-None", None), ("X-Request-Id", 7)], ids=str)
def test_headers_that_are_no_text_are_answered(receiver, pair, on_loop):
    asked = with_headers(stripe(), pair)
    response = answered(receiver, asked, on_loop)
    assert (response.status, receiver.counts()) == (500, {"misconfigured": 1})


class HeadersThatEnd:
    def __init__(self):
        self.asked = 0

    def items(self):
        self.asked += 1
        raise KeyboardInterrupt


@on_both
def test_what_ends_the_program_while_headers_are_read_ends_it(receiver, on_loop):
    headers = HeadersThatEnd()
    asked = dataclasses.replace(stripe(), headers=headers)
    with pytest.raises(KeyboardInterrupt):
        answered(receiver, asked, on_loop)
    assert headers.asked == 1


def test_a_request_that_is_cancelled_is_stored_and_not_counted(receiver):
    async def scene():
        call = asyncio.ensure_future(receiver.handle_async(stripe(), "stripe"))
        await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        return (await receiver.handle_async(stripe(), "stripe")).body

    assert json.loads(asyncio.run(scene()))["status"] == "duplicate"
    assert receiver.counts() == {"duplicate": 1}
