"""The examples of docs/background.md and docs/idempotency.md, run from top to bottom."""

from __future__ import annotations

import json
import sqlite3
import time

import pytest

import webhookcore as wh
from support.pages import DOCS, examples

SECRET = "whsec_" + "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


def deliver(receiver: wh.Receiver, id: str, type: str, **more: object) -> None:
    body = json.dumps({"id": id, "type": type, **more}).encode()
    headers = wh.sign("stripe", body=body, secret=SECRET)
    response = receiver.handle(wh.HttpRequest("POST", "/", headers, body), source="stripe")
    assert response.status == 202


@pytest.fixture
def namespace(tmp_path, monkeypatch):
    """What the pages take for granted: a receiver, and one dead letter of a ValueError."""
    monkeypatch.chdir(tmp_path)
    with wh.Receiver("sqlite:///webhooks.db", max_retries=1) as receiver:
        receiver.add_source("stripe", secrets=[SECRET])

        @receiver.on("stripe", "invoice.void")
        def fails(event: wh.Event) -> None:
            raise ValueError("no such invoice")

        deliver(receiver, "evt_1", "invoice.void")
        receiver.run_until_idle(wait=2)
        yield {"wh": wh, "receiver": receiver, "time": time}


def test_background_processing(namespace, capsys):
    receiver = namespace["receiver"]
    # Names of real providers, and secrets that are none.
    for example in examples(DOCS / "background.md"):
        code = example.code.replace('"whsec_..."', repr(SECRET)).replace('"..."', repr(SECRET))
        exec(compile(code.replace("hubspot", "stripe"), str(example), "exec"), namespace)
    printed = capsys.readouterr().out
    assert "inb_1 evt_1 ValueError: no such invoice" in printed
    assert sorted(receiver.sources) == ["crm", "payments", "stripe"]
    deliver(receiver, "evt_2", "charge.failed", livemode=False)
    deliver(receiver, "evt_3", "charge.failed", livemode=True)
    counts = receiver.run_until_idle()
    assert (counts.discarded, counts.snoozed) == (1, 1)


def test_handled_once(namespace):
    receiver = namespace["receiver"]
    handler, table, pruning = examples(DOCS / "idempotency.md")
    for example in (table, handler, pruning):
        exec(compile(example.code, str(example), "exec"), namespace)
    with sqlite3.connect("shop.db") as shop:
        shop.execute("CREATE TABLE orders (invoice TEXT, paid INTEGER DEFAULT 0)")
        shop.execute("INSERT INTO orders (invoice) VALUES ('evt_2')")
    deliver(receiver, "evt_2", "invoice.paid")
    assert receiver.run_until_idle().handled == 1
    assert shop.execute("SELECT paid FROM orders").fetchall() == [(1,)]
    assert shop.execute("SELECT source, event_key FROM webhookcore_once").fetchall() == [
        ("stripe", "evt_2")
    ]
    shop.close()
