"""`receiver.inbox`: dead letters found, counted, replayed and deleted; and a bound on what waits."""

from __future__ import annotations

import asyncio

import pytest

import webhookcore as wh
from support.receiving import SECRET, answer, stripe


def die(receiver, clock, *ids, type="invoice.paid", source="stripe", error: Exception):
    """Dead after their first retry; the receiver has max_retries=1."""
    receiver.failing = error
    for id in ids:
        assert receiver.handle(stripe(id, type, at=clock.now), source=source).status == 202
    receiver.run_until_idle()
    clock.advance(2)
    receiver.run_until_idle()
    receiver.failing = None


@pytest.fixture
def dying(url, clock):
    """Dead: a ValueError 100 s ago, an OSError of another type now, one of another source."""
    with wh.Receiver(url, clock=clock, max_retries=1) as receiver:
        for source in ("stripe", "eu"):
            receiver.add_source(source, "stripe", secrets=[SECRET])

            @receiver.on(source)
            def handler(event):
                if receiver.failing is not None:
                    raise receiver.failing

        die(receiver, clock, "evt_1", error=ValueError("no: such"))
        clock.advance(100)
        die(receiver, clock, "evt_2", type="charge.failed", error=OSError())
        die(receiver, clock, "evt_3", source="eu", error=OSError())
        yield receiver


def ids(events) -> list[str]:
    return [event.event_id for event in events]


def test_dead_events_are_found_by_type_error_and_time(dying, clock):
    found = lambda **filters: ids(dying.inbox.list(state="dead", **filters))  # noqa: E731
    assert found() == ["evt_3", "evt_2", "evt_1"]
    assert found(type="invoice.*") == ["evt_3", "evt_1"]
    assert found(error="ValueError") == ["evt_1"]
    assert found(error="ValueError: no: such") == ["evt_1"]
    assert found(error="OSError", source="stripe") == ["evt_2"]
    assert found(since=clock.now - 50) == ["evt_3", "evt_2"]
    assert found(until=clock.now - 50) == ["evt_1"]
    assert dying.inbox.counts()["dead"] == 3
    assert dying.inbox.counts(type="invoice.*", source="stripe") == {
        "pending": 0,
        "running": 0,
        "done": 0,
        "dead": 1,
    }


def test_many_are_counted_first_and_replayed_by_the_same_filters(dying, clock):
    filters = {"type": "invoice.*", "since": clock.now - 50}
    assert dying.inbox.replay_many(**filters, dry_run=True) == 1
    assert dying.inbox.counts()["dead"] == 3
    assert dying.inbox.replay_many(**filters) == 1
    assert ids(dying.inbox.list(state="pending")) == ["evt_3"]
    assert dying.inbox.replay_many(limit=1, dry_run=True) == 1
    assert dying.inbox.replay_many(limit=1) == 1
    assert ids(dying.inbox.list(state="dead")) == ["evt_2"]  # The oldest went first.
    assert dying.inbox.replay_many(until=clock.now - 500) == 0
    assert dying.run_until_idle().handled == 2


def test_many_more_than_a_batch_are_replayed_once_each(url, clock, monkeypatch):
    monkeypatch.setattr("webhookcore.receiver.inbox._BATCH", 10)
    with wh.Receiver(url, clock=clock, max_retries=1) as receiver:
        receiver.add_source("stripe", secrets=[SECRET])
        receiver.on("stripe")(lambda event: 1 / 0)
        receiver.failing = None
        die(receiver, clock, *(f"evt_{number}" for number in range(45)), error=None)
        assert receiver.inbox.replay_many(limit=31) == 31
        assert receiver.inbox.replay_many() == 14
        assert receiver.inbox.counts()["pending"] == 45


def test_a_deleted_event_is_gone_and_its_repeat_stays_a_duplicate(dying, clock):
    newest = dying.inbox.list()[0]
    dying.inbox.delete(newest)
    dying.inbox.delete(dying.inbox.list(source="stripe")[0].id)
    assert ids(dying.inbox.list()) == ["evt_1"]
    for gone in (lambda: dying.inbox.get(newest.id), lambda: dying.inbox.delete(newest)):
        with pytest.raises(wh.NotFoundError):
            gone()
    repeat = dying.handle(stripe("evt_3", at=clock.now), source="eu")
    assert answer(repeat)[1]["status"] == "duplicate"
    dying.handle(stripe("evt_4", at=clock.now), source="eu")
    assert dying.inbox.list()[0].id != newest.id  # No id is ever used again.


def test_what_is_on_its_way_cannot_be_deleted(dying, clock):
    dying.handle(stripe("evt_9", at=clock.now), source="eu")
    with pytest.raises(wh.IdempotencyConflictError, match="on its way"):
        dying.inbox.delete(dying.inbox.list(state="pending")[0])
    with pytest.raises(wh.ConfigError):
        dying.inbox.delete_many(state="pending")


def test_many_are_deleted_by_filter(dying):
    assert dying.inbox.delete_many(error="OSError", dry_run=True) == 2
    assert dying.inbox.delete_many(error="OSError") == 2
    assert ids(dying.inbox.list()) == ["evt_1"]
    dying.inbox.replay_many()
    dying.run_until_idle()
    assert dying.inbox.delete_many() == 0
    assert dying.inbox.delete_many(state="done") == 1
    assert len(dying.inbox.list()) == 0


@pytest.mark.parametrize(
    "filters",
    [
        {"source": 7},
        {"source": "a\ud800"},
        {"type": ""},
        {"type": ["a"]},
        {"error": ""},
        {"error": "\0"},
        {"since": "today"},
        {"until": float("nan")},
    ],
    ids=str,
)
def test_filters_that_can_match_nothing_are_refused_everywhere(receiver, filters):
    inbox = receiver.inbox
    for call in (inbox.list, inbox.counts, inbox.replay_many, inbox.delete_many):
        with pytest.raises(wh.ConfigError) as caught:
            call(**filters)
        assert caught.value.field == next(iter(filters))


@pytest.mark.parametrize("limit", [0, -1, 1.5, "1", True])
def test_a_limit_that_is_no_number_is_refused(receiver, limit):
    with pytest.raises(wh.ConfigError):
        receiver.inbox.replay_many(limit=limit)


class TestABoundOnWhatWaits:
    def test_above_it_the_answer_is_503_until_there_is_room(self, url, clock):
        with wh.Receiver(url, clock=clock, max_backlog=2) as receiver:
            receiver.add_source("stripe", secrets=[SECRET])
            for id in ("evt_1", "evt_2"):
                assert receiver.handle(stripe(id), source="stripe").status == 202
            refused = receiver.handle(stripe("evt_3"), source="stripe")
            assert answer(refused)[1]["error"]["reason"] == "backlog_full"
            assert (refused.status, int(refused.headers["Retry-After"]) > 0) == (503, True)
            assert receiver.counts()["backlog_full"] == 1
            # What is stored already is a duplicate as ever.
            assert receiver.handle(stripe("evt_1"), source="stripe").status == 200
            receiver.run_until_idle()
            assert receiver.handle(stripe("evt_3"), source="stripe").status == 202

    def test_it_holds_on_an_event_loop_too(self, url, clock):
        async def send_five(receiver):
            requests = [stripe(f"evt_{number}") for number in range(5)]
            calls = [receiver.handle_async(one, source="stripe") for one in requests]
            return sorted(response.status for response in await asyncio.gather(*calls))

        with wh.Receiver(url, clock=clock, max_backlog=2) as receiver:
            receiver.add_source("stripe", secrets=[SECRET])
            assert asyncio.run(send_five(receiver)) == [202, 202, 503, 503, 503]
            assert len(receiver.inbox.list()) == 2

    def test_room_that_another_process_makes_is_seen_in_time(self, url, clock):
        with (
            wh.Receiver(url, clock=clock, max_backlog=1) as receiver,
            wh.Receiver(url, clock=clock) as worker,
        ):
            receiver.add_source("stripe", secrets=[SECRET])
            worker.on("stripe")(lambda event: None)
            assert receiver.handle(stripe("evt_1"), source="stripe").status == 202
            assert receiver.handle(stripe("evt_2"), source="stripe").status == 503
            worker.run_until_idle()
            clock.advance(0.1)
            assert receiver.handle(stripe("evt_2"), source="stripe").status == 202

    @pytest.mark.parametrize("most", [0, -1, 1.5, "10", True, 2**63])
    def test_a_bound_that_is_none_is_refused(self, url, most):
        with pytest.raises(wh.ConfigError) as caught:
            wh.Receiver(url, max_backlog=most)
        assert caught.value.field == "max_backlog"
