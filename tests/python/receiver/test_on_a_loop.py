"""Requests on an event loop: no thread, one commit for a crowd, and the same answers."""

from __future__ import annotations

import asyncio
import ctypes
import threading

import pytest

import webhookcore as wh
from support.receiving import SECRET, answer, stripe
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
