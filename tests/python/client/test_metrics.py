"""O8: how deliveries went, over any window, per tenant and endpoint."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

import pytest

import webhookcore as wh
from client.conftest import URL


def test_totals_rates_and_times_are_those_of_what_happened(client, receiver):
    receiver.statuses = [500, 200]
    good = client.endpoints.create(receiver.url, events=["a"], retry=[0.01])
    client.send("a", {})
    client.run_until_idle(wait=5)
    receiver.statuses = [404]
    client.endpoints.create(receiver.url, events=["b"], retry=[])
    client.send("b", {})
    client.run_until_idle(wait=5)
    client.endpoints.create(URL, events=["c"], tenant="acme")
    client.send("c", {}, tenant="acme")

    seen = client.metrics()
    assert (seen.messages, seen.deliveries, seen.attempts) == (3, 3, 3)
    assert (seen.delivered, seen.dead, seen.pending) == (1, 1, 1)
    assert (seen.success_rate, seen.failure_rate) == (0.5, 0.5)
    assert (seen.retry_rate, seen.mean_attempts) == (0.5, 1.5)
    assert seen.mean_delivery_time > 0
    assert set(seen.delivery_time_percentiles) == {50, 90, 95, 99}
    assert (seen.backlog, seen.dead_letters) == (1, 1)
    assert seen.oldest_pending_at <= datetime.now(timezone.utc)

    assert client.metrics(endpoint=good).success_rate == 1.0
    assert client.metrics(tenant="acme").backlog == 1
    assert client.metrics(tenant=None).backlog == 0


def test_trips_of_the_breaker_are_counted(tmp_path, policy, receiver):
    receiver.statuses = [500]
    url = f"sqlite:///{tmp_path}/webhooks.db"
    with wh.Client(url, policy=policy, breaker=wh.Breaker(failures=1, open_for=300)) as client:
        failing = client.endpoints.create(receiver.url, events=["*"], tenant="acme")
        other = client.endpoints.create(URL, events=["*"])
        assert client.metrics().breaker_trips == 0
        client.send("a", {}, tenant="acme")
        client.run_until_idle()
        assert client.metrics().breaker_trips == 1
        assert client.metrics(endpoint=failing, since=timedelta(hours=1)).breaker_trips == 1
        assert client.metrics(endpoint=other).breaker_trips == 0
        assert client.metrics(tenant="acme").breaker_trips == 1
        assert client.metrics(tenant=None).breaker_trips == 0
        assert client.metrics(until=timedelta(hours=1)).breaker_trips == 0


def test_without_deliveries_there_are_no_rates(client):
    seen = client.metrics()
    assert seen.deliveries == seen.backlog == 0
    assert (seen.success_rate, seen.retry_rate, seen.mean_delivery_time) == (None, None, None)
    assert seen.delivery_time_percentiles[50] is None
    assert seen.oldest_pending_at is None


def test_a_window_may_be_given_as_any_kind_of_moment(client, endpoint):
    client.send("a", {})
    hour = timedelta(hours=1)
    now = datetime.now(timezone.utc)
    for since in (hour, now - hour, time.time() - 3600):
        assert client.metrics(since=since).deliveries == 1
    assert client.metrics(until=hour).deliveries == 0
    assert client.metrics(since=now + hour).deliveries == 0


@pytest.mark.parametrize("since", [datetime(2026, 1, 1), -1, float("nan"), "1h", True])  # noqa: DTZ001
def test_what_is_no_moment_is_refused(client, since):
    with pytest.raises(wh.ConfigError) as refused:
        client.metrics(since=since)
    assert refused.value.field == "since"


FIRST = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))
LAST = datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5)))


@pytest.mark.parametrize(("since", "seen"), [(FIRST, 1), (LAST, 0)])
def test_a_moment_at_the_edge_of_the_calendar_is_one(client, endpoint, since, seen):
    client.send("a", {})
    assert client.metrics(since=since).deliveries == seen


def test_an_endpoint_that_is_not_there_has_no_metrics(client):
    mine = client.endpoints.create(URL, events=["*"], tenant="acme")
    assert client.metrics(endpoint=mine, tenant="acme").deliveries == 0
    for endpoint, tenant in (("nope", {}), ("", {}), (mine, {"tenant": "other"})):
        with pytest.raises(wh.NotFoundError):
            client.metrics(endpoint=endpoint, **tenant)
    client.endpoints.delete(mine)
    with pytest.raises(wh.NotFoundError):
        client.metrics(endpoint=mine)


def test_an_endpoint_that_was_deleted_has_those_of_its_deliveries(client, endpoint):
    client.send("a", {})
    client.endpoints.delete(endpoint)
    assert client.metrics(endpoint=endpoint).cancelled == 1
