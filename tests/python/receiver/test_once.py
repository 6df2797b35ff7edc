"""`event.once()`: an effect in the user's own database happens exactly once."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading

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
