"""What becomes of types that nobody wants: acknowledged, counted and logged, or refused."""

from __future__ import annotations

import logging

import pytest

import webhookcore as wh
from support.receiving import SECRET, answer, request, stripe


@pytest.fixture
def bare(url, clock):
    with wh.Receiver(url, clock=clock) as receiver:
        yield receiver


def add(receiver, **options) -> None:
    receiver.add_source("stripe", secrets=[SECRET], **options)


@pytest.mark.parametrize("mode", ["background", "inline"])
def test_a_type_that_is_not_taken_is_acknowledged_counted_and_logged(bare, caplog, mode):
    add(bare, types=["invoice.*"], mode=mode)
    with caplog.at_level(logging.INFO, "webhookcore.receiver"):
        assert answer(bare.handle(stripe(type="charge.refunded"), "stripe")) == (
            200,
            {"status": "ignored", "event_id": "evt_1", "result": None},
        )
    assert bare.counts() == {"ignored": 1}
    (line,) = caplog.records
    assert (line.outcome, line.type, line.event_id) == ("ignored", "charge.refunded", "evt_1")
    assert list(bare.inbox.list()) == []


@pytest.mark.parametrize("mode", ["background", "inline"])
def test_with_reject_it_is_refused(bare, mode):
    add(bare, types=["invoice.*"], mode=mode, unknown_types="reject")
    status, content = answer(bare.handle(stripe(type="charge.refunded"), "stripe"))
    assert (status, content["error"]["reason"]) == (422, "unknown_type")
    assert bare.counts() == {"unknown_type": 1}
    assert list(bare.inbox.list()) == []


def test_inline_the_handlers_say_what_is_known(bare):
    add(bare, mode="inline", unknown_types="reject")
    bare.on("stripe", "invoice.*")(lambda event: event.id)
    assert bare.handle(stripe(type="charge.refunded"), "stripe").status == 422
    assert answer(bare.handle(stripe("evt_2"), "stripe"))[1]["status"] == "processed"


def test_what_was_refused_gets_in_once_it_is_known(bare):
    add(bare, mode="inline", unknown_types="reject")
    assert bare.handle(stripe(), "stripe").status == 422
    bare.on("stripe", "invoice.*")(lambda event: event.id)
    assert answer(bare.handle(stripe(), "stripe"))[1]["status"] == "processed"


def test_in_the_background_only_the_worker_knows_the_handlers(bare):
    """A web process may have none of them: it stores what the source takes."""
    add(bare, types=["invoice.*"], unknown_types="reject")
    assert bare.handle(stripe(), "stripe").status == 202
    counts = bare.run_until_idle()
    assert (counts.handled, counts.ignored) == (0, 1)
    assert bare.inbox.get("inb_1").state == "done"


def test_of_a_batch_the_rest_is_taken(bare):
    """A 4xx for all would lose those that are wanted, or bring them again and again."""
    name, url = "hubspot-v3", "https://example.com/hooks/hubspot-v3"
    bare.add_source(name, secrets=[SECRET], types=["contact.*"], unknown_types="reject")
    both = b'[{"eventId":1,"subscriptionType":"contact.creation"},'
    both += b'{"eventId":2,"subscriptionType":"deal.creation"}]'
    assert answer(bare.handle(request(name, both, url=url), name))[1]["status"] == "accepted"
    unknown = b'[{"eventId":3,"subscriptionType":"deal.creation"}]'
    assert bare.handle(request(name, unknown, url=url), name).status == 422
    assert [event.event_id for event in bare.inbox.list()] == ["1"]
