"""kill -9 of the sending process: what was acknowledged is delivered, whatever the moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from faults.kill import Plan, run_kills
from faults.mutants import build_mutant

pytestmark = [pytest.mark.crash, pytest.mark.timeout(900)]


@pytest.mark.parametrize(("processes", "kills"), [(1, 100), (2, 100)])
def test_no_kill_loses_an_acknowledged_message(tmp_path: Path, processes: int, kills: int) -> None:
    report = run_kills(Plan(tmp_path, kills=kills, processes=processes))
    print(report.line())
    assert not report.faults(), report.line()


@pytest.mark.parametrize(
    "mutant", ["mark_before_send", "new_id_per_attempt", "ack_before_commit", "no_lease"]
)
def test_the_kills_find_a_build_that_loses_messages(tmp_path: Path, mutant: str) -> None:
    core = build_mutant(mutant)
    report = run_kills(Plan(tmp_path, kills=12, core=core))
    print(report.line())
    assert report.lost > 0, f"{mutant} went unnoticed: {report.line()}"
