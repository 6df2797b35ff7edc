"""Handlers that take many events at once."""

from __future__ import annotations

import contextlib
import sqlite3
import threading

import pytest

import webhookcore as wh
from support.receiving import SECRET, answer, stripe
from support.waiting import wait_until


def send(receiver, *ids, type="invoice.paid"):
    for id in ids:
        assert receiver.handle(stripe(id, type), source="stripe").status == 202


def names(events) -> list[str]:
    return [event.id for event in events]


def test_what_is_due_comes_as_one_list_oldest_first(receiver):
    batches = []

    @receiver.on_batch("stripe", "invoice.*")
    def book(events):
        batches.append(names(events))
        return {"booked": len(events)}

    send(receiver, "evt_1", "evt_2")
    send(receiver, "evt_3", type="charge.failed")
    send(receiver, "evt_4")
    counts = receiver.run_until_idle()
    assert batches == [["evt_1", "evt_2", "evt_4"]]
    assert (counts.handled, counts.ignored) == (3, 1)
    assert receiver.inbox.list()[0].result == {"booked": 3}
    assert receiver.inbox.list()[1].result is None


def test_a_list_has_no_more_than_max_events(receiver):
    batches = []
    receiver.on_batch("stripe", max_events=2)(lambda events: batches.append(names(events)))
    send(receiver, *"abcde")
    receiver.run_until_idle()
    assert batches == [["a", "b"], ["c", "d"], ["e"]]


def test_a_failure_is_one_of_each_and_each_is_retried(receiver, clock, caplog):
    failures = [OSError("away")]

    @receiver.on_batch("stripe")
    async def book(events):
        if failures:
            raise failures.pop()

    send(receiver, "evt_1", "evt_2", "evt_3")
    assert receiver.run_until_idle().retried == 3
    assert {event.last_error for event in receiver.inbox.list()} == {"OSError: away"}
    assert [event.attempts for event in receiver.inbox.list()] == [1, 1, 1]
    assert len([record for record in caplog.records if record.exc_info]) == 1
    clock.advance(2)
    assert receiver.run_until_idle().handled == 3


@pytest.mark.parametrize(
    ("wish", "count"), [(wh.Snooze(60), "snoozed"), (wh.Discard("test"), "discarded")]
)
def test_snooze_and_discard_are_for_all(receiver, wish, count):
    @receiver.on_batch("stripe")
    def book(events):
        raise wish

    send(receiver, "evt_1", "evt_2")
    assert getattr(receiver.run_until_idle(), count) == 2


def test_other_handlers_of_the_events_run_beside_in_their_order(receiver, clock):
    calls = []
    receiver.on("stripe", "*.paid")(lambda event: calls.append(f"one {event.id}"))
    receiver.on_batch("stripe", "invoice.*")(lambda events: calls.append(names(events)))
    receiver.on_batch("stripe", "*.paid", max_events=1)(
        lambda events: calls.append(f"other {names(events)}")
    )

    @receiver.on("stripe", "invoice.void")
    def fails(event):
        raise OSError

    send(receiver, "evt_1")
    send(receiver, "evt_2", type="invoice.void")
    send(receiver, "evt_3", type="charge.paid")
    counts = receiver.run_until_idle()
    assert calls == [
        "one evt_1",
        ["evt_1", "evt_2"],
        "other ['evt_1']",
        "one evt_3",
        "other ['evt_3']",
    ]
    assert (counts.handled, counts.retried) == (2, 1)  # The failure is that of its event alone.


def test_a_damaged_row_fails_alone(url, receiver):
    batches = []
    receiver.on_batch("stripe")(lambda events: batches.append(names(events)))
    send(receiver, "evt_1", "evt_2", "evt_3")
    with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file, file:
        file.execute("UPDATE inbox SET matched_secret = -1 WHERE event_id = 'evt_2'")
    counts = receiver.run_until_idle()
    assert batches == [["evt_1", "evt_3"]]
    assert (counts.handled, counts.retried) == (2, 1)


def test_ctrl_c_gives_all_of_them_back(receiver):
    interrupts = [KeyboardInterrupt()]

    @receiver.on_batch("stripe")
    def book(events):
        if interrupts:
            raise interrupts.pop()

    send(receiver, "evt_1", "evt_2")
    with pytest.raises(KeyboardInterrupt):
        receiver.run_until_idle()
    assert {(e.state, e.attempts) for e in receiver.inbox.list()} == {("pending", 0)}
    assert receiver.run_until_idle().handled == 2


def test_an_inline_source_gives_lists_of_one(inline):
    inline.on_batch("stripe")(names)
    assert answer(inline.handle(stripe(), source="stripe"))[1]["result"] == ["evt_1"]


class TestOnAThread:
    def test_a_batch_waits_for_more_until_it_is_full(self, receiver):
        batches = []
        receiver.on_batch("stripe", max_events=3, max_wait=60)(
            lambda events: batches.append(names(events))
        )
        receiver.start()
        send(receiver, "evt_1")
        wait_until(lambda: receiver.inbox.counts()["running"] == 1, "the first one is claimed")
        send(receiver, "evt_2", "evt_3")
        wait_until(lambda: batches, "the batch is run")
        assert batches == [["evt_1", "evt_2", "evt_3"]]

    def test_it_does_not_wait_longer_than_max_wait(self, receiver):
        batches = []
        receiver.on_batch("stripe", max_wait=0.05)(lambda events: batches.append(names(events)))
        receiver.start()
        send(receiver, "evt_1")
        wait_until(lambda: batches, "the batch is run")

    def test_stop_runs_what_was_gathered(self, receiver):
        batches = []
        receiver.on_batch("stripe", max_wait=60)(lambda events: batches.append(names(events)))
        receiver.start()
        send(receiver, "evt_1", "evt_2")
        wait_until(lambda: receiver.inbox.counts()["running"] == 2, "both are claimed")
        assert receiver.stop()
        assert batches == [["evt_1", "evt_2"]]
        assert receiver.inbox.counts()["done"] == 2

    def test_a_batch_takes_one_place_and_one_of_its_sources_limit(self, url, clock):
        go_on = threading.Event()
        with wh.Receiver(url, clock=clock, workers=2) as receiver:
            receiver.add_source("stripe", secrets=[SECRET], concurrency=1)

            @receiver.on_batch("stripe", max_events=2, max_wait=0)
            def book(events):
                go_on.wait(60)

            send(receiver, *"abcd")
            receiver.start()
            wait_until(receiver.running, "a batch is running")
            (run,) = receiver.running()
            assert (run.events, run.event_id) == (2, "a")
            assert receiver.inbox.counts()["pending"] == 2
            go_on.set()
            wait_until(lambda: receiver.inbox.counts()["done"] == 4, "all are handled")


@pytest.mark.parametrize(
    "option",
    [
        {"max_events": 0},
        {"max_events": 1001},
        {"max_events": 2.5},
        {"max_events": None},
        {"max_wait": -1},
        {"max_wait": 61},
        {"max_wait": float("nan")},
        {"max_wait": "1"},
        {"pattern": ""},
        {"pattern": "a\ud800"},
        {"source": None},
    ],
    ids=str,
)
def test_options_that_are_none_are_refused(receiver, option):
    with pytest.raises(wh.ConfigError) as caught:
        receiver.on_batch(**{"source": "stripe", **option})
    assert caught.value.field == next(iter(option))


def test_a_wait_that_would_eat_up_the_lease_is_refused(url):
    with wh.Receiver(url, lease=2) as receiver, pytest.raises(wh.ConfigError):
        receiver.on_batch("stripe", max_wait=1.5)
