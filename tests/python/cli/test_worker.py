"""`webhookcore worker` as a real process: it delivers, handles, drains and stops."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import webhookcore as wh
from support.command import COMMAND, environment, run, run_process
from support.loopback import POLICY_OPTIONS
from support.senders import sender
from support.waiting import wait_until
from webhookcore.client import Client

SECRET = sender("standard").secret
RECEIVER = """
import webhookcore as wh
receiver = wh.Receiver("{db}")
receiver.add_source("shop", provider="standard", secrets=["{secret}"])

@receiver.on("shop")
def handled(event):
    print("handled", event.id, flush=True)

not_one = 7
"""
# Its first line on standard error is interrupted by the signal that the line invites.
INTERRUPTED = """
import io, os, signal, sys

class Pipe(io.RawIOBase):
    signals = [signal.SIGTERM]

    def writable(self):
        return True

    def write(self, text):
        if self.signals:
            os.kill(os.getpid(), self.signals.pop())
        return os.write(2, text)

sys.stderr = io.TextIOWrapper(io.BufferedWriter(Pipe()), line_buffering=True)
from webhookcore.cli import main
main(["worker", "--db", sys.argv[1]])
"""


@contextmanager
def working(*arguments: object, **options) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that says it works, and is gone at the end."""
    process = subprocess.Popen(
        [*COMMAND, "worker", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        **options,
    )
    try:
        assert process.stderr is not None
        first = process.stderr.readline()
        assert b"working" in first, first
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def client(db, server) -> Iterator[Client]:
    policy = wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"])
    with Client(db, policy=policy) as client:
        client.endpoints.create(server.url, events=["*"], secret=SECRET, retry=[])
        yield client


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=str)
def test_it_delivers_until_a_signal_and_ends_with_0(number, db, client, server):
    before = client.send("a.b", {"n": 1})
    with working("--db", db, *POLICY_OPTIONS) as process:
        wait_until(lambda: before.deliveries[0].state == "delivered", "delivered")
        later = client.send("a.b", {"n": 2})
        wait_until(lambda: later.deliveries[0].state == "delivered", "seen from another process")
        process.send_signal(number)
        _, log = process.communicate(timeout=20)
    assert process.returncode == 0, log
    assert len(server.requests) == 2
    assert b"Traceback" not in log


def test_the_first_signal_lets_an_attempt_under_way_end(db, client, server):
    server.may_answer.clear()
    message = client.send("a.b", {})
    with working("--db", db, *POLICY_OPTIONS, "--drain", 20) as process:
        assert server.arrived.wait(20)
        process.send_signal(signal.SIGTERM)
        assert b"SIGTERM" in process.stderr.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        server.may_answer.set()
        assert process.wait(20) == 0
    assert message.deliveries[0].state == "delivered"
    assert len(server.requests) == 1


def test_the_second_signal_exits_at_once(db, client, server):
    server.may_answer.clear()
    message = client.send("a.b", {})
    with working("--db", db, *POLICY_OPTIONS, "--drain", 60) as process:
        assert server.arrived.wait(20)
        process.send_signal(signal.SIGTERM)
        assert b"SIGTERM" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == -signal.SIGTERM
    server.may_answer.set()
    client.run_until_idle(wait=5)
    assert message.deliveries[0].state == "delivered"


def test_json_logs_one_line_for_each_attempt(db, client, server):
    server.statuses = [500]
    message = client.send("a.b", {})
    with working("--db", db, *POLICY_OPTIONS, "--json") as process:
        wait_until(lambda: message.deliveries[0].state == "dead", "dead")
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=20)
    lines = [json.loads(line) for line in log.splitlines() if line.startswith(b"{")]
    (attempt,) = [line for line in lines if line["logger"] == "webhookcore.delivery"]
    assert attempt["level"] == "warning"
    assert attempt["webhook"]["message_id"] == message.id
    assert attempt["webhook"]["status"] == 500


def test_a_target_handles_the_stored_events_of_a_receiver(tmp_path):
    db = f"sqlite:///{tmp_path / 'receiver.db'}"
    (tmp_path / "shop_app.py").write_text(RECEIVER.format(db=db, secret=SECRET))
    headers = wh.sign("standard", body=b'{"type":"a.b"}', secret=SECRET, id="msg_1")
    with wh.Receiver(db) as receiver:
        receiver.add_source("shop", provider="standard", secrets=[SECRET])
        request = wh.HttpRequest("POST", "/hooks/shop", headers, b'{"type":"a.b"}')
        assert receiver.handle(request, "shop").status == 202
    with working("shop_app:receiver", cwd=tmp_path) as process:
        assert process.stdout.readline() == b"handled msg_1\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_a_store_that_is_not_there_is_made_and_waited_on(db):
    with working("--db", db) as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert run("messages", "list", "--db", db).exit_code == 0


def test_a_signal_in_the_middle_of_a_line_to_standard_error_stops_it_too(db):
    result = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, db],
        stderr=subprocess.PIPE,
        env=environment(),
        timeout=60,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert b"working" in result.stderr
    assert b"SIGTERM: finishing" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["shop_app"],
        [":receiver"],
        ["no_such_module:receiver"],
        ["shop_app:nothing"],
        ["shop_app:not_one"],
        ["broken_app:receiver"],
        ["--db", "nonsense"],
        ["--db", "memory://", "--drain", "nan"],
        ["--db", "memory://", "--drain", "-1"],
        ["--db", "memory://", "--ca-file", "/dev/null"],
    ],
    ids=" ".join,
)
def test_a_wrong_target_or_option_ends_with_2(arguments, tmp_path):
    (tmp_path / "shop_app.py").write_text(RECEIVER.format(db="memory://", secret=SECRET))
    (tmp_path / "broken_app.py").write_text("raise RuntimeError('two\\nlines')")
    result = run_process("worker", *arguments, cwd=tmp_path)
    assert result.returncode == 2
    assert b"Traceback" not in result.stderr
    assert b"working" not in result.stderr


def test_a_store_that_is_none_ends_with_1(tmp_path):
    file = tmp_path / "text.db"
    file.write_text("no database")
    result = run_process("worker", "--db", f"sqlite:///{file}")
    assert result.returncode == 1
    assert result.stderr.count(b"\n") == 1
