"""Inline sources: the handler runs before the answer."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import webhookcore as wh
from support.receiving import SECRET, answer, request, stripe


def test_the_answer_has_the_result_and_a_repeat_has_it_too(inline):
    runs = []

    @inline.on("stripe", "invoice.*")
    def paid(event: wh.Event) -> dict:
        runs.append(event.id)
        return {"invoice": 7}

    assert answer(inline.handle(stripe(), source="stripe")) == (
        200,
        {"status": "processed", "event_id": "evt_1", "result": {"invoice": 7}},
    )
    assert answer(inline.handle(stripe(), source="stripe")) == (
        200,
        {"status": "duplicate", "event_id": "evt_1", "result": {"invoice": 7}},
    )
    assert runs == ["evt_1"]
    assert len(inline.inbox.list()) == 0


def test_an_async_handler_runs_without_a_framework(inline):
    @inline.on("stripe")
    async def paid(event: wh.Event) -> str:
        await asyncio.sleep(0)  # Really suspends: it needs a loop.
        return "paid"

    assert answer(inline.handle(stripe(), source="stripe"))[1]["result"] == "paid"


def test_inside_an_event_loop_it_is_awaited_instead(inline):
    @inline.on("stripe")
    async def paid(event: wh.Event) -> int:
        await asyncio.sleep(0)  # Really suspends: it needs a loop.
        return id(asyncio.get_running_loop())

    async def inside():
        with pytest.raises(wh.ConfigError, match="handle_async"):
            inline.handle(stripe(), source="stripe")
        response = await inline.handle_async(stripe(), source="stripe")
        return answer(response)[1], id(asyncio.get_running_loop())

    content, loop = asyncio.run(inside())
    assert (content["status"], content["result"]) == ("processed", loop)


def test_a_failure_is_500_and_lets_the_repeat_in(inline, caplog):
    failures = [ValueError("customer 4242 unknown")]

    @inline.on("stripe")
    def flaky(event):
        if failures:
            raise failures.pop()
        return "done"

    status, content = answer(inline.handle(stripe(), source="stripe"))
    assert (status, content["error"]["reason"]) == (500, "handler_failed")
    assert "4242" not in str(content)
    assert "customer 4242 unknown" in caplog.text
    assert answer(inline.handle(stripe(), source="stripe"))[1]["status"] == "processed"
    assert answer(inline.handle(stripe(), source="stripe"))[1]["status"] == "duplicate"


def test_no_matching_handler_is_acknowledged_and_claims_nothing(inline):
    inline.on("stripe", "charge.*")(lambda event: None)
    first = answer(inline.handle(stripe(), source="stripe"))
    assert first == (200, {"status": "ignored", "event_id": "evt_1", "result": None})
    inline.on("stripe", "invoice.*")(lambda event: "now")
    assert answer(inline.handle(stripe(), source="stripe"))[1]["result"] == "now"


def test_a_snooze_asks_the_provider_to_come_back(inline):
    def not_yet(event):
        raise wh.Snooze(89.5)

    inline.on("stripe")(not_yet)
    for _ in range(2):  # The second is neither a duplicate nor still running.
        response = inline.handle(stripe(), source="stripe")
        status, content = answer(response)
        assert (status, content["error"]["reason"]) == (503, "snoozed")
        assert response.headers["Retry-After"] == "90"


def test_a_discard_is_processed(inline):
    def never(event):
        raise wh.Discard

    inline.on("stripe")(never)
    assert answer(inline.handle(stripe(), source="stripe"))[1]["status"] == "processed"
    assert answer(inline.handle(stripe(), source="stripe"))[1]["status"] == "duplicate"


def test_a_result_that_is_no_json_is_null_in_answer_and_repeat(inline, caplog):
    inline.on("stripe")(lambda event: object())
    assert answer(inline.handle(stripe(), source="stripe"))[1]["result"] is None
    assert answer(inline.handle(stripe(), source="stripe"))[1]["result"] is None
    assert "was not kept" in caplog.text


def test_a_repeat_of_a_running_event_is_told_to_come_back(inline):
    answers = []

    @inline.on("stripe")
    def slow(event):
        answers.append(inline.handle(stripe(), source="stripe"))

    assert inline.handle(stripe(), source="stripe").status == 200
    status, content = answer(answers[0])
    assert (status, content["error"]["reason"]) == (503, "running")
    assert int(answers[0].headers["Retry-After"]) > 0


def test_a_background_source_of_that_name_sees_the_claim_too(url, clock):
    with wh.Receiver(url, clock=clock) as one, wh.Receiver(url, clock=clock) as other:
        one.add_source("stripe", secrets=[SECRET], mode="inline")
        other.add_source("stripe", secrets=[SECRET])
        met = []
        one.on("stripe")(lambda event: met.append(other.handle(stripe(), source="stripe")))
        one.handle(stripe(), source="stripe")
        assert answer(met[0])[1]["error"]["reason"] == "running"
        assert answer(other.handle(stripe(), source="stripe"))[1]["status"] == "duplicate"


def test_an_event_without_a_key_runs_every_time(url, clock):
    with wh.Receiver(url, clock=clock) as receiver:
        receiver.add_source("generic", secrets=[SECRET], mode="inline")
        runs = []
        receiver.on("generic")(runs.append)
        for _ in range(2):
            response = receiver.handle(request("generic", b"x"), source="generic")
            assert answer(response)[1]["status"] == "processed"
        assert len(runs) == 2


def test_a_claim_is_taken_over_when_its_lease_ends(url, clock, caplog):
    with wh.Receiver(url, clock=clock, lease=10) as receiver:
        receiver.add_source("stripe", secrets=[SECRET], mode="inline")
        second = []

        @receiver.on("stripe")
        def slow(event):
            if second:
                return "second"
            second.append(None)
            clock.advance(11)
            second[0] = receiver.handle(stripe(), source="stripe")
            return "first"

        first = receiver.handle(stripe(), source="stripe")
        assert answer(second[0])[1]["result"] == "second"
        assert answer(first)[1]["status"] == "processed"
        assert "outran its lease" in caplog.text
        # The claim's owner decided what is kept.
        assert answer(receiver.handle(stripe(), source="stripe"))[1]["result"] == "second"


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_passes_through_and_gives_the_claim_back(inline, interrupt):
    interrupts = [interrupt()]

    @inline.on("stripe")
    def handler(event):
        if interrupts:
            raise interrupts.pop()

    with pytest.raises(interrupt):
        inline.handle(stripe(), source="stripe")
    assert answer(inline.handle(stripe(), source="stripe"))[1]["status"] == "processed"


class Strange(BaseException):
    """As gevent's Timeout is."""


@pytest.mark.parametrize("raised", [SystemExit, KeyboardInterrupt, GeneratorExit, Strange])
def test_in_a_thread_whatever_a_handler_raises_is_a_failure(inline, raised):
    """Nobody else can have raised it there, and a server's thread would end by it."""
    once = [raised()]

    @inline.on("stripe")
    def handler(event):
        if once:
            raise once.pop()

    found = []
    for _ in range(2):
        thread = threading.Thread(
            target=lambda: found.append(inline.handle(stripe(), source="stripe").status)
        )
        thread.start()
        thread.join()
    assert found == [500, 200]


@pytest.mark.parametrize(
    "raised", [SystemExit, KeyboardInterrupt, GeneratorExit, Strange, StopIteration]
)
def test_on_a_loop_whatever_a_sync_handler_raises_is_a_failure(inline, raised):
    """A StopIteration, as of next(), no future takes: the request would hang."""
    once = [raised()]

    @inline.on("stripe")
    def handler(event):
        if once:
            raise once.pop()

    async def scene():
        answers = [await inline.handle_async(stripe(), source="stripe") for _ in range(2)]
        return [one.status for one in answers]

    assert asyncio.run(scene()) == [500, 200]


@pytest.mark.parametrize("raised", [SystemExit, asyncio.CancelledError, StopIteration])
def test_an_exit_of_an_async_handler_does_not_end_the_loop(inline, raised):
    once = [raised()]

    @inline.on("stripe")
    async def handler(event):
        if once:
            raise once.pop()

    async def scene():
        answers = [await inline.handle_async(stripe(), source="stripe") for _ in range(2)]
        return [one.status for one in answers]

    assert asyncio.run(scene()) == [500, 200]


def test_a_client_that_hangs_up_does_not_stop_the_handler(inline):
    async def scene():
        inside, go_on = asyncio.Event(), asyncio.Event()
        ended = []

        @inline.on("stripe")
        async def slow(event):
            inside.set()
            await go_on.wait()
            ended.append(event.id)
            return "whole"

        call = asyncio.ensure_future(inline.handle_async(stripe(), source="stripe"))
        await inside.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        go_on.set()
        while inline.reception._inline_runs:
            await asyncio.gather(*inline.reception._inline_runs)
        repeat = await inline.handle_async(stripe(), source="stripe")
        return ended, answer(repeat)[1]

    ended, content = asyncio.run(scene())
    assert ended == ["evt_1"]
    assert (content["status"], content["result"]) == ("duplicate", "whole")


def test_of_eight_threads_with_one_event_one_runs_it(inline):
    runs = []
    together = threading.Barrier(8)

    @inline.on("stripe")
    def paid(event):
        runs.append(event.id)
        return "once"

    def send(id):
        together.wait()
        return inline.handle(stripe(id), source="stripe")

    with ThreadPoolExecutor(8) as pool:
        for number in range(50):
            id = f"evt_{number}"
            found = [answer(response) for response in pool.map(send, [id] * 8)]
            assert runs.count(id) == 1
            words = [content.get("status") or content["error"]["reason"] for _, content in found]
            assert words.count("processed") == 1
            assert set(words) <= {"processed", "duplicate", "running"}
