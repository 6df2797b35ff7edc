"""However a process ends, with a client nobody closed: the code is the program's, and soon."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults import database
from faults.processes import command, environment
from faults.receiver import Answer, Receiver

pytestmark = [pytest.mark.crash, pytest.mark.timeout(120)]

# 1 s is what a stop may take beyond its drain; the rest is the interpreter on a busy machine.
LONGEST_EXIT = 4.0

CODES = {
    "end": 0,
    "sys.exit": 7,
    "os._exit": 8,
    "exception": 1,
    "SIGTERM": -signal.SIGTERM,
    "SIGTERM handled": 9,
    "SIGINT": -signal.SIGINT,
    "SIGINT twice": -signal.SIGINT,
}
STATES = (
    *("idle", "deleted", "closed", "delivering", "closed late", "run_until_idle", "sending"),
    *("loop in a thread", "in a loop"),
)
# A loop takes Ctrl-C for itself, and ends when its tasks do.
CASES = [
    (state, way)
    for state in STATES
    for way in CODES
    if state != "in a loop" or not way.startswith("SIGINT")
]


@pytest.fixture(scope="module")
def black_hole() -> Iterator[Receiver]:
    """Accepts, reads, and never answers."""
    with Receiver(lambda _request: Answer(after=None)) as receiver:
        yield receiver


@pytest.mark.parametrize(("state", "way"), CASES)
def test_a_process_ends_with_its_own_code(
    store: Path, black_hole: Receiver, state: str, way: str
) -> None:
    options = {"store": f"sqlite:///{store}", "url": black_hole.url, "state": state, "way": way}
    with subprocess.Popen(
        command("leaver", options),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "leaving\n", process.stderr.read()
        begin = time.monotonic()
        try:
            _, errors = process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            raise
        seconds = time.monotonic() - begin
    assert process.returncode == CODES[way], errors
    assert seconds < LONGEST_EXIT
    assert database.integrity(store) == "ok"
    if way not in ("exception", "SIGINT", "SIGINT twice"):
        assert errors == ""
