"""`receiver.start()`: handlers run at once on a bounded number of threads, and harm no other event."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import threading

import pytest

import webhookcore as wh
from support.receiving import SECRET, stripe
from support.waiting import wait_until


def make(url, clock, **options):
    receiver = wh.Receiver(url, clock=clock, **options)
    receiver.add_source("stripe", secrets=[SECRET])
    return receiver


def send(receiver, *ids, source="stripe"):
    for id in ids:
        assert receiver.handle(stripe(id), source=source).status == 202


def states(receiver) -> dict[str, str]:
    return {event.event_id: event.state for event in receiver.inbox.list()}


@pytest.fixture
def go_on():
    """Lets handlers return that wait for it; at the latest when the test ends."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def hanging(url, clock, go_on):
    """Two places; every event that begins with `hang` holds one until `go_on`."""
    with make(url, clock, workers=2, lease=30) as receiver:
        receiver.entered, receiver.done = [], []

        @receiver.on("stripe")
        def handler(event):
            receiver.entered.append(event.id)
            if event.id.startswith("hang"):
                go_on.wait(60)
            receiver.done.append(event.id)

        yield receiver
        go_on.set()


def test_sync_handlers_run_at_the_same_time(url, clock):
    together = threading.Barrier(3, timeout=20)
    with make(url, clock, workers=3) as receiver:
        receiver.on("stripe")(lambda event: together.wait())
        send(receiver, "evt_1", "evt_2", "evt_3")
        receiver.start()
        wait_until(lambda: set(states(receiver).values()) == {"done"}, "three meet")


def test_async_handlers_run_at_the_same_time_on_one_loop(url, clock):
    loops, arrived = set(), []

    with make(url, clock, workers=3) as receiver:

        @receiver.on("stripe")
        async def handler(event):
            loops.add(asyncio.get_running_loop())
            arrived.append(event.id)
            while len(arrived) < 3:  # noqa: ASYNC110  # It yields to the others.
                await asyncio.sleep(0)
            return "met"

        send(receiver, "evt_1", "evt_2", "evt_3")
        receiver.start()
        wait_until(lambda: set(states(receiver).values()) == {"done"}, "three meet")
        assert receiver.stop()
    assert len(loops) == 1
    assert loops.pop().is_closed()


def test_no_more_run_at_once_than_there_are_workers_and_the_rest_waits(hanging):
    send(hanging, "hang_1", "hang_2", "hang_3", "evt_4")
    hanging.start()
    wait_until(lambda: len(hanging.running()) == 2, "two are running")
    assert states(hanging) == {
        "hang_1": "running",
        "hang_2": "running",
        "hang_3": "pending",
        "evt_4": "pending",
    }


def test_a_handler_that_does_not_return_holds_one_place_only(hanging):
    send(hanging, "hang_1", *(f"evt_{number}" for number in range(10)))
    hanging.start()
    wait_until(lambda: len(hanging.done) == 10, "all others are handled")
    wait_until(lambda: len(hanging.running()) == 1, "the last of them is recorded")
    (run,) = hanging.running()
    assert (run.source, run.type, run.event_id, run.events, run.overdue) == (
        "stripe",
        "invoice.paid",
        "hang_1",
        1,
        False,
    )


def test_an_overdue_run_is_told_and_its_event_gets_no_second_place_here(
    hanging, clock, caplog, monkeypatch
):
    monkeypatch.setattr("webhookcore.runner.upkeep._REAP_EVERY", 0.0)
    monkeypatch.setattr("webhookcore.runner.thread._POLL", 0.02)
    send(hanging, "hang_1")
    hanging.start()
    wait_until(hanging.running, "it runs")
    clock.advance(31)
    wait_until(lambda: hanging.inbox.list()[0].crashes == 1, "it was taken back")
    clock.advance(31)

    def is_put_off() -> bool:
        due = hanging.inbox.list()[0].next_attempt_at
        return due is not None and due.timestamp() > clock.now

    wait_until(is_put_off, "it is put off")
    assert hanging.entered == ["hang_1"]
    assert hanging.running()[0].overdue
    assert hanging.inbox.list()[0].crashes == 1
    assert [r.levelname for r in caplog.records if "longer than the lease" in r.message] == [
        "WARNING"
    ]
    send(hanging, "evt_2")
    wait_until(lambda: hanging.done == ["evt_2"], "the other place goes on")


def test_when_all_places_are_held_it_is_logged_and_shown(hanging, clock, caplog, monkeypatch):
    monkeypatch.setattr("webhookcore.runner.thread._POLL", 0.02)
    send(hanging, "hang_1", "hang_2")
    hanging.start()
    wait_until(lambda: len(hanging.running()) == 2, "both run")
    clock.advance(31)
    wait_until(lambda: "all 2 places are held" in caplog.text, "it is logged")
    assert [run.overdue for run in hanging.running()] == [True, True]
    assert caplog.text.count("all 2 places are held") == 1


def test_stop_lets_all_that_is_under_way_end(hanging, go_on):
    send(hanging, "hang_1", "hang_2", "evt_3")
    hanging.start()
    wait_until(lambda: len(hanging.running()) == 2, "both run")
    assert hanging.stop(timeout=0.01) is False
    go_on.set()
    wait_until(lambda: sorted(hanging.done) == ["hang_1", "hang_2"], "both end")
    wait_until(lambda: hanging.running() == [], "they are recorded")
    assert states(hanging) == {"hang_1": "done", "hang_2": "done", "evt_3": "pending"}


def test_an_async_handler_that_holds_the_loop_does_not_keep_it_from_later_ones(
    url, clock, go_on, caplog, monkeypatch
):
    monkeypatch.setattr("webhookcore.runner.pool._STUCK_AFTER", 0.05)
    monkeypatch.setattr("webhookcore.runner.thread._POLL", 0.02)
    inside, handled = threading.Event(), threading.Event()
    with make(url, clock) as receiver:

        @receiver.on("stripe")
        async def handler(event):
            if event.id == "evt_1":
                inside.set()
                go_on.wait(60)  # What an async handler must never do.
            handled.set()

        send(receiver, "evt_1")
        receiver.start()
        assert inside.wait(20)
        wait_until(lambda: "held the event loop" in caplog.text, "it is logged")
        assert __file__ in caplog.text or "threading.py" in caplog.text
        send(receiver, "evt_2")
        assert handled.wait(20)
        go_on.set()
        wait_until(lambda: set(states(receiver).values()) == {"done"}, "the first one ends too")


def test_a_task_of_a_handlers_own_that_exits_ends_no_other(url, clock, caplog):
    with make(url, clock) as receiver:

        @receiver.on("stripe")
        async def handler(event):
            async def own():
                raise SystemExit

            task = asyncio.get_running_loop().create_task(own())
            await asyncio.wait([task])
            assert isinstance(task.exception(), SystemExit)
            return "went on"

        send(receiver, "evt_1", "evt_2")
        receiver.start()
        wait_until(lambda: set(states(receiver).values()) == {"done"}, "both end")
        assert {event.result for event in receiver.inbox.list()} == {"went on"}


class TestConcurrency:
    def test_of_a_source_no_more_run_at_once_than_its_limit(self, url, clock):
        most, now, lock = [0], [0], threading.Lock()
        with wh.Receiver(url, clock=clock, workers=8) as receiver:
            receiver.add_source("stripe", secrets=[SECRET], concurrency=2)

            @receiver.on("stripe")
            def handler(event):
                with lock:
                    now[0] += 1
                    most[0] = max(most[0], now[0])
                threading.Event().wait(0.005)  # So that others would have the time to come in.
                with lock:
                    now[0] -= 1

            send(receiver, *(f"evt_{number}" for number in range(20)))
            receiver.start()
            wait_until(lambda: set(states(receiver).values()) == {"done"}, "all are handled")
        assert most[0] == 2

    def test_a_source_at_its_limit_leaves_the_places_to_others(self, url, clock, go_on):
        with wh.Receiver(url, clock=clock, workers=3) as receiver:
            receiver.add_source("stripe", secrets=[SECRET], concurrency=1, priority="high")
            receiver.add_source("other", "stripe", secrets=[SECRET])
            handled = threading.Event()
            receiver.on("stripe")(lambda event: go_on.wait(60))
            receiver.on("other")(lambda event: handled.set())
            send(receiver, "evt_1", "evt_2", "evt_3")
            send(receiver, "evt_4", source="other")
            receiver.start()
            assert handled.wait(20)
            assert [run.event_id for run in receiver.running() if run.source == "stripe"] == [
                "evt_1"
            ]
            go_on.set()
            wait_until(lambda: set(states(receiver).values()) == {"done"}, "all are handled")

    def test_the_limit_holds_for_all_workers_of_the_store(self, url, clock, go_on):
        handled = []
        # The only place of the first one is taken.
        with make(url, clock, workers=1) as one, wh.Receiver(url, clock=clock) as other:
            other.add_source("stripe", secrets=[SECRET], concurrency=1)
            one.on("stripe")(lambda event: go_on.wait(60))
            other.on("stripe")(lambda event: handled.append(event.id))
            send(one, "evt_1")
            one.start()
            wait_until(one.running, "it runs")
            send(other, "evt_2")
            assert other.run_until_idle().handled == 0
            one.stop(0)
            go_on.set()
            wait_until(lambda: states(other)["evt_1"] == "done", "it ends")
            assert other.run_until_idle().handled == 1


def test_events_of_a_higher_priority_go_first_and_are_shown_with_it(url, clock):
    seen = []
    with wh.Receiver(url, clock=clock) as receiver:
        for name in ("low", "normal", "high"):
            receiver.add_source(name, "stripe", secrets=[SECRET], priority=name)
            receiver.on(name)(lambda event: seen.append(event.source))
            send(receiver, "evt_1", "evt_2", source=name)
        assert [event.priority for event in receiver.inbox.list(source="low")] == ["low", "low"]
        receiver.run_until_idle()
    assert seen == ["high", "high", "normal", "normal", "low", "low"]


@pytest.mark.parametrize("workers", [0, -1, 1001, 2.0, "4", None, True])
def test_workers_that_are_no_number_of_them_are_refused(url, workers):
    with pytest.raises(wh.ConfigError) as caught:
        wh.Receiver(url, workers=workers)
    assert caught.value.field == "workers"


@pytest.mark.parametrize(
    "option",
    [
        {"priority": "urgent"},
        {"priority": None},
        {"priority": ["high"]},
        {"concurrency": 0},
        {"concurrency": 1001},
        {"concurrency": 1.0},
        {"concurrency": True},
        {"concurrency": "1"},
    ],
    ids=str,
)
def test_a_priority_or_a_limit_that_is_none_is_refused(url, option):
    with wh.Receiver(url) as receiver:
        with pytest.raises(wh.ConfigError) as caught:
            receiver.add_source("stripe", secrets=[SECRET], **option)
        assert caught.value.field == next(iter(option))
        assert receiver.sources == {}


def test_an_inline_source_has_no_limit_of_runs(url):
    """Its requests run as the server takes them: a limit without an effect is none."""
    with wh.Receiver(url) as receiver:
        with pytest.raises(wh.ConfigError, match="rate_limit") as caught:
            receiver.add_source("stripe", secrets=[SECRET], mode="inline", concurrency=2)
        assert caught.value.field == "concurrency"


def test_what_is_not_stored_at_the_end_is_logged_and_the_place_is_free_again(
    url, clock, caplog, monkeypatch
):
    caplog.set_level(logging.ERROR)
    with make(url, clock, workers=1) as receiver:
        receiver.on("stripe")(lambda event: None)
        make_pool = receiver._thread._make_worker

        def with_failing_store(wake):
            pool = make_pool(wake)
            genuine, store = pool._runs._store.complete_events, pool._runs._store
            failures = [wh.StoreUnavailableError("the disk is gone")]

            class Away:
                def __getattr__(self, name):
                    return getattr(store, name)

                def complete_events(self, *arguments):
                    if failures:
                        raise failures.pop()
                    return genuine(*arguments)

            pool._runs._store = Away()
            return pool

        monkeypatch.setattr(receiver._thread, "_make_worker", with_failing_store)
        send(receiver, "evt_1", "evt_2")
        receiver.start()
        wait_until(lambda: states(receiver)["evt_2"] == "done", "the second one is handled")
        assert "event inb_1 was not stored" in caplog.text
        assert states(receiver)["evt_1"] == "running"


def crash(url, *ids):
    """As if the process had died in a run of each."""
    with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file, file:
        file.executemany("UPDATE inbox SET crashes = 1 WHERE event_id = ?", [(id,) for id in ids])


def test_events_whose_process_died_run_one_at_a_time_beside_the_others(
    url, clock, hanging, monkeypatch
):
    monkeypatch.setattr("webhookcore.runner.thread._POLL", 0.02)
    send(hanging, "hang_1", "evt_2", "evt_3")
    crash(url, "hang_1", "evt_2")
    hanging.start()
    wait_until(lambda: hanging.done == ["evt_3"], "the one that never crashed is handled")
    wait_until(lambda: states(hanging)["evt_2"] == "pending", "the other suspect is put off")
    assert [event.crashes for event in hanging.inbox.list(state="pending")] == [1]
    clock.advance(5)  # The first one does not return; the other must not wait for ever.
    wait_until(lambda: hanging.done == ["evt_3", "evt_2"], "the other suspect is handled")


def test_an_event_whose_process_died_is_in_no_batch(url, clock):
    batches = []
    with make(url, clock) as receiver:
        receiver.on_batch("stripe")(lambda events: batches.append([one.id for one in events]))
        send(receiver, "evt_1", "evt_2", "evt_3", "evt_4")
        crash(url, "evt_1", "evt_3")
        receiver.run_until_idle()
        clock.advance(1)
        receiver.run_until_idle()
    assert batches == [["evt_1"], ["evt_2", "evt_4"], ["evt_3"]]


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_handler_that_stops_its_worker_does_not_wait_for_itself(url, clock, is_async):
    with make(url, clock) as receiver:

        def handler(event):
            return receiver.stop(timeout=3600)

        async def awaited(event):
            return handler(event)

        receiver.on("stripe")(awaited if is_async else handler)
        send(receiver, "evt_1")
        receiver.start()
        wait_until(lambda: states(receiver)["evt_1"] == "done", "it ends")
        assert receiver.inbox.list()[0].result is False
        send(receiver, "evt_2")
        receiver.start()
        wait_until(lambda: states(receiver)["evt_2"] == "done", "a new worker goes on")


def test_where_the_system_gives_no_thread_nothing_is_held(url, clock, caplog, monkeypatch):
    failures = [RuntimeError("can't start new thread")]
    genuine = threading.Thread.start

    def start(thread):
        if thread.name == "webhookcore-handler" and failures:
            raise failures.pop()
        genuine(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    monkeypatch.setattr("webhookcore.runner.thread._POLL", 0.02)
    with make(url, clock, workers=3) as receiver:
        receiver.on("stripe")(lambda event: None)
        send(receiver, "evt_1", "evt_2", "evt_3")
        receiver.start()
        wait_until(lambda: set(states(receiver).values()) == {"done"}, "all are handled")
        assert [event.crashes for event in receiver.inbox.list()] == [0, 0, 0]
    assert "can't start new thread" in caplog.text
