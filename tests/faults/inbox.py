"""Many deliveries of some events to a real web process and two workers, with kill -9 all the while."""

from __future__ import annotations

import http.client
import json
import queue
import random
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import webhookcore as wh

from . import database
from .processes import command, environment

SECRET = "soak-secret-of-the-inbox-0123456789"
CLIENTS = 8
WORKERS = 2
COPIES = 5  # Deliveries of each event.
TIMEOUT = 20.0
STATES = ("pending", "running", "done", "dead")


@dataclass
class Plan:
    """What to do: a worker is killed every `kill_every` seconds, now and then the web process too."""

    folder: Path
    events: int
    kill_every: float = 1.0
    lease: float = 300.0
    pause: float = 0.003  # Seconds that a run takes, about.
    web_each: int = 3  # Kills of workers to one of the web process.
    patience: float = 300.0  # Seconds for what is left when the last kill is over.
    seed: int = field(default_factory=lambda: random.SystemRandom().randrange(2**32))

    @property
    def store(self) -> Path:
        return self.folder / "inbox.db"


@dataclass(frozen=True)
class InboxReport:
    """What came of it. `revived` were killed in three runs one after the other, and put back."""

    deliveries: int
    events: int
    acked: int
    effects: int
    doubled: int
    missing: int
    overlaps: int
    runs: int
    unfinished: int
    revived: int
    worker_kills: int
    web_kills: int
    integrity: str
    seed: int
    seconds: float
    complaints: list[str]

    def line(self) -> str:
        fields = {name: value for name, value in vars(self).items() if name != "complaints"}
        return " ".join(f"{name}={value}" for name, value in fields.items())

    def faults(self) -> list[str]:
        found = list(self.complaints)
        if self.acked != self.events:
            found.append(f"{self.events - self.acked} events were never acknowledged")
        if self.missing:
            found.append(f"{self.missing} acknowledged events were never handled")
        if self.doubled:
            found.append(f"{self.doubled} effects happened more than once")
        if self.overlaps:
            found.append(f"{self.overlaps} runs met another one of their event")
        if self.unfinished:
            found.append(f"{self.unfinished} events are not done at the end")
        if self.integrity != "ok":
            found.append(self.integrity)
        return found


class Process:
    """A program of the soak and, while it lives, its successor, which stands ready."""

    def __init__(self, program: str, options: dict[str, Any], errors: Path) -> None:
        self._command = command(program, options)
        self._errors = errors
        self._spare = self._spawn()
        self._begin()

    def kill(self) -> str | None:
        """Kill it and let the next one begin; what it died of, if not of that."""
        self._life.send_signal(signal.SIGKILL)
        status = self._life.wait(TIMEOUT)
        self._close(self._life)
        self._begin()
        return None if status == -signal.SIGKILL else f"{self._command[2]} ended with {status}"

    def ask(self) -> str:
        assert self._life.stdin is not None
        assert self._life.stdout is not None
        self._life.stdin.write("revive\n")
        self._life.stdin.flush()
        return self._life.stdout.readline()

    def end(self) -> None:
        for process in (self._life, self._spare):
            process.kill()
            process.wait(TIMEOUT)
            self._close(process)

    def _begin(self) -> None:
        self._life = self._spare
        assert self._life.stdin is not None
        self._life.stdin.write("go\n")
        self._life.stdin.flush()
        self._spare = self._spawn()

    def _spawn(self) -> subprocess.Popen[str]:
        with self._errors.open("a") as errors:
            return subprocess.Popen(
                self._command,
                env=environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def _close(self, process: subprocess.Popen[str]) -> None:
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()


class Clients:
    """Threads that deliver each request until it is answered with 2xx, as providers do."""

    def __init__(self, plan: Plan, port: int) -> None:
        self._port = port
        self.acked: set[str] = set()
        self.complaints: list[str] = []
        self._work: queue.SimpleQueue[tuple[str, dict[str, str], bytes]] = queue.SimpleQueue()
        requests = [self._request(f"evt_{number}") for number in range(plan.events)] * COPIES
        random.Random(plan.seed).shuffle(requests)
        for request in requests:
            self._work.put(request)
        self._threads = [threading.Thread(target=self._deliver) for _ in range(CLIENTS)]
        for thread in self._threads:
            thread.start()

    def are_done(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    @staticmethod
    def _request(id: str) -> tuple[str, dict[str, str], bytes]:
        body = json.dumps({"id": id, "type": "invoice.paid", "data": {"n": id}}).encode()
        return id, wh.sign("stripe", body=body, secret=SECRET), body

    def _deliver(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT)
        try:
            while True:
                id, headers, body = self._work.get_nowait()
                while (status := self._post(connection, headers, body)) not in (200, 202):
                    if status not in (0, 503):
                        self.complaints.append(f"{id} was answered with {status}")
                        return
                    time.sleep(0.02)  # As a provider would, only sooner.
                self.acked.add(id)
        except queue.Empty:
            return
        finally:
            connection.close()

    def _post(
        self, connection: http.client.HTTPConnection, headers: dict[str, str], body: bytes
    ) -> int:
        """The status; 0 when there was no answer."""
        try:
            connection.request("POST", "/hooks/stripe", body, headers)
            response = connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            return 0
        return response.status


def run_soak(plan: Plan) -> InboxReport:
    """Deliver, kill, wait for the rest, and count."""
    began = time.monotonic()
    _prepare(plan)
    port = _free_port()
    url = f"sqlite:///{plan.store}"
    errors = plan.folder / "stderr"
    work = {"store": url, "folder": str(plan.folder), "lease": plan.lease, "pause": plan.pause}
    web = Process("inbox_web", {"store": url, "secret": SECRET, "port": port}, errors)
    workers = [Process("inbox_worker", work, errors) for _ in range(WORKERS)]
    kills = Counter[str]()
    try:
        clients = Clients(plan, port)
        complaints = _kill_while(plan, clients, web, workers, kills)
        revived = _wait_for_the_rest(plan, workers[0])
    finally:
        for process in (web, *workers):
            process.end()
    return _count(plan, clients, kills, revived, complaints, time.monotonic() - began)


def _prepare(plan: Plan) -> None:
    (plan.folder / "locks").mkdir()
    with closing(sqlite3.connect(plan.folder / "shop.db")) as shop:
        shop.execute("PRAGMA journal_mode = WAL")
        shop.execute(wh.once_table_sql())
        shop.execute("CREATE TABLE effects (event TEXT)")
        shop.commit()
    wh.Receiver(f"sqlite:///{plan.store}").close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _kill_while(
    plan: Plan, clients: Clients, web: Process, workers: list[Process], kills: Counter[str]
) -> list[str]:
    """Until all is acknowledged, and most of it handled."""
    chance = random.Random(plan.seed)
    complaints: list[str | None] = []
    while not clients.are_done() or _states(plan)["pending"] > plan.events / 20:
        time.sleep(plan.kill_every)  # The moment.
        complaints.append(chance.choice(workers).kill())
        kills["worker"] += 1
        if kills["worker"] % plan.web_each == 0 and not clients.are_done():
            complaints.append(web.kill())
            kills["web"] += 1
    return [text for text in complaints if text]


def _states(plan: Plan) -> dict[str, int]:
    with database.reading(plan.store) as connection:
        rows = connection.execute("SELECT state, count(*) FROM inbox GROUP BY state").fetchall()
    return {**dict.fromkeys(STATES, 0), **{STATES[state]: count for state, count in rows}}


def _wait_for_the_rest(plan: Plan, worker: Process) -> int:
    revived = 0
    ends = time.monotonic() + plan.patience
    while time.monotonic() < ends:
        states = _states(plan)
        if states["dead"]:
            revived += int(worker.ask())
        elif not states["pending"] and not states["running"]:
            break
        time.sleep(0.05)  # Until the next look.
    return revived


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _count(
    plan: Plan,
    clients: Clients,
    kills: Counter[str],
    revived: int,
    complaints: list[str],
    seconds: float,
) -> InboxReport:
    with closing(sqlite3.connect(plan.folder / "shop.db")) as shop:
        effects = Counter(id for (id,) in shop.execute("SELECT event FROM effects"))
    states = _states(plan)
    return InboxReport(
        deliveries=plan.events * COPIES,
        events=plan.events,
        acked=len(clients.acked),
        effects=len(effects),
        doubled=sum(count - 1 for count in effects.values()),
        missing=len(clients.acked - set(effects)),
        overlaps=len(_lines(plan.folder / "overlaps")),
        runs=len(_lines(plan.folder / "runs")),
        unfinished=sum(states.values()) - states["done"],
        revived=revived,
        worker_kills=kills["worker"],
        web_kills=kills["web"],
        integrity=database.integrity(plan.store),
        seed=plan.seed,
        seconds=round(seconds, 1),
        complaints=clients.complaints + complaints,
    )
