"""Builds of the module with one deliberate fault each, to show that the tests would notice it."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
MUTANTS = ROOT / "build" / "mutants"


def build_mutant(name: str) -> Path:
    """The module with WEBHOOKCORE_MUTANT=name.

    Compiled exactly as the installed module, so that ccache has all but the file with the fault.
    """
    MUTANTS.mkdir(parents=True, exist_ok=True)
    with (MUTANTS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _configure(name)
        _run("cmake", "--build", str(MUTANTS), "--target", "_core", "-j", "2")
        (built,) = (MUTANTS / "cpp/webhookcore/bindings").glob("_core.*.so")
        kept = MUTANTS / name / built.name
        kept.parent.mkdir(exist_ok=True)
        kept.write_bytes(built.read_bytes())
    return kept


def _configure(name: str) -> None:
    _run(
        "cmake", "-S", str(ROOT), "-B", str(MUTANTS), "-G", "Ninja",
        "-DCMAKE_BUILD_TYPE=Release",
        "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache",
        "-DBUILD_TESTING=OFF",
        "-DWEBHOOKCORE_PYTHON=ON",
        f"-DPython_EXECUTABLE={sys.executable}",
        f"-DWEBHOOKCORE_MUTANT={name}",
    )  # fmt: skip


def _run(*arguments: str) -> None:
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(arguments)}\n{done.stdout}\n{done.stderr}")
