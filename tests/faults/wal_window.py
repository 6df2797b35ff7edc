"""Two processes on one file with the dangerous moments of checkpoints made long."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import database
from .processes import command, environment

SOURCE = Path(__file__).with_suffix(".c")


def build_shim(folder: Path) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    assert compiler is not None, "no C compiler"
    shim = folder / "wal_window.so"
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", shim, SOURCE, "-ldl"], check=True)
    return shim


@dataclass(frozen=True)
class WalReport:
    acked: int
    lost: int
    checkpoints: int
    moments: int  # That were made long.
    errors: str  # What the senders said.
    integrity: str
    sqlite: str

    @property
    def is_sound(self) -> bool:
        return self.lost == 0 and self.integrity == "ok" and not self.errors


def run_windows(folder: Path, *, sends: int, microseconds: int, **taken_away: str) -> WalReport:
    """Two sending processes; what is taken away from them are variables of wal_window.c."""
    store, log = folder / "messages.db", folder / "checkpoints"
    log.touch()
    variables = {
        "LD_PRELOAD": str(build_shim(folder)),
        "WAL_WINDOW_US": str(microseconds),
        "WAL_WINDOW_LOG": str(log),
        **taken_away,
    }
    options = {"store": f"sqlite:///{store}", "sends": sends}
    processes = [
        subprocess.Popen(
            command("wal_sender", options),
            env=environment(**variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    acked: set[str] = set()
    outputs = [process.communicate(timeout=200) for process in processes]
    for output, _errors in outputs:
        acked.update(line.split(" ")[1] for line in output.splitlines())
    try:
        stored = database.message_ids(store)
    except sqlite3.DatabaseError:
        stored = set()
    lines = [line.split(" ") for line in log.read_text().splitlines()]
    return WalReport(
        acked=len(acked),
        lost=len(acked - stored),
        checkpoints=len(lines),
        moments=sum(int(line[5]) for line in lines),
        errors="".join(errors for _output, errors in outputs),
        integrity=database.integrity(store),
        sqlite=sqlite3.sqlite_version,
    )
