"""The clock of users' tests."""

from __future__ import annotations

import time
from datetime import datetime, timezone

import pytest

import webhookcore as wh
from webhookcore.testing import ManualClock


def test_it_stands_at_the_real_time_until_it_is_moved():
    clock = ManualClock()
    assert clock() <= time.time()
    assert clock() == clock()


@pytest.mark.parametrize(
    ("by", "seconds"),
    [(5, 5), (0.25, 0.25), ("5m", 300), ("2h", 7200), ("1d", 86400), ("1ms", 1e-3)],
)
def test_it_goes_on_by_seconds_or_by_words(by, seconds):
    clock = ManualClock(1000)
    assert clock.advance(by) == clock() == pytest.approx(1000 + seconds)


def test_it_can_be_set_to_a_moment():
    clock = ManualClock(0)
    clock.set(datetime(2026, 5, 1, tzinfo=timezone.utc))
    assert clock.now.isoformat() == "2026-05-01T00:00:00+00:00"
    clock.set(7)
    assert clock() == 7


@pytest.mark.parametrize("by", ["5 minutes", "", "m", -1, float("nan"), None, True, "9" * 400])
def test_no_span_is_refused(by):
    with pytest.raises(wh.ConfigError) as refused:
        ManualClock(0).advance(by)
    assert refused.value.field == "by"


@pytest.mark.parametrize("at", [-1, float("inf"), "now", 10**400, datetime(2026, 1, 1)])  # noqa: DTZ001
def test_no_time_is_refused(at):
    with pytest.raises(wh.ConfigError):
        ManualClock(0).set(at)


def test_a_receiver_retries_by_it(monkeypatch):
    clock = ManualClock()
    from webhookcore import testing

    with wh.Receiver("memory://", clock=clock) as receiver:
        request = testing.sample("stripe", at=clock())
        receiver.add_source("stripe", secrets=request.secrets)
        failures = [RuntimeError("not yet")]

        @receiver.on("stripe")
        def handle(event):
            if failures:
                raise failures.pop()

        receiver.handle(request, "stripe")
        assert receiver.run_until_idle().retried == 1
        clock.advance("2s")
        assert receiver.run_until_idle().handled == 1
