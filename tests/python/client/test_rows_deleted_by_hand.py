"""A store in which somebody deleted rows with another program."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

import webhookcore as wh


@pytest.mark.timeout(30)
@pytest.mark.parametrize("table", ["endpoints", "messages"])
def test_a_delivery_whose_other_half_is_gone_is_cancelled(tmp_path, policy, receiver, table):
    path = tmp_path / "webhooks.db"
    with wh.Client(f"sqlite:///{path}", policy=policy) as client:
        client.endpoints.create(receiver.url, events=["*"])
        [delivery] = client.send("a", {}).deliveries
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"DELETE FROM {table}")

    with wh.Client(f"sqlite:///{path}", policy=policy) as client:
        client.run_until_idle()
        assert client.deliveries.get(delivery.id).state == "cancelled"
        assert client.deliveries.count()["cancelled"] == 1
    assert receiver.requests == []


def test_a_store_with_two_names_is_refused(tmp_path):
    path = tmp_path / "webhooks.db"
    wh.Client(f"sqlite:///{path}").close()
    (tmp_path / "other.db").hardlink_to(path)
    for name in ("webhooks.db", "other.db"):
        with pytest.raises(wh.StoreUnavailableError, match="hard link"):
            wh.Client(f"sqlite:///{tmp_path}/{name}")
    (tmp_path / "other.db").unlink()
    wh.Client(f"sqlite:///{path}").close()
