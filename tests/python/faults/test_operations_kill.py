"""kill -9 while an operational event is given out: whoever delivers next gives it again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import webhookcore as wh
from support.loopback import loopback

pytestmark = [pytest.mark.crash, pytest.mark.timeout(120)]

POLICY = {"allow_http": True, "allow": ["127.0.0.0/8"]}

# Sends one message that dies, and is killed at the moment that the third argument names.
CHILD = """
import json, os, signal, sys
import webhookcore as wh
from webhookcore.client.operations_feed import OperationsFeed

db, receiver, moment, alerts = json.loads(sys.argv[1])

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

client = wh.Client(db, policy=wh.UrlPolicy(**json.loads(sys.argv[2])), alerts=alerts)
client.endpoints.create(receiver, events=["order.*"])
client.operations.on("*")(die if moment == "in the hook" else lambda event: None)
if moment == "before anything":
    OperationsFeed.give_out = die
if moment == "after the send":
    send = OperationsFeed._send
    def send_and_die(self, event):
        send(self, event)
        die()
    OperationsFeed._send = send_and_die
client.send("order.created", {})
client.run_until_idle()
"""


@pytest.mark.parametrize("moment", ["before anything", "in the hook", "after the send"])
def test_an_event_is_given_out_whatever_the_moment_of_the_kill(
    tmp_path: Path, moment: str, caplog: pytest.LogCaptureFixture
) -> None:
    db = f"sqlite:///{tmp_path}/webhooks.db"
    with loopback() as receiver, loopback() as alerted:
        receiver.statuses = [404]
        plan = json.dumps([db, receiver.url, moment, alerted.url])
        killed = subprocess.run(
            [sys.executable, "-c", CHILD, plan, json.dumps(POLICY)],
            timeout=60,
            env=os.environ,
            check=False,
        )
        assert killed.returncode == -signal.SIGKILL

        seen = []
        with wh.Client(db, policy=wh.UrlPolicy(**POLICY)) as client:
            client.operations.on("*")(lambda event: seen.append(event.type))
            client.run_until_idle()
            assert client.deliveries.count(tenant=wh.ALERTS_TENANT)["delivered"] == 1
        expected = [] if moment == "after the send" else ["delivery.dead"]
        assert seen == expected  # The hook of the child had been told in the last case.
        assert (moment == "before anything") == ("delivery.dead" in caplog.text)
        assert {request.headers["webhook-id"] for request in alerted.requests} == {
            alerted.requests[0].headers["webhook-id"]
        }
