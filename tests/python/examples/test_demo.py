"""The main job as its user runs it: a process, judged by its exit code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from support.command import environment, rows, run

DEMO = Path(__file__).parents[3] / "examples" / "demo"


def demo(data: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, DEMO, "--data", data, *options],
        capture_output=True,
        text=True,
        env=environment(COLUMNS="160"),
        timeout=180,
        check=False,
    )


@pytest.fixture(scope="module")
def shown(tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    data = tmp_path_factory.mktemp("demo")
    demo(data)  # The files of a run before do not disturb the next one.
    return data, demo(data)


def test_every_count_is_right(shown):
    _, result = shown
    assert result.returncode == 0, result.stdout + result.stderr
    assert "✗" not in result.stdout
    assert result.stdout.count("✓") >= 15
    assert result.stderr == ""


@pytest.mark.parametrize(
    "title", ["Sent", "Received", "One delivery: dlv_", "Dead letters", "Every count", "Try next"]
)
def test_it_shows(title, shown):
    assert title in shown[1].stdout


def test_the_lines_to_try_next_work_on_its_files(shown):
    data, result = shown
    lines = result.stdout.splitlines()
    tried = [
        line.strip("│ ").split()
        for line in lines
        if "webhookcore deliver" in line or "webhookcore dead" in line
    ]
    assert len(tried) == 3
    db = f"sqlite:///{data / 'sender.db'}"
    for command in tried:
        assert rows(run(*command[1:], "--json", env={"WEBHOOKCORE_DATABASE_URL": db}))


def test_one_message_that_the_receiver_throws_away_is_noticed(tmp_path):
    result = demo(tmp_path, "--lose-one")
    assert result.returncode == 1
    wrong = [line for line in result.stdout.splitlines() if "✗" in line]
    assert [line.split("✗")[1].strip().split("  ")[0] for line in wrong] == ["events handled"]
