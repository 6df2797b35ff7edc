"""F24 and F20: whatever a handler or a body does, the other events are handled."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

import webhookcore as wh
from faults.processes import command, environment
from faults.receiver import Answer, Receiver
from support.receiving import NOW, SECRET, Clock, request
from support.waiting import wait_until

pytestmark = pytest.mark.crash


@contextmanager
def worker(options: dict[str, Any]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command("poisoned", options),
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def fill(store: str, *types: str) -> wh.Receiver:
    receiver = wh.Receiver(store)
    receiver.add_source("stripe", secrets=[SECRET])
    for number, type in enumerate(types):
        body = json.dumps({"id": f"{type}_{number}", "type": type}).encode()
        headers = wh.sign("stripe", body=body, secret=SECRET)
        signed = wh.HttpRequest("POST", "/", headers, body)
        assert receiver.handle(signed, source="stripe").status == 202
    return receiver


def states(receiver: wh.Receiver) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for event in receiver.inbox.list():
        found.setdefault(str(event.type), set()).add(event.state)
    return found


def test_poison_of_four_kinds_leaves_the_others_alone(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/inbox.db"
    fine = ["fine"] * 10
    with fill(store, "block", "raise", "allocate", *fine, "crash", *fine) as receiver:
        deaths = 0
        while receiver.inbox.counts()["dead"] < 3:
            with worker({"store": store}) as process:
                # The poison kills one process after the other; three times, and no more.
                wait_until(
                    lambda: process.poll() is not None or receiver.inbox.counts()["dead"] >= 3,
                    lambda: str(states(receiver)),
                )
                deaths += process.poll() == -signal.SIGSEGV
        with worker({"store": store}):
            wait_until(lambda: states(receiver)["fine"] == {"done"}, lambda: str(states(receiver)))
        errors = {str(event.type): event.last_error for event in receiver.inbox.list(state="dead")}
        # What blocks was killed along with the others: its process died three times, too.
        assert errors["raise"] in ("ValueError: poison", "crash_loop")
        assert errors["crash"] == "crash_loop"
    assert 1 <= deaths <= 3


def test_sends_go_on_while_a_handler_holds_the_gil(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/inbox.db"
    with Receiver(lambda _: Answer(200, 0.0)) as endpoint, fill(store, "gil"):
        options = {"store": store, "endpoint": f"http://127.0.0.1:{endpoint.port}/"}
        with worker(options) as process:
            assert process.stdout is not None
            began, ended = json.loads(process.stdout.readline())
        arrived = [one.at for one, _ in endpoint.answered if began < one.at < ended]
    assert len(arrived) >= 8


BODIES = {
    "one byte": b"7",
    "empty object": b"{}",
    "NUL": b'{"a": "\x00"}',
    "lone surrogate": b'{"a": "\\ud800"}',
    "invalid UTF-8": b'{"a": "\xff\xfe\xc0\x80"}',
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "a million keys": b"{%s}" % b",".join(b'"%d":0' % number for number in range(1_000_000)),
    "NaN": b'{"a": NaN, "b": Infinity, "c": 1e999999}',
    "no JSON": b"--- !!python/object/apply:os.system ['true']",
    "max": b" " * (16 << 20),
}


def test_any_body_gets_to_its_handler_byte_for_byte(tmp_path: Path) -> None:
    seen: dict[str, str] = {}
    lock = threading.Lock()
    with wh.Receiver(f"sqlite:///{tmp_path}/inbox.db", clock=Clock()) as receiver:
        receiver.add_source("github", secrets=[SECRET], max_body=16 << 20)

        @receiver.on("github")
        def handler(event: wh.Event) -> None:
            with suppress(ValueError):
                event.json()
            with lock:
                seen[str(event.id)] = hashlib.sha256(event.body).hexdigest()

        for name, body in BODIES.items():
            signed = request("github", body, id=name.replace(" ", "_"), type="push", at=NOW)
            assert receiver.handle(signed, source="github").status == 202, name
        too_large = request("github", b" " * ((16 << 20) + 1), id="max+1", type="push", at=NOW)
        assert receiver.handle(too_large, source="github").status == 413
        assert receiver.run_until_idle().handled == len(BODIES)
    assert seen == {
        name.replace(" ", "_"): hashlib.sha256(body).hexdigest() for name, body in BODIES.items()
    }
