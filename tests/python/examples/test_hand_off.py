"""The example that hands events to Redis, run as it says, with a real Redis."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import redis

import webhookcore as wh
from support.brokers import RedisServer
from support.command import environment
from support.serving import free_port, serving
from support.waiting import wait_until

EXAMPLES = Path(__file__).parents[3] / "examples"


def test_events_go_from_the_sender_into_the_stream(tmp_path, monkeypatch):
    server, secret, port = RedisServer(tmp_path), wh.generate_secret(), free_port()
    server.start()
    for name, value in environment(
        WEBHOOK_STORE=f"sqlite:///{tmp_path / 'r.db'}", WEBHOOK_SECRET=secret, REDIS_URL=server.url
    ).items():
        monkeypatch.setenv(name, value)
    command = ["uvicorn", "hand_off:app", "--app-dir", str(EXAMPLES), "--port", str(port)]
    local = wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"])
    try:
        with serving(command, port, tmp_path), redis.Redis.from_url(server.url) as client:
            base = f"http://127.0.0.1:{port}/hooks"
            with urllib.request.urlopen(f"{base}/readyz", timeout=20) as probe:
                assert json.load(probe) == {"status": "ready"}
            sent = wh.send(f"{base}/shop", "order.created", {"id": 7}, secret=secret, policy=local)
            assert sent.status == 202
            ((_, entry),) = wait_until(lambda: client.xrange("webhooks"), "the event")
        assert entry[b"dedup_id"].decode() == f"shop:{sent.message_id}"
        assert json.loads(entry[b"body"])["data"] == {"id": 7}
    finally:
        server.stop()
