"""Stored events become handled, retried, dead, and replayed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sqlite3
import threading

import pytest

import webhookcore as wh
from support.receiving import SECRET, answer, request, stripe
from support.waiting import wait_until
from webhookcore.runner import PoolWorker


def states(receiver: wh.Receiver) -> list[str]:
    return [event.state for event in receiver.inbox.list()]


def only(receiver: wh.Receiver):
    (event,) = receiver.inbox.list()
    return event


def damaged(url: str, **columns: object) -> None:
    """What another program may do to the rows of the inbox."""
    with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file, file:
        for name, value in columns.items():
            file.execute(f"UPDATE inbox SET {name} = ?", (value,))


def work_through_retries(receiver, clock, rounds: int = 20):
    """Runs until nothing is pending; gives the waits between the runs."""
    waits = []
    for _ in range(rounds):
        receiver.run_until_idle()
        event = only(receiver)
        if event.state != "pending":
            return waits
        wait = event.next_attempt_at.timestamp() - clock.now
        waits.append(wait)
        clock.advance(wait)
    raise AssertionError("it never ends")


def test_a_stored_event_is_handled_once_with_its_result_kept(receiver):
    seen = []

    @receiver.on("stripe", "invoice.*")
    def paid(event: wh.Event) -> dict:
        seen.append((event.id, event.type, event.source, event.body))
        return {"booked": True}

    receiver.handle(stripe(), source="stripe")
    assert seen == []
    assert receiver.run_until_idle().handled == 1
    assert receiver.run_until_idle().handled == 0
    assert seen == [("evt_1", "invoice.paid", "stripe", stripe().body)]
    event = only(receiver)
    assert (event.state, event.attempts, event.result) == ("done", 0, {"booked": True})
    assert event.next_attempt_at is None
    # A repeat finds it done.
    assert answer(receiver.handle(stripe(), source="stripe"))[1]["status"] == "duplicate"
    assert receiver.run_until_idle().handled == 0


def test_an_async_handler_runs_on_a_loop_of_the_worker(receiver):
    loops = set()

    @receiver.on("stripe")
    async def paid(event: wh.Event) -> str:
        await asyncio.sleep(0)  # Really suspends: it needs a loop.
        loops.add(asyncio.get_running_loop())
        return event.id

    receiver.handle(stripe("evt_1"), source="stripe")
    receiver.handle(stripe("evt_2"), source="stripe")
    assert receiver.run_until_idle().handled == 2
    assert len(loops) == 1
    assert loops.pop().is_closed()
    assert {event.result for event in receiver.inbox.list()} == {"evt_1", "evt_2"}


def test_events_without_a_handler_are_done_and_counted_apart(receiver):
    receiver.on("stripe", "charge.*")(lambda event: 1 / 0)
    receiver.on("other")(lambda event: 1 / 0)
    receiver.handle(stripe(), source="stripe")
    counts = receiver.run_until_idle()
    assert (counts.ignored, counts.handled, counts.failed) == (1, 0, 0)
    assert states(receiver) == ["done"]


class TestAnotherAppOnTheSameStore:
    """Or a worker of an older version that does not know the source yet."""

    @pytest.mark.parametrize("how", ["run_until_idle", "start"])
    def test_it_leaves_the_events_of_sources_that_it_does_not_know(
        self, url, clock, receiver, caplog, how
    ):
        handled = []
        receiver.on("stripe")(lambda event: handled.append(event.id))
        with wh.Receiver(url, clock=clock) as other:
            other.add_source("github", secrets=[SECRET])
            other.on("github")(lambda event: handled.append(event.id))
            push = {"X-GitHub-Delivery": "push_1", "X-GitHub-Event": "push"}
            for number in range(3):
                receiver.handle(stripe(f"evt_{number}"), source="stripe")
            other.handle(request("github", b"{}", headers=push), source="github")
            if how == "start":
                other.start()
                wait_until(lambda: handled, "the event of GitHub")
                other.stop()
            else:
                assert other.run_until_idle().handled == 1
                assert other.run_until_idle().handled == 0
            assert handled == ["push_1"]
            assert "events of source stripe wait" in caplog.text
            assert receiver.run_until_idle().handled == 3

    def test_it_takes_them_once_it_knows_the_source(self, url, clock, receiver):
        with wh.Receiver(url, clock=clock) as other:
            receiver.handle(stripe(), source="stripe")
            other.on("github")(lambda event: None)
            other.run_until_idle()
            other.start()
            handled = []
            other.on("stripe")(lambda event: handled.append(event.id))
            receiver.handle(stripe("evt_2"), source="stripe")
            wait_until(lambda: len(handled) == 2, "both events")

    def test_a_source_that_is_gone_loses_none_of_what_waits(self, url, clock):
        with wh.Receiver(url, clock=clock) as before:
            before.add_source("stripe", secrets=[SECRET])
            before.handle(stripe(), source="stripe")
        with wh.Receiver(url, clock=clock) as after:
            after.run_until_idle()
            event = only(after)
            assert (event.state, event.attempts, event.crashes) == ("pending", 0, 0)
            after.on("stripe")(lambda event: "dropped")
            after.run_until_idle()
            assert only(after).state == "done"


def test_a_failure_is_tried_again_after_1_2_4_8_16_seconds_and_is_dead_then(receiver, clock):
    runs = []

    @receiver.on("stripe")
    def broken(event):
        runs.append(clock.now)
        raise ValueError("no such customer")

    receiver.handle(stripe(), source="stripe")
    waits = work_through_retries(receiver, clock)
    assert len(waits) == 5
    for wait, scheduled in zip(waits, (1, 2, 4, 8, 16), strict=True):
        assert 0.8 * scheduled - 0.001 <= wait <= 1.2 * scheduled + 0.001
    assert len(runs) == 6
    event = only(receiver)
    assert (event.state, event.attempts) == ("dead", 6)
    assert event.last_error == "ValueError: no such customer"


def test_the_waits_are_spread(url, clock):
    with wh.Receiver(url, clock=clock) as receiver:
        receiver.add_source("stripe", secrets=[SECRET])
        receiver.on("stripe")(lambda event: 1 / 0)
        for number in range(8):
            receiver.handle(stripe(f"evt_{number}"), source="stripe")
        assert receiver.run_until_idle().retried == 8
        assert len({event.next_attempt_at for event in receiver.inbox.list()}) > 1


@pytest.mark.parametrize("retries", [1, 10])
def test_how_often_is_settable(url, clock, retries):
    with wh.Receiver(url, clock=clock, max_retries=retries) as receiver:
        receiver.add_source("stripe", secrets=[SECRET])
        receiver.on("stripe")(lambda event: 1 / 0)
        receiver.handle(stripe(), source="stripe")
        assert len(work_through_retries(receiver, clock)) == retries
        assert only(receiver).state == "dead"


def test_a_handler_that_recovers_ends_the_retries(receiver, clock):
    failures = [OSError("away"), OSError("away")]

    @receiver.on("stripe")
    def flaky(event):
        if failures:
            raise failures.pop()
        return "there"

    receiver.handle(stripe(), source="stripe")
    assert len(work_through_retries(receiver, clock)) == 2
    event = only(receiver)
    assert (event.state, event.attempts, event.result) == ("done", 2, "there")


def test_a_dead_event_can_be_replayed_with_fresh_retries(receiver, clock):
    broken = True

    @receiver.on("stripe")
    def handler(event):
        if broken:
            raise OSError

    receiver.handle(stripe(), source="stripe")
    work_through_retries(receiver, clock)
    dead = only(receiver)
    assert dead.state == "dead"
    receiver.inbox.replay(dead.id)
    assert len(work_through_retries(receiver, clock)) == 5
    broken = False
    receiver.inbox.replay(dead.id)
    assert receiver.run_until_idle().handled == 1
    assert only(receiver).state == "done"
    with pytest.raises(wh.AlreadyDeliveredError):
        receiver.inbox.replay(dead.id)


def test_the_providers_repeat_revives_a_dead_event(receiver, clock):
    receiver.on("stripe")(lambda event: 1 / 0)
    receiver.handle(stripe(), source="stripe")
    work_through_retries(receiver, clock)
    assert states(receiver) == ["dead"]
    again = receiver.handle(stripe(at=clock.now), source="stripe")
    assert (again.status, answer(again)[1]["status"]) == (202, "accepted")
    assert states(receiver) == ["pending"]
    assert receiver.run_until_idle().failed == 1


def test_many_dead_events_are_replayed_by_source(receiver, clock):
    receiver.add_source("eu", "stripe", secrets=[SECRET])
    for source in ("stripe", "eu"):
        receiver.on(source)(lambda event: 1 / 0)
    for number in range(3):
        receiver.handle(stripe(f"evt_{number}"), source="stripe")
    receiver.handle(stripe(), source="eu")
    for _ in range(6):
        receiver.run_until_idle()
        clock.advance(20)
    assert states(receiver) == ["dead"] * 4
    assert receiver.inbox.replay_many(source="stripe", limit=2) == 2
    assert receiver.inbox.replay_many(source="stripe") == 1
    assert receiver.inbox.replay_many(source="stripe") == 0
    assert [e.source for e in receiver.inbox.list(state="dead")] == ["eu"]


@pytest.mark.parametrize("id", ["evt_1", "inb_", "inb_0", "inb_99", "inb_-1", "", "inb_1 ", None])
def test_an_id_that_is_none_is_not_found(receiver, id):
    with pytest.raises(wh.NotFoundError):
        receiver.inbox.get(id)
    with pytest.raises(wh.NotFoundError):
        receiver.inbox.replay(id)


def test_a_waiting_event_cannot_be_replayed(receiver):
    receiver.handle(stripe(), source="stripe")
    with pytest.raises(wh.ConfigError, match="pending"):
        receiver.inbox.replay(only(receiver).id)


def test_the_inbox_is_listed_by_state_and_source_newest_first(receiver):
    for number in range(3):
        receiver.handle(stripe(f"evt_{number}"), source="stripe")
    assert [e.event_id for e in receiver.inbox.list()] == ["evt_2", "evt_1", "evt_0"]
    assert len(receiver.inbox.list(state="pending", source="stripe")) == 3
    assert len(receiver.inbox.list(source="other")) == 0
    first = receiver.inbox.list(limit=2)
    assert len(first) == 2
    assert [e.event_id for e in receiver.inbox.list(cursor=first.cursor)] == ["evt_0"]
    assert receiver.inbox.get(first[0].id) == first[0]
    with pytest.raises(wh.ConfigError):
        len(receiver.inbox.list(state="failed"))


class TestARowThatAnotherProgramDamaged:
    @pytest.mark.parametrize(
        "damage",
        [
            {"handler_result": "{"},
            {"handler_result": "[" * 100_000},
            {"matched_secret": -1},
            {"received_at": 2**62},
            {"updated_at": -(2**62)},
            {"next_attempt_at": 2**62},
            {"signed_at": 2**62},
        ],
        ids=lambda damage: f"{next(iter(damage))}={str(next(iter(damage.values())))[:3]}",
    )
    def test_it_is_named(self, url, receiver, damage):
        receiver.handle(stripe(), source="stripe")
        id = only(receiver).id
        damaged(url, **damage)
        with pytest.raises(wh.StoreCorruptError, match=id):
            len(receiver.inbox.list())
        with pytest.raises(wh.StoreCorruptError, match=id):
            receiver.inbox.get(id)

    def test_it_does_not_keep_a_worker_from_the_others(self, url, receiver):
        receiver.on("stripe")(lambda event: None)
        receiver.handle(stripe("evt_1"), source="stripe")
        damaged(url, matched_secret=-1)
        receiver.handle(stripe("evt_2"), source="stripe")
        counts = receiver.run_until_idle()
        assert (counts.handled, counts.retried) == (1, 1)

    def test_one_that_cannot_be_read_at_all_is_dead_and_the_others_are_handled(self, url, receiver):
        receiver.on("stripe")(lambda event: None)
        receiver.handle(stripe("evt_1"), source="stripe")
        damaged(url, headers=b"9:x,")
        receiver.handle(stripe("evt_2"), source="stripe")
        assert receiver.run_until_idle().handled == 1
        assert receiver.inbox.counts(error="damaged")["dead"] == 1
        assert receiver.inbox.delete_many(error="damaged") == 1


class TestSeveralHandlers:
    def test_they_run_in_order_and_the_last_result_counts(self, receiver):
        calls = []

        def named(name, result):
            def handler(event):
                calls.append(name)
                return result

            return handler

        receiver.on("stripe")(named("first", "a"))
        receiver.on("stripe", "charge.*")(named("never", "x"))
        receiver.on("stripe", "invoice.paid")(named("second", "b"))
        receiver.on("stripe", "*.paid")(named("third", None))
        receiver.handle(stripe(), source="stripe")
        receiver.run_until_idle()
        assert calls == ["first", "second", "third"]
        assert only(receiver).result == "b"

    def test_one_that_fails_does_not_stop_the_others_but_the_run_has_failed(self, receiver, clock):
        calls = []

        @receiver.on("stripe")
        def broken(event):
            calls.append("broken")
            if len(calls) == 1:
                raise OSError("away")

        receiver.on("stripe")(lambda event: calls.append("fine"))
        receiver.handle(stripe(), source="stripe")
        assert receiver.run_until_idle().retried == 1
        assert calls == ["broken", "fine"]
        clock.advance(2)
        assert receiver.run_until_idle().handled == 1
        assert calls == ["broken", "fine"] * 2

    def test_a_failing_event_leaves_the_others_alone(self, receiver):
        handled = []

        @receiver.on("stripe")
        def handler(event):
            if event.id == "evt_1":
                raise asyncio.CancelledError
            handled.append(event.id)

        for number in range(3):
            receiver.handle(stripe(f"evt_{number}"), source="stripe")
        counts = receiver.run_until_idle()
        assert handled == ["evt_0", "evt_2"]
        assert (counts.handled, counts.retried) == (2, 1)


class TestSnoozeAndDiscard:
    def test_a_snoozed_event_comes_again_without_counting(self, receiver, clock):
        runs = []

        @receiver.on("stripe")
        def not_yet(event):
            runs.append(clock.now)
            if len(runs) <= 20:
                raise wh.Snooze(60)

        receiver.handle(stripe(), source="stripe")
        for _ in range(20):
            assert receiver.run_until_idle().snoozed == 1
            clock.advance(59)
            assert receiver.run_until_idle().snoozed == 0
            clock.advance(1)
        assert receiver.run_until_idle().handled == 1
        assert (only(receiver).state, only(receiver).attempts) == ("done", 0)

    def test_a_discarded_event_is_done_and_no_dead_letter(self, receiver):
        @receiver.on("stripe")
        def never(event):
            raise wh.Discard("a test customer")

        receiver.handle(stripe(), source="stripe")
        counts = receiver.run_until_idle()
        assert (counts.discarded, counts.failed) == (1, 0)
        event = only(receiver)
        assert (event.state, event.last_error) == ("done", "discarded: a test customer")

    @pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), "60", None, 1e10])
    def test_a_snooze_that_is_no_time_is_refused(self, seconds):
        with pytest.raises(wh.ConfigError):
            wh.Snooze(seconds)


@pytest.mark.parametrize(
    "result",
    [object(), {"x": float("nan")}, "x" * 65535, {1, 2}, b"bytes"],
    ids=["object", "nan", "long", "set", "bytes"],
)
def test_a_result_that_cannot_be_kept_is_logged_and_null(receiver, caplog, result):
    receiver.on("stripe")(lambda event: result)
    receiver.handle(stripe(), source="stripe")
    assert receiver.run_until_idle().handled == 1
    assert only(receiver).result is None
    assert "was not kept" in caplog.text


def test_a_result_of_64_kib_is_kept(receiver):
    receiver.on("stripe")(lambda event: "x" * 65534)
    receiver.handle(stripe(), source="stripe")
    receiver.run_until_idle()
    assert only(receiver).result == "x" * 65534


@pytest.mark.parametrize(
    "text",
    ["a\ud800b", "x" * 5000, "", "line\nbreak\0"],
    ids=["surrogate", "long", "empty", "control"],
)
def test_any_text_of_an_exception_can_be_stored(receiver, text, caplog):
    # pytest-xdist cannot carry a captured traceback with a surrogate in it.
    caplog.set_level(logging.CRITICAL, "webhookcore.runner")

    def broken(event):
        raise ValueError(text)

    receiver.on("stripe")(broken)
    receiver.handle(stripe(), source="stripe")
    assert receiver.run_until_idle().retried == 1
    assert only(receiver).last_error.startswith("ValueError: ")
    assert len(only(receiver).last_error) <= 200


class UnprintableError(Exception):
    def __str__(self):
        raise RuntimeError("no text either")


def test_an_exception_without_a_text_is_a_failure_with_the_name_of_its_class(receiver):
    def broken(event):
        raise UnprintableError

    receiver.on("stripe")(broken)
    receiver.handle(stripe(), source="stripe")
    assert receiver.run_until_idle().retried == 1
    assert only(receiver).last_error == "UnprintableError: <its __str__ raised>"


def test_a_discard_without_a_text_is_done(receiver):
    class NeverError(wh.Discard, UnprintableError):
        __str__ = UnprintableError.__str__

    def handler(event):
        raise NeverError

    receiver.on("stripe")(handler)
    receiver.handle(stripe(), source="stripe")
    assert receiver.run_until_idle().discarded == 1
    assert only(receiver).state == "done"


def test_a_result_whose_own_methods_raise_is_not_kept(receiver, caplog):
    class Hostile(dict):
        def items(self):
            raise UnprintableError

    receiver.on("stripe")(lambda event: Hostile(a=1))
    receiver.handle(stripe(), source="stripe")
    assert receiver.run_until_idle().handled == 1
    assert only(receiver).result is None


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("exit", [SystemExit, GeneratorExit])
def test_an_exit_of_a_handler_is_a_failure_of_its_event(receiver, clock, exit, is_async, caplog):
    handled = []

    def handler(event):
        if event.id == "evt_1":
            raise exit("bye")
        handled.append(event.id)

    async def slow(event):
        handler(event)

    receiver.on("stripe")(slow if is_async else handler)
    for number in range(3):
        receiver.handle(stripe(f"evt_{number}"), source="stripe")
    counts = receiver.run_until_idle()
    assert (counts.handled, counts.retried) == (2, 1)
    assert handled == ["evt_0", "evt_2"]
    (failed,) = receiver.inbox.list(state="pending")
    assert (failed.attempts, failed.last_error) == (1, f"{exit.__name__}: bye")
    (logged,) = [record for record in caplog.records if record.exc_info]
    assert logged.exc_info[0] is exit
    for _ in range(5):
        clock.advance(20)
        receiver.run_until_idle()
    assert [event.event_id for event in receiver.inbox.list(state="dead")] == ["evt_1"]


def test_ctrl_c_passes_through_and_the_event_is_not_counted(receiver):
    interrupts = [KeyboardInterrupt()]

    @receiver.on("stripe")
    def handler(event):
        if interrupts:
            raise interrupts.pop()

    receiver.handle(stripe(), source="stripe")
    with pytest.raises(KeyboardInterrupt):
        receiver.run_until_idle()
    assert (only(receiver).state, only(receiver).attempts) == ("pending", 0)
    assert receiver.run_until_idle().handled == 1


def test_a_run_that_outlives_its_lease_is_not_recorded(url, clock, caplog):
    caplog.set_level(logging.INFO)
    with wh.Receiver(url, clock=clock, lease=10) as receiver:
        receiver.add_source("stripe", secrets=[SECRET])
        inner = []

        @receiver.on("stripe")
        def slow(event):
            if not inner:
                inner.append(None)
                clock.advance(11)
                inner[0] = receiver.run_until_idle()  # What another worker would do.
                return "late"
            return "in time"

        receiver.handle(stripe(), source="stripe")
        counts = receiver.run_until_idle()
        assert (counts.lost, counts.handled) == (1, 0)
        assert (inner[0].reaped, inner[0].handled) == (1, 1)
        assert only(receiver).result == "in time"


def test_wait_takes_in_what_becomes_due_meanwhile(url):
    with wh.Receiver(url) as receiver:
        receiver.add_source("generic", secrets=[SECRET])
        failures = [OSError()]

        @receiver.on("generic")
        def flaky(event):
            if failures:
                raise failures.pop()

        body = b"{}"
        headers = wh.sign("generic", body=body, secret=SECRET)
        receiver.handle(wh.HttpRequest("POST", "/", headers, body), source="generic")
        counts = receiver.run_until_idle(wait=5)
        assert (counts.retried, counts.handled) == (1, 1)


def test_it_refuses_to_block_an_event_loop_that_its_handlers_need(receiver):
    @receiver.on("stripe")
    async def handler(event):
        return None

    async def inside():
        receiver.run_until_idle()

    receiver.handle(stripe(), source="stripe")
    with pytest.raises(wh.ConfigError, match="to_thread"):
        asyncio.run(inside())
    assert states(receiver) == ["pending"]


class TestTheThread:
    def test_it_handles_what_arrives_until_it_is_stopped(self, receiver):
        handled = threading.Semaphore(0)
        names = []

        @receiver.on("stripe")
        async def handler(event):
            names.append(threading.current_thread().name)
            handled.release()

        before = threading.active_count()
        receiver.handle(stripe("evt_0"), source="stripe")
        assert threading.active_count() == before
        receiver.start()
        receiver.start()
        assert handled.acquire(timeout=10)
        receiver.handle(stripe("evt_1"), source="stripe")
        assert handled.acquire(timeout=10)
        assert receiver.stop()
        assert threading.active_count() == before
        receiver.handle(stripe("evt_2"), source="stripe")
        assert not handled.acquire(timeout=0.05)
        assert set(names) == {"webhookcore-loop"}
        receiver.start()
        assert handled.acquire(timeout=10)

    def test_an_event_of_its_own_process_wakes_it_at_once(self, receiver, monkeypatch):
        monkeypatch.setattr("webhookcore.runner.thread._POLL", 3600.0)
        idle, handled = threading.Semaphore(0), threading.Event()
        ask = PoolWorker.seconds_until_due

        def asked(worker):
            due = ask(worker)
            idle.release()
            return due

        monkeypatch.setattr(PoolWorker, "seconds_until_due", asked)
        receiver.on("stripe")(lambda event: handled.set())
        receiver.start()
        assert idle.acquire(timeout=10)
        receiver.handle(stripe(), source="stripe")
        assert handled.wait(10)

    def test_stop_waits_for_the_handler_under_way(self, receiver):
        inside, go_on = threading.Event(), threading.Event()

        @receiver.on("stripe")
        def handler(event):
            inside.set()
            go_on.wait(10)
            return "whole"

        receiver.start()
        receiver.handle(stripe(), source="stripe")
        assert inside.wait(10)
        assert receiver.stop(timeout=0.01) is False
        go_on.set()
        with receiver:
            pass  # Closes the store once the thread has ended, or a second has passed.

    @pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
    @pytest.mark.parametrize("exit", [SystemExit, KeyboardInterrupt, GeneratorExit])
    def test_an_exit_of_a_handler_does_not_end_it(self, receiver, exit, is_async):
        handled = threading.Event()

        def handler(event):
            if event.id == "evt_1":
                raise exit
            handled.set()

        async def slow(event):
            handler(event)

        receiver.on("stripe")(slow if is_async else handler)
        receiver.handle(stripe("evt_1"), source="stripe")
        receiver.handle(stripe("evt_2"), source="stripe")
        receiver.start()
        assert handled.wait(10)
        assert receiver.stop()
        (failed,) = receiver.inbox.list(state="pending")
        assert (failed.event_id, failed.attempts) == ("evt_1", 1)
        assert failed.last_error.startswith(exit.__name__)

    def test_a_store_that_is_away_does_not_end_it(self, receiver, caplog, monkeypatch):
        handled = threading.Event()
        receiver.on("stripe")(lambda event: handled.set())
        failing = threading.Event()
        genuine = receiver._store.claim_due_events

        class Away:
            def __getattr__(self, name):
                return getattr(store, name)

            def claim_due_events(self, *arguments, **options):
                if not failing.is_set():
                    failing.set()
                    raise wh.StoreUnavailableError("the disk is gone")
                return genuine(*arguments, **options)

        store = receiver._store
        make = receiver._thread._make_worker

        def make_one_that_fails(wake):
            worker = make(wake)
            worker._claims._store = Away()
            return worker

        monkeypatch.setattr(receiver._thread, "_make_worker", make_one_that_fails)
        receiver.handle(stripe(), source="stripe")
        receiver.start()
        assert handled.wait(10)
        assert "the disk is gone" in caplog.text
        receiver.stop()


def test_each_handled_event_has_a_log_line(receiver, caplog):
    caplog.set_level(logging.INFO, "webhookcore.runner")
    receiver.on("stripe")(lambda event: None)
    receiver.handle(stripe(), source="stripe")
    receiver.run_until_idle()
    (record,) = [r for r in caplog.records if r.name == "webhookcore.runner"]
    assert (record.source, record.event_id, record.type) == ("stripe", "evt_1", "invoice.paid")
    assert record.outcome == "handled"
    assert record.duration_ms >= 0


def test_expired_keys_are_pruned_when_there_is_nothing_else_to_do(receiver, clock):
    for number in range(3):
        receiver.handle(stripe(f"evt_{number}"), source="stripe")
    clock.advance(8 * 24 * 3600)
    receiver.run_until_idle()
    assert receiver._store.prune_keys(round(clock.now * 1000), 100) == 0


def test_events_that_were_handled_are_pruned_in_time_and_those_that_wait_are_not(receiver, clock):
    receiver.handle(stripe("evt_handled"), source="stripe")
    receiver.run_until_idle()
    receiver.handle(stripe("evt_waiting"), source="stripe")
    clock.advance(31 * 24 * 3600)
    receiver.run_until_idle()
    assert [event.event_id for event in receiver.inbox.list()] == ["evt_waiting"]


def test_above_its_quota_a_receiver_asks_to_come_again(url, clock, monkeypatch):
    monkeypatch.setattr("webhookcore.config.SMALLEST_QUOTA", 1)
    with wh.Receiver(url, clock=clock, quota=1) as receiver:
        receiver.add_source("stripe", secrets=[SECRET])
        answer = receiver.handle(stripe("evt_1"), source="stripe")
    assert answer.status == 503
    assert "Retry-After" in answer.headers


def test_receiver_and_client_share_one_file(url, clock):
    with wh.Receiver(url, clock=clock) as receiver:
        receiver.add_source("stripe", secrets=[SECRET])
        with wh.Client(url) as client:

            @receiver.on("stripe")
            def forward(event):
                return {"sent": client.send("order.created", event.json()).id}

            receiver.handle(stripe(), source="stripe")
            assert receiver.run_until_idle().handled == 1
            sent = only(receiver).result["sent"]
            assert json.loads(client.messages.get(sent).body)["data"]["id"] == "evt_1"
        # The client is closed; the receiver is not.
        assert receiver.handle(stripe("evt_2"), source="stripe").status == 202
