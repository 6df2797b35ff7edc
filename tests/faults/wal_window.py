"""Processes on one file with the dangerous moments of checkpoints made long."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import struct
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from support.waiting import wait_until

from . import database
from .processes import command, environment, run_for_json

SOURCE = Path(__file__).with_suffix(".c")
HELD_AT = "WAL_WINDOW_HOLD"
WAITING_BYTE = 2  # Of the lock file; cpp/webhookcore/store/sqlite/lock_file.h.
TO_A_CHECKPOINT = 60  # More messages than the 1,000 pages of log after which one comes.


def build_shim(folder: Path) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    assert compiler is not None, "no C compiler"
    shim = folder / "wal_window.so"
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", shim, SOURCE, "-ldl"], check=True)
    return shim


@dataclass(frozen=True)
class Hold:
    """The other side of WAL_WINDOW_HOLD."""

    prefix: str

    def wait(self, moment: str) -> None:
        wait_until(Path(f"{self.prefix}-{moment}").exists, f"{moment} the checkpoint")

    def go_on(self, moment: str) -> None:
        Path(f"{self.prefix}-{moment}-go").touch()


class WalSender:
    """A process that sends as many messages as it is told; killed at the end if it still runs."""

    def __init__(self, store: Path, name: str, threads: int, variables: dict[str, str]) -> None:
        self.acked: set[str] = set()
        self.errors = ""
        self._log = store.with_name(f"{name}-checkpoints")
        self._log.touch()
        self._process = subprocess.Popen(
            command("wal_sender", {"store": f"sqlite:///{store}", "threads": threads}),
            env=environment(WAL_WINDOW_LOG=str(self._log), **variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._orders, self._lines = self._process.stdin, self._process.stdout
        line = self._lines.readline()
        assert line == "up\n", f"{line}{self._process.communicate()}"

    def __enter__(self) -> WalSender:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()

    def order(self, count: int) -> None:
        try:
            print(count, file=self._orders, flush=True)
        except BrokenPipeError:  # It has died of the damage; finish() tells.
            return

    def await_order(self) -> None:
        for line in self._lines:
            if line == "done\n":
                return
            self.acked.add(line.split()[1])

    def send(self, count: int) -> None:
        self.order(count)
        self.await_order()

    def checkpoints(self) -> list[list[str]]:
        return [line.split() for line in self._log.read_text().splitlines()]

    def finish(self) -> None:
        rest, errors = self._process.communicate(timeout=60)
        assert not rest, rest
        status = self._process.returncode
        self.errors = f"ended with {status}: {errors}" if status else errors


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


def report(store: Path, senders: list[WalSender]) -> WalReport:
    acked = set().union(*(sender.acked for sender in senders))
    try:
        stored = database.message_ids(store)
    except sqlite3.DatabaseError:
        stored = set()
    checkpoints = [line for sender in senders for line in sender.checkpoints()]
    return WalReport(
        acked=len(acked),
        lost=len(acked - stored),
        checkpoints=len(checkpoints),
        moments=sum(int(line[5]) for line in checkpoints),
        errors="".join(sender.errors for sender in senders),
        integrity=database.integrity(store),
        sqlite=sqlite3.sqlite_version,
    )


def run_windows(folder: Path, *, sends: int, microseconds: int, **taken_away: str) -> WalReport:
    """Two processes send all at once; what is taken away from them are variables of wal_window.c."""
    store = folder / "messages.db"
    variables = {
        "LD_PRELOAD": str(build_shim(folder)),
        "WAL_WINDOW_US": str(microseconds),
        **taken_away,
    }
    with ExitStack() as stack:
        senders = [stack.enter_context(WalSender(store, name, 2, variables)) for name in "ab"]
        for sender in senders:
            sender.order(sends)
        for sender in senders:
            sender.await_order()
        for sender in senders:
            sender.finish()
    return report(store, senders)


def meet_in_a_checkpoint(folder: Path, *, gate: bool) -> WalReport:
    """One process stands at a checkpoint, then inside its dangerous moment; the other commits.

    It commits when it wants to, without the gate; with it, only once the first one is through.
    """
    store, held = folder / "messages.db", Hold(str(folder / "held"))
    variables = {
        "LD_PRELOAD": str(build_shim(folder)),
        "WAL_WINDOW_MMAP": "1",
        "WAL_WINDOW_PASSIVE": "1",
        **({} if gate else {"WAL_WINDOW_NO_GATE": "1"}),
    }
    # Made and folded in before, so that both find tables in the file, which they then map.
    run_for_json("drain", {"store": f"sqlite:///{store}"})
    with (
        WalSender(store, "first", 1, {**variables, HELD_AT: held.prefix}) as first,
        WalSender(store, "second", 1, variables) as second,
    ):
        first.order(TO_A_CHECKPOINT)
        held.wait("before")
        if gate:
            second.order(TO_A_CHECKPOINT)
            wait_until(lambda: somebody_waits_for_the_gate(store), "somebody at the gate")
            held.go_on("inside")  # Whether or not it comes there.
            held.go_on("before")
        else:
            send_until_a_checkpoint(second)  # After it nothing of the log is needed any more,
            held.go_on("before")
            held.wait("inside")  # which the first one has read by now;
            second.send(3)  # and with this the log begins anew.
            held.go_on("inside")
            second.order(TO_A_CHECKPOINT)
        first.await_order()
        second.await_order()
        first.finish()
        second.finish()
    return report(store, [first, second])


def send_until_a_checkpoint(sender: WalSender) -> None:
    for _ in range(TO_A_CHECKPOINT):
        sender.send(1)
        if sender.checkpoints():
            return
    raise AssertionError("no checkpoint came")


def somebody_waits_for_the_gate(store: Path) -> bool:
    with Path(f"{store}-lock").open("rb") as file:
        flock = struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, WAITING_BYTE, 1, 0)
        answer = fcntl.fcntl(file, fcntl.F_GETLK, flock)
    return struct.unpack("hhqqi", answer)[0] != fcntl.F_UNLCK
