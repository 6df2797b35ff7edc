"""Deliveries over HTTP/2 to a receiver that somebody else wrote: node's."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

import webhookcore as wh
from support.key_server import Authority, private_pem

SCRIPT = Path(__file__).parents[2] / "node" / "http2_receiver.mjs"
MESSAGES = 60


class Receiver:
    def __init__(self, process: subprocess.Popen[str], ca_file: Path) -> None:
        self._process = process
        self.ca_file = str(ca_file)
        self.url = f"https://127.0.0.1:{int(process.stdout.readline())}"

    def counts(self):
        self._process.stdin.write("?\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@contextmanager
def http2_receiver(folder: Path, *options: str):
    authority, key = Authority(), ec.generate_private_key(ec.SECP256R1())
    files = [folder / name for name in ("ca.pem", "server.pem", "server.key")]
    texts = [authority.pem, authority.issue(key, "127.0.0.1"), private_pem(key)]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text)
    command = ["node", SCRIPT, files[1], files[2], *options]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Receiver(process, files[0])
        process.stdin.close()


def deliver(folder: Path, receiver: Receiver, path: str, retry: list[float]):
    """The attempts of each message, once all are delivered."""
    policy = wh.UrlPolicy(allow=["127.0.0.0/8"], ca_file=receiver.ca_file)
    store, breaker = f"sqlite:///{folder}/messages.db", wh.Breaker(failures=0)
    with wh.Client(store, policy=policy, breaker=breaker) as client:
        client.endpoints.create(f"{receiver.url}/{path}", events=["*"], retry=retry)
        messages = client.send_many([{"type": "a", "data": {}} for _ in range(MESSAGES)])
        client.run_until_idle(wait=20)
        deliveries = [delivery for message in messages for delivery in message.deliveries]
        assert {delivery.state for delivery in deliveries} == {"delivered"}
        return [list(client.deliveries.attempts(delivery)) for delivery in deliveries]


def test_all_deliveries_to_a_host_share_one_connection(tmp_path):
    with http2_receiver(tmp_path) as receiver:
        attempts = deliver(tmp_path, receiver, "slowly", retry=[])
        counts = receiver.counts()
    assert {len(each) for each in attempts} == {1}
    assert counts["connections"] == 1
    assert counts["versions"] == {"2.0": MESSAGES}
    assert 1 < counts["most_streams"] <= 16


def test_a_receiver_that_takes_one_stream_at_a_time_gets_everything_once(tmp_path):
    with http2_receiver(tmp_path, "1") as receiver:
        attempts = deliver(tmp_path, receiver, "slowly", retry=[0.1, 0.1])
        counts = receiver.counts()
    assert set(counts["ids"].values()) == {1}
    assert {each[-1].status for each in attempts} == {200}


@pytest.mark.parametrize("path", ["goaway", "dies", "early"])
def test_a_receiver_that_leaves_in_the_middle_gets_everything(tmp_path, path):
    """Goes away after every fifth answer, dies after every seventh, or answers too early."""
    with http2_receiver(tmp_path) as receiver:
        attempts = deliver(tmp_path, receiver, path, retry=[0.05] * 10)
        counts = receiver.counts()
    assert len(counts["ids"]) == MESSAGES
    for each in attempts:
        # What did not work is told as what it was, and nothing counts twice.
        assert {attempt.error for attempt in each[:-1]} <= {"reset", "connect"}
        assert (each[-1].status, each[-1].error) == (200, "none")
