"""Celery, RQ and Dramatiq get an event's id, and their workers read the event from the store."""

from __future__ import annotations

import os
import subprocess
import sys

import dramatiq
import pytest
import redis
import rq
from celery import Celery
from celery.contrib.testing.worker import start_worker
from dramatiq.brokers.stub import StubBroker

import webhookcore as wh
from support.brokers import free_port
from support.receiving import SECRET, stripe
from support.tasks import SEEN, STORE, read_again
from support.waiting import wait_until
from webhookcore.sinks import CeleryTask, DramatiqActor, RQQueue


@pytest.fixture(autouse=True)
def _store(receiver):
    STORE["receiver"] = receiver
    SEEN.clear()


def hand_over(receiver, to):
    receiver.forward("stripe", "invoice.*", to=to)
    receiver.handle(stripe(), "stripe")
    assert receiver.run_until_idle().handled == 1
    return receiver.inbox.get("inb_1").result


def test_a_celery_task_reads_the_event_from_the_store(receiver):
    app = Celery("app", broker="memory://", backend="cache+memory://")
    task = app.task(name="handle")(read_again)
    app.loader.import_default_modules()
    with start_worker(app, pool="solo", perform_ping_check=False, loglevel="error"):
        result = hand_over(receiver, task)
        app.AsyncResult(result["task_id"]).get(timeout=30)
    assert list(SEEN) == [("evt_1", stripe().body)]


def test_a_celery_broker_that_is_away_is_tried_again_by_the_receiver(receiver, clock):
    app = Celery("app", broker=f"redis://127.0.0.1:{free_port()}/0")
    app.conf.broker_transport_options = {"max_retries": 1}
    receiver.forward("stripe", to=app.task(name="handle")(read_again))
    receiver.handle(stripe(), "stripe")
    assert receiver.run_until_idle().retried == 1
    assert receiver.inbox.get("inb_1").state == "pending"


class Task:
    """Called as Celery's is."""

    name = "handle"

    def delay(self):
        """Nobody calls it."""

    def apply_async(self, args, **options):
        self.called = (args, options)


@pytest.mark.parametrize(
    ("given", "options"),
    [({}, {"retry": False}), ({"queue": "slow", "retry": True}, {"queue": "slow", "retry": True})],
    ids=str,
)
def test_celery_is_not_to_wait_itself_unless_it_is_told_to(receiver, given, options):
    task = Task()
    hand_over(receiver, CeleryTask(task, **given))
    assert task.called == (("inb_1",), options)


def test_a_job_of_rq_reads_the_event_from_the_store(receiver, redis_server):
    with redis.Redis.from_url(redis_server.url) as connection:
        queue = rq.Queue("webhooks", connection=connection)
        result = hand_over(receiver, RQQueue(queue, read_again, meta={"team": "billing"}))
        job = queue.fetch_job(result["job_id"])
        assert job.meta == {"dedup_id": "stripe:evt_1", "team": "billing"}
        assert job.args == ("inb_1",)
        rq.SimpleWorker([queue], connection=connection).work(burst=True, logging_level="ERROR")
    assert list(SEEN) == [("evt_1", stripe().body)]


def test_options_of_rq_go_along_and_may_be_none(receiver):
    class Queue:
        def enqueue_call(self, function, args, **options):
            self.called = (function, args, options)

    queue = Queue()
    assert hand_over(receiver, RQQueue(queue, "shop.tasks.order", meta=None, timeout=60)) == {
        "job_id": ""
    }
    meta = {"dedup_id": "stripe:evt_1"}
    assert queue.called == ("shop.tasks.order", ("inb_1",), {"timeout": 60, "meta": meta})


def test_a_dramatiq_actor_reads_the_event_from_the_store(receiver):
    broker = StubBroker()
    broker.emit_after("process_boot")
    actor = dramatiq.actor(read_again, broker=broker, actor_name="handle")
    worker = dramatiq.Worker(broker, worker_timeout=100)
    worker.start()
    try:
        hand_over(receiver, actor)
        broker.join("default", fail_fast=True, timeout=30_000)
        worker.join()
    finally:
        worker.stop()
        broker.close()
    assert list(SEEN) == [("evt_1", stripe().body)]


def test_of_an_inline_source_there_is_nothing_to_read_again(url, clock):
    with wh.Receiver(url + "2", clock=clock) as receiver:
        receiver.add_source("stripe", secrets=[SECRET], mode="inline")
        broker = StubBroker()
        receiver.forward("stripe", to=dramatiq.actor(read_again, broker=broker, actor_name="x"))
        assert receiver.handle(stripe(), "stripe").status == 500
        broker.close()


@pytest.mark.parametrize("kind", [CeleryTask, DramatiqActor, RQQueue])
def test_what_is_no_task_of_that_kind_is_refused(kind):
    with pytest.raises(wh.ConfigError):
        kind(object(), *([read_again] if kind is RQQueue else []))


PREFORK = """
import os
from pathlib import Path
from celery import Celery
import webhookcore as wh

app = Celery("hooks", broker=os.environ["BROKER"])
# Opened and used before the fork, as a module that many tasks share does it.
receiver = wh.Receiver(os.environ["STORE"])
client = wh.Client(os.environ["STORE"])
client.send("worker.started", {"found": receiver.inbox.counts()["done"]})

@app.task(name="hooks.handle")
def handle(inbox_id):
    event = receiver.inbox.get(inbox_id).event
    client.send("order.seen", {"event": event.id}, idempotency_key=event.id)
    with Path("handled").open("a") as file:
        file.write(f"{os.getpid()} {event.id}\\n")
"""


def test_celerys_forked_processes_read_and_send_with_what_their_parent_had_opened(
    receiver, url, redis_server, tmp_path
):
    (tmp_path / "hooks.py").write_text(PREFORK)
    broker = f"redis://127.0.0.1:{redis_server.port}/0"
    paths = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    command = "celery -A hooks worker --pool prefork --concurrency 2 --loglevel warning"
    command += " --without-gossip --without-mingle --without-heartbeat"
    with (tmp_path / "log").open("wb") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", *command.split()],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": paths, "BROKER": broker, "STORE": url},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        task = Celery("here", broker=broker).task(name="hooks.handle")(read_again)
        receiver.forward("stripe", to=task)
        for number in range(20):
            receiver.handle(stripe(f"evt_{number}"), "stripe")
        assert receiver.run_until_idle().handled == 20
        file = tmp_path / "handled"
        wait_until(
            lambda: file.exists() and len(file.read_text().splitlines()) == 20,
            (tmp_path / "log").read_text,
        )
    finally:
        worker.terminate()
        assert worker.wait(30) == 0
    lines = [line.split() for line in file.read_text().splitlines()]
    assert {event for _, event in lines} == {f"evt_{number}" for number in range(20)}
    assert str(worker.pid) not in {pid for pid, _ in lines}
    with wh.Client(url) as client:
        sent = [message.type for message in client.messages.list()]
    assert sorted(sent) == ["order.seen"] * 20 + ["worker.started"]
