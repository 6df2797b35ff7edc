"""D1: send() returns when the message is durable; threads share commits; sync and async alike.

Thoroughly: faults/test_durability.py (every send is synced), faults/test_kill.py,
client/test_async_client.py, client/test_sending.py.
"""

from __future__ import annotations

import asyncio
import signal
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import webhookcore as wh

from .conftest import ids

URL = "https://example.com/hook"
SENDS = 64
THREADS = 16

SEND_AND_DIE = """
import os, signal, sys, webhookcore as wh
client = wh.Client(sys.argv[1])
for number in range(5):
    print(client.send("order.created", {"id": number}).id, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def commits(store: str, client: wh.Client) -> int:
    """How many commits stand in the log of the store, by SQLite's file format.

    One more is made first: what opening the store wrote may be in a log that is begun anew.

    The log begins with 32 bytes; each page has 24 before it, of which the second word is the
    size of the database after the last page of a commit, and 0 otherwise.
    """
    client.send("counted", {})
    log = Path(store.removeprefix("sqlite:///") + "-wal").read_bytes()
    page_size, _checkpoints = struct.unpack_from(">II", log, 8)
    salts, found = log[16:24], 0
    for at in range(32, len(log) - page_size - 23, page_size + 24):
        found += log[at + 8 : at + 16] == salts and log[at + 4 : at + 8] != bytes(4)
    return found


def send_from_threads(client: wh.Client, threads: int) -> None:
    together = threading.Barrier(threads)

    def send() -> None:
        together.wait(20)
        for number in range(SENDS // threads):
            client.send("order.created", {"id": number})

    running = [threading.Thread(target=send) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(30)


def test_what_send_returned_survives_a_kill_with_its_deliveries(store):
    with wh.Client(store) as client:
        client.endpoints.create(URL, events=["order.*"])
        client.endpoints.create(URL, events=["*"])
    sender = subprocess.run(
        [sys.executable, "-c", SEND_AND_DIE, store],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert sender.returncode == -signal.SIGKILL, sender.stderr
    with wh.Client(store) as client:
        for id in sender.stdout.split():
            assert [row.state for row in client.messages.get(id).deliveries] == ["pending"] * 2
        assert len(client.messages.list()) == 5


def test_sends_of_many_threads_share_commits(store):
    with wh.Client(store) as client:
        before = commits(store, client)
        send_from_threads(client, 1)
        alone = commits(store, client) - before - 1
        send_from_threads(client, THREADS)
        shared = commits(store, client) - before - alone - 2
        assert len(client.messages.list(limit=1000)) == 2 * SENDS + 3
    assert alone == SENDS
    assert shared < SENDS / 2


def test_send_many_is_one_transaction(store):
    with wh.Client(store) as client:
        before = commits(store, client)
        sent = client.send_many([{"type": "a", "data": number} for number in range(SENDS)])
        assert (len(sent), commits(store, client) - before - 1) == (SENDS, 1)


def test_one_bad_item_stores_nothing_of_send_many(client):
    with pytest.raises(wh.ConfigError) as refused:
        client.send_many([{"type": "a", "data": 1}, {"type": "not a type", "data": 2}])
    assert refused.value.field == "messages[1].type"
    assert client.messages.list() == []


def test_the_async_client_sends_as_durably_by_the_same_methods(store, policy, server):
    async def story() -> list[str]:
        async with wh.AsyncClient(store, policy=policy) as client:
            await client.endpoints.create(server.url, events=["*"])
            sent = [await client.send("order.created", {"id": 7})]
            sent += await client.send_many([{"type": "a", "data": {}}] * 2)
            return [message.id for message in sent]

    sent = asyncio.run(story())
    with wh.Client(store, policy=policy) as client:
        assert client.run_until_idle().delivered == 3
    assert sorted(ids(server)) == sorted(sent)
