"""The bug of SQLite before 3.51.3 in which a checkpoint loses commits does not reach our users."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from faults.processes import run_for_json
from faults.wal_window import build_shim, run_windows

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


def test_the_moment_that_is_made_long_is_the_one_that_loses(tmp_path: Path) -> None:
    """The control: without our defences this machine's SQLite loses what was committed."""
    path = tmp_path / "raw.db"
    report = run_for_json(
        "wal_control",
        {"path": str(path)},
        LD_PRELOAD=str(build_shim(tmp_path)),
        WAL_WINDOW_US="300000",
    )
    lost = set(report["acked"]) - stored_numbers(path)
    version = tuple(int(part) for part in report["sqlite"].split("."))
    if version >= FIXED_IN:
        assert not lost
        return
    assert report["window"], "the moment was not reached"
    assert lost, f"SQLite {report['sqlite']} lost nothing, so the test below shows nothing"


@pytest.mark.parametrize(
    "defences", [{}, {"WAL_WINDOW_MMAP": "1"}], ids=["as it is", "with memory mapping forced on"]
)
def test_commits_of_two_processes_survive_every_checkpoint(
    tmp_path: Path, defences: dict[str, str]
) -> None:
    report = run_windows(tmp_path, sends=250, microseconds=10_000, **defences)
    print(report)
    assert report.acked == 1000
    assert report.lost == 0, report
    assert report.checkpoints >= 5, report
    assert report.moments >= 5, report
    assert report.integrity == "ok"
