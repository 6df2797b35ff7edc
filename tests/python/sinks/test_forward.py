"""Events are handed to whatever takes them, at least once, and never lost on the way."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import weakref

import pytest

import webhookcore as wh
from support.receiving import SECRET, answer, request, stripe
from support.waiting import wait_until
from webhookcore.sinks import SQS, HandOff, RabbitMQ, RedisStream, RQQueue, Sink, as_sink
from webhookcore.sinks.hand_off import dedup_id


class Taker:
    """A sink that takes everything, once it has refused so many times."""

    def __init__(self, refusals: int = 0) -> None:
        self.taken: list[HandOff] = []
        self.asked = 0
        self.refusals = refusals

    def put(self, hand_off: HandOff):
        self.asked += 1
        if self.asked <= self.refusals:
            raise ConnectionError("the broker is away")
        self.taken.append(hand_off)
        return {"number": len(self.taken)}


def work(receiver, clock, rounds=1):
    for _ in range(rounds):
        receiver.run_until_idle()
        clock.advance(60)


def test_an_event_is_handed_over_by_the_worker_and_the_answer_is_kept(receiver, clock):
    taker = Taker()
    receiver.forward("stripe", "invoice.*", to=taker)
    assert receiver.handle(stripe("evt_1"), "stripe").status == 202
    assert receiver.handle(stripe("evt_2", type="charge.refunded"), "stripe").status == 202
    assert taker.taken == []
    work(receiver, clock)
    (hand_off,) = taker.taken
    assert hand_off.event.body == stripe("evt_1").body
    assert hand_off.fields() == {
        "dedup_id": "stripe:evt_1",
        "inbox_id": "inb_1",
        "source": "stripe",
        "provider": "stripe",
        "event_id": "evt_1",
        "type": "invoice.paid",
        "timestamp": "2023-11-14T22:13:20+00:00",
        "correlation_id": hand_off.event.correlation_id,
    }
    assert receiver.inbox.get("inb_1").result == {"number": 1}
    assert isinstance(taker, Sink)


def test_what_is_refused_is_tried_again_with_the_same_dedup_id(receiver, clock):
    taker = Taker(refusals=3)
    receiver.forward("stripe", to=taker)
    receiver.handle(stripe(), "stripe")
    work(receiver, clock, rounds=4)
    assert taker.asked == 4
    assert [one.dedup_id for one in taker.taken] == ["stripe:evt_1"]
    assert receiver.inbox.get("inb_1").state == "done"


def test_what_nobody_took_is_a_dead_letter_and_goes_out_when_it_is_replayed(receiver, clock):
    taker = Taker(refusals=6)
    receiver.forward("stripe", to=taker)
    receiver.handle(stripe(), "stripe")
    work(receiver, clock, rounds=8)
    dead = receiver.inbox.get("inb_1")
    assert (dead.state, dead.last_error) == ("dead", "ConnectionError: the broker is away")
    receiver.inbox.replay("inb_1")
    work(receiver, clock)
    assert [one.dedup_id for one in taker.taken] == ["stripe:evt_1"]


def test_handlers_and_several_sinks_may_have_the_same_event(receiver, clock):
    one, two, seen = Taker(), Taker(), []
    receiver.forward("stripe", to=one)
    receiver.on("stripe")(lambda event: seen.append(event.id))
    receiver.forward("stripe", to=two)
    receiver.handle(stripe(), "stripe")
    work(receiver, clock)
    assert (len(one.taken), len(two.taken), seen) == (1, 1, ["evt_1"])


def test_an_async_sink_is_awaited_by_the_worker_and_by_a_server(url, clock):
    class Awaited(Taker):
        async def put(self, hand_off):
            await asyncio.sleep(0)
            return super().put(hand_off)

    taker = Awaited()
    with wh.Receiver(url, clock=clock) as receiver:
        receiver.add_source("stripe", secrets=[SECRET])
        receiver.add_source("inline", "stripe", secrets=[SECRET], mode="inline")
        for source in ("stripe", "inline"):
            receiver.forward(source, to=taker)
        receiver.handle(stripe(), "stripe")
        work(receiver, clock)
        assert asyncio.run(receiver.handle_async(stripe(at=clock()), "inline")).status == 200
        assert receiver.inbox.get("inb_1").result == {"number": 1}
    assert [one.dedup_id for one in taker.taken] == ["stripe:evt_1", "inline:evt_1"]


def test_a_worker_on_threads_hands_over_too(receiver, clock):
    taker = Taker()
    receiver.forward("stripe", to=taker)
    receiver.start()
    for number in range(20):
        receiver.handle(stripe(f"evt_{number}"), "stripe")
    wait_until(lambda: len(taker.taken) == 20, "all are handed over")
    assert receiver.stop()
    assert len({one.dedup_id for one in taker.taken}) == 20


def test_inline_the_provider_waits_for_the_sink_and_repeats_what_it_refused(url, clock):
    taker = Taker(refusals=1)
    with wh.Receiver(url, clock=clock) as receiver:
        receiver.add_source("stripe", secrets=[SECRET], mode="inline")
        receiver.forward("stripe", to=taker)
        assert receiver.handle(stripe(), "stripe").status == 500
        assert answer(receiver.handle(stripe(), "stripe"))[1]["result"] == {"number": 1}
        assert answer(receiver.handle(stripe(), "stripe"))[1]["status"] == "duplicate"
    (hand_off,) = taker.taken
    assert hand_off.dedup_id == "stripe:evt_1"
    assert "inbox_id" not in hand_off.fields()
    with pytest.raises(wh.ConfigError, match="inline"):
        hand_off.inbox_id  # noqa: B018


def test_no_credentials_go_along(url, clock):
    taker = Taker()
    with wh.Receiver(url, clock=clock) as receiver:
        receiver.add_source("stripe", secrets=[SECRET], mode="inline")
        receiver.forward("stripe", to=taker)
        asked = stripe(headers={"Authorization": "Basic s3cret", "Cookie": "s3cret", "X-A": "b"})
        receiver.handle(asked, "stripe")
    assert "s3cret" not in taker.taken[0].headers()
    assert '["X-A","b"]' in taker.taken[0].headers()


class TestTheDedupId:
    def handed(self, url, clock, *requests, provider, **options):
        taker = Taker()
        with wh.Receiver(url, clock=clock) as receiver:
            receiver.add_source(provider, secrets=[SECRET], **options)
            receiver.forward(provider, to=taker)
            for asked in requests:
                assert receiver.handle(asked, provider).status in (200, 202)
            work(receiver, clock)
        return [one.dedup_id for one in taker.taken]

    def test_is_what_marks_sameness_by_the_provider_s_rules(self, url, clock):
        asked = request(
            "shopify",
            b"{}",
            headers={"X-Shopify-Topic": "orders/paid", "X-Shopify-Event-Id": "e1"},
        )
        (found,) = self.handed(url, clock, asked, provider="shopify")
        assert found.startswith("shopify:")

    def test_is_what_event_key_says(self, url, clock):
        found = self.handed(
            url, clock, stripe("evt_1"), provider="stripe", event_key=lambda event: "mine"
        )
        assert found == ["stripe:mine"]

    def test_is_that_in_a_process_that_only_works_and_knows_no_source_too(self, url, clock):
        with wh.Receiver(url, clock=clock) as web:
            web.add_source("stripe", secrets=[SECRET], event_key=lambda event: "mine")
            web.handle(stripe("evt_1"), "stripe")
        taker = Taker()
        with wh.Receiver(url, clock=clock) as worker:
            worker.forward("stripe", to=taker)
            work(worker, clock)
        assert [one.dedup_id for one in taker.taken] == ["stripe:mine"]

    def test_of_two_requests_that_have_no_key_there_are_two(self, url, clock):
        """Although their bodies are the same: dropping one of them would lose an event."""
        asked = request("meta", b'{"object":"page"}')
        found = self.handed(url, clock, asked, asked, provider="meta")
        assert len(set(found)) == 2

    @pytest.mark.parametrize("key", ["x" * 500, "a b", "a\n", "\u00e9", "\ud800", "", "a\x7f"])
    def test_is_short_and_harmless_whatever_the_key_is(self, key):
        asked = stripe()
        event = wh.verify(
            "stripe", body=asked.body, headers=asked.headers, secrets=[SECRET], now=1_700_000_000
        )
        found = dedup_id(event, key)
        assert len(found) <= 128
        assert found.isascii()
        assert found.isprintable()
        assert " " not in found
        assert found == dedup_id(event, key) != dedup_id(event, key + "y")


class TestWhatIsNoSink:
    class Queue:
        def enqueue_call(self, *_):
            """Of RQ."""

    @pytest.mark.parametrize("to", [None, "redis://", 3.5, 7, Taker, [7]])
    def test_is_refused(self, receiver, to):
        with pytest.raises(wh.ConfigError) as refused:
            receiver.forward("stripe", to=to)
        assert refused.value.field == "to"

    def test_a_queue_of_rq_has_to_be_told_what_to_run(self, receiver):
        with pytest.raises(wh.ConfigError, match=r"RQQueue\(queue, function\)"):
            receiver.forward("stripe", to=self.Queue())
        with pytest.raises(wh.ConfigError) as refused:
            RQQueue(self.Queue(), None)
        assert refused.value.field == "function"

    def test_nor_is_what_is_no_source_or_pattern(self, receiver):
        for source, pattern in ((7, "*"), ("stripe", ""), ("stripe", "\ud800")):
            with pytest.raises(wh.ConfigError):
                receiver.forward(source, pattern, to=Taker())

    def test_a_sink_is_taken_as_it_is(self):
        taker = Taker()
        assert as_sink(taker) is taker


def test_a_closed_receiver_hands_nothing_over(receiver):
    receiver.close()
    with pytest.raises(wh.StoreUnavailableError):
        receiver.forward("stripe", to=Taker())


def test_a_receiver_that_is_dropped_is_closed_although_it_forwards(url):
    receiver = wh.Receiver(url)
    receiver.add_source("stripe", secrets=[SECRET])
    receiver.forward("stripe", to=Taker())
    gone = weakref.ref(receiver)
    del receiver
    gc.collect()
    assert gone() is None


class TestWithoutTheExtras:
    def test_the_package_imports_nothing_of_them(self):
        code = (
            "import sys, webhookcore, webhookcore.sinks\n"
            "print({'redis', 'pika', 'boto3', 'celery', 'rq', 'dramatiq'} & set(sys.modules))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )
        assert done.stdout == "set()\n", done.stderr

    @pytest.mark.parametrize(
        ("package", "extra", "make"),
        [
            ("redis", "redis", lambda: RedisStream("redis://127.0.0.1", "webhooks")),
            ("pika", "rabbitmq", lambda: RabbitMQ("amqp://127.0.0.1")),
            ("boto3", "sqs", lambda: SQS("http://localhost/q")),
        ],
        ids=["redis", "pika", "boto3"],
    )
    def test_it_says_what_to_install(self, monkeypatch, package, extra, make):
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(ImportError, match=rf"pip install 'webhookcore\[{extra}\]'"):
            make()
