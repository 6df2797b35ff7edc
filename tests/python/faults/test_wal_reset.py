"""The bug of SQLite before 3.51.3 in which a checkpoint loses commits does not reach our users."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from faults.processes import run_for_json
from faults.wal_window import build_shim, meet_in_a_checkpoint, run_windows

pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]
FIXED_IN = (3, 51, 3)


def stored_numbers(path: Path) -> set[int]:
    connection = sqlite3.connect(path)
    try:
        return {number for (number,) in connection.execute("SELECT number FROM rows")}
    except sqlite3.DatabaseError:
        return set()
    finally:
        connection.close()


def test_the_moment_that_is_held_is_the_one_that_loses(tmp_path: Path) -> None:
    """The control: without our defences this machine's SQLite loses what was committed."""
    path = tmp_path / "raw.db"
    report = run_for_json(
        "wal_control",
        {"path": str(path), "held": str(tmp_path / "held")},
        LD_PRELOAD=str(build_shim(tmp_path)),
    )
    lost = set(report["acked"]) - stored_numbers(path)
    version = tuple(int(part) for part in report["sqlite"].split("."))
    if version >= FIXED_IN:
        assert not lost
        return
    assert lost, f"SQLite {report['sqlite']} lost nothing, so the test below shows nothing"


PASSIVE = {"WAL_WINDOW_MMAP": "1", "WAL_WINDOW_PASSIVE": "1"}


@pytest.mark.parametrize(
    "taken_away",
    [{}, {"WAL_WINDOW_MMAP": "1"}, PASSIVE],
    ids=["nothing", "memory mapping stays on", "and every checkpoint is passive"],
)
def test_commits_of_two_processes_survive_every_checkpoint(
    tmp_path: Path, taken_away: dict[str, str]
) -> None:
    """The write gate alone is enough; the other two defences are there beside it."""
    report = run_windows(tmp_path, sends=400, microseconds=2000, **taken_away)
    print(report)
    assert report.is_sound, report
    assert report.acked == 1600
    assert report.checkpoints >= 20, report
    assert report.moments >= 40, report


def test_the_gate_keeps_the_others_out_of_a_checkpoint(tmp_path: Path) -> None:
    report = meet_in_a_checkpoint(tmp_path, gate=True)
    print(report)
    assert report.is_sound, report
    assert report.acked == 120
    assert report.checkpoints >= 2, report


def test_without_the_gate_the_same_checkpoint_destroys_the_store(tmp_path: Path) -> None:
    if sqlite3.sqlite_version_info >= FIXED_IN:
        pytest.skip("this SQLite does not have the bug")
    report = meet_in_a_checkpoint(tmp_path, gate=False)
    print(report)
    assert not report.is_sound, f"nothing was lost, so the tests above show little: {report}"
