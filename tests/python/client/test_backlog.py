"""Back-pressure: above so many waiting deliveries nothing is sent."""

from __future__ import annotations

import asyncio
import threading

import pytest

import webhookcore as wh
from webhookcore.client.backlog import Backlog

URL = "http://127.0.0.1:8999/hook"


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/webhooks.db"


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


class Counted:
    """What the store would find, and how often it was asked."""

    def __init__(self, found=0):
        self.found = found
        self.asked = 0

    def __call__(self, most):
        self.asked += 1
        return min(self.found, most)


def is_full(backlog):
    try:
        return any(True for _ in backlog.pauses())
    except wh.StoreFullError:
        return True


def test_from_the_limit_on_a_send_is_refused_and_stores_nothing(url, policy):
    with wh.Client(url, policy=policy, max_backlog=3) as client:
        client.endpoints.create(URL, events=["*"])
        for number in range(3):
            client.send("a.b", number)
        with pytest.raises(wh.StoreFullError, match="3 deliveries or more"):
            client.send("a.b", 3)
        with pytest.raises(wh.StoreFullError):
            client.send_many([{"type": "a.b", "data": 1}])
        assert len(client.messages.list()) == 3
        client.deliveries.cancel(client.deliveries.list()[0])
    with wh.Client(url, policy=policy, max_backlog=3) as client:
        client.send("a.b", 4)


def test_what_was_there_before_counts_and_a_disabled_endpoint_does_not(url, policy):
    with wh.Client(url, policy=policy) as client:
        endpoint = client.endpoints.create(URL, events=["*"])
        client.send_many([{"type": "a.b", "data": n} for n in range(5)])
    with (
        wh.Client(url, policy=policy, max_backlog=5) as client,
        pytest.raises(wh.StoreFullError),
    ):
        client.send("a.b", 1)
    with wh.Client(url, policy=policy, max_backlog=5) as client:
        client.endpoints.disable(endpoint)
        client.send("a.b", 1)


def test_a_sender_that_waits_goes_on_when_there_is_room(url, policy, receiver):
    with wh.Client(url, policy=policy, max_backlog=2, on_full="wait", full_timeout=60) as client:
        client.endpoints.create(receiver.url, events=["*"])
        client.send_many([{"type": "a.b", "data": n} for n in range(2)])
        sent = []
        thread = threading.Thread(target=lambda: sent.append(client.send("a.b", 2)))
        thread.start()
        assert not sent
        client.start()
        thread.join(30)
        assert len(sent) == 1


def test_a_task_that_waits_lets_others_run(url, policy, receiver):
    async def work():
        options = {"policy": policy, "max_backlog": 2, "on_full": "wait", "full_timeout": 60}
        async with wh.AsyncClient(url, **options) as client:
            await client.endpoints.create(receiver.url, events=["*"])
            await client.send_many([{"type": "a.b", "data": n} for n in range(2)])
            waiting = asyncio.create_task(client.send("a.b", 2))
            await client.run_until_idle()
            assert (await waiting).id.startswith("msg_")

    asyncio.run(work())


def test_a_full_backlog_is_an_error_for_a_task_as_well(url, policy):
    async def work():
        async with wh.AsyncClient(url, policy=policy, max_backlog=1) as client:
            await client.endpoints.create(URL, events=["*"])
            await client.send("a.b", 1)
            with pytest.raises(wh.StoreFullError):
                await client.send("a.b", 2)

    asyncio.run(work())


def test_it_counts_a_few_times_a_second_and_not_at_every_send():
    clock, store = Clock(), Counted()
    backlog = Backlog(store, 1000, 0.0, clock)
    for _ in range(500):
        assert not is_full(backlog)
        backlog.add(1)
    assert store.asked == 1
    clock.now += 0.11
    assert not is_full(backlog)
    assert store.asked == 2


def test_its_own_sends_are_seen_at_once_and_a_full_store_is_asked_sooner():
    clock, store = Clock(), Counted()
    backlog = Backlog(store, 10, 0.0, clock)
    assert not is_full(backlog)
    backlog.add(10)
    store.found = 10
    assert is_full(backlog)
    asked = store.asked
    assert is_full(backlog)
    assert store.asked == asked  # The same moment.
    store.found = 3
    clock.now += 0.03
    assert not is_full(backlog)


def test_the_wait_ends_with_the_error():
    clock, store = Clock(), Counted(5)
    backlog = Backlog(store, 5, 0.05, clock)
    slept = []

    def wait():
        for pause in backlog.pauses():
            clock.now += pause
            slept.append(pause)

    with pytest.raises(wh.StoreFullError):
        wait()
    assert sum(slept) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("max_backlog", 0),
        ("max_backlog", -1),
        ("max_backlog", 1.5),
        ("max_backlog", True),
        ("on_full", "drop"),
        ("full_timeout", -1),
        ("full_timeout", float("nan")),
    ],
)
def test_an_option_that_cannot_be_is_named(option, value):
    with pytest.raises(wh.ConfigError, match=option):
        wh.Client("memory://", **{option: value})
