"""A dead endpoint comes back and is not run over (reliability.md F15).

Small here; `./dev faults storm` makes it 10,000 messages.
"""

from __future__ import annotations

from pathlib import Path

from faults.storm import Plan, Report, run_behind_breaker, run_on_schedule


def check(report: Report, messages: int) -> None:
    assert report.faults() == []
    assert report.delivered == messages
    assert report.line()


def test_what_waited_behind_a_breaker_comes_within_the_rate_limit_after_one_probe_at_a_time(
    tmp_path: Path,
) -> None:
    plan = Plan(tmp_path, messages=300, rate=60, open_for=0.7, probes=3)
    report = run_behind_breaker(plan)
    check(report, plan.messages)
    assert len(report.gaps) == plan.probes


def test_retries_that_were_scheduled_together_come_apart(tmp_path: Path) -> None:
    plan = Plan(tmp_path, messages=300, wait=10)
    check(run_on_schedule(plan), plan.messages)


def test_a_storm_without_any_of_it_is_found() -> None:
    report = Report("", 10, 9, 1, [9, 1, 0, 0, 0], 4, 9, 2.0, 1.0, [1.1, 0.3])
    assert len(report.faults()) == 5
