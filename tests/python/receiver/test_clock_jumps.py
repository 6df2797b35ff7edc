"""A wall clock that is set while events wait or run (reliability.md F16, for the inbox)."""

from __future__ import annotations

import threading

import pytest

import webhookcore as wh
from support.receiving import SECRET, stripe
from webhookcore.runner import Upkeep

HOUR = 3600


class Ticks:
    """Seconds of a clock that nobody sets."""

    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(params=["sqlite", "memory"])
def receiver(request, url, clock):
    with wh.Receiver(url if request.param == "sqlite" else "memory://", clock=clock) as receiver:
        receiver.add_source("stripe", secrets=[SECRET])
        yield receiver


def state_of(receiver, id):
    return receiver.inbox.get(id).state


def test_what_was_stored_before_it_went_back_is_handled_now(receiver, clock):
    receiver.on("stripe")(lambda event: None)
    receiver.handle(stripe(), source="stripe")
    clock.advance(-HOUR)
    assert receiver.run_until_idle().handled == 1


def test_a_retry_waits_for_its_own_time_and_no_hour_longer(receiver, clock):
    failures = [ValueError("once")]

    @receiver.on("stripe")
    def handler(event):
        if failures:
            raise failures.pop()

    receiver.handle(stripe(), source="stripe")
    assert receiver.run_until_idle().retried == 1
    wait = receiver.inbox.get("inb_1").next_attempt_at.timestamp() - clock.now
    clock.advance(-HOUR)
    assert receiver.run_until_idle().handled == 0
    due = receiver.inbox.get("inb_1").next_attempt_at.timestamp()
    assert due == pytest.approx(clock.now + wait, abs=0.001)
    clock.advance(wait)
    assert receiver.run_until_idle().handled == 1


def test_a_worker_that_runs_meanwhile_sees_it(receiver, clock):
    ticks = Ticks()
    upkeep = Upkeep(receiver._store, clock, None, ticks)
    upkeep.reap()
    receiver.handle(stripe(), source="stripe")
    clock.advance(-HOUR)
    ticks.now += 1
    upkeep.reap()
    assert receiver.inbox.get("inb_1").next_attempt_at.timestamp() == clock.now


def test_what_runs_is_not_given_away_because_it_went_ahead(url, clock, monkeypatch):
    monkeypatch.setattr("webhookcore.runner.upkeep._REAP_EVERY", 0.0)
    monkeypatch.setattr("webhookcore.runner.upkeep._GRACE", 0.0)
    begun, go_on, runs = threading.Event(), threading.Event(), []
    with wh.Receiver(url, clock=clock, lease=60) as receiver:
        receiver.add_source("stripe", secrets=[SECRET])

        @receiver.on("stripe")
        def slow(event):
            runs.append(event.id)
            begun.set()
            assert go_on.wait(60)

        receiver.handle(stripe(), source="stripe")
        ticks = Ticks()
        upkeep = Upkeep(receiver._store, clock, None, ticks)
        upkeep.reap()
        worker = threading.Thread(target=receiver.run_until_idle)
        worker.start()
        assert begun.wait(60)
        clock.advance(HOUR)
        ticks.now += 1
        assert upkeep.reap() == 0
        assert state_of(receiver, "inb_1") == "running"
        # By its own time the lease ends all the same.
        clock.advance(61)
        ticks.now += 61
        assert upkeep.reap() == 1
        go_on.set()
        worker.join()
        receiver.run_until_idle()
        assert runs == ["evt_1", "evt_1"]


def test_after_it_went_ahead_others_have_time_to_see_it_before_anything_is_taken_back(
    url, clock, monkeypatch
):
    moment = [1000.0]
    monkeypatch.setattr("webhookcore.runner.upkeep.time.monotonic", lambda: moment[0])
    with wh.Receiver(url, clock=clock) as receiver:
        receiver.add_source("stripe", secrets=[SECRET])
        receiver.handle(stripe(), source="stripe")
        ticks = Ticks()
        upkeep = Upkeep(receiver._store, clock, None, ticks)
        upkeep.reap()
        asked = []
        monkeypatch.setattr(upkeep, "_store", Recorder(receiver._store, asked))
        moment[0] += 3
        ticks.now += 3
        clock.advance(HOUR)
        upkeep.reap()
        moment[0] += 3
        ticks.now += 3
        clock.advance(3)
        upkeep.reap()
        assert asked == ["extend_own_event_leases"]
        moment[0] += 4
        ticks.now += 4
        clock.advance(4)
        upkeep.reap()
        assert asked == ["extend_own_event_leases", "reap_events"]


class Recorder:
    """The store, and the names of what was called."""

    def __init__(self, store, asked) -> None:
        self._inner, self._asked = store, asked

    def __getattr__(self, name):
        def call(*arguments):
            self._asked.append(name)
            return getattr(self._inner, name)(*arguments)

        return call
