"""docs/retries.md: its examples run, and its table is what the schedules are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import webhookcore as wh
from webhookcore.config import RETRY_SCHEDULES

PAGE = (Path(__file__).parents[3] / "docs" / "retries.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
UNITS = {"s": 1, "min": 60, "h": 3600}


@pytest.mark.parametrize("block", BLOCKS)
def test_an_example_runs(block, tmp_path):
    with wh.Client(f"sqlite:///{tmp_path}/page.db") as client:
        exec(block, {"wh": wh, "client": client, "url": "https://93.184.216.34/hook"})


def test_the_table_shows_every_schedule_as_it_is():
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (\d+) \|$", PAGE, re.MULTILINE)
    shown = {
        name: tuple(int(number) * UNITS[unit] for number, unit in re.findall(r"(\d+) (\w+)", waits))
        for name, waits, _ in rows
    }
    assert shown == RETRY_SCHEDULES
    assert {name: int(attempts) for name, _, attempts in rows} == {
        name: len(waits) + 1 for name, waits in RETRY_SCHEDULES.items()
    }
