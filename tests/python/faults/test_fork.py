"""fork() at any moment: no deadlock, no damage, and what children send is delivered."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from faults import database
from faults.processes import run, run_for_json
from faults.receiver import Receiver

pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]
FORKS = 60


def test_forks_under_load_leave_parent_and_children_whole(store: Path) -> None:
    seed = random.SystemRandom().randrange(2**32)
    with Receiver() as receiver:
        endpoint = {"url": receiver.url, "events": ["*"], "retry": [0.1, 0.1]}
        run_for_json("drain", {"store": f"sqlite:///{store}", "endpoints": [endpoint]})
        options = {"store": f"sqlite:///{store}", "forks": FORKS, "seed": seed}
        done = run("forker", options, timeout=240)
        assert done.returncode == 0, done.stderr
        # What children started and did not finish is left to the next deliverer.
        run_for_json("drain", {"store": f"sqlite:///{store}", "wait": 1})
        received = Counter(request.id for request in receiver.requests)
    lines = [line.split(" ", 1) for line in done.stdout.splitlines()]
    ids = [id for kind, id in lines if kind in ("parent", "child")]
    (report,) = (json.loads(text) for kind, text in lines if kind == "report")

    wrong = [entry for entry in report["ended"] if entry[2] != 0]
    assert not wrong, f"seed {seed}: {wrong}\n{done.stderr}"
    assert report["stopped"], f"seed {seed}: a sending thread hung\n{done.stderr}"
    assert not done.stderr
    assert len(set(ids)) == len(ids), "two messages share an id"
    assert report["parent"] > FORKS
    assert not set(ids) - database.message_ids(store)
    assert not set(ids) - received.keys()
    assert set(database.states(store)) == {"delivered"}
    assert database.integrity(store) == "ok"


def test_forks_beside_an_event_loop_leave_parent_and_children_whole(store: Path) -> None:
    seed = random.SystemRandom().randrange(2**32)
    options = {"store": f"sqlite:///{store}", "forks": FORKS, "seed": seed}
    done = run("async_forker", options, timeout=240)
    assert done.returncode == 0, done.stderr
    lines = [line.split(" ", 1) for line in done.stdout.splitlines()]
    ids = [id for kind, id in lines if kind in ("parent", "child")]
    (report,) = (json.loads(text) for kind, text in lines if kind == "report")

    wrong = [entry for entry in report["ended"] if entry[2] != 0]
    assert not wrong, f"seed {seed}: {wrong}\n{done.stderr}"
    assert report["goes_on"], f"seed {seed}: the parent's loop hung\n{done.stderr}"
    assert not done.stderr
    assert len(set(ids)) == len(ids), "two messages share an id"
    # A cancelled send of the load may have been stored without being told.
    assert not set(ids) - database.message_ids(store)
    assert database.integrity(store) == "ok"
