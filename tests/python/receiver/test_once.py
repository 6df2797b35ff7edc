"""`event.once()`: an effect in the user's own database happens exactly once."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading

import psycopg
import pytest
import sqlalchemy
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

import webhookcore as wh
from support.postgres import Postgres
from support.receiving import SECRET, Clock, request, stripe


@pytest.fixture
def shop(tmp_path):
    """The path of the user's database, with the table and one for effects."""
    path = str(tmp_path / "shop.db")
    with sqlite3.connect(path) as connection:
        connection.execute(wh.once_table_sql())
        connection.execute("CREATE TABLE effects (event TEXT)")
    connection.close()
    return path


@pytest.fixture(scope="session")
def postgres():
    with Postgres() as server:
        yield server


def event(id: str = "evt_1") -> wh.Event:
    signed = stripe(id)
    return wh.verify(
        "stripe", body=signed.body, headers=signed.headers, secrets=[SECRET], now=Clock().now
    )


def effects(path: str) -> int:
    connection = sqlite3.connect(path)
    try:
        return connection.execute("SELECT count(*) FROM effects").fetchone()[0]
    finally:
        connection.close()


class TestSqlite3:
    def test_it_is_true_once_and_false_ever_after(self, shop):
        connection = sqlite3.connect(shop)
        assert event().once(connection) is True
        assert event().once(connection) is False
        assert event("evt_2").once(connection) is True
        connection.commit()
        connection.close()
        assert event().once(sqlite3.connect(shop)) is False

    def test_what_is_rolled_back_was_never_marked(self, shop):
        connection = sqlite3.connect(shop)
        assert event().once(connection)
        connection.rollback()
        assert event().once(connection)

    def test_it_commits_nothing(self, shop):
        connection = sqlite3.connect(shop)
        assert event().once(connection)
        assert connection.in_transaction
        connection.close()
        assert event().once(sqlite3.connect(shop)) is True

    def test_factories_of_the_connection_do_not_matter(self, shop):
        connection = sqlite3.connect(shop)
        connection.row_factory = sqlite3.Row
        connection.text_factory = bytes
        assert event().once(connection)
        assert connection.text_factory is bytes

    def test_without_the_table_it_says_what_to_do(self, tmp_path):
        connection = sqlite3.connect(tmp_path / "empty.db")
        with pytest.raises(wh.ConfigError, match="once_table_sql"):
            event().once(connection)

    def test_an_error_of_the_database_is_its_own(self, shop):
        connection = sqlite3.connect(f"file:{shop}?mode=ro", uri=True)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            event().once(connection)

    def test_the_stores_own_file_is_refused(self, receiver, url):
        connection = sqlite3.connect(":memory:")
        connection.execute("ATTACH ? AS hidden", (url.removeprefix("sqlite:///"),))
        with pytest.raises(wh.ConfigError, match="the store itself"):
            event().once(connection)


class TestAutocommit:
    """The row would stay where the effect fails, and the retry would find it."""

    def test_sqlite3_needs_a_transaction_that_was_begun(self, shop):
        connection = sqlite3.connect(shop, isolation_level=None)
        with pytest.raises(wh.ConfigError, match="begin a transaction") as caught:
            event().once(connection)
        assert caught.value.field == "connection"
        connection.execute("BEGIN")
        assert event().once(connection)
        connection.execute("ROLLBACK")
        connection.execute("BEGIN")
        assert event().once(connection)

    @pytest.mark.skipif(sys.version_info < (3, 12), reason="came with Python 3.12")
    def test_the_newer_way_to_say_it(self, shop):
        connection = sqlite3.connect(shop, autocommit=True)
        with pytest.raises(wh.ConfigError, match="begin a transaction"):
            event().once(connection)

    def test_a_handler_that_has_none_fails_and_has_no_effect(self, url, shop, clock):
        with wh.Receiver(url, clock=clock, max_retries=1) as receiver:
            receiver.add_source("stripe", secrets=[SECRET])

            @receiver.on("stripe")
            def paid(event):
                connection = sqlite3.connect(shop, isolation_level=None)
                if event.once(connection):
                    connection.execute("INSERT INTO effects VALUES (?)", (event.id,))

            receiver.handle(stripe(), source="stripe")
            assert receiver.run_until_idle().retried == 1
            assert "begin a transaction" in receiver.inbox.get("inb_1").last_error
        assert effects(shop) == 0

    def test_sqlalchemys_isolation_level(self, shop):
        engine = sqlalchemy.create_engine(f"sqlite:///{shop}", isolation_level="AUTOCOMMIT")
        with (
            engine.connect() as connection,
            pytest.raises(wh.ConfigError, match="begin a transaction"),
        ):
            event().once(connection)
        with Session(engine) as session, pytest.raises(wh.ConfigError, match="begin a transaction"):
            event().once(session)

    def test_sqlalchemys_own_transactions_on_sqlite(self, shop):
        """Its recipe for SAVEPOINTs: the driver begins nothing, an event handler does."""
        engine = sqlalchemy.create_engine(f"sqlite:///{shop}")

        @sqlalchemy.event.listens_for(engine, "connect")
        def leave_it_to_us(connection, record):
            connection.isolation_level = None

        @sqlalchemy.event.listens_for(engine, "begin")
        def begin(connection):
            connection.exec_driver_sql("BEGIN")

        with engine.begin() as connection:
            assert event().once(connection)
        with engine.begin() as connection:
            assert not event().once(connection)

    def test_sqlalchemys_asynchronous_connection(self, shop):
        async def run():
            engine = create_async_engine(
                f"sqlite+aiosqlite:///{shop}", isolation_level="AUTOCOMMIT"
            )
            async with engine.connect() as connection:
                with pytest.raises(wh.ConfigError, match="begin a transaction"):
                    await event().once_async(connection)
            await engine.dispose()

        asyncio.run(run())


class TestPruning:
    def old(self, connection, count=3):
        for number in range(count):
            connection.execute(
                "INSERT INTO webhookcore_once VALUES ('stripe', ?, ?)", (f"old_{number}", number)
            )

    @pytest.mark.parametrize("with_index", [False, True])
    def test_rows_that_are_older_go_a_few_at_a_time(self, shop, with_index):
        connection = sqlite3.connect(shop)
        if with_index:
            connection.execute(wh.once_index_sql())
            connection.execute(wh.once_index_sql())
        self.old(connection)
        assert event().once(connection)
        assert wh.prune_once(connection, older_than=86400, limit=2) == 2
        assert wh.prune_once(connection, older_than=86400, limit=2) == 1
        assert wh.prune_once(connection, older_than=86400, limit=2) == 0
        assert not event().once(connection)

    def test_it_commits_nothing(self, shop):
        connection = sqlite3.connect(shop)
        self.old(connection)
        connection.commit()
        assert wh.prune_once(connection, older_than=7 * 86400) == 3
        connection.rollback()
        assert wh.prune_once(connection, older_than=7 * 86400) == 3

    def test_the_index_is_what_it_is_found_by(self, shop):
        connection = sqlite3.connect(shop)
        connection.execute(wh.once_index_sql())
        ((*_, plan),) = connection.execute(
            "EXPLAIN QUERY PLAN SELECT source FROM webhookcore_once WHERE handled_at < 7 LIMIT 7"
        )
        assert "webhookcore_once_by_time" in plan

    def test_by_sqlalchemy_and_its_asynchronous_connection(self, shop):
        async def run():
            engine = create_async_engine(f"sqlite+aiosqlite:///{shop}")
            async with engine.begin() as connection:
                pruned = await connection.run_sync(wh.prune_once, older_than=86400, limit=1)
            await engine.dispose()
            return pruned

        with sqlite3.connect(shop) as connection:
            self.old(connection)
        engine = sqlalchemy.create_engine(f"sqlite:///{shop}")
        with engine.begin() as connection:
            assert wh.prune_once(connection, older_than=86400, limit=1) == 1
        with Session(engine) as session, session.begin():
            assert wh.prune_once(session, older_than=86400, limit=1) == 1
        assert asyncio.run(run()) == 1

    @pytest.mark.parametrize(
        ("field", "options"),
        [
            ("older_than", {"older_than": 86399}),
            ("older_than", {"older_than": float("nan")}),
            ("older_than", {"older_than": "7d"}),
            ("limit", {"older_than": 86400, "limit": 0}),
            ("connection", {"connection": None, "older_than": 86400}),
        ],
        ids=str,
    )
    def test_what_cannot_be_is_refused(self, shop, field, options):
        given = {"connection": sqlite3.connect(shop), **options}
        with pytest.raises(wh.ConfigError) as caught:
            wh.prune_once(given.pop("connection"), **given)
        assert caught.value.field == field

    def test_without_the_table_it_says_what_to_do(self, tmp_path):
        with pytest.raises(wh.ConfigError, match="once_table_sql"):
            wh.prune_once(sqlite3.connect(tmp_path / "empty.db"), older_than=86400)


class TestWhatMarksSameness:
    def test_it_is_the_receivers_key_in_a_worker_and_inline(self, url, shop):
        kept = []
        for mode in ("background", "inline"):
            with wh.Receiver(url, clock=Clock()) as receiver:
                receiver.add_source(
                    "shopify",
                    secrets=[SECRET],
                    mode=mode,
                    event_key=lambda event: "my-" + event.headers["X-Shopify-Event-Id"],
                )

                @receiver.on("shopify")
                def handler(event):
                    with sqlite3.connect(shop) as connection:
                        kept.append(event.once(connection))
                    connection.close()

                body = b'{"id": 7}'
                headers = {"X-Shopify-Topic": "orders/paid", "X-Shopify-Event-Id": mode}
                signed = request("shopify", body, headers=headers)
                assert receiver.handle(signed, source="shopify").status in (200, 202)
                receiver.run_until_idle()
        connection = sqlite3.connect(shop)
        rows = connection.execute("SELECT source, event_key FROM webhookcore_once ORDER BY 2")
        assert rows.fetchall() == [("shopify", "my-background"), ("shopify", "my-inline")]
        assert kept == [True, True]

    def test_of_shopify_two_topics_of_one_id_are_two_events(self, url, shop):
        kept = []
        with wh.Receiver(url, clock=Clock()) as receiver:
            receiver.add_source("shopify", secrets=[SECRET])

            @receiver.on("shopify")
            def handler(event):
                with sqlite3.connect(shop) as connection:
                    kept.append(event.once(connection))
                connection.close()

            for topic in ("orders/paid", "orders/updated"):
                headers = {"X-Shopify-Topic": topic, "X-Shopify-Event-Id": "same"}
                signed = request("shopify", b"{}", headers=headers)
                assert receiver.handle(signed, source="shopify").status == 202
            receiver.run_until_idle()
        assert kept == [True, True]

    def test_sources_do_not_mix(self, url, shop):
        kept = []
        with wh.Receiver(url, clock=Clock()) as receiver:
            for source in ("stripe", "eu"):
                receiver.add_source(source, "stripe", secrets=[SECRET])

                @receiver.on(source)
                def handler(event):
                    with sqlite3.connect(shop) as connection:
                        kept.append(event.once(connection))
                    connection.close()

                receiver.handle(stripe(), source=source)
            receiver.run_until_idle()
        assert kept == [True, True]

    def test_a_key_can_be_given(self, shop):
        connection = sqlite3.connect(shop)
        assert event("evt_1").once(connection, key="order-7")
        assert not event("evt_2").once(connection, key="order-7")

    @pytest.mark.parametrize("id", ["e" * 513, "a\0b"], ids=["long", "NUL"])
    def test_an_id_that_no_column_takes_marks_all_the_same(self, shop, id):
        """It was accepted; its handler must not fail for ever."""
        connection = sqlite3.connect(shop)
        assert event(id).once(connection)
        assert not event(id).once(connection)
        assert event(id + "x").once(connection)
        ((row,), _) = connection.execute("SELECT event_key FROM webhookcore_once ORDER BY rowid")
        assert row.startswith("sha256:")

    def test_an_event_without_an_id_needs_one(self, shop):
        body = b"{}"
        headers = wh.sign("generic-body", body=body, secret=SECRET)
        untold = wh.verify("generic-body", body=body, headers=headers, secrets=[SECRET])
        if untold.id is None:
            with pytest.raises(wh.ConfigError) as caught:
                untold.once(sqlite3.connect(shop))
            assert caught.value.field == "key"

    @pytest.mark.parametrize("key", ["", "a\0b", "a\ud800", "x" * 513, 7, b"k"], ids=repr)
    def test_a_key_that_no_database_takes_is_refused(self, shop, key):
        with pytest.raises(wh.ConfigError) as caught:
            event().once(sqlite3.connect(shop), key=key)
        assert caught.value.field == "key"


@pytest.mark.parametrize(
    "connection", [None, 7, "shop.db", object()], ids=["none", "int", "str", "object"]
)
def test_what_is_no_connection_is_refused(connection):
    with pytest.raises(wh.ConfigError) as caught:
        event().once(connection)
    assert caught.value.field == "connection"


class TestSqlAlchemy:
    def test_a_connection(self, shop):
        engine = sqlalchemy.create_engine(f"sqlite:///{shop}")
        with engine.begin() as connection:
            assert event().once(connection)
        with engine.connect() as connection:
            assert not event().once(connection)
            assert event("evt_2").once(connection)  # Rolled back.
        with engine.begin() as connection:
            assert event("evt_2").once(connection)

    def test_a_session(self, shop):
        engine = sqlalchemy.create_engine(f"sqlite:///{shop}")
        with Session(engine) as session, session.begin():
            assert event().once(session)
        with Session(engine) as session:
            assert not event().once(session)

    def test_async_ones(self, shop):
        async def run():
            engine = create_async_engine(f"sqlite+aiosqlite:///{shop}")
            async with engine.begin() as connection:
                first = await event().once_async(connection)
            async with AsyncSession(engine) as session:
                second = await event().once_async(session)
                third = await event("evt_2").once_async(session)
                await session.rollback()
            async with AsyncSession(engine) as session:
                fourth = await event("evt_2").once_async(session)
            await engine.dispose()
            return first, second, third, fourth

        assert asyncio.run(run()) == (True, False, True, True)

    def test_an_async_one_is_refused_by_once_and_a_sync_one_by_once_async(self, shop):
        async def run():
            engine = create_async_engine(f"sqlite+aiosqlite:///{shop}")
            async with engine.connect() as connection:
                with pytest.raises(wh.ConfigError, match="run_sync"):
                    event().once(connection)
            await engine.dispose()

        asyncio.run(run())
        with pytest.raises(wh.ConfigError, match=r"once\(\)"):
            asyncio.run(event().once_async(sqlite3.connect(shop)))


DJANGO = """
import sys
import django
from django.conf import settings
settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1]}})
django.setup()
from django.db import connection, transaction
import webhookcore as wh
from support.receiving import SECRET, Clock, stripe
signed = stripe()
event = wh.verify("stripe", body=signed.body, headers=signed.headers, secrets=[SECRET], now=Clock().now)
try:
    with transaction.atomic():
        assert event.once(connection)
        raise OSError
except OSError:
    pass
with transaction.atomic():
    assert event.once(connection)
with transaction.atomic():
    assert not event.once(connection)
    assert wh.prune_once(connection, older_than=86400) == 0
try:
    event.once(connection)
except wh.ConfigError as error:
    assert "begin a transaction" in str(error)
else:
    raise AssertionError("autocommit is not refused")
"""

KILLED = """
import os, signal, sqlite3, sys
import webhookcore as wh
from support.receiving import SECRET, Clock
with wh.Receiver(sys.argv[1], clock=Clock()) as receiver:
    @receiver.on("stripe")
    def paid(event):
        with sqlite3.connect(sys.argv[2]) as shop:
            if event.once(shop):
                shop.execute("INSERT INTO effects VALUES (?)", (event.id,))
            if sys.argv[3] == "before":
                os.kill(os.getpid(), signal.SIGKILL)
        if sys.argv[3] == "after":
            os.kill(os.getpid(), signal.SIGKILL)
    receiver.run_until_idle()
"""


def run(code: str, *arguments: str) -> int:
    path = os.pathsep.join(filter(None, sys.path))
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": path},
        timeout=60,
        check=False,
    ).returncode


def test_djangos_connection(shop):
    assert run(DJANGO, shop) == 0


@pytest.mark.crash
def test_a_kill_before_or_after_the_commit_leaves_the_effect_exactly_once(url, shop, clock):
    with wh.Receiver(url, clock=clock) as receiver:
        receiver.add_source("stripe", secrets=[SECRET])
        receiver.handle(stripe(), source="stripe")
        assert run(KILLED, url, shop, "before") == -signal.SIGKILL
        assert effects(shop) == 0
        assert run(KILLED, url, shop, "after") == -signal.SIGKILL
        assert effects(shop) == 1
        assert receiver.inbox.list()[0].state == "running"
        assert run(KILLED, url, shop, "never") == 0
        assert effects(shop) == 1
        assert receiver.inbox.list()[0].state == "done"


class TestPostgres:
    def test_it_is_true_once_also_when_two_transactions_race(self, postgres):
        with postgres.connect() as one, postgres.connect() as other:
            one.execute(wh.once_table_sql())
            one.execute("DELETE FROM webhookcore_once")
            one.commit()
            assert event().once(one)
            seen = []
            thread = threading.Thread(target=lambda: seen.append(event().once(other)))
            thread.start()  # Waits for the row's lock until the first transaction ends.
            one.commit()
            thread.join(20)
            assert seen == [False]
            other.rollback()
            assert event("evt_2").once(one)
            one.rollback()
            assert event("evt_2").once(other)
            other.rollback()

    def test_an_autocommitting_connection_needs_a_transaction(self, postgres):
        async def run_async():
            connection = await postgres.connect_async()
            await connection.set_autocommit(True)
            async with connection:
                with pytest.raises(wh.ConfigError, match="begin a transaction"):
                    await event("evt_5").once_async(connection)
                async with connection.transaction():
                    return await event("evt_5").once_async(connection)

        with postgres.connect() as connection:
            connection.autocommit = True
            connection.execute(wh.once_table_sql())
            with pytest.raises(wh.ConfigError, match="begin a transaction"):
                event("evt_5").once(connection)
            with connection.transaction():
                assert event("evt_5").once(connection)
        assert asyncio.run(run_async()) is False
        engine = sqlalchemy.create_engine(postgres.sqlalchemy_url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection, pytest.raises(wh.ConfigError):
            event("evt_6").once(connection)
        engine.dispose()

    @pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
    def test_at_stricter_levels_a_race_is_an_error_of_the_database(self, postgres, level):
        """Whose handler is tried again, and then finds the row."""
        with postgres.connect() as one, postgres.connect() as other:
            one.execute(wh.once_table_sql())
            one.commit()
            for connection in (one, other):
                connection.execute(f"SET TRANSACTION ISOLATION LEVEL {level}")
                connection.execute("SELECT count(*) FROM webhookcore_once")
            assert event(level).once(one)
            one.commit()
            with pytest.raises(psycopg.errors.SerializationFailure):
                event(level).once(other)
            other.rollback()
            assert not event(level).once(other)
            other.rollback()

    def test_old_rows_are_pruned_by_an_index(self, postgres):
        with postgres.connect() as connection:
            connection.execute(wh.once_table_sql())
            connection.execute("DELETE FROM webhookcore_once")
            connection.execute(wh.once_index_sql())
            connection.execute(
                "INSERT INTO webhookcore_once SELECT 'stripe', i::text, i"
                " FROM generate_series(1, 2500) AS i"
            )
            assert event().once(connection)
            pruned = [wh.prune_once(connection, older_than=86400, limit=1000) for _ in range(3)]
            assert pruned == [1000, 1000, 500]
            assert not event().once(connection)
            connection.commit()

    def test_a_missing_table_is_told(self, postgres):
        with postgres.connect() as connection:
            connection.execute("DROP TABLE IF EXISTS webhookcore_once")
            with pytest.raises(wh.ConfigError, match="once_table_sql"):
                event().once(connection)
            connection.rollback()

    def test_by_sqlalchemy_and_async(self, postgres):
        async def run_async():
            connection = await postgres.connect_async()
            async with connection:
                return await event("evt_3").once_async(connection)

        engine = sqlalchemy.create_engine(postgres.sqlalchemy_url)
        with engine.begin() as connection:
            connection.exec_driver_sql(wh.once_table_sql())
            assert event("evt_3").once(connection)
            assert not event("evt_3").once(connection)
        with Session(engine) as session:
            assert not event("evt_3").once(session)
        engine.dispose()
        assert asyncio.run(run_async()) is False
