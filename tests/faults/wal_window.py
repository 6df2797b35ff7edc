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
    integrity: str
    sqlite: str


def run_windows(folder: Path, *, sends: int, microseconds: int, **defences: str) -> WalReport:
    """Two sending processes; `defences` are the variables of wal_window.c."""
    store, log = folder / "messages.db", folder / "checkpoints"
    log.touch()
    variables = {
        "LD_PRELOAD": str(build_shim(folder)),
        "WAL_WINDOW_US": str(microseconds),
        "WAL_WINDOW_LOG": str(log),
        **defences,
    }
    options = {"store": f"sqlite:///{store}", "sends": sends}
    processes = [
        subprocess.Popen(
            command("wal_sender", options),
            env=environment(**variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
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
    outputs = [process.communicate(timeout=200)[0] for process in processes]
    for process, output in zip(processes, outputs, strict=True):
        acked.update(line.split(" ")[1] for line in output.splitlines())
        assert process.returncode == 0 or defences, f"ended with {process.returncode}"
    lines = [line.split(" ") for line in log.read_text().splitlines()]
    return WalReport(
        acked=len(acked),
        lost=len(acked - database.message_ids(store)),
        checkpoints=len(lines),
        moments=sum(int(line[5]) for line in lines),
        integrity=database.integrity(store),
        sqlite=sqlite3.sqlite_version,
    )
