"""An endpoint in order keeps it while workers are killed and others take over."""

from __future__ import annotations

import json
import subprocess
from itertools import pairwise

import webhookcore as wh
from support.command import COMMAND, environment
from support.loopback import POLICY_OPTIONS, loopback
from support.waiting import wait_until

MESSAGES = 120
KILLS = 8


def start_worker(db: str) -> subprocess.Popen[bytes]:
    worker = subprocess.Popen(
        [*COMMAND, "worker", "--db", db, *POLICY_OPTIONS],
        stderr=subprocess.PIPE,
        env=environment(),
    )
    assert b"working" in worker.stderr.readline()
    return worker


def test_two_workers_killed_in_turns_keep_the_order_of_sending(tmp_path):
    db = f"sqlite:///{tmp_path}/webhooks.db"
    policy = wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"])
    with loopback() as server, wh.Client(db, policy=policy) as client:
        endpoint = client.endpoints.create(
            server.url, events=["*"], ordering="fifo", retry=[0.01] * 5, breaker=wh.Breaker(0)
        )
        client.send_many([{"type": "a", "data": number} for number in range(MESSAGES)])
        server.statuses = [500 if number % 7 == 0 else 200 for number in range(MESSAGES)] + [200]
        workers = [start_worker(db), start_worker(db)]
        try:
            for kill in range(1, KILLS + 1):
                wanted = kill * MESSAGES // (KILLS + 1)
                wait_until(lambda most=wanted: len(server.requests) >= most, "requests")
                workers[kill % 2].kill()
                workers[kill % 2].communicate()
                workers[kill % 2] = start_worker(db)
            done = {"delivered": MESSAGES}
            wait_until(
                lambda: {s: n for s, n in client.deliveries.count().items() if n} == done,
                lambda: str(client.deliveries.count(endpoint=endpoint)),
                180,
            )
        finally:
            for worker in workers:
                worker.kill()
                worker.communicate()
    told = [json.loads(request.body)["data"] for request in server.requests]
    assert sorted(set(told)) == list(range(MESSAGES))
    # A message may come again, by a retry or a kill, but never after a later one.
    assert all(later >= earlier for earlier, later in pairwise(told))
