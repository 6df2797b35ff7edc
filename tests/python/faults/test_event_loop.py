"""An event loop that serves requests waits for nothing of ours (reliability.md F20)."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from faults.processes import run_for_json

SOURCE = Path(__file__).parents[2] / "faults" / "loop_shim.c"


@pytest.fixture(scope="module")
def shim(tmp_path_factory) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    assert compiler is not None, "no C compiler"
    made = tmp_path_factory.mktemp("shim") / "loop_shim.so"
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", made, SOURCE], check=True)
    return made


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_its_thread_neither_waits_for_the_disk_nor_works_long(tmp_path, shim, loop):
    """By structure and not by the clock: while no sync ends, the loop goes round and others are
    answered; nothing is acknowledged before its sync; and no file is touched, no name looked up and
    no more than 64 KiB hashed on the loop's thread."""
    found = run_for_json(
        "loop_load",
        {"store": f"sqlite:///{tmp_path}/hooks.db", "loop": loop},
        LD_PRELOAD=str(shim),
    )
    assert found["meanwhile"] == [401, 404, 200]
    assert found["early"] == []
    assert (found["stored"], found["count"]) == ([200, 202], 90)
    assert found["seen"] is None
