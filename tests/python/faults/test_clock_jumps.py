"""A worker whose wall clock is set while it works (reliability.md F16).

The whole process sees the clock of tests/faults/clock_shim.c: ahead, back, in 1970, past 2038 and
over the hours that summer time takes and gives, nothing is lost, nothing is sent twice, retries come
after their own wait, and nothing spins.
"""

from __future__ import annotations

import json
import signal
import subprocess
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

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


def to(moment: str) -> int:
    """The jump from now to that moment, UTC, or rather to five seconds before it."""
    at = datetime.fromisoformat(moment).replace(tzinfo=timezone.utc)
    return int(at.timestamp() - time.time()) - 5


JUMPS = {
    "an hour back": (-HOUR, "UTC"),
    "two hours ahead": (2 * HOUR, "UTC"),
    "thirty days back": (-30 * 24 * HOUR, "UTC"),
    "ten years ahead": (10 * 365 * 24 * HOUR, "UTC"),
    "a leap second": (-1, "UTC"),  # How Linux puts one in: a second comes twice.
    "1970": ("1970-01-01T00:01:00", "UTC"),
    # Beyond it the seconds no longer fit 32 bits.
    "2038": ("2038-01-19T03:14:08", "UTC"),
    # Each way, an hour and half an hour.
    "summer begins in New York": ("2027-03-14T07:00:00", "America/New_York"),
    "summer ends in New York": ("2027-11-07T06:00:00", "America/New_York"),
    "summer begins on Lord Howe": ("2027-10-02T15:30:00", "Australia/Lord_Howe"),
    "summer ends on Lord Howe": ("2027-04-03T15:00:00", "Australia/Lord_Howe"),
}


@pytest.mark.parametrize(("jump", "zone"), JUMPS.values(), ids=JUMPS)
def test_a_worker_goes_on_over_a_clock_that_is_set(jump, zone, clock, tmp_path):
    jump = to(jump) if isinstance(jump, str) else jump
    db = f"sqlite:///{tmp_path}/webhooks.db"
    policy = wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"])
    with loopback() as server, wh.Client(db, policy=policy) as client:
        server.statuses = [500, 200]
        client.endpoints.create(server.url, events=["*"], retry=[RETRY], breaker=wh.Breaker(0))
        worker = subprocess.Popen(
            [*COMMAND, "worker", "--db", db, *POLICY_OPTIONS],
            stderr=subprocess.PIPE,
            env=environment(**clock.variables, TZ=zone),
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


@pytest.mark.parametrize(
    ("zone", "hour", "minute", "apart"),
    [
        ("America/New_York", 1, 30, timedelta(hours=1)),
        ("Australia/Lord_Howe", 1, 45, timedelta(minutes=30)),
    ],
)
def test_an_hour_that_comes_twice_is_told_apart_by_its_fold(
    tmp_path, monkeypatch, zone, hour, minute, apart
):
    """And what is shown is UTC, whatever the zone of the process."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    day = (2027, 11, 7) if zone.startswith("America") else (2027, 4, 4)
    with wh.Client(f"sqlite:///{tmp_path}/webhooks.db") as client:
        client.endpoints.create("https://example.com/hook", events=["*"])
        due = []
        for fold in (0, 1):
            at = datetime(*day, hour, minute, tzinfo=ZoneInfo(zone), fold=fold)
            [delivery] = client.send("a", fold, deliver_at=at).deliveries
            assert delivery.next_attempt_at == at.astimezone(timezone.utc)
            assert delivery.next_attempt_at.tzinfo is timezone.utc
            due.append(delivery.next_attempt_at)
    assert due[1] - due[0] == apart


@pytest.fixture(autouse=True)
def _zone_of_the_machine():
    yield
    time.tzset()


APP = """
import os
import webhookcore as wh

receiver = wh.Receiver(os.environ["STORE"])
failures = [ValueError("once")]

@receiver.on("stripe")
def handle(event):
    if failures:
        raise failures.pop()
"""


@pytest.mark.parametrize("jump", [-HOUR, HOUR])
def test_a_worker_of_the_inbox_keeps_the_waits_of_its_retries(clock, tmp_path, jump):
    """Set back it would wait an hour for a retry that is due in a second."""
    (tmp_path / "hooks.py").write_text(APP)
    store = f"sqlite:///{tmp_path}/hooks.db"
    body = b'{"id": "evt_1", "type": "invoice.paid"}'
    secret = "correct-horse-battery-staple-1"
    with wh.Receiver(store) as receiver:
        receiver.add_source("stripe", secrets=[secret])
        headers = wh.sign("stripe", body=body, secret=secret)
        asked = wh.HttpRequest("POST", "/hooks/stripe", headers, body)
        assert receiver.handle(asked, source="stripe").status == 202
        variables = {**clock.variables, "STORE": store, "PYTHONPATH": str(tmp_path)}
        worker = subprocess.Popen(
            [*COMMAND, "worker", "hooks:receiver", "--db", store],
            env=environment(**variables),
            cwd=tmp_path,
            stderr=subprocess.PIPE,
        )
        try:
            wait_until(lambda: receiver.inbox.get("inb_1").attempts == 1, "the first failure")
            clock.set_by(jump)
            wait_until(lambda: receiver.inbox.get("inb_1").state == "done", "the retry")
        finally:
            worker.kill()
            worker.communicate()
        assert receiver.inbox.get("inb_1").attempts == 1
