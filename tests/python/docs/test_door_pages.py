"""The examples of the pages on who gets in, logs, probes and handing over, run as they stand."""

from __future__ import annotations

import json
import logging

import dramatiq
import pytest
import redis
import rq
from celery import Celery
from dramatiq.brokers.stub import StubBroker
from fastapi import FastAPI, Response
from fastapi.testclient import TestClient

import webhookcore as wh
from support.pages import DOCS, examples
from support.receiving import STANDARD_SECRET
from webhookcore import sinks


@pytest.fixture
def namespace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with wh.Receiver("sqlite:///webhooks.db") as receiver:
        yield {"wh": wh, "receiver": receiver, "secret": STANDARD_SECRET}


def run(page: str, namespace: dict) -> dict:
    found = examples(DOCS / page)
    assert found
    for example in found:
        given = namespace["receiver"]
        exec(compile(example.code, str(example), "exec"), namespace)
        if namespace["receiver"] is not given:
            namespace["receiver"].close()
            namespace["made"], namespace["receiver"] = namespace["receiver"], given
    return namespace


def test_who_gets_in(namespace):
    found = run("door.md", namespace)
    assert found["receiver"].sources == {"acme": "standard", "stripe": "stripe", "github": "github"}
    assert found["made"].sources == {"stripe": "stripe"}


def test_logs(namespace, monkeypatch, capsys):
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    level = root.level
    try:
        found = run(
            "logging.md", {**namespace, "logging": logging, "log": logging.getLogger("app")}
        )
        found["receiver"].add_source("stripe", secrets=["a-secret-of-the-docs"])
        body = b'{"id":"evt_1","type":"invoice.paid"}'
        headers = wh.sign("stripe", body=body, secret="a-secret-of-the-docs", id=None)
        asked = wh.HttpRequest("POST", "/hooks/stripe", headers, body)
        assert found["receiver"].handle(asked, "stripe").status == 202
        found["receiver"].run_until_idle()
    finally:
        root.setLevel(level)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    shown = json.loads(
        (DOCS / "logging.md").read_text().partition("```json\n")[2].partition("```")[0]
    )
    assert [line["logger"] for line in lines] == [
        "webhookcore.receiver",
        "app",
        "webhookcore.runner",
    ]
    assert list(lines[0]) == list(shown)
    assert len({line["correlation_id"] for line in lines}) == 1


def test_probes(namespace):
    app = FastAPI()
    run("probes.md", {**namespace, "app": app, "Response": Response})
    answer = TestClient(app).get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


def task(inbox_id: str) -> None:
    """Nobody runs it."""


def test_handing_over(namespace):
    celery = Celery("app", broker="memory://")
    broker = StubBroker()
    namespace |= {
        "app": celery,
        "book_invoice": celery.task(name="book_invoice_before")(task),
        "book_charge": celery.task(name="book_charge")(task),
        "deploy": dramatiq.actor(task, broker=broker, actor_name="deploy"),
        "redis": redis.Redis(),
        "rq": rq,
        "sinks": sinks,
        "RedisStream": sinks.RedisStream,
        "HandOff": sinks.HandOff,
    }
    found = run("hand-off.md", namespace)
    assert found["book_invoice"].name.endswith("book_invoice")
    broker.close()
