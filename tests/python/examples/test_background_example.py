"""examples/background.py, run as it says."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from support.command import environment

EXAMPLE = Path(__file__).parents[3] / "examples" / "background.py"


def test_it_takes_the_high_priority_first_and_each_event_once(tmp_path):
    shutil.copy(EXAMPLE, tmp_path)
    done = subprocess.run(
        [sys.executable, "background.py"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        *(f"202 accepted contact_{number}" for number in range(3)),
        "202 accepted invoice_1",
        "202 accepted invoice_2",
        "200 duplicate invoice_1",
        "paid: invoice_1",
        "paid: invoice_2",
        "contacts: ['contact_0', 'contact_1', 'contact_2']",
        "handled: 5",
    ]
