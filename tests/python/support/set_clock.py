"""A wall clock that a test sets, for whole processes: the other side of tests/faults/clock_shim.c."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from pathlib import Path

from .command import environment

SOURCE = Path(__file__).parents[2] / "faults" / "clock_shim.c"


class SetClock:
    """Processes that get its `variables` see the system's time and `set_by()` seconds more."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc") or shutil.which("gcc")
        assert compiler is not None, "no C compiler"
        self.shim = folder / "clock_shim.so"
        subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", self.shim, SOURCE], check=True)
        self.file = folder / "clock"
        self.file.write_bytes(struct.pack("=q", 0))

    def set_by(self, seconds: int) -> None:
        with self.file.open("r+b", buffering=0) as file:
            file.write(struct.pack("=q", seconds))

    @property
    def variables(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self.shim), "CLOCK_SHIM_FILE": str(self.file)}

    def run(self, code: str, *arguments: object, later: float = 0, **variables: str) -> str:
        """What a Python program printed that ran so many seconds later (or, below 0, earlier)."""
        self.set_by(round(later))
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)],
            env=environment(**self.variables, **variables),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
