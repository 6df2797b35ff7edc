"""A worker whose wall clock is set while it works (reliability.md F16).

The whole process sees the clock of tests/faults/clock_shim.c: ahead, back and in 1970 nothing is lost,
nothing is sent twice, retries come after their own wait, and nothing spins.
"""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

import webhookcore as wh
from support.command import COMMAND, environment
from support.loopback import POLICY_OPTIONS, loopback
from support.set_clock import SetClock
from support.waiting import wait_until

HOUR = 3600
RETRY = 3.0


@pytest.fixture
def clock(tmp_path):
    return SetClock(tmp_path)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


@pytest.mark.parametrize(
    "jump",
    [-HOUR, 2 * HOUR, 10 * 365 * 24 * HOUR, None],
    ids=["an hour back", "two hours ahead", "ten years ahead", "1970"],
)
def test_a_worker_goes_on_over_a_clock_that_is_set(jump, clock, tmp_path):
    jump = 60 - int(time.time()) if jump is None else jump
    db = f"sqlite:///{tmp_path}/webhooks.db"
    policy = wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"])
    with loopback() as server, wh.Client(db, policy=policy) as client:
        server.statuses = [500, 200]
        client.endpoints.create(server.url, events=["*"], retry=[RETRY], breaker=wh.Breaker(0))
        worker = subprocess.Popen(
            [*COMMAND, "worker", "--db", db, *POLICY_OPTIONS],
            stderr=subprocess.PIPE,
            env=environment(**clock.variables),
        )
        try:
            assert b"working" in worker.stderr.readline()
            first = client.send("a", "fails once")
            wait_until(lambda: first.deliveries[0].attempts == 1, "the first attempt")
            failed_at = time.monotonic()
            clock.set_by(jump)
            wait_until(lambda: first.deliveries[0].state == "delivered", "the retry")
            waited = time.monotonic() - failed_at
            used = cpu_seconds(worker.pid)
            second = client.send("a", "after the jump")
            if jump > 0:  # This process knows nothing of the jump, and sends by the old time.
                wait_until(lambda: second.deliveries[0].state == "delivered", "a new message")
            clock.set_by(0)
            third = client.send("a", "after the clock was set right")
            wait_until(
                lambda: all(
                    message.deliveries[0].state == "delivered" for message in (second, third)
                ),
                "all messages once the clock is right",
            )
            worker.send_signal(signal.SIGTERM)
            _, log = worker.communicate(timeout=30)
        finally:
            worker.kill()
            worker.communicate()
    assert worker.returncode == 0, log
    told = [json.loads(request.body)["data"] for request in server.requests]
    assert sorted(told) == sorted(
        ["fails once", "fails once", "after the jump", "after the clock was set right"]
    )
    assert waited < 2 * 1.2 * RETRY + 10  # The wait of the schedule; the rest is a slow machine.
    assert used < 10
