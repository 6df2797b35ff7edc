"""`python -m bench` prints what it measured in the form that others read."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_json_is_one_line_a_row_alone_on_standard_output():
    done = bench("verify.oneshot", "--json")
    assert done.returncode == 0, done.stderr
    [line] = done.stdout.splitlines()
    row = json.loads(line)
    assert set(row) == {"name", "ratio", "target", "runs", "min", "max"}
    assert (row["name"], row["target"]) == ("verify.oneshot_1k", "<= 3")
    assert row["runs"] >= 5
    assert 0 < row["min"] <= row["ratio"] <= row["max"]


def test_a_name_that_selects_nothing_is_an_error():
    done = bench("nothing_like_it", "--json")
    assert done.returncode != 0
    assert done.stdout == ""
    assert "verify" in done.stderr


@pytest.fixture
def report(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    from bench import report

    return report


def test_the_ratio_is_the_median_of_the_pairs(report):
    row = report.Row("a.b", "what", report.Goal("<=", 2), lambda: [9.0, 1.0, 3.0, 2.0, 4.0])
    result = report.measure(row)
    assert result.ratio == 3.0
    assert not result.is_met
    assert json.loads(result.to_json()) == {
        "name": "a.b",
        "ratio": 3.0,
        "target": "<= 2",
        "runs": 5,
        "min": 1.0,
        "max": 9.0,
    }


def test_a_pair_is_the_time_of_a_round_over_the_time_of_a_round(report):
    ratios = report.time_ratios(lambda rounds: rounds * 3e-4, lambda rounds: rounds * 1e-4)
    assert len(ratios) >= 5
    assert ratios == pytest.approx([3.0] * len(ratios))
