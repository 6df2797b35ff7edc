"""D20: what has come to its end is deleted in time, the file stays small, a quota holds."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import webhookcore as wh
from support.waiting import wait_until

DAY_MS = 24 * 3600 * 1000
DATA = {"padding": "x" * 2000}


def path_of(client) -> Path:
    return Path(client._store.info()["path"])


def age(path: Path, days: int) -> None:
    """Makes all rows of a store older; only while nobody has it open."""
    times = {
        "messages": ["created_at"],
        "deliveries": ["created_at", "updated_at", "next_attempt_at"],
        "attempts": ["started_at"],
        "send_keys": ["expires_at"],
        "operational_events": ["created_at", "last_at"],
    }
    with closing(sqlite3.connect(path)) as connection, connection:
        for table, columns in times.items():
            changes = ", ".join(f"{column} = {column} - ?" for column in columns)
            connection.execute(f"UPDATE {table} SET {changes}", [days * DAY_MS] * len(columns))


@pytest.fixture
def store(tmp_path):
    """Opens the same store again and again."""
    path = tmp_path / "webhooks.db"
    return path, f"sqlite:///{path}"


def send_and_end(client, count, **options):
    """Messages whose deliveries are dead: a scheme of their endpoint cannot sign JSON."""
    sent = client.send_many([{"type": "a", "data": DATA, **options} for _ in range(count)])
    client.run_until_idle()
    return sent


def with_dead_ends(client):
    client.endpoints.create("https://example.com/hook", events=["*"], schemes=["twilio"])


def test_what_ended_thirty_days_ago_is_pruned_and_what_waits_is_not(store):
    path, url = store
    with wh.Client(url) as client:
        with_dead_ends(client)
        waiting = client.endpoints.create("https://example.com/2", events=["b"])
        client.endpoints.disable(waiting)
        client.endpoints.enable(waiting)
        ended = send_and_end(client, 3)
        kept = client.send("b", DATA, idempotency_key="kept")
        client.endpoints.disable(waiting)
    age(path, 31)
    with wh.Client(url) as client:
        young = send_and_end(client, 1)
        pruned = client.prune()
        assert (pruned.messages, pruned.deliveries, pruned.attempts) == (3, 3, 3)
        assert pruned.keys == 1
        for message in ended:
            with pytest.raises(wh.NotFoundError):
                client.messages.get(message.id)
        assert {message.id for message in client.messages.list()} == {kept.id, young[0].id}
        assert client.prune() == wh.Pruned()


def test_attempts_can_go_before_their_message(store):
    path, url = store
    with wh.Client(url) as client:
        with_dead_ends(client)
        [message] = send_and_end(client, 1)
    age(path, 20)
    with wh.Client(url, retention=wh.Retention(payloads_days=30, attempts_days=10)) as client:
        assert client.prune() == wh.Pruned(attempts=1)
        [delivery] = client.messages.get(message.id).deliveries
        assert delivery.attempts == 1
        assert client.deliveries.attempts(delivery) == []


def test_without_retention_only_expired_keys_go(store):
    path, url = store
    with wh.Client(url) as client:
        client.send("a", DATA, idempotency_key="k")
        client.send("a", DATA)
    age(path, 1000)
    with wh.Client(url, retention=None) as client:
        assert client.prune() == wh.Pruned(keys=1)
        assert len(client.messages.list()) == 2


def told(client) -> int:
    return len(client.operations.list())


@pytest.mark.parametrize("by_hand", [True, False], ids=["by hand", "while delivering"])
def test_operational_events_and_messages_of_alerts_go_too(store, by_hand):
    path, url = store
    with wh.Client(url, alerts="https://example.com/alerts") as client:
        with_dead_ends(client)
        send_and_end(client, 2)
        assert told(client) == 1
        (alert,) = client.messages.list(tenant=wh.ALERTS_TENANT)
        for delivery in alert.deliveries:
            client.deliveries.cancel(delivery)
    age(path, 31)
    with wh.Client(url) as client:
        newest = client.send("a", DATA, tenant="without endpoints")  # The newest one stays.
        if by_hand:
            pruned = client.prune()
            assert (pruned.messages, pruned.operational_events) == (3, 1)
        else:
            client.start()
        wait_until(lambda: told(client) == 0, "operational events are pruned")
        wait_until(lambda: not client.messages.list(tenant=wh.ALERTS_TENANT), "alerts are pruned")
        assert [message.id for message in client.messages.list()] == [newest.id]


def test_an_operational_event_of_last_month_that_went_on_since_stays(store):
    path, url = store
    with wh.Client(url) as client:
        with_dead_ends(client)
        send_and_end(client, 1)
    age(path, 29)
    with wh.Client(url) as client:
        assert client.prune().operational_events == 0
        assert told(client) == 1


def test_a_delivering_client_prunes_by_itself_and_gives_space_back(store):
    path, url = store
    with wh.Client(url) as client:
        send_and_end(client, 4000)
    age(path, 31)
    full = path.stat().st_size
    assert full > 8_000_000
    with wh.Client(url) as client:
        client.start()
        wait_until(lambda: len(client.messages.list(limit=2)) == 1, "pruned")
        wait_until(lambda: client.space().file_bytes < full / 1.5, "given back")
        # The file itself shrinks at the next checkpoint, a second after the last write.
        wait_until(lambda: path.stat().st_size < full / 1.5, "shrunk")


def test_a_store_that_is_pruned_does_not_grow(store):
    path, url = store
    sizes = []
    for _ in range(5):
        with wh.Client(url) as client:
            if not sizes:
                with_dead_ends(client)
            send_and_end(client, 200)
            sizes.append(client.space().file_bytes)
        age(path, 31)
        with wh.Client(url) as client:
            client.prune()
    assert max(sizes[1:]) < sizes[0] * 1.1
    assert path.stat().st_size < sizes[0] / 3


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"payloads_days": 6}, "retention.payloads_days"),
        ({"payloads_days": 91}, "retention.payloads_days"),
        ({"attempts_days": "30"}, "retention.attempts_days"),
        ({"payloads_days": 20, "attempts_days": 30}, "retention.attempts_days"),
        ({"inbox_days": True}, "retention.inbox_days"),
        ({"inbox_days": float("nan")}, "retention.inbox_days"),
    ],
)
def test_a_wrong_retention_is_named(options, field):
    with pytest.raises(wh.ConfigError) as refused:
        wh.Retention(**options)
    assert refused.value.field == field


# ---- Quota ---------------------------------------------------------------------------


def fill(client) -> int:
    """How many messages it took."""
    batch = [{"type": "a", "data": {"padding": "x" * 60_000}}] * 20
    taken: list[wh.Message] = []

    def send_on() -> None:
        for _ in range(100):
            taken.extend(client.send_many(batch))

    with pytest.raises(wh.StoreFullError, match="quota"):
        send_on()
    return len(taken)


def test_above_its_quota_send_is_refused_deliveries_go_on_and_pruning_makes_room(
    store, policy, receiver
):
    path, url = store
    with wh.Client(url, policy=policy, quota="16 MiB") as client:
        client.endpoints.create(receiver.url, events=["delivered"])
        client.send("delivered", {})
        taken = fill(client)
        assert taken > 100
        space = client.space()
        assert 16 * 2**20 <= space.used_bytes < 20 * 2**20
        with pytest.raises(wh.StoreFullError):
            client.send("a", {})
        assert client.run_until_idle().delivered == 1
        (told_of,) = client.operations.list()
        assert (told_of.type, told_of.endpoint_id) == ("store.quota", None)
        assert told_of.details["used_bytes"] >= told_of.details["quota_bytes"] == 16 * 2**20
    age(path, 31)
    with wh.Client(url, policy=policy, quota="16 MiB") as client:
        fill(client)  # The log, which is counted too, was folded into the file meanwhile.
        assert client.prune().messages == taken + 1
        client.send("a", {})
        # Another object on the same store, without a quota, was never held back.
        with wh.Client(url) as free:
            free.send("a", {})


def test_a_quota_can_be_raised_by_opening_again(store):
    _, url = store
    with wh.Client(url, quota=16 * 2**20) as client:
        fill(client)
    with wh.Client(url, quota="1 GiB") as client:
        client.send("a", {})


@pytest.mark.parametrize("quota", ["", "2", "2GB ", "15 MiB", 0, -1, True, 2.5, "1 PiB", 2**63])
def test_a_wrong_quota_is_named(store, quota):
    with pytest.raises(wh.ConfigError) as refused:
        wh.Client(store[1], quota=quota)
    assert refused.value.field == "quota"
    assert not store[0].exists()


@pytest.mark.parametrize("quota", ["2 GiB", "2GiB", "1.5 GB", "500 MB", 2**30])
def test_forms_of_a_quota(store, quota):
    with wh.Client(store[1], quota=quota) as client:
        client.send("a", {})
