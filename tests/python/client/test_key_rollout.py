"""D3: a process that lacks a key of the store says so, and leaves the work to one that has it."""

from __future__ import annotations

import base64
import logging
import os
import pickle
import subprocess
import sys

import pytest

import webhookcore as wh
from support.waiting import wait_until

VARIABLE = "WEBHOOKCORE_ENCRYPTION_KEY"


def key(fill: str) -> str:
    return base64.b64encode(fill.encode() * 32).decode()


OLD = f"old:{key('a')}"
NEW = f"new:{key('b')}"

START = """
import sys
import webhookcore as wh

url, target = sys.argv[1:]
policy = wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"])
client = wh.Client(url, policy=policy)
"""
CREATE = START + 'print(client.endpoints.create(target, events=["theirs"]).id)'
RESEAL = START + "print(client.reseal())"
DELIVER = START + "client.run_until_idle(wait=5.0)\nprint('done')"


@pytest.fixture
def other(tmp_path, receiver):
    """Runs a script in a process that has begun with the new key; returns what it printed."""

    def run(script: str) -> str:
        url = f"sqlite:///{tmp_path}/webhooks.db"
        return subprocess.run(
            [sys.executable, "-c", script, url, receiver.url],
            env={**os.environ, VARIABLE: f"{NEW},{OLD}"},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    return run


@pytest.fixture
def client(tmp_path, policy, monkeypatch):
    monkeypatch.setenv(VARIABLE, OLD)
    with wh.Client(f"sqlite:///{tmp_path}/webhooks.db", policy=policy) as opened:
        yield opened


def problems(caplog) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.name == "webhookcore.delivery" and record.levelno == logging.ERROR
    ]


def test_what_cannot_be_read_stops_nothing_else_and_is_told(client, receiver, other, caplog):
    client.endpoints.create(receiver.url, events=["mine"])
    other(CREATE)
    client.send("theirs", {})
    mine = client.send("mine", {})
    with pytest.raises(wh.StoreKeyError, match='"new"') as failed:
        client.run_until_idle()
    assert failed.value.counts == wh.RunCounts(attempts=1, delivered=1)
    assert [delivery.state for delivery in mine.deliveries] == ["delivered"]
    [problem] = problems(caplog)
    assert '"new"' in problem
    assert VARIABLE in problem
    assert key("a") not in problem
    [event] = client.operations.list("store.*")
    assert event.type == "store.key_missing"
    assert '"new"' in event.details["error"]


def test_a_process_without_work_for_such_an_endpoint_tells_of_the_key_as_well(
    client, receiver, other, caplog
):
    client.endpoints.create(receiver.url, events=["mine"])
    other(CREATE)
    client.send("mine", {})
    assert client.run_until_idle().delivered == 1
    assert len(problems(caplog)) == 1
    assert len(list(client.operations.list("store.key_missing"))) == 1


def test_endpoints_are_listed_with_the_one_that_cannot_be_read(client, receiver, other):
    mine = client.endpoints.create(receiver.url, events=["mine"], headers={"X-Mine": "1"})
    theirs = other(CREATE)
    listed = list(client.endpoints.list())
    assert [(endpoint.id, endpoint.unreadable) for endpoint in listed] == [
        (mine.id, False),
        (theirs, True),
    ]
    assert dict(listed[0].headers) == {"X-Mine": "1"}
    assert listed[1].url == receiver.url
    assert dict(listed[1].headers) == {}
    assert listed[1].secrets == ()
    assert pickle.loads(pickle.dumps(listed[1])).unreadable
    with pytest.raises(wh.StoreKeyError, match='"new"'):
        client.endpoints.get(theirs)
    with pytest.raises(wh.StoreKeyError, match='"new"'):
        client.endpoints.update(theirs, description="changed")


def test_a_leader_without_the_key_makes_way_for_a_standby_that_has_it(client, receiver, other):
    client.endpoints.create(receiver.url, events=["mine"])
    client.start()
    wait_until(lambda: client._engine.role() == "leading", "leading")
    assert other(RESEAL) == "1"
    message = client.send("mine", {})
    assert other(DELIVER) == "done"
    assert [delivery.state for delivery in message.deliveries] == ["delivered"]
    assert len(receiver.requests) == 1
