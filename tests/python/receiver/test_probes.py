"""`/healthz` says that the process answers, `/readyz` that its store takes events."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from pathlib import Path

import pytest

import webhookcore as wh
from support.receiving import SECRET, stripe
from webhookcore.receiver.health import Readiness


def probe(receiver, path, **options):
    response = receiver.handle_health(path, **options)
    assert response.headers["Content-Type"] == "application/json"
    return response.status, json.loads(response.body)


def test_a_receiver_whose_store_takes_events_is_ready(receiver):
    assert probe(receiver, "/healthz") == (200, {"status": "alive"})
    assert probe(receiver, "/readyz") == (200, {"status": "ready"})
    assert receiver.health() == wh.Health(alive=True, ready=True)


def test_a_test_leaves_nothing_behind(receiver):
    for _ in range(3):
        assert receiver.health().ready
    assert list(receiver.inbox.list()) == []
    assert receiver.counts() == {}


@pytest.mark.parametrize("path", ["/readyz", "/app/hooks/readyz/", "readyz", "/readyz?full=1"])
def test_only_the_last_part_of_the_path_counts(receiver, path):
    assert probe(receiver, path)[0] == 200


@pytest.mark.parametrize("path", ["/", "", "/health", "/readyz/x", "/x?/readyz", "/READYZ"])
def test_any_other_path_is_not_there(receiver, path):
    assert probe(receiver, path)[0] == 404


def test_probes_are_not_kept_by_caches(receiver):
    for path in ("/healthz", "/readyz"):
        assert receiver.handle_health(path).headers["Cache-Control"] == "no-store"


def test_a_store_above_its_quota_is_not_ready(url, clock):
    with wh.Receiver(url, clock=clock, quota="16 MiB") as receiver:
        receiver.add_source("stripe", secrets=[SECRET], max_body=8 * 2**20)
        statuses = []
        while 503 not in statuses:
            filler = stripe(f"evt_{len(statuses)}", type="x" * 4 * 2**20)
            statuses.append(receiver.handle(filler, "stripe").status)
        status, content = probe(receiver, "/readyz")
        assert (status, content) == (503, {"status": "unavailable", "reason": "store_full"})
        assert "quota" in receiver.health().detail


def test_a_store_that_cannot_be_written_is_not_ready_and_the_answer_names_no_file(receiver, url):
    path = Path(url.removeprefix("sqlite:///"))
    path.write_bytes(b"no database any more" * 1000)
    status, content = probe(receiver, "/readyz")
    assert status == 503
    assert content["reason"] in ("store_unavailable", "store_full")
    assert str(path) not in json.dumps(content)
    assert probe(receiver, "/healthz")[0] == 200


def test_a_closed_receiver_is_alive_and_not_ready(url):
    receiver = wh.Receiver(url)
    receiver.close()
    assert probe(receiver, "/healthz")[0] == 200
    assert probe(receiver, "/readyz") == (503, {"status": "unavailable", "reason": "closed"})


class HangingStore:
    """Answers when it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.asked = 0

    def claim(self, *_):
        self.asked += 1
        assert self.let_go.wait(30)
        return "won", b"token", "", 0

    def release(self, *_):
        pass


def test_a_store_that_hangs_is_not_ready_and_holds_one_thread_only():
    store = HangingStore()
    readiness = Readiness(store, lambda: 0.0, None)
    for _ in range(5):
        assert readiness.look(0.01).reason == "timeout"
    assert store.asked == 1
    store.let_go.set()
    assert readiness.look(30).ready
    readiness.close(1)


def test_a_store_that_raises_what_nobody_expects_is_not_ready():
    class Broken:
        def claim(self, *_):
            raise ZeroDivisionError("odd")

    found = Readiness(Broken(), lambda: 0.0, None).look(30)
    assert (found.ready, found.reason, found.detail) == (False, "broken", "ZeroDivisionError: odd")


def test_an_event_loop_goes_on_while_the_store_is_asked(receiver):
    async def ask():
        store = HangingStore()
        receiver._readiness = Readiness(store, lambda: 0.0, None)
        asked = asyncio.ensure_future(receiver.handle_health_async("/readyz", timeout=30))
        # Were the loop held, nobody would let the store go.
        asyncio.get_running_loop().call_soon(store.let_go.set)
        return (await asked).status

    assert asyncio.run(ask()) == 200


def test_a_child_of_a_fork_asks_for_itself(receiver):
    assert receiver.health().ready
    child = os.fork()
    if child == 0:
        os._exit(0 if receiver.health().ready else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), float("inf"), "1", None, True])
def test_a_timeout_that_cannot_be_is_refused(receiver, timeout):
    with pytest.raises(wh.ConfigError):
        receiver.health(timeout)
