"""Operational events: what is told, to whom, and how often (requirement D24)."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta, timezone

import pytest

import webhookcore as wh
from support.loopback import loopback


@pytest.fixture
def alerted():
    with loopback() as told:
        yield told


def opened(tmp_path, policy, **options):
    return wh.Client(f"sqlite:///{tmp_path}/webhooks.db", policy=policy, **options)


def die(client, receiver, **options):
    receiver.statuses = [404]
    endpoint = client.endpoints.create(receiver.url, events=["*"], **options)
    return endpoint, client.send("order.created", {"id": 7}, tenant=options.get("tenant"))


def test_a_dead_letter_is_told_with_what_it_was(client, receiver):
    endpoint, message = die(client, receiver, tenant="acme")
    client.run_until_idle()
    (event,) = client.operations.list()
    assert event.id.startswith("oev_")
    assert event.type == "delivery.dead"
    assert (event.endpoint_id, event.tenant) == (endpoint.id, "acme")
    assert event.delivery_id == message.deliveries[0].id
    assert event.details == {
        "message_id": message.id,
        "message_type": "order.created",
        "error": "permanent",
        "attempts": 1,
        "status": 404,
    }
    assert datetime.now(timezone.utc) - event.at < timedelta(seconds=30)


def test_more_of_the_same_is_counted_and_not_told_again(client, receiver):
    endpoint, _ = die(client, receiver)
    client.send_many([{"type": "a", "data": number} for number in range(9)])
    client.run_until_idle()
    (event,) = client.operations.list(endpoint=endpoint)
    assert event.repeats == 9
    assert event.last_at >= event.at


def test_the_breaker_and_its_end_are_told(tmp_path, policy, receiver):
    receiver.statuses = [500]
    with opened(tmp_path, policy, breaker=wh.Breaker(1, 0.2)) as client:
        endpoint = client.endpoints.create(receiver.url, events=["*"], retry=[0.1])
        client.send("a", {})
        client.run_until_idle()
        receiver.statuses = [200]
        client.run_until_idle(wait=2)
        told = [event.type for event in client.operations.list(endpoint=endpoint)]
    assert told == ["endpoint.breaker_closed", "endpoint.breaker_opened"]


def test_disabling_by_hand_is_told_with_the_reason(client, endpoint):
    client.endpoints.disable(endpoint, 'for "repairs"')
    client.endpoints.disable(endpoint, "again")  # No change of its state.
    (event,) = client.operations.list()
    assert (event.type, event.details) == ("endpoint.disabled", {"reason": 'for "repairs"'})


def test_the_log_always_says_it_and_once(client, receiver, caplog):
    die(client, receiver)
    with caplog.at_level(logging.INFO, "webhookcore.operations"):
        client.run_until_idle()
        client.run_until_idle()
    lines = [record for record in caplog.records if record.name == "webhookcore.operations"]
    assert [line.levelname for line in lines] == ["WARNING"]
    assert lines[0].webhook["type"] == "delivery.dead"


def test_a_hook_gets_what_its_pattern_matches(client, receiver):
    seen, dead = [], []

    @client.operations.on()
    def everything(event):
        seen.append(event.type)

    @client.operations.on("delivery.*")
    def letters(event):
        dead.append(event.details["status"])

    die(client, receiver)
    client.run_until_idle()
    client.endpoints.disable(next(iter(client.endpoints)))
    client.run_until_idle()
    assert seen == ["delivery.dead", "endpoint.disabled"]
    assert dead == [404]


def test_a_hook_that_raises_stops_nobody(client, receiver, caplog):
    seen = []

    @client.operations.on("*")
    def broken(event):
        raise RuntimeError("mine")

    @client.operations.on("*")
    def sound(event):
        seen.append(event.type)

    die(client, receiver)
    client.run_until_idle()
    assert seen == ["delivery.dead"]
    assert "a hook for delivery.dead failed" in caplog.text


def test_a_hook_that_is_new_is_told_what_happens_from_now_on(tmp_path, policy, receiver):
    with opened(tmp_path, policy) as client:
        die(client, receiver)
        client.run_until_idle()
    with opened(tmp_path, policy) as client:
        seen = []
        client.operations.on("*")(lambda event: seen.append(event.type))
        client.run_until_idle()
        assert seen == []
        client.endpoints.disable(next(iter(client.endpoints)))
    with opened(tmp_path, policy) as client:  # Told by whoever delivers next.
        client.operations.on("*")(lambda event: seen.append(event.type))
        client.run_until_idle()
    assert seen == ["endpoint.disabled"]


@pytest.mark.parametrize("bad", ["", "a b", None, 7])
def test_what_is_no_pattern_is_refused(client, bad):
    with pytest.raises(wh.ConfigError) as refused:
        client.operations.on(bad)
    assert refused.value.field.startswith("pattern")


def test_an_async_hook_is_refused(client):
    async def hook(event):
        pass

    with pytest.raises(wh.ConfigError) as refused:
        client.operations.on("*")(hook)
    assert refused.value.field == "hook"


def test_an_alert_is_an_ordinary_signed_message(tmp_path, policy, receiver, alerted):
    secret = wh.generate_secret()
    alerts = wh.Alerts(alerted.url, secret=secret, events=["delivery.*"])
    with opened(tmp_path, policy, alerts=alerts) as client:
        endpoint, message = die(client, receiver)
        client.endpoints.disable(client.endpoints.create(receiver.url, events=["x"]))
        client.run_until_idle()
    (request,) = alerted.requests
    event = wh.verify("standard", body=request.body, headers=request.headers, secrets=[secret])
    assert event.type == "delivery.dead"
    data = json.loads(request.body)["data"]
    assert data["endpoint_id"] == endpoint.id
    assert data["message_id"] == message.id


def test_the_alert_endpoint_is_made_once_and_shown_like_any_other(tmp_path, policy, alerted):
    for _ in range(3):
        with opened(tmp_path, policy, alerts=alerted.url) as client:
            (endpoint,) = client.endpoints.list(tenant=wh.ALERTS_TENANT)
            changed_at = endpoint.updated_at
            assert (endpoint.url, endpoint.events) == (alerted.url, ("*",))
    with opened(tmp_path, policy, alerts=wh.Alerts(alerted.url, events=["backlog.*"])) as client:
        (endpoint,) = client.endpoints.list(tenant=wh.ALERTS_TENANT)
        assert endpoint.events == ("backlog.*",)
        assert endpoint.updated_at > changed_at


def test_an_alert_goes_through_the_same_guard(tmp_path, alerted):
    with pytest.raises(wh.InvalidUrlError):
        wh.Client(f"sqlite:///{tmp_path}/webhooks.db", alerts=alerted.url)
    with pytest.raises(wh.BlockedAddressError):
        wh.Client(f"sqlite:///{tmp_path}/webhooks.db", alerts="https://169.254.169.254/")


def test_alerts_about_the_alert_endpoint_do_not_loop(tmp_path, policy, alerted, caplog):
    alerted.statuses = [404]
    with opened(tmp_path, policy, alerts=alerted.url) as client:
        other = client.endpoints.create("http://127.0.0.1:8999/", events=["x"])
        client.endpoints.disable(other)
        for _ in range(3):
            client.run_until_idle()
        assert len(alerted.requests) == 1
        told = [event.type for event in client.operations.list(tenant=wh.ALERTS_TENANT)]
        assert told == ["delivery.dead"]
    assert "delivery.dead" in caplog.text


def test_any_endpoint_of_the_tenant_of_alerts_gets_them(client, endpoint, alerted):
    client.endpoints.create(alerted.url, events=["endpoint.*"], tenant=wh.ALERTS_TENANT)
    client.endpoints.disable(endpoint)
    client.run_until_idle()
    assert [json.loads(request.body)["type"] for request in alerted.requests] == [
        "endpoint.disabled"
    ]


def test_events_are_listed_by_filter_and_page(client, endpoint, receiver):
    begun = datetime.now(timezone.utc)
    die(client, receiver, tenant="acme")
    client.run_until_idle()
    for number in range(4):
        client.endpoints.disable(endpoint, str(number))
        client.endpoints.enable(endpoint)
    assert len(client.operations.list()) == 5
    assert len(client.operations.list("endpoint.*")) == 4
    assert len(client.operations.list(tenant="acme")) == 1
    assert len(client.operations.list(endpoint=endpoint)) == 4
    assert len(client.operations.list(since=begun - timedelta(minutes=1))) == 5
    assert len(client.operations.list(since=begun + timedelta(minutes=1))) == 0
    page = client.operations.list(limit=2)
    assert [event.details["reason"] for event in page] == ["3", "2"]
    rest = client.operations.list(cursor=page.cursor)
    assert [event.type for event in rest] == ["endpoint.disabled"] * 2 + ["delivery.dead"]


def test_since_is_a_moment_as_everywhere(client, endpoint):
    client.endpoints.disable(endpoint)
    now = datetime.now(timezone.utc)
    assert len(client.operations.list(since=now.timestamp() - 60)) == 1
    naive = now.replace(tzinfo=None)
    for bad in (naive, naive.replace(year=1, tzinfo=timezone.utc), True, "now"):
        with pytest.raises(wh.ConfigError) as refused:
            client.operations.list(since=bad)
        assert refused.value.field == "since"


def test_an_endpoint_that_mostly_fails_is_told_before_anybody_looks(tmp_path, policy, receiver):
    receiver.statuses = [404]
    alerts = wh.Alerts(failing_least=5)
    with opened(tmp_path, policy, alerts=alerts) as client:
        endpoint = client.endpoints.create(receiver.url, events=["*"])
        client.send_many([{"type": "a", "data": number} for number in range(5)])
        client.run_until_idle()
        client.run_until_idle()  # The first look of a run is at once.
        (event,) = client.operations.list("endpoint.failing")
        assert event.endpoint_id == endpoint.id
        assert event.details == {"attempts": 5, "failed": 5}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("failing_above", 1.5),
        ("failing_least", 0),
        ("backlog_after", -1),
        ("volume_factor", 0),
        ("volume_least", "many"),
        ("secret_after", 0),
        ("events", []),
    ],
)
def test_a_threshold_that_makes_no_sense_is_refused(field, value):
    with pytest.raises(wh.ConfigError) as refused:
        wh.Alerts(**{field: value})
    assert refused.value.field == f"alerts.{field}"


def test_alerts_of_another_kind_are_refused(tmp_path):
    with pytest.raises(wh.ConfigError) as refused:
        wh.Client(f"sqlite:///{tmp_path}/webhooks.db", alerts=7)
    assert refused.value.field == "alerts"
