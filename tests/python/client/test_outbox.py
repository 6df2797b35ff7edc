"""D21: sent inside the caller's own transaction; rolled back means never sent."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading

import pytest

import webhookcore as wh
from support.waiting import wait_until

DIES = """
import os, signal, sqlite3, sys
import webhookcore as wh
from webhookcore.client import relay

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

relay._settle = die   # The rows are in the store, and still in the outbox.
with wh.Client(sys.argv[1]) as client:
    client.relay(lambda: sqlite3.connect(sys.argv[2])).relay_once()
"""


@pytest.fixture
def database(tmp_path):
    return str(tmp_path / "shop.db")


@pytest.fixture
def connect(database):
    return lambda: sqlite3.connect(database)


@pytest.fixture
def shop(connect, client):
    connection = connect()
    connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
    client.outbox(connection).create_table()
    connection.commit()
    yield connection
    connection.close()


def rows_in(connection):
    return connection.execute("SELECT count(*) FROM webhookcore_outbox").fetchone()[0]


def sent(client):
    return [message.id for message in client.messages.list()]


def test_what_is_committed_is_sent_and_what_is_rolled_back_never(client, shop, connect):
    relay = client.relay(connect)
    shop.execute("INSERT INTO orders VALUES (7)")
    client.outbox(shop).send("order.created", {"id": 7})
    shop.rollback()
    assert relay.relay_once() == wh.RelayCounts(0, 0)
    shop.execute("INSERT INTO orders VALUES (8)")
    written = client.outbox(shop).send("order.created", {"id": 8})
    assert relay.relay_once().moved == 0  # Not committed yet: nobody else sees it.
    shop.commit()
    assert relay.relay_once().moved == 1
    assert sent(client) == [written.id]
    assert b'"id":8' in client.messages.get(written.id).body
    assert rows_in(shop) == 0


def test_an_outbox_takes_the_arguments_of_send(client, shop, connect, endpoint):
    eu = client.endpoints.create(endpoint.url, events=["*"], tenant="acme", channels=["eu"])
    outbox = client.outbox(shop)
    written = outbox.send(
        "a", b"<x/>", tenant="acme", channels=["eu"], content_type="application/xml",
        idempotency_key="k",
    )  # fmt: skip
    shop.commit()
    client.relay(connect).relay_once()
    message = client.messages.get(written.id)
    assert (message.type, message.tenant, message.body) == ("a", "acme", b"<x/>")
    assert [delivery.endpoint_id for delivery in message.deliveries] == [eu.id]
    assert client.send("a", b"<x/>", tenant="acme", idempotency_key="k").duplicate
    with pytest.raises(wh.ConfigError):
        outbox.send("a", {}, channels="eu")
    with pytest.raises(TypeError):
        outbox.send("a", {}, no_argument=1)
    assert rows_in(shop) == 0


def test_messages_go_into_the_store_in_the_order_in_which_they_were_written(client, shop, connect):
    ids = [client.outbox(shop).send("a", {"n": n}).id for n in range(250)]
    shop.commit()
    assert client.relay(connect).relay_once().moved == 250
    assert [message.id for message in client.messages.poll(limit=1000).messages] == ids


@pytest.mark.crash
def test_a_relay_killed_between_store_and_outbox_loses_nothing_and_sends_nothing_twice(
    client, shop, connect, database, tmp_path
):
    written = {client.outbox(shop).send("a", {"n": n}).id for n in range(30)}
    shop.commit()
    url = f"sqlite:///{tmp_path}/webhooks.db"
    died = subprocess.run([sys.executable, "-c", DIES, url, database], timeout=60, check=False)
    assert died.returncode == -signal.SIGKILL
    assert set(sent(client)) == written
    assert rows_in(shop) == 30
    assert client.relay(connect).relay_once().moved == 30
    assert len(sent(client)) == 30
    assert rows_in(shop) == 0


def test_two_relays_at_once_send_nothing_twice(client, shop, connect):
    written = {client.outbox(shop).send("a", {"n": n}).id for n in range(300)}
    shop.commit()
    failures = []

    def work():
        relay = client.relay(lambda: sqlite3.connect(shop_path, timeout=30))
        try:
            relay.relay_once()
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    shop_path = shop.execute("PRAGMA database_list").fetchone()[2]
    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert set(sent(client)) == written
    assert len(sent(client)) == 300


def test_a_relay_in_the_background_moves_what_comes_until_it_is_stopped(client, shop, connect):
    with client.relay(connect, every=0.01):
        written = client.outbox(shop).send("a", {})
        shop.commit()
        wait_until(lambda: sent(client) == [written.id], "the message")
        wait_until(lambda: rows_in(shop) == 0, "an empty outbox")
    client.outbox(shop).send("a", {})
    shop.commit()
    assert rows_in(shop) == 1


def test_a_background_relay_outlives_a_database_that_is_away(client, shop, connect, caplog):
    away = threading.Event()
    away.set()

    def moody():
        if away.is_set():
            raise sqlite3.OperationalError("the database is away")
        return connect()

    written = client.outbox(shop).send("a", {})
    shop.commit()
    with client.relay(moody, every=0.01):
        wait_until(lambda: "could not be relayed" in caplog.text, "the log")
        away.clear()
        wait_until(lambda: sent(client) == [written.id], "the message")


def test_a_row_that_the_store_will_never_take_stays_with_its_reason(client, shop, connect):
    client.send("a", {"n": 1}, idempotency_key="k")
    client.outbox(shop).send("a", {"n": 2}, idempotency_key="k")
    after = client.outbox(shop).send("a", {"n": 3})
    shop.execute("INSERT INTO webhookcore_outbox VALUES ('msg_x', 1, 'a', 'junk', x'00', NULL)")
    shop.commit()
    assert client.relay(connect).relay_once() == wh.RelayCounts(moved=1, refused=2)
    assert after.id in sent(client)
    errors = [row[0] for row in shop.execute("SELECT error FROM webhookcore_outbox ORDER BY id")]
    assert any("IdempotencyConflictError" in error for error in errors)
    assert any("no outbox" in error for error in errors)
    assert client.relay(connect).relay_once() == wh.RelayCounts(0, 0)


def test_a_message_that_the_catalogue_knew_is_sent_whatever_becomes_of_the_catalogue(
    client, shop, connect
):
    client.event_types.create("a")
    client.event_types.create("b")
    with pytest.raises(wh.UnknownEventTypeError):
        client.outbox(shop).send("c", {})
    written = client.outbox(shop).send("a", {})
    shop.commit()
    client.event_types.delete("a")
    assert client.relay(connect).relay_once().moved == 1
    assert sent(client) == [written.id]


def test_the_stores_own_file_is_refused(client, tmp_path, shop):
    store = tmp_path / "webhooks.db"
    beside = sqlite3.connect(":memory:")
    beside.execute("ATTACH ? AS mine", (str(store),))
    with pytest.raises(wh.ConfigError, match="is the store itself") as refused:
        client.outbox(beside)
    assert refused.value.field == "connection"
    beside.close()


@pytest.mark.parametrize("connection", [None, "shop.db", object()])
def test_what_is_no_connection_is_refused(client, connection):
    with pytest.raises(wh.ConfigError) as refused:
        client.outbox(connection)
    assert refused.value.field == "connection"


@pytest.mark.parametrize("text_factory", [str, bytes, lambda raw: raw.decode().upper()])
@pytest.mark.parametrize(
    "row_factory",
    [
        sqlite3.Row,
        lambda cursor, row: {column[0]: row[at] for at, column in enumerate(cursor.description)},
    ],
)
def test_rows_are_read_whatever_a_connection_makes_of_them(
    client, shop, connect, row_factory, text_factory
):
    def dressed():
        connection = connect()
        connection.row_factory, connection.text_factory = row_factory, text_factory
        return connection

    mine = dressed()
    written = [client.outbox(mine).send("a", {"n": n}).id for n in range(3)]
    mine.commit()
    assert client.relay(dressed).relay_once() == wh.RelayCounts(3, 0)
    assert sorted(sent(client)) == sorted(written)
    assert (mine.row_factory, mine.text_factory) == (row_factory, text_factory)
    mine.close()


def test_the_stores_own_file_is_refused_whatever_rows_look_like(client, tmp_path):
    mine = sqlite3.connect(":memory:")
    mine.execute("ATTACH ? AS mine", (str(tmp_path / "webhooks.db"),))
    mine.row_factory = lambda cursor, row: {column[0]: 1 for column in cursor.description}
    mine.text_factory = bytes
    with pytest.raises(wh.ConfigError, match="is the store itself"):
        client.outbox(mine)
    mine.close()


def test_rows_that_cannot_be_deleted_end_a_pass_with_an_error(client, shop, connect):
    client.outbox(shop).send("a", {})
    shop.execute(
        "CREATE TRIGGER keep BEFORE DELETE ON webhookcore_outbox BEGIN SELECT RAISE(IGNORE); END"
    )
    shop.commit()
    with pytest.raises(wh.StoreError, match="stay there"):
        client.relay(connect).relay_once()
    assert len(sent(client)) == 1


BAD_ROWS = {
    "a list that is too short": "json_array('a', NULL)",
    "no list": "'{}'",
    "no text": "x'ff00'",
    "text that is no UTF-8": "CAST(x'ff' AS TEXT)",
    "nested for ever": "replace(hex(zeroblob(50000)), '00', '[')",
    "a type that is a number": "json_replace(options, '$[0]', 7)",
    "a tenant that is a list": "json_replace(options, '$[2]', json('[]'))",
    "a fingerprint that is none": "json_replace(options, '$[4]', 'zz')",
    "half a surrogate": "replace(options, 'application/json', '\\ud800')",
    "an unknown priority": "json_replace(options, '$[6]', 'urgent')",
    "a time that is a text": "json_replace(options, '$[7]', 'now')",
    "a time beyond 64 bits": "json_replace(options, '$[8]', json('99999999999999999999'))",
    "channels that are numbers": "json_replace(options, '$[9]', json('[1]'))",
    "another message's id": "json_replace(options, '$[11]', 'msg_other')",
}


@pytest.mark.parametrize("options", BAD_ROWS.values(), ids=BAD_ROWS)
def test_a_row_that_was_tampered_with_holds_up_no_other(client, shop, connect, options):
    outbox = client.outbox(shop)
    bad, good = outbox.send("a", {"n": 1}), outbox.send("a", {"n": 2})
    shop.execute(
        f"UPDATE webhookcore_outbox SET options = {options} WHERE id = ?",
        (bad.id,),
    )
    shop.commit()
    assert client.relay(connect).relay_once() == wh.RelayCounts(moved=1, refused=1)
    assert sent(client) == [good.id]
    kept = shop.execute("SELECT id, error FROM webhookcore_outbox").fetchall()
    assert kept == [(bad.id, kept[0][1])]
    assert "no outbox of ours wrote this" in kept[0][1]


@pytest.mark.parametrize(
    "change", ["id = NULL", "id = x'ff'", "id = CAST(x'ff' AS TEXT)", "body = 'text'", "body = 5"]
)
def test_an_id_or_a_body_that_is_none_holds_up_no_other(client, shop, connect, change):
    outbox = client.outbox(shop)
    bad, good = outbox.send("a", {"n": 1}), outbox.send("a", {"n": 2})
    shop.execute(f"UPDATE webhookcore_outbox SET {change} WHERE id = ?", (bad.id,))
    shop.commit()
    assert client.relay(connect).relay_once() == wh.RelayCounts(moved=1, refused=1)
    assert sent(client) == [good.id]
    assert rows_in(shop) == 1


def test_closing_a_client_stops_its_relays(client, shop, connect):
    relay = client.relay(connect, every=0.01)
    idle = client.relay(connect)
    relay.start()
    outbox = client.outbox(shop)
    client.close()
    assert "webhookcore-relay" not in {thread.name for thread in threading.enumerate()}
    for late in (
        relay.start,
        relay.relay_once,
        idle.start,
        lambda: client.relay(connect),
        lambda: client.outbox(shop),
        lambda: outbox.send("a", {}),
    ):
        with pytest.raises(wh.StoreUnavailableError):
            late()


def test_an_outbox_row_of_a_used_key_makes_no_message_of_its_own(client, shop, connect):
    first = client.send("a", {}, idempotency_key="k")
    written = client.outbox(shop).send("a", {}, idempotency_key="k")
    shop.commit()
    assert client.relay(connect).relay_once() == wh.RelayCounts(1, 0)
    assert sent(client) == [first.id]
    with pytest.raises(wh.NotFoundError):
        client.messages.get(written.id)


def test_a_relay_needs_a_function_that_connects(client, shop):
    with pytest.raises(wh.ConfigError) as refused:
        client.relay(shop)
    assert refused.value.field == "connect"


def test_sqlalchemy_connections_and_sessions_write_in_their_own_transaction(
    client, shop, connect, database
):
    sqlalchemy = pytest.importorskip("sqlalchemy")
    orm = pytest.importorskip("sqlalchemy.orm")
    engine = sqlalchemy.create_engine(f"sqlite:///{database}")
    relay = client.relay(connect)
    with engine.begin() as connection:
        by_connection = client.outbox(connection).send("a", {"n": 1})
    with orm.Session(engine) as session:
        client.outbox(session).send("a", {"n": 2})
        session.rollback()
        by_session = client.outbox(session).send("a", {"n": 3})
        session.commit()
    assert relay.relay_once().moved == 2
    assert set(sent(client)) == {by_connection.id, by_session.id}
    engine.dispose()


DJANGO = """
import sys, sqlite3
import django
from django.conf import settings
settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[2]}})
django.setup()
from django.db import connection, transaction
import webhookcore as wh
with wh.Client(sys.argv[1]) as client:
    with transaction.atomic():
        client.outbox(connection).create_table()
    try:
        with transaction.atomic():
            client.outbox(connection).send("rolled.back", {"percent": "100%s"})
            raise KeyError
    except KeyError:
        pass
    with transaction.atomic():
        client.outbox(connection).send("committed", {"percent": "100%s"})
    connection.close()
    print(client.relay(lambda: sqlite3.connect(sys.argv[2])).relay_once().moved)
    print([message.type for message in client.messages.list()])
"""


def test_django_writes_in_its_own_transaction(tmp_path):
    pytest.importorskip("django")
    done = subprocess.run(
        [sys.executable, "-c", DJANGO, f"sqlite:///{tmp_path}/w.db", str(tmp_path / "shop.db")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("1\n['committed']\n", "")
