"""Stripe's undelivered events come into the inbox, each once."""

from __future__ import annotations

import traceback
from datetime import datetime, timezone

import pytest

import webhookcore as wh
import webhookcore.reconcile
from support.provider_apis import KEY, Stripe, answer, stripe_event
from webhookcore.testing import Answer, sample

NOW = 1_700_000_000
HOUR = 3600


@pytest.fixture
def api():
    events = [stripe_event(n, NOW - n * HOUR) for n in range(1, 8)]
    return Stripe(events=events, delivered={"evt_2"})


@pytest.fixture
def server(api):
    with api.serve() as made:
        yield made


@pytest.fixture
def reconcile(receiver, server):
    def ask(source="stripe", **options):
        given = {"api_key": KEY, "base_url": server.base_url, "policy": server.policy}
        return receiver.reconcile(source, **{**given, **options})

    return ask


def handled(receiver):
    """What the handler is given, in its order."""
    seen = []
    receiver.on("stripe")(seen.append)
    receiver.run_until_idle()
    return seen


def test_what_was_missed_is_handled_and_what_was_delivered_is_not_asked_for(reconcile, receiver):
    done = reconcile()
    assert (done.seen, done.stored, done.duplicates, done.more) == (6, 6, 0, False)
    seen = handled(receiver)
    assert {event.id for event in seen} == {f"evt_{n}" for n in (1, 3, 4, 5, 6, 7)}
    assert {event.type for event in seen} == {"invoice.paid"}


def test_within_a_page_the_oldest_comes_first(reconcile, receiver):
    reconcile(limit=3)
    assert [one.event_id for one in receiver.inbox.list()] == ["evt_1", "evt_3", "evt_4"]


def test_doing_it_twice_handles_nothing_twice(reconcile, receiver):
    reconcile()
    again = reconcile()
    assert (again.seen, again.stored, again.duplicates) == (6, 0, 6)
    assert len(handled(receiver)) == 6


def test_what_was_received_is_a_duplicate_whatever_came_first(reconcile, receiver):
    first = sample("stripe", id="evt_1", at=NOW)
    assert receiver.handle(first, "stripe").status == 202
    done = reconcile()
    assert (done.stored, done.duplicates) == (5, 1)
    later = sample("stripe", id="evt_3", at=NOW)
    assert receiver.handle(later, "stripe").status == 200
    assert len(handled(receiver)) == 6


def test_an_inline_source_is_worked_by_the_worker(receiver, server):
    receiver.add_source("shop", "stripe", secrets=["x" * 20], mode="inline")
    seen = []
    receiver.on("shop")(seen.append)
    receiver.reconcile("shop", api_key=KEY, base_url=server.base_url, policy=server.policy)
    receiver.run_until_idle()
    assert len(seen) == 6


def test_a_fetched_event_says_where_it_comes_from_and_a_received_one_cannot(reconcile, receiver):
    forged = {"Webhookcore-Reconciled": "stripe"}
    receiver.handle(sample("stripe", at=NOW, headers=forged), "stripe")
    reconcile()
    marks = [
        (one.event_id.startswith("evt_") and len(one.event_id) < 8, one.reconciled)
        for one in receiver.inbox.list()
    ]
    assert sorted(set(marks)) == [(False, False), (True, True)]


def test_the_body_is_the_bytes_of_the_list(reconcile, receiver, api):
    text = (
        b'{"id": "evt_9",  "type":"a.b", "amount": 1.10, "big": 9007199254740993, "x": "\\u00e9"}'
    )
    api.disturb = lambda request: answer(
        200, b'{"data": [' + text + b'], "has_more": false, "object": "list"}'
    )
    reconcile()
    (event,) = handled(receiver)
    assert event.body == text


def test_only_the_time_that_was_asked_for_is_looked_at(reconcile):
    since = datetime.fromtimestamp(NOW - 5 * HOUR, timezone.utc)
    assert reconcile(since=since, until=NOW - 2 * HOUR).seen == 3


def test_nothing_is_asked_for_that_could_be_handled_twice(reconcile, api):
    reconcile()
    assert f"created%5Bgte%5D={NOW - 7 * 24 * HOUR}" in api.asked[0].path
    with pytest.raises(wh.ConfigError, match="idempotency_ttl"):
        reconcile(since=NOW - 8 * 24 * HOUR)


def test_everything_includes_what_was_delivered(reconcile):
    assert reconcile(everything=True).seen == 7


def test_a_limit_ends_it(reconcile):
    done = reconcile(limit=4)
    assert (done.seen, done.stored, done.more) == (4, 4, True)


def test_types_that_the_source_does_not_take_are_left(receiver, server):
    receiver.add_source("shop", "stripe", secrets=["x" * 20], types=["charge.*"])
    done = receiver.reconcile("shop", api_key=KEY, base_url=server.base_url, policy=server.policy)
    assert (done.seen, done.stored, done.ignored) == (6, 0, 6)


def test_a_connected_account_is_named(reconcile, api):
    reconcile(account="acct_1")
    assert wh.Headers(api.asked[0].headers)["Stripe-Account"] == "acct_1"


def test_a_key_may_come_from_a_callable(reconcile):
    assert reconcile(api_key=lambda: KEY).seen == 6


def test_a_wrong_key_is_said_and_not_shown(reconcile):
    with pytest.raises(wh.ProviderApiError, match="Invalid API Key") as refused:
        reconcile(api_key="sk_test_wrong")
    assert (refused.value.status, refused.value.retry_after) == (401, None)
    assert "sk_test_wrong" not in str(refused.value)


@pytest.fixture
def slept(monkeypatch):
    times = []
    monkeypatch.setitem(webhookcore.reconcile.reconcile.__kwdefaults__, "sleep", times.append)
    return times


def test_a_rate_limit_is_waited_for(reconcile, api, slept):
    answers = iter([answer(429, {}, **{"Retry-After": "7"}), answer(503, {}), None])
    api.disturb = lambda request: next(answers, None)
    assert reconcile().seen == 6
    assert slept == [7, 1]


def test_a_wait_beyond_what_was_allowed_is_an_error_with_its_time(reconcile, api, slept):
    api.disturb = lambda request: answer(429, {}, **{"Retry-After": "61"})
    with pytest.raises(wh.ProviderApiError) as refused:
        reconcile(wait=60)
    assert (refused.value.status, refused.value.retry_after, slept) == (429, 61, [])


def test_an_api_that_is_down_is_given_up_on_and_what_was_stored_stays(
    reconcile, api, receiver, slept
):
    api.disturb = lambda request: (
        Answer(fault="reset") if "starting_after" in request.path else None
    )
    with pytest.raises(wh.UnreachableError):
        reconcile(wait=2)
    assert slept == [1, 1]
    assert len(handled(receiver)) == 3
    api.disturb = lambda request: None
    assert reconcile().stored == 3


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b"[" * 100_000,
        {},
        [],
        {"data": None},
        {"data": [1]},
        {"data": [{"id": None}]},
        {"data": [{"id": ""}]},
        {"data": [{"type": "a.b"}]},
    ],
    ids=range(11),
)
def test_garbage_is_an_error_and_nothing_of_it_is_stored(reconcile, api, receiver, content):
    api.disturb = lambda request: answer(200, content)
    with pytest.raises(wh.ProviderApiError) as refused:
        reconcile()
    assert refused.value.status is None
    assert list(receiver.inbox.list()) == []


def test_pages_that_go_round_in_a_circle_end(reconcile, api):
    page = {"data": [stripe_event(1, NOW)], "has_more": True}
    api.disturb = lambda request: answer(200, page)
    with pytest.raises(wh.ProviderApiError, match="circle"):
        reconcile()


def test_a_redirect_is_not_followed(reconcile, api):
    api.disturb = lambda request: Answer.redirect("http://127.0.0.1:1/v1/events")
    with pytest.raises(wh.ProviderApiError) as refused:
        reconcile()
    assert refused.value.status == 302


def test_only_over_https_unless_it_is_allowed(receiver, server):
    with pytest.raises((wh.InvalidUrlError, wh.BlockedAddressError)):
        receiver.reconcile("stripe", api_key=KEY, base_url=server.base_url)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"api_key": ""}, "api_key"),
        ({"api_key": "a\r\nb"}, "api_key"),
        ({"api_key": "\ud800"}, "api_key"),
        ({"api_key": None}, "api_key"),
        ({"api_key": 7}, "api_key"),
        ({"hook": "repos/a/b/hooks/1"}, "hook"),
        ({"account": "a\nb"}, "account"),
        ({"account": "é"}, "account"),
        ({"since": "yesterday"}, "since"),
        ({"since": float("nan")}, "since"),
        ({"since": datetime(2026, 1, 1)}, "since"),  # noqa: DTZ001
        ({"until": -1}, "until"),
        ({"everything": 1}, "everything"),
        ({"limit": 0}, "limit"),
        ({"wait": -1}, "wait"),
        ({"timeout": float("inf")}, "timeout"),
        ({"policy": "open"}, "policy"),
        ({"source": "slack"}, "source"),
    ],
    ids=str,
)
def test_a_wrong_option_is_named_before_anything_is_asked(reconcile, api, options, field):
    with pytest.raises(wh.ConfigError) as refused:
        reconcile(**options)
    assert (refused.value.field, api.asked) == (field, [])


@pytest.mark.parametrize("name", ["nobody", None, ["stripe"], "\ud800"])
def test_a_source_that_is_none_is_not_found(reconcile, name):
    with pytest.raises(wh.NotFoundError):
        reconcile(name)


def test_a_closed_receiver_says_so(reconcile, receiver):
    receiver.close()
    with pytest.raises(wh.StoreUnavailableError):
        reconcile()


def test_a_rate_limit_of_no_seconds_is_no_endless_loop(reconcile, api, slept):
    api.disturb = lambda request: answer(429, {}, **{"Retry-After": "0"})
    with pytest.raises(wh.ProviderApiError):
        reconcile(wait=3)
    assert slept == [1, 1, 1]


@pytest.mark.parametrize("id", ["\ud800", "a\nb", "x" * 257, "é"], ids=range(4))
def test_an_id_of_no_form_is_garbage(reconcile, api, id):
    api.disturb = lambda request: answer(200, {"data": [{"id": id, "type": "a.b"}]})
    with pytest.raises(wh.ProviderApiError, match="no id"):
        reconcile()


OPTIONS = {
    "refused": {},
    "no answer": {"timeout": 0.05, "wait": 0},
    "a wrong option": {"limit": 0},
    "a wrong account": {"account": "\n"},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_no_traceback_shows_the_key(receiver, server, api, name):
    faults = {"refused": answer(403, {}), "no answer": Answer(fault="hang")}
    api.disturb = lambda request: faults.get(name)
    given = {"base_url": server.base_url, "policy": server.policy, **OPTIONS[name]}
    with pytest.raises(wh.WebhookError) as caught:
        receiver.reconcile("stripe", **given, api_key=KEY)
    report = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours = [frame for frame in report.stack if "/webhookcore/" in frame.filename]
    assert ours
    assert KEY not in "".join(str(frame.locals) for frame in ours)
    while report is not None:
        text = "".join(str(frame.locals) for frame in report.stack if "tests" not in frame.filename)
        assert KEY not in text
        report = report.__cause__
