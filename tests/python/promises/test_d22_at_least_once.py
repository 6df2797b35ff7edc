"""D22: a kill at any moment loses nothing, a duplicate has the same id, SIGTERM drains, forks are safe.

Thoroughly: faults/test_kill.py and `./dev faults kill`, faults/test_takeover.py,
faults/test_shutdown.py, faults/test_fork.py, faults/test_gunicorn.py.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections import Counter

import pytest

import webhookcore as wh
from support.command import COMMAND, environment
from support.loopback import POLICY_OPTIONS
from support.waiting import wait_until
from webhookcore.testing import Answer, WebhookServer

from .conftest import ids


def worker(store):
    started = subprocess.Popen(
        [*COMMAND, "worker", "--db", store, *POLICY_OPTIONS],
        stderr=subprocess.PIPE,
        env=environment(),
    )
    assert started.stderr is not None
    assert b"working" in started.stderr.readline()
    return started


def end(process, with_signal):
    process.send_signal(with_signal)
    _, log = process.communicate(timeout=30)
    return log


def test_a_worker_killed_in_the_middle_of_attempts_loses_nothing_and_repeats_under_the_same_id(
    store, policy
):
    heard, may_answer = threading.Event(), threading.Event()

    def answer(_request):
        heard.set()
        may_answer.wait(30)
        return Answer()

    with WebhookServer(answer) as server, wh.Client(store, policy=policy) as client:
        client.endpoints.create(server.url, events=["*"])
        sent = [client.send("a", number).id for number in range(20)]
        first = worker(store)
        assert heard.wait(20)
        end(first, signal.SIGKILL)
        interrupted = client.deliveries.count()["in_flight"]  # Nobody has taken them back yet.
        may_answer.set()
        second = worker(store)
        wait_until(lambda: client.deliveries.count()["delivered"] == 20, "all of them")
        end(second, signal.SIGTERM)
        came = Counter(ids(server))
    assert came.keys() == set(sent)
    assert 0 < came.total() - 20 <= interrupted


def test_sigterm_lets_what_is_under_way_end_and_starts_nothing_new(store, policy):
    heard, may_answer = threading.Event(), threading.Event()

    def answer(_request):
        heard.set()
        may_answer.wait(30)
        return Answer()

    with WebhookServer(answer) as server, wh.Client(store, policy=policy) as client:
        client.endpoints.create(server.url, events=["*"], ordering="fifo")
        client.send_many([{"type": "a", "data": number} for number in range(300)])
        process = worker(store)
        assert heard.wait(20)
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        while b"SIGTERM" not in process.stderr.readline():
            pass  # Until it has understood.
        may_answer.set()
        process.communicate(timeout=30)
        assert process.returncode == 0
        ended = client.deliveries.count()["delivered"]
        # One at a time, and the first was waiting: without a drain it would have been all or none.
        assert 1 <= ended == len(server.requests) < 300
        assert client.run_until_idle().delivered == 300 - ended


def test_several_processes_share_one_store_and_each_message_is_delivered_once(
    store, policy, server
):
    with wh.Client(store, policy=policy) as client:
        client.endpoints.create(server.url, events=["*"])
        workers = [worker(store) for _ in range(2)]
        sent = [client.send("a", number).id for number in range(30)]
        wait_until(lambda: client.deliveries.count()["delivered"] == 30, "all of them")
        for process in workers:
            end(process, signal.SIGTERM)
    assert sorted(ids(server)) == sorted(sent)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_forked_child_sends_through_the_client_that_it_inherited(client, server):
    client.endpoints.create(server.url, events=["*"])
    before = client.send("a", "parent").id
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write, client.send("a", "child").id.encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        inherited = pipe.read()
    assert os.waitpid(child, 0)[1] == 0
    after = client.send("a", "parent again").id
    client.run_until_idle()
    assert sorted(ids(server)) == sorted([before, inherited, after])
