"""D20: what has come to its end is kept for 30 days; a disk quota pushes back.

Thoroughly: client/test_retention.py, faults/test_full_disk.py, client/test_backlog.py.
"""

from __future__ import annotations

import json

import pytest

import webhookcore as wh

from .conftest import DAY

PRUNE = """
import json, sys, webhookcore as wh
with wh.Client(sys.argv[1], retention=wh.Retention(*json.loads(sys.argv[2]))) as client:
    pruned = client.prune()
    print(pruned.messages, pruned.deliveries, pruned.attempts, len(client.messages.list()))
"""


@pytest.fixture
def ended_and_waiting(store, policy, server):
    """Three messages that were delivered, and one that waits."""
    with wh.Client(store, policy=policy) as client:
        client.endpoints.create(server.url, events=["a"])
        client.endpoints.create(server.url, events=["b"])
        client.send_many([{"type": "a", "data": number} for number in range(3)])
        client.run_until_idle()
        client.send("b", {})
    return store


@pytest.mark.parametrize(
    ("kept", "days", "expected"),
    [
        ([30, 30], 29, "0 0 0 4"),
        ([30, 30], 31, "3 3 3 1"),
        ([7, 7], 8, "3 3 3 1"),
        ([90, 90], 89, "0 0 0 4"),
        ([90, 90], 91, "3 3 3 1"),
        ([30, 7], 8, "0 0 3 4"),
    ],
)
def test_messages_and_attempts_are_kept_for_their_days_and_what_waits_for_ever(
    ended_and_waiting, clock, kept, days, expected
):
    done = clock.run(PRUNE, ended_and_waiting, json.dumps(kept), later=days * DAY)
    assert done.strip() == expected


@pytest.mark.parametrize("days", [6, 91, 0, "30"])
def test_7_to_90_days(days):
    with pytest.raises(wh.ConfigError) as refused:
        wh.Retention(payloads_days=days)
    assert refused.value.field == "retention.payloads_days"


def test_the_default_is_30_days():
    assert wh.Retention() == wh.Retention(30, 30, 30)


def test_above_the_quota_sending_is_pushed_back_and_deliveries_go_on(store, policy, server):
    with wh.Client(store, policy=policy, quota="16 MiB") as client:
        client.endpoints.create(server.url, events=["small"])
        client.send("small", {})
        filling = (client.send("big", {"padding": "x" * 500_000}) for _ in range(100))
        with pytest.raises(wh.StoreFullError):
            list(filling)
        stored = len(client.messages.list(limit=1000))
        with pytest.raises(wh.StoreFullError):
            client.send("small", {})
        assert len(client.messages.list(limit=1000)) == stored
        assert client.run_until_idle().delivered == 1


def test_a_backlog_that_is_full_pushes_back_as_well(store, policy, server):
    with wh.Client(store, policy=policy, max_backlog=3) as client:
        client.endpoints.create(server.url, events=["*"])
        for number in range(3):
            client.send("a", number)
        with pytest.raises(wh.StoreFullError):
            client.send("a", 3)
        assert client.run_until_idle().delivered == 3
