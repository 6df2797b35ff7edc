"""Several processes on one store: one winner, and no event lost when one is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

import webhookcore as wh
from support.receiving import SECRET, answer, stripe

pytestmark = pytest.mark.crash

PREAMBLE = """
import sys, os, threading, time
import webhookcore as wh
from support.receiving import SECRET, Clock, stripe
receiver = wh.Receiver(f"sqlite:///{sys.argv[1]}/hooks.db", clock=Clock())
"""

CLAIMS = (
    PREAMBLE
    + """
receiver.add_source("stripe", secrets=[SECRET], mode="inline")

@receiver.on("stripe")
def paid(event):
    with open(f"{sys.argv[1]}/runs.txt", "a") as file:
        file.write(event.id + "\\n")

def send(id):
    together.wait()
    status = receiver.handle(stripe(id), source="stripe").status
    assert status in (200, 503), status

print("ready", flush=True)
for line in sys.stdin:
    together = threading.Barrier(8)
    threads = [threading.Thread(target=send, args=(line.strip(),)) for _ in range(8)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    print("sent", flush=True)
"""
)

WORKER = (
    PREAMBLE
    + """
@receiver.on("stripe")
def stuck(event):
    print("inside", flush=True)
    time.sleep(600)  # Ended only by the process's end.

receiver.run_until_idle()
"""
)

FORKED = (
    PREAMBLE
    + """
receiver.add_source("stripe", secrets=[SECRET])
handled = threading.Semaphore(0)

@receiver.on("stripe")
def paid(event):
    with open(f"{sys.argv[1]}/runs.txt", "a") as file:
        file.write(f"{os.getpid()} {event.id}\\n")
    handled.release()

receiver.start()
receiver.handle(stripe("before"), source="stripe")
assert handled.acquire(timeout=20)
child = os.fork()
if child == 0:
    assert threading.active_count() == 1
    assert receiver.handle(stripe("child"), source="stripe").status == 202
    assert "webhookcore-worker" in [thread.name for thread in threading.enumerate()]
    receiver.close()
    os._exit(0)
assert receiver.handle(stripe("parent"), source="stripe").status == 202
assert os.waitpid(child, 0)[1] == 0
receiver.stop()
receiver.run_until_idle()
receiver.close()
"""
)


BUSY = (
    PREAMBLE
    + """
receiver.add_source("stripe", secrets=[SECRET])
inside = threading.Event()

@receiver.on("stripe")
def slow(event):
    inside.set()
    time.sleep(600)  # Ended only by the process's end.

receiver.start()
receiver.handle(stripe(), source="stripe")
assert inside.wait(20)
"""
)


@contextmanager
def running(code: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A Python process; killed at the end if it has not ended by itself."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def expect(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdout
    assert process.stdout.readline() == line + "\n"


def tell(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin
    process.stdin.write(line + "\n")
    process.stdin.flush()


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(10)


def test_of_eight_threads_in_each_of_four_processes_one_runs_the_event(tmp_path):
    events = [f"evt_{number}" for number in range(25)]
    with ExitStack() as stack:
        processes = [stack.enter_context(running(CLAIMS, tmp_path)) for _ in range(4)]
        for process in processes:
            expect(process, "ready")
        for event in events:
            for process in processes:
                tell(process, event)
            for process in processes:
                expect(process, "sent")
    assert (tmp_path / "runs.txt").read_text().split() == events


def test_an_event_whose_worker_was_killed_is_handled_by_another(tmp_path, clock):
    with wh.Receiver(f"sqlite:///{tmp_path}/hooks.db", clock=clock) as receiver:
        receiver.add_source("stripe", secrets=[SECRET])
        receiver.handle(stripe(), source="stripe")
        with running(WORKER, tmp_path) as victim:
            expect(victim, "inside")
            assert receiver.inbox.list()[0].state == "running"
            assert receiver.run_until_idle().reaped == 0  # Its owner lives, its lease holds.
            kill(victim)
        seen = []
        receiver.on("stripe")(lambda event: seen.append(event.id))
        counts = receiver.run_until_idle()
        assert (counts.reaped, counts.handled) == (1, 1)
        assert seen == ["evt_1"]
        (event,) = receiver.inbox.list()
        assert (event.state, event.crashes, event.attempts) == ("done", 1, 0)


def test_an_event_that_kills_its_worker_three_times_is_dead(tmp_path, clock):
    with wh.Receiver(f"sqlite:///{tmp_path}/hooks.db", clock=clock) as receiver:
        receiver.add_source("stripe", secrets=[SECRET])
        receiver.handle(stripe(), source="stripe")
        for _ in range(3):
            with running(WORKER, tmp_path) as victim:
                expect(victim, "inside")
                kill(victim)
        receiver.on("stripe")(lambda event: None)
        assert receiver.run_until_idle().handled == 0
        (event,) = receiver.inbox.list()
        assert event.state == "dead"
        receiver.inbox.replay(event.id)
        assert receiver.run_until_idle().handled == 1


def test_an_inline_claim_of_a_killed_process_is_free_at_once(tmp_path, clock):
    # Inside until it is killed.
    stuck = "    print('inside', flush=True); time.sleep(600)\n"
    with running(CLAIMS.replace("    with open", stuck + "    with open"), tmp_path) as victim:
        expect(victim, "ready")
        tell(victim, "evt_1")
        expect(victim, "inside")
        with wh.Receiver(f"sqlite:///{tmp_path}/hooks.db", clock=clock) as receiver:
            receiver.add_source("stripe", secrets=[SECRET], mode="inline")
            receiver.on("stripe")(lambda event: "mine")
            assert receiver.handle(stripe(), source="stripe").status == 503
            kill(victim)
            assert answer(receiver.handle(stripe(), source="stripe"))[1]["result"] == "mine"


def test_a_forked_child_has_a_worker_of_its_own_and_does_not_hang(tmp_path):
    with running(FORKED, tmp_path) as process:
        assert process.wait(60) == 0
    runs = [line.split() for line in (tmp_path / "runs.txt").read_text().splitlines()]
    assert sorted(event for _, event in runs) == ["before", "child", "parent"]


def test_a_process_ends_cleanly_while_its_worker_is_busy(tmp_path):
    began = time.monotonic()
    with running(BUSY, tmp_path) as process:
        assert process.wait(60) == 0
    assert time.monotonic() - began < 30  # The handler would have taken ten minutes.


def test_a_child_of_a_fork_is_another_process_and_makes_other_ids(tmp_path):
    code = (
        "import os, sys\n"
        "from webhookcore.correlation import make_correlation_id\n"
        "from webhookcore.process import process_id\n"
        "assert process_id() == os.getpid()\n"
        "make_correlation_id()\n"
        "child = os.fork()\n"
        "assert process_id() == os.getpid()\n"
        "os.write(1, make_correlation_id().encode() + b' ')\n"  # Two at once: in one piece.
        "sys.exit(os.waitpid(child, 0)[1] if child else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    first, second = done.stdout.split()
    assert first != second
    assert len(first) == len(second) == 32
