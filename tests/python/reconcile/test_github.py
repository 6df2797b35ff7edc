"""GitHub's deliveries that failed come into the inbox, each once."""

from __future__ import annotations

import pytest

import webhookcore as wh
from support.provider_apis import KEY, Delivery, GitHub, answer
from webhookcore.testing import sample

NOW = 1_700_000_000
HOUR = 3600
HOOK = "repos/ada/hello/hooks/7"


@pytest.fixture
def api():
    return GitHub(
        deliveries=[
            Delivery(1, "guid-a", NOW - 9 * HOUR, 500),
            Delivery(2, "guid-b", NOW - 8 * HOUR, 202),
            Delivery(3, "guid-c", NOW - 7 * HOUR, 0, "issues", {"action": "opened", "n": 1.5}),
            Delivery(4, "guid-d", NOW - 6 * HOUR, 502),
            Delivery(5, "guid-d", NOW - 5 * HOUR, 200),  # Redelivered by hand.
            Delivery(6, "guid-a", NOW - 4 * HOUR, 500),
        ]
    )


@pytest.fixture
def server(api):
    with api.serve() as made:
        yield made


@pytest.fixture
def reconcile(receiver, server):
    def ask(**options):
        given = {"api_key": KEY, "base_url": server.base_url, "policy": server.policy}
        return receiver.reconcile("github", **{**given, "hook": HOOK, **options})

    return ask


def test_what_no_attempt_delivered_is_handled_once(reconcile, receiver):
    seen = []
    receiver.on("github")(seen.append)
    done = reconcile()
    assert (done.seen, done.stored) == (2, 2)
    assert reconcile().duplicates == 2
    receiver.run_until_idle()
    told = {(event.id, event.type) for event in seen}
    assert told == {("guid-a", "push"), ("guid-c", "issues.opened")}
    assert seen[0].json() in ({"ref": "refs/heads/main"}, {"action": "opened", "n": 1.5})


def test_of_several_attempts_the_newest_is_asked_for_and_the_oldest_event_comes_first(
    reconcile, api
):
    reconcile()
    asked = [request.path.rpartition("/")[2] for request in api.asked]
    assert [one for one in asked if one.isdigit()] == ["6", "3"]


def test_what_was_received_is_a_duplicate(reconcile, receiver):
    receiver.handle(sample("github", "push", id="guid-a"), "github")
    assert (reconcile().stored, len(receiver.inbox.list())) == (1, 2)


def test_the_headers_are_those_of_the_delivery_without_what_no_longer_holds(reconcile, receiver):
    reconcile()
    for stored in receiver.inbox.list():
        headers = stored.event.headers
        assert stored.reconciled
        assert headers["Content-Type"] == "application/json"
        assert headers["X-GitHub-Hook-ID"] == "7"
        assert "X-Hub-Signature-256" not in headers


def test_everything_includes_what_was_delivered(reconcile):
    assert reconcile(everything=True).seen == 4


def test_the_time_is_that_of_the_attempts(reconcile):
    assert reconcile(since=NOW - 7.5 * HOUR).seen == 2
    assert reconcile(until=NOW - 7.5 * HOUR).seen == 1


def test_the_key_goes_to_nobody_that_a_link_names(reconcile, api, server):
    with server.__class__() as elsewhere:
        api.next_host = elsewhere.base_url
        assert reconcile().seen == 2
        assert elsewhere.requests == []


def test_used_up_requests_are_waited_for_until_they_are_given_again(reconcile, api, clock):
    used_up = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(NOW + 600)}
    api.disturb = lambda request: answer(403, {"message": "API rate limit exceeded"}, **used_up)
    with pytest.raises(wh.ProviderApiError, match="rate limit exceeded") as refused:
        reconcile()
    assert (refused.value.status, refused.value.retry_after) == (403, 600)


def test_a_token_without_the_right_is_no_rate_limit(reconcile, api):
    left = {"X-RateLimit-Remaining": "4999", "X-RateLimit-Reset": str(NOW + 600)}
    api.disturb = lambda request: answer(403, {"message": "Resource not accessible\x1b"}, **left)
    with pytest.raises(wh.ProviderApiError, match=r"not accessible\?") as refused:
        reconcile()
    assert refused.value.retry_after is None


@pytest.mark.parametrize(
    "row",
    [
        None,
        {},
        {"id": 1, "guid": None, "delivered_at": "2023-11-14T20:00:00Z", "status_code": 500},
        {"id": "x", "guid": "g", "delivered_at": "2023-11-14T20:00:00Z", "status_code": 500},
        {"id": 1, "guid": "g", "delivered_at": "yesterday", "status_code": 500},
        {"id": 1, "guid": "g", "delivered_at": "2023-11-14T20:00:00", "status_code": 500},
    ],
    ids=range(6),
)
def test_garbage_in_the_list_is_an_error(reconcile, api, receiver, row):
    api.disturb = lambda request: answer(200, [row])
    with pytest.raises(wh.ProviderApiError):
        reconcile()
    assert list(receiver.inbox.list()) == []


@pytest.mark.parametrize(
    "whole",
    [None, {}, {"request": None}, {"guid": "g", "event": "push", "request": {"payload": "x"}}],
    ids=range(4),
)
def test_garbage_in_a_delivery_is_an_error(reconcile, api, whole):
    def disturb(request):
        is_list = request.path.partition("?")[0].endswith("deliveries")
        return None if is_list else answer(200, whole)

    api.disturb = disturb
    with pytest.raises(wh.ProviderApiError):
        reconcile()


@pytest.mark.parametrize("page", [b"{", {}, "x"], ids=range(3))
def test_what_is_no_list_is_an_error(reconcile, api, page):
    api.disturb = lambda request: answer(200, page)
    with pytest.raises(wh.ProviderApiError):
        reconcile()


def test_a_link_to_nowhere_and_one_in_a_circle_are_errors(reconcile, api):
    for query in ("", "?cursor=a&cursor=b", "?cursor=same"):
        link = f'<https://api.github.com/x{query}>; rel="next"'
        api.disturb = lambda request, link=link: answer(200, [], Link=link)
        with pytest.raises(wh.ProviderApiError):
            reconcile()


def test_headers_that_are_too_long_to_find_the_next_page_in_are_said(reconcile, api):
    rows = [Delivery(n, f"g{n}", NOW - n, 200).row() for n in range(100)]
    api.disturb = lambda request: answer(200, rows, **{"X-Wall": "x" * 3500})
    with pytest.raises(wh.ProviderApiError, match="too long"):
        reconcile()


@pytest.mark.parametrize(
    "hook",
    [None, "", "ada/hello", "repos/../x/hooks/7", "repos/a/b/hooks/7/../8", "repos/a/b/hooks/x",
     "https://evil.example/", "repos/a/b/hooks/7?x", "\ud800", 7],
)  # fmt: skip
def test_a_hook_that_is_none_is_refused(reconcile, api, hook):
    with pytest.raises(wh.ConfigError) as refused:
        reconcile(hook=hook)
    assert (refused.value.field, api.asked) == ("hook", [])


def test_hooks_of_organisations_and_apps_have_paths_of_their_own(reconcile, api):
    for hook in ("orgs/acme/hooks/7", "/app/hook/"):
        api.path = f"/{hook.strip('/')}/deliveries"
        assert reconcile(hook=hook).seen == 2
