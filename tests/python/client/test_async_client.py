"""AsyncClient: the client's own methods, awaited, over one writer for every loop."""

from __future__ import annotations

import asyncio
import inspect
import threading

import pytest

import webhookcore as wh
from support.waiting import wait_until
from webhookcore.door import Door

URL = "http://127.0.0.1:8999/hook"
PARTS = ("endpoints", "messages", "deliveries", "dead_letters")
WITHOUT_WAITING = {"list", "jobs", "outbox", "outbox_schema", "relay"}


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/webhooks.db"


def public(thing):
    return {name for name in dir(thing) if not name.startswith("_")}


def arguments(function):
    # mypy compares the types of what is returned.
    return list(inspect.signature(function).parameters.values())


class TestTheSameFace:
    def test_both_clients_have_the_same_names(self, tmp_path):
        with wh.Client("memory://") as blocking:
            awaited = wh.AsyncClient("memory://")
            assert public(blocking) == public(awaited)
            parts = {name for name in public(blocking) if not callable(getattr(blocking, name))}
            for name in parts - {"policy"}:
                assert public(getattr(blocking, name)) == public(getattr(awaited, name)), name

    def test_each_method_takes_the_same_arguments_and_is_documented(self):
        with wh.Client("memory://") as blocking:
            awaited = wh.AsyncClient("memory://")
            pairs = [(wh.Client, wh.AsyncClient)]
            pairs += [
                (type(getattr(blocking, name)), type(getattr(awaited, name)))
                for name in public(blocking)
                if not callable(getattr(blocking, name)) and name != "policy"
            ]
            assert len(pairs) > len(PARTS)
            for ours, theirs in pairs:
                for name in public(ours) - {"policy"}:
                    one, other = getattr(ours, name), getattr(theirs, name, None)
                    if not inspect.isfunction(one):
                        continue
                    assert arguments(one) == arguments(other), f"{ours.__name__}.{name}"
                    assert one.__doc__ == other.__doc__, f"{ours.__name__}.{name}"
        assert arguments(wh.Client) == arguments(wh.AsyncClient)

    def test_each_method_is_awaited_or_a_listing(self):
        awaited = wh.AsyncClient("memory://")
        for part in (awaited, *(getattr(awaited, name) for name in PARTS)):
            for name in public(part):
                method = getattr(part, name)
                if callable(method) and name not in WITHOUT_WAITING:
                    assert inspect.iscoroutinefunction(method), f"{part}.{name}"


class TestSending:
    def test_what_was_awaited_is_durable_and_delivered(self, url, policy, receiver):
        async def work():
            async with wh.AsyncClient(url, policy=policy) as client:
                await client.endpoints.create(receiver.url, events=["order.*"], tenant="acme")
                message = await client.send("order.created", {"id": 7}, tenant="acme")
                with wh.Client(url) as other:
                    assert other.messages.get(message.id).type == "order.created"
                counts = await client.run_until_idle()
                assert counts == wh.RunCounts(attempts=1, delivered=1)
                (delivery,) = await client.deliveries.list(message=message)
                assert delivery.state == "delivered"
                assert [one.status for one in await client.deliveries.attempts(delivery)] == [200]
                assert message.deliveries == [delivery]

        asyncio.run(work())
        assert receiver.requests[0].headers["webhook-id"].startswith("msg_")

    def test_sends_of_one_tick_share_commits(self, url):
        async def work():
            async with wh.AsyncClient(url) as client:
                taken = []
                door = client._door
                first = await client.send("a.b", {})
                box = next(iter(next(iter(door._processes.values())).loops.values()))
                kick = box._box.kick
                box._box = Counting(box._box, taken)
                sent = await asyncio.gather(*[client.send("a.b", {"n": n}) for n in range(100)])
                assert len({message.id for message in [first, *sent]}) == 101
                assert taken == [1]
                assert len(await client.messages.list()) == 101
                assert kick is not None

        asyncio.run(work())

    def test_only_the_one_that_is_refused_fails(self, url):
        async def work():
            async with wh.AsyncClient(url) as client:
                await client.send("a.b", 1, idempotency_key="k")
                results = await asyncio.gather(
                    client.send("a.b", 2),
                    client.send("a.b", 2, idempotency_key="k"),
                    client.send("a.b", 1, idempotency_key="k"),
                    return_exceptions=True,
                )
                assert isinstance(results[1], wh.IdempotencyConflictError)
                assert not results[0].duplicate
                assert results[2].duplicate
                with pytest.raises(wh.ConfigError, match="type"):
                    await client.send("no type", 1)

        asyncio.run(work())

    def test_send_many_is_one_transaction_with_the_clients_own_errors(self, url):
        async def work():
            async with wh.AsyncClient(url) as client:
                sent = await client.send_many([{"type": "a.b", "data": n} for n in range(10)])
                assert len({message.id for message in sent}) == 10
                assert await client.send_many([]) == []
                with pytest.raises(wh.ConfigError, match=r"messages\[1\].type"):
                    await client.send_many([{"type": "a.b", "data": 1}, {"data": 1}])
                await client.send("a.b", 1, idempotency_key="k")
                with pytest.raises(wh.IdempotencyConflictError):
                    await client.send_many([{"type": "a.b", "data": 2, "idempotency_key": "k"}])

        asyncio.run(work())

    def test_a_cancelled_send_stays_stored_and_harms_nobody(self, url):
        async def work():
            async with wh.AsyncClient(url) as client:
                tasks = [asyncio.create_task(client.send("a.b", n)) for n in range(3)]
                await asyncio.sleep(0)  # They have been pushed; their commit is under way.
                tasks[1].cancel()
                results = await asyncio.gather(*tasks, return_exceptions=True)
                assert isinstance(results[1], asyncio.CancelledError)
                assert len(await client.messages.list()) == 3

        asyncio.run(work())

    def test_it_delivers_in_the_background_until_it_is_stopped(self, url, policy, receiver):
        async def work():
            async with wh.AsyncClient(url, policy=policy) as client:
                await client.endpoints.create(receiver.url, events=["*"])
                await client.start()
                await client.send("a.b", {})
                await asyncio.to_thread(receiver.arrived.wait, 20)
                await client.stop(20)
                assert [one.state for one in await client.deliveries.list()] == ["delivered"]

        asyncio.run(work())

    def test_a_cancelled_run_stops_delivering(self, url, policy, receiver):
        async def work():
            async with wh.AsyncClient(url, policy=policy) as client:
                await client.endpoints.create(receiver.url, events=["*"])
                await client.send("a.b", {})
                receiver.may_answer.clear()
                run = asyncio.create_task(client.run_until_idle(wait=60))
                await asyncio.to_thread(receiver.arrived.wait, 20)
                run.cancel()
                receiver.may_answer.set()
                with pytest.raises(asyncio.CancelledError):
                    await run
                assert not client._blocking._engine.running()
                [delivery] = await client.deliveries.list()
                assert delivery.state == "delivered"

        asyncio.run(work())


class Counting:
    """A box that counts how often it is kicked."""

    def __init__(self, box, kicks):
        self._box = box
        self._kicks = kicks

    def kick(self):
        self._kicks.append(1)
        self._box.kick()

    def __getattr__(self, name):
        return getattr(self._box, name)


class TestListings:
    def test_rows_come_page_by_page_and_in_the_same_order(self, url):
        async def work():
            async with wh.AsyncClient(url) as client:
                await client.send_many([{"type": "a.b", "data": n} for n in range(250)])
                listing = client.messages.list()
                ids = [message.id async for message in listing]
                assert len(set(ids)) == 250
                assert listing.cursor is None
                assert [message.id async for message in listing] == ids
                with wh.Client(url) as blocking:
                    assert [message.id for message in blocking.messages.list()] == ids
                first = client.messages.list(limit=2)
                assert [message.id for message in await first] == ids[:2]
                rest = await client.messages.list(cursor=first.cursor)
                assert [message.id for message in rest] == ids[2:]
                assert [one.id async for one in client.endpoints] == []

        asyncio.run(work())

    def test_a_wrong_filter_is_refused_when_it_is_given(self):
        client = wh.AsyncClient("memory://")
        with pytest.raises(wh.ConfigError, match="state"):
            client.endpoints.list(state="broken")


class TestEnding:
    def test_a_closed_client_says_so(self, url):
        async def work():
            client = wh.AsyncClient(url)
            await client.send("a.b", 1)
            await client.close()
            await client.close()
            for call in (lambda: client.send("a.b", 1), client.start, client.run_until_idle):
                with pytest.raises(wh.StoreUnavailableError):
                    await call()

        asyncio.run(work())

    def test_one_client_serves_one_loop_after_another(self, url):
        client = wh.AsyncClient(url)
        ids = [asyncio.run(client.send("a.b", n)).id for n in range(5)]
        asyncio.run(client.close())
        with wh.Client(url) as blocking:
            assert {message.id for message in blocking.messages.list()} == set(ids)

    def test_several_loops_at_once_share_one_client(self, url):
        client = wh.AsyncClient(url)
        found = []

        def loop(number):
            async def work():
                sent = [await client.send("a.b", [number, n]) for n in range(20)]
                sent += await asyncio.gather(*[client.send("a.b", n) for n in range(20)])
                return {message.id for message in sent}

            found.append(asyncio.run(work()))

        threads = [threading.Thread(target=loop, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        asyncio.run(client.close())
        assert [len(ids) for ids in found] == [40] * 4
        assert len(set().union(*found)) == 160

    def test_a_loop_that_closes_while_a_commit_runs_harms_nobody(self, url):
        client = wh.AsyncClient(url)
        asyncio.run(client.send("a.b", 0))

        async def leave():
            asyncio.ensure_future(client.send("a.b", 1))  # noqa: RUF006  # Left behind.
            await asyncio.sleep(0)
            await asyncio.sleep(0)

        loop = asyncio.new_event_loop()
        loop.run_until_complete(leave())
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.close()
        with wh.Client(url) as blocking:
            wait_until(lambda: len(blocking.messages.list()) == 2, "the commit of the left one")
        asyncio.run(client.send("a.b", 2))
        # A future that was never answered would keep the door and the loop for ever.
        (mine,) = client._door._processes.values()
        assert loop not in mine.loops
        asyncio.run(client.close())

    def test_the_doors_of_closed_loops_are_forgotten(self, url):
        client = wh.AsyncClient(url)
        for number in range(20):
            asyncio.run(client.send("a.b", number))
        (mine,) = client._door._processes.values()
        assert len(mine.loops) <= 1
        asyncio.run(client.close())

    def test_nobody_waits_for_ever_when_the_door_closes(self, url):
        async def work():
            with wh.Client(url) as blocking:
                door = Door(blocking._store)
                first = door.call("claim", "a", "b", 1, 1000)
                await first
                waiting = [door.call("claim", "a", str(n), 1, 1000) for n in range(3)]
                await asyncio.to_thread(door.close, 5.0)
                results = await asyncio.gather(*waiting, return_exceptions=True)
                # Asked for before the close, or refused by it; answered in any case.
                kinds = {"won" if isinstance(one, tuple) else type(one) for one in results}
                assert kinds <= {"won", wh.StoreUnavailableError}

        asyncio.run(work())


def test_uvloop_works_as_well(url, policy, receiver):
    uvloop = pytest.importorskip("uvloop")

    async def work():
        async with wh.AsyncClient(url, policy=policy) as client:
            await client.endpoints.create(receiver.url, events=["*"])
            await asyncio.gather(*[client.send("a.b", n) for n in range(50)])
            assert (await client.run_until_idle()).delivered == 50

    loop = uvloop.new_event_loop()
    try:
        loop.run_until_complete(work())
    finally:
        loop.close()


def test_a_client_that_only_sends_starts_one_thread_and_none_before(url):
    def ours():
        return len(open_threads() - before)

    before = open_threads()
    client = wh.AsyncClient(url)
    assert ours() == 0
    asyncio.run(client.send("a.b", 1))
    assert ours() == 1
    asyncio.run(client.close())
    wait_until(lambda: ours() == 0, "the end of the threads")


def open_threads():
    from pathlib import Path

    return {path.name for path in Path("/proc/self/task").iterdir()}
