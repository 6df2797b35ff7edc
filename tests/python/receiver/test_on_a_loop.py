"""Requests on an event loop: no thread, one commit for a crowd, and the same answers."""

from __future__ import annotations

import asyncio
import ctypes
import sys
import threading

import pytest

import webhookcore as wh
from support.receiving import SECRET, answer, stripe
from support.waiting import wait_until
from webhookcore.door import Door


def give(receiver, *requests):
    async def work():
        return await asyncio.gather(
            *[receiver.handle_async(asked, source="stripe") for asked in requests]
        )

    return [answer(response) for response in asyncio.run(work())]


def python_threads():
    return {thread.name for thread in threading.enumerate()}


def test_a_crowd_of_requests_uses_no_thread_of_python_and_each_is_answered(receiver):
    before = python_threads()
    found = give(receiver, *[stripe(f"evt_{number}") for number in range(200)])
    assert [status for status, _ in found] == [202] * 200
    assert [content["event_id"] for _, content in found] == [f"evt_{n}" for n in range(200)]
    assert len(receiver.inbox.list()) == 200
    assert python_threads() == before


def test_repeats_of_one_moment_are_stored_once(receiver):
    found = give(receiver, *[stripe("evt_1") for _ in range(20)])
    assert sorted(content["status"] for _, content in found) == ["accepted"] + ["duplicate"] * 19
    assert len(receiver.inbox.list()) == 1


def test_a_forged_request_among_genuine_ones_is_refused_alone(receiver):
    forged = stripe("evt_2", secret="another-secret-of-somebody")
    found = give(receiver, stripe("evt_1"), forged, stripe("evt_3"))
    assert [status for status, _ in found] == [202, 401, 202]


def test_inline_handlers_run_once_and_keep_their_result(inline):
    runs = []
    inline.on("stripe")(lambda event: runs.append(event.id) or {"run": len(runs)})
    found = give(inline, *[stripe("evt_1") for _ in range(5)])
    assert runs == ["evt_1"]
    assert sorted(status for status, _ in found) == [200, 503, 503, 503, 503]
    ((status, content),) = give(inline, stripe("evt_1"))
    assert (status, content["status"], content["result"]) == (200, "duplicate", {"run": 1})


def test_a_failed_handler_gives_the_claim_back(inline):
    inline.on("stripe")(lambda event: 1 / 0)
    assert give(inline, stripe("evt_1"))[0][0] == 500
    assert give(inline, stripe("evt_1"))[0][0] == 500


def test_a_store_that_was_closed_is_503(receiver):
    give(receiver, stripe("evt_1"))
    receiver.close()
    ((status, content),) = give(receiver, stripe("evt_2"))
    assert (status, content["error"]["reason"]) == (503, "store_unavailable")


def test_where_secrets_are_asked_for_the_verification_leaves_the_loop(url, clock):
    asked_in = []

    def secrets():
        asked_in.append(threading.current_thread())
        return [SECRET]

    with wh.Receiver(url, clock=clock) as receiver:
        receiver.add_source("stripe", secrets=secrets)
        asked_in.clear()
        assert give(receiver, stripe("evt_1"))[0][0] == 202
        assert threading.main_thread() not in asked_in


@pytest.mark.parametrize(("size", "quick"), [(64 * 1024, True), (64 * 1024 + 1, False)])
def test_a_long_body_is_verified_in_a_thread(receiver, size, quick):
    request = wh.HttpRequest("POST", "/hooks/stripe", {}, b"x" * size)
    assert receiver._intake.is_quick(request, "stripe") is quick


class PollOnce(ctypes.Structure):
    _fields_ = [("fd", ctypes.c_int), ("events", ctypes.c_short), ("revents", ctypes.c_short)]


def test_a_commit_goes_on_while_somebody_holds_the_gil(url):
    async def work():
        with wh.Client(url) as client:
            door = Door(client._store)
            await door.call("claim", "a", "first", 1, 1000)
            (mine,) = door._processes.values()
            (of_the_loop,) = mine.loops.values()
            waiting = door.call("claim", "a", "second", 1, 1000)
            of_the_loop._kick()
            # PyDLL keeps the GIL: were it needed for the commit, this would run into its limit.
            poll = PollOnce(of_the_loop._box.descriptor(), 1, 0)
            assert ctypes.PyDLL(None).poll(ctypes.byref(poll), 1, 20_000) == 1
            assert (await waiting)[0] == "won"
            door.close(5)

    asyncio.run(work())


def uvloops_loop():
    import uvloop

    return uvloop.new_event_loop()


@pytest.fixture(params=[asyncio.new_event_loop, uvloops_loop], ids=["asyncio", "uvloop"])
def new_loop(request):
    """Makes event loops that tell whatever goes wrong on them where nobody waits for it."""
    troubles = []

    def make():
        loop = request.param()
        loop.set_exception_handler(lambda loop, context: troubles.append(context))
        return loop

    yield make
    assert troubles == []


def run_on(loop, coroutine):
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.close()


def statuses(receiver, *requests, source="stripe"):
    async def work():
        calls = [receiver.handle_async(asked, source=source) for asked in requests]
        return [response.status for response in await asyncio.gather(*calls)]

    return work()


def test_two_loops_in_two_threads_share_one_receiver(receiver, new_loop):
    found = {}

    def serve(name):
        mine = [stripe(f"evt_{name}_{number}") for number in range(50)]
        shared = [stripe(f"evt_shared_{number}") for number in range(20)]
        found[name] = run_on(new_loop(), statuses(receiver, *mine, *shared))

    threads = [threading.Thread(target=serve, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[name][:50] for name in "ab"] == [[202] * 50] * 2
    # Of one event one loop was told that it is stored now, the other that it is already.
    assert sorted(found["a"][50:] + found["b"][50:]) == [200] * 20 + [202] * 20
    assert receiver.inbox.counts()["pending"] == 120


def test_what_a_cancelled_request_had_handed_over_is_stored_and_the_others_are_answered(
    receiver, new_loop
):
    async def work():
        tasks = [
            asyncio.ensure_future(receiver.handle_async(stripe(f"evt_{number}"), source="stripe"))
            for number in range(40)
        ]
        await asyncio.sleep(0)  # All have asked the store.
        for task in tasks[::2]:
            task.cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    results = run_on(new_loop(), work())
    assert {type(one) for one in results[::2]} == {asyncio.CancelledError}
    assert {one.status for one in results[1::2]} == {202}
    again = run_on(new_loop(), statuses(receiver, *[stripe(f"evt_{n}") for n in range(40)]))
    assert again == [200] * 40


def test_a_loop_that_closes_while_answers_are_on_their_way_harms_nobody(receiver, new_loop):
    async def leave():
        for number in range(10):
            asyncio.ensure_future(  # noqa: RUF006  # Left behind.
                receiver.handle_async(stripe(f"evt_{number}"), source="stripe")
            )
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    loop = new_loop()
    loop.run_until_complete(leave())
    left = asyncio.all_tasks(loop)
    loop.close()
    wait_until(lambda: receiver.inbox.counts()["pending"] == 10, "the commit of what was left")
    assert run_on(new_loop(), statuses(receiver, stripe("evt_11"))) == [202]
    for task in left:  # Nobody resumes them any more.
        task._log_destroy_pending = False


def test_an_inline_run_whose_loop_ends_gives_its_claim_back(inline, new_loop):
    started, begun = [], asyncio.Event()

    @inline.on("stripe")
    async def slow(event):
        started.append(event.id)
        begun.set()
        if len(started) == 1:
            await asyncio.get_running_loop().create_future()
        return "done"

    async def begin():
        asyncio.ensure_future(  # noqa: RUF006  # Left behind.
            inline.handle_async(stripe(), source="stripe")
        )
        await begun.wait()

    loop = new_loop()
    loop.run_until_complete(begin())
    # As asyncio.run() and servers end: what is left on the loop is cancelled.
    left = asyncio.all_tasks(loop)
    for one in left:
        one.cancel()
    loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    loop.close()
    assert run_on(new_loop(), statuses(inline, stripe())) == [200]
    assert started == ["evt_1", "evt_1"]


def test_a_batch_of_more_than_a_few_is_taken_apart_in_a_thread(url, clock):
    with wh.Receiver(url, clock=clock) as receiver:
        receiver.add_source("hubspot-v3", secrets=[SECRET], public_url="https://example.com")
        for size, quick in ((4096, True), (4097, False)):
            asked = wh.HttpRequest("POST", "/hooks/hubspot-v3", {}, b"x" * size)
            assert receiver._intake.is_quick(asked, "hubspot-v3") is quick


@pytest.mark.parametrize("where", ["secrets", "event_key"])
def test_an_exit_of_what_the_user_configured_does_not_end_the_loop(url, clock, where):
    """A helper that finds no configuration exits; whoever sends a request could end the server."""
    ready = [True]

    def secrets():
        return [SECRET] if ready else sys.exit("no configuration")

    def key(event):
        return event.id if ready else sys.exit("no configuration")

    options = (
        {"secrets": secrets} if where == "secrets" else {"secrets": [SECRET], "event_key": key}
    )
    with wh.Receiver(url, clock=clock) as receiver:
        receiver.add_source("stripe", **options)
        ready.clear()
        assert asyncio.run(statuses(receiver, stripe())) == [500]
        ready.append(True)
        assert asyncio.run(statuses(receiver, stripe())) == [202]
