"""Events in a stream of a real Redis."""

from __future__ import annotations

import json

import pytest
import redis

import webhookcore as wh
from support.receiving import SECRET, request, stripe
from webhookcore.sinks import RedisStream


def entries(server, stream="webhooks"):
    with redis.Redis.from_url(server.url) as client:
        return [fields for _, fields in client.xrange(stream)]


def test_an_entry_has_the_exact_bytes_and_all_that_is_known(receiver, redis_server):
    receiver.add_source("github", secrets=[SECRET])
    receiver.forward("github", to=RedisStream(redis_server.url, "webhooks"))
    body = b"\xff\x00\xfe no JSON"
    headers = {"X-GitHub-Event": "pull_request", "X-GitHub-Delivery": "d1", "X-Request-Id": "r7"}
    receiver.handle(request("github", body, headers=headers), "github")
    assert receiver.run_until_idle().handled == 1
    (entry,) = entries(redis_server)
    assert entry[b"body"] == body
    assert ["X-GitHub-Delivery", "d1"] in json.loads(entry[b"headers"])
    known = {
        name.decode(): entry[name].decode() for name in entry if name not in (b"body", b"headers")
    }
    assert known == {
        "dedup_id": "github:d1",
        "inbox_id": "inb_1",
        "source": "github",
        "provider": "github",
        "event_id": "d1",
        "type": "pull_request",
        "correlation_id": "r7",
    }  # fmt: skip
    assert "-" in receiver.inbox.get("inb_1").result["entry"]


def test_while_redis_is_away_nothing_is_lost(receiver, redis_server, clock):
    receiver.forward("stripe", to=RedisStream(redis_server.url, "webhooks"))
    redis_server.stop()
    for number in range(5):
        assert receiver.handle(stripe(f"evt_{number}"), "stripe").status == 202
    assert receiver.run_until_idle().retried == 5
    redis_server.start()
    clock.advance(10)
    assert receiver.run_until_idle().handled == 5
    assert sorted(entry[b"event_id"] for entry in entries(redis_server)) == [
        b"evt_0", b"evt_1", b"evt_2", b"evt_3", b"evt_4",
    ]  # fmt: skip


def test_a_redis_that_hangs_holds_no_worker_and_loses_nothing(receiver, redis_server, clock):
    receiver.forward("stripe", to=RedisStream(redis_server.url, "webhooks", timeout=0.1))
    receiver.handle(stripe("evt_0"), "stripe")
    assert receiver.run_until_idle().handled == 1
    redis_server.hang()
    receiver.handle(stripe("evt_1"), "stripe")
    assert receiver.run_until_idle().retried == 1
    redis_server.go_on()
    clock.advance(10)
    while receiver.run_until_idle().handled != 1:
        clock.advance(10)
    # It may have heard both times.
    assert {entry[b"event_id"] for entry in entries(redis_server)} == {b"evt_0", b"evt_1"}


def test_a_key_of_another_kind_is_an_error_and_no_loss(receiver, redis_server, clock):
    with redis.Redis.from_url(redis_server.url) as client:
        client.set("webhooks", "a string")
        receiver.forward("stripe", to=RedisStream(client, "webhooks"))
        receiver.handle(stripe(), "stripe")
        assert receiver.run_until_idle().retried == 1
        assert "WRONGTYPE" in receiver.inbox.get("inb_1").last_error
        client.delete("webhooks")
        clock.advance(10)
        assert receiver.run_until_idle().handled == 1


def test_a_stream_may_be_kept_short(receiver, redis_server):
    receiver.forward("stripe", to=RedisStream(redis_server.url, "webhooks", max_length=1))
    for number in range(300):
        receiver.handle(stripe(f"evt_{number}"), "stripe")
    assert receiver.run_until_idle().handled == 300
    assert len(entries(redis_server)) < 300


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"client": "http://user:s3cret@127.0.0.1"}, "client"),
        ({"client": None}, "client"),
        ({"client": 3.5}, "client"),
        ({"stream": ""}, "stream"),
        ({"stream": 7}, "stream"),
        ({"stream": "\ud800"}, "stream"),
        ({"max_length": 0}, "max_length"),
        ({"max_length": True}, "max_length"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": float("inf")}, "timeout"),
    ],
    ids=str,
)
def test_what_can_never_work_is_refused_by_name(options, field):
    with pytest.raises(wh.ConfigError) as refused:
        RedisStream(**{"client": "redis://127.0.0.1:1", "stream": "webhooks", **options})
    assert refused.value.field == field
    assert "s3cret" not in str(refused.value)
