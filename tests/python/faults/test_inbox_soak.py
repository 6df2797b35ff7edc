"""kill -9 of web and worker processes: every event is handled, none by two at one time."""

from __future__ import annotations

from pathlib import Path

import pytest

from faults.inbox import Plan, run_soak

pytestmark = [pytest.mark.crash, pytest.mark.timeout(900)]


def test_no_kill_loses_or_doubles_an_event(tmp_path: Path) -> None:
    report = run_soak(Plan(tmp_path, events=800, kill_every=0.6, web_each=2))
    print(report.line())
    assert not report.faults(), report.line() + (tmp_path / "stderr").read_text()
    assert report.worker_kills >= 3
    assert report.web_kills >= 1


def test_the_soak_finds_two_that_handle_one_event_at_a_time(tmp_path: Path) -> None:
    # Runs that outlive their lease are given to somebody else.
    plan = Plan(tmp_path, events=8, kill_every=6.0, lease=1.0, pause=4.0, patience=1.0)
    report = run_soak(plan)
    print(report.line())
    assert report.overlaps > 0, report.line()
    assert report.doubled == 0  # event.once() holds all the same.
