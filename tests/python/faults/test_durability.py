"""send() returns when its message is on the disk: seen from outside, by the system calls."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from faults.processes import command, environment

pytestmark = pytest.mark.crash
SENDS = 10


def syncs_of_each_send(folder: Path, durability: str) -> list[int]:
    """How many syncs of the log or the file came to their end between a send's call and return."""
    if shutil.which("strace") is None:
        pytest.fail("strace is missing: ./dev setup installs it", pytrace=False)
    trace = folder / "trace"
    options = {
        "store": f"sqlite:///{folder / 'messages.db'}",
        "durability": durability,
        "sends": SENDS,
    }
    calls = ["strace", "-f", "-y", "-o", str(trace), "-e", "trace=write,fsync,fdatasync,exit_group"]
    done = subprocess.run(
        [*calls, *command("marked_sends", options)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    counts = [0] * SENDS
    current = None
    for line in trace.read_text(errors="replace").splitlines():
        if mark := re.search(r'"send (\d+) (begins|ended)"', line):
            current = int(mark[1]) if mark[2] == "begins" else None
        # Written `fdatasync(7<file>) = 0`, or in two lines when another thread came between.
        elif re.search(r"f(data)?sync(\(.*\)| resumed>\)) += 0", line) and current is not None:
            counts[current] += 1
    return counts


def test_every_send_is_synced_before_it_returns(tmp_path: Path) -> None:
    assert min(syncs_of_each_send(tmp_path, "full")) >= 1


def test_normal_durability_leaves_the_sync_to_the_checkpoints(tmp_path: Path) -> None:
    """Documented: a power cut may take the last commits."""
    assert sum(syncs_of_each_send(tmp_path, "normal")) < SENDS
