"""kill -9 of sending and delivering processes at random moments, and the count afterwards."""

from __future__ import annotations

import base64
import json
import queue
import random
import signal
import sqlite3
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from . import database
from .kill_ledger import KillReport, Ledger, count_seen
from .processes import command, environment, run_for_json
from .receiver import Answer, Receiver, Request

READY_TIMEOUT = 60.0  # Until a process is up; far more than it takes on a busy machine.
SENT_AGAIN = 3  # Acknowledged keys that each new process repeats.
FAILS_AT_FIRST = 10  # Every tenth message or so is answered 500 once, and comes again.


@dataclass
class Plan:
    """What to do. `core` is the module to load when it is not the installed one."""

    folder: Path
    kills: int
    processes: int = 1
    seed: int = field(default_factory=lambda: random.SystemRandom().randrange(2**32))
    core: Path | None = None

    @property
    def store(self) -> Path:
        return self.folder / "messages.db"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.store}"


class Life:
    """One process from its start to its kill; it stands ready until `begin()`."""

    def __init__(self, plan: Plan, name: str) -> None:
        self.name = name
        self._plan = plan
        self._errors = plan.folder / f"{name}.stderr"
        with self._errors.open("w") as errors:
            self._process = subprocess.Popen(
                command("sender"),
                env=environment(plan.core),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def begin(self, ledger: Ledger, slot: str, again: list[str]) -> None:
        self._up = threading.Event()
        self._listener = threading.Thread(target=self._listen, args=(ledger, slot))
        self._listener.start()
        assert self._process.stdin is not None
        order = {"store": self._plan.url, "name": self.name, "again": again}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def wait_until_up(self) -> None:
        if not self._up.wait(READY_TIMEOUT):
            self.kill()
            raise AssertionError(f"{self.name} did not come up\n{self._errors.read_text()}")

    def kill(self) -> list[str]:
        """What the process has to say against itself: it must die of the kill and of nothing else."""
        self._process.send_signal(signal.SIGKILL)
        status = self._process.wait(READY_TIMEOUT)
        self._listener.join(READY_TIMEOUT)
        self._close_pipes()
        errors = self._errors.read_text()
        self._errors.unlink()
        died_before = [] if status == -signal.SIGKILL else [f"{self.name} ended with {status}"]
        return died_before + ([f"{self.name}: {errors}"] if errors else [])

    def discard(self) -> None:
        """A spare that is not needed."""
        self._process.kill()
        self._process.wait(READY_TIMEOUT)
        self._close_pipes()

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    def _listen(self, ledger: Ledger, slot: str) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if not line.endswith("\n"):
                return
            if line == "up\n":
                self._up.set()
            ledger.note(slot, line.rstrip())


class Slot:
    """A place in which one process after another lives and is killed."""

    def __init__(self, plan: Plan, name: str, run: KillRun) -> None:
        self._plan = plan
        self._name = name
        self._run = run
        self._chance = random.Random(f"{plan.seed}-{name}")
        self.thread = threading.Thread(target=self._live)

    def _live(self) -> None:
        generation = 0
        spare = Life(self._plan, f"{self._name}0")
        try:
            while self._run.take_a_kill():
                life, generation = spare, generation + 1
                life.begin(self._run.ledger, self._name, self._again())
                spare = Life(self._plan, f"{self._name}{generation}")
                self._let_it_live(life)
                self._run.complain(life.kill())
                self._run.add_to_bound()
        except BaseException as error:  # noqa: BLE001  # A thread's error would be lost.
            self._run.complain([f"{self._name}: {error!r}"])
        finally:
            spare.discard()

    def _again(self) -> list[str]:
        return self._run.ledger.unknown(self._name) + self._run.ledger.some_acked(SENT_AGAIN)

    def _let_it_live(self, life: Life) -> None:
        # One in ten dies while it opens the file.
        if self._chance.random() < 0.1:
            time.sleep(self._chance.uniform(0.0, 0.03))  # The random moment.
            return
        life.wait_until_up()
        time.sleep(self._chance.uniform(0.05, 0.4))  # The random moment.


class KillRun:
    """Everything that the slots of a run share."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.ledger = Ledger()
        self.bound = 0
        self.complaints: list[str] = []
        self._lock = threading.Lock()
        self._kills: queue.SimpleQueue[None] = queue.SimpleQueue()
        for _ in range(plan.kills):
            self._kills.put(None)

    def take_a_kill(self) -> bool:
        try:
            self._kills.get_nowait()
        except queue.Empty:
            return False
        return True

    def complain(self, complaints: list[str]) -> None:
        with self._lock:
            self.complaints += complaints

    def add_to_bound(self) -> None:
        """What the dead process had in flight; with two processes the other one's rows as well."""
        in_flight = database.states(self._plan.store).get("in_flight", 0)
        with self._lock:
            self.bound += in_flight


class SlowReceiver:
    """Answers after up to 20 ms, so that much is in flight, and refuses some messages once."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._refused: set[tuple[str, str]] = set()

    def __call__(self, request: Request) -> Answer:
        wait = self._chance.uniform(0.0, 0.02)
        mark = (request.path, request.id)
        if self._chance.randrange(FAILS_AT_FIRST) == 0 and mark not in self._refused:
            self._refused.add(mark)
            return Answer(500, wait)
        return Answer(200, wait)


def run_kills(plan: Plan) -> KillReport:
    """Kill as planned, drain, and count."""
    begin = time.monotonic()
    secrets = {f"/{name}": _secret(name) for name in ("first", "second")}
    with Receiver(SlowReceiver(plan.seed)) as receiver:
        _create_endpoints(plan, receiver.port, secrets)
        run = KillRun(plan)
        slots = [Slot(plan, name, run) for name in "abcdefgh"[: plan.processes]]
        for slot in slots:
            slot.thread.start()
        for slot in slots:
            slot.thread.join()
        unknown = [key for slot in "abcdefgh" for key in run.ledger.unknown(slot)]
        drained = run_for_json(
            "drain", {"store": plan.url, "again": unknown, "wait": 3}, timeout=240, core=plan.core
        )
        run.ledger.note_acks(drained["acks"])
        answered = receiver.answered
    return _report(plan, run, answered, secrets, time.monotonic() - begin)


def _secret(name: str) -> str:
    return "whsec_" + base64.b64encode(name.encode() * 6).decode()


def _create_endpoints(plan: Plan, port: int, secrets: dict[str, str]) -> None:
    endpoints = [
        {
            "url": f"http://127.0.0.1:{port}{path}",
            "events": ["*"],
            "secret": secret,
            "retry": [0.05] * 10,
            "breaker": None,
        }
        for path, secret in secrets.items()
    ]
    run_for_json("drain", {"store": plan.url, "endpoints": endpoints}, core=plan.core)


def _report(
    plan: Plan,
    run: KillRun,
    answered: list[tuple[Request, Answer]],
    secrets: dict[str, str],
    seconds: float,
) -> KillReport:
    ids = run.ledger.ids
    seen = count_seen(answered, secrets, ids)
    acked = set().union(*ids.values())
    states = database.states(plan.store)
    return KillReport(
        processes=plan.processes,
        kills=plan.kills,
        sent=run.ledger.sent,
        acked=len(acked),
        delivered=len(acked & seen.delivered),
        lost=len(acked - seen.delivered),
        duplicates=seen.duplicates,
        bound=run.bound,
        unstable=seen.unstable,
        split_keys=seen.split_keys,
        badly_signed=seen.badly_signed,
        stuck=sum(states.values()) - states.get("delivered", 0),
        integrity=database.integrity(plan.store),
        sqlite=sqlite3.sqlite_version,
        seed=plan.seed,
        seconds=round(seconds, 1),
        complaints=run.complaints + database.unfinished(plan.store),
    )
