"""Health of endpoints: breaker, auto-disable, refusals (requirements D9, D15, D18)."""

from __future__ import annotations

import pickle
from datetime import datetime, timedelta, timezone

import pytest

import webhookcore as wh


def opened(tmp_path, policy, **options):
    return wh.Client(f"sqlite:///{tmp_path}/webhooks.db", policy=policy, **options)


def test_an_endpoint_that_never_failed_is_well(endpoint):
    assert endpoint.health == wh.EndpointHealth()
    assert endpoint.health.state == "closed"


def test_five_failures_in_a_row_open_the_breaker_and_waiting_deliveries_keep_their_attempts(
    client, receiver
):
    receiver.statuses = [500]
    endpoint = client.endpoints.create(receiver.url, events=["*"])
    before = datetime.now(timezone.utc)
    client.send_many([{"type": "a", "data": number} for number in range(30)])
    client.run_until_idle()
    health = client.endpoints.get(endpoint.id).health
    assert (health.state, health.trips) == ("open", 1)
    assert health.consecutive_failures >= 5
    assert before + timedelta(seconds=299) < health.open_until
    assert health.open_until < datetime.now(timezone.utc) + timedelta(seconds=301)
    assert before - timedelta(seconds=1) < health.failing_since <= health.last_failure_at
    # At most 16 were under way when it opened; the rest has not been tried.
    assert 5 <= len(receiver.requests) <= 20
    untried = [row for row in client.deliveries.list() if row.attempts == 0]
    assert len(untried) == 30 - len(receiver.requests)
    assert {row.state for row in untried} == {"pending"}


def test_the_breaker_outlives_its_process_and_one_probe_closes_it(tmp_path, policy, receiver):
    receiver.statuses = [500]
    breaker = wh.Breaker(failures=5, open_for=0.5)
    with opened(tmp_path, policy, breaker=breaker) as client:
        endpoint = client.endpoints.create(receiver.url, events=["*"], retry=[3600])
        client.send_many([{"type": "a", "data": number} for number in range(30)])
        client.run_until_idle()
        tried = len(receiver.requests)
    with opened(tmp_path, policy, breaker=breaker) as client:
        assert client.endpoints.get(endpoint.id).health.trips >= 1
        receiver.statuses = [200]
        client.run_until_idle(wait=2)
        health = client.endpoints.get(endpoint.id).health
        assert (health.state, health.failing_since) == ("closed", None)
        assert health.trips >= 1
        assert health.recovered_at is not None
        assert len(receiver.requests) == 30
        assert client.deliveries.count()["delivered"] == 30 - tried


@pytest.mark.parametrize("status", [400, 401, 404, 422])
def test_a_refusal_is_dead_at_once_and_opens_no_breaker(client, receiver, status):
    receiver.statuses = [status]
    endpoint = client.endpoints.create(receiver.url, events=["*"])
    client.send_many([{"type": "a", "data": number} for number in range(10)])
    client.run_until_idle()
    assert client.deliveries.count()["dead"] == 10
    health = client.endpoints.get(endpoint.id).health
    assert (health.state, health.trips, health.consecutive_failures) == ("closed", 0, 0)


def test_refusals_are_tried_again_where_the_endpoint_says_so(client, receiver):
    receiver.statuses = [404, 401, 200]
    endpoint = client.endpoints.create(
        receiver.url, events=["*"], retry=[0, 0], client_errors="retry"
    )
    assert endpoint.client_errors == "retry"
    client.send("a", {})
    assert client.run_until_idle(wait=1).delivered == 1
    assert client.endpoints.update(endpoint, client_errors="die").client_errors == "die"
    with pytest.raises(wh.ConfigError) as refused:
        client.endpoints.update(endpoint, client_errors="ignore")
    assert refused.value.field == "client_errors"


def test_410_disables_also_where_refusals_are_tried_again(client, receiver):
    receiver.statuses = [410]
    endpoint = client.endpoints.create(receiver.url, events=["*"], client_errors="retry")
    message = client.send("a", {})
    client.run_until_idle()
    row = client.endpoints.get(endpoint.id)
    assert (row.state, row.disabled_reason) == ("disabled", "gone")
    assert message.deliveries[0].state == "dead"


def test_nothing_but_failing_for_too_long_disables_and_enabling_starts_afresh(
    tmp_path, policy, receiver
):
    receiver.statuses = [500]
    with opened(tmp_path, policy, auto_disable_after=0.3, breaker=wh.Breaker(0)) as client:
        endpoint = client.endpoints.create(receiver.url, events=["*"], retry=[0.5, 3600])
        message = client.send("a", {})
        client.run_until_idle(wait=2)
        row = client.endpoints.get(endpoint.id)
        assert (row.state, row.disabled_reason) == ("disabled", "failing")
        told = list(client.operations.list("endpoint.disabled"))
        assert [event.details["reason"] for event in told] == ["failing"]
        assert told[0].details["failing_since"] < told[0].as_data()["at"]

        client.endpoints.enable(endpoint)
        assert client.endpoints.get(endpoint.id).health.failing_since is None
        assert message.deliveries[0].state == "pending"


def test_without_a_limit_nothing_is_disabled(tmp_path, policy, receiver):
    receiver.statuses = [500]
    with opened(tmp_path, policy, auto_disable_after=None, breaker=wh.Breaker(0)) as client:
        endpoint = client.endpoints.create(receiver.url, events=["*"], retry=[0.2, 0.2])
        client.send("a", {})
        client.run_until_idle(wait=2)
        assert client.endpoints.get(endpoint.id).state == "enabled"


@pytest.mark.parametrize("bad", [0, -1, "5", float("nan"), True])
def test_a_limit_that_can_never_work_is_refused(tmp_path, policy, bad):
    with pytest.raises(wh.ConfigError) as refused:
        opened(tmp_path, policy, auto_disable_after=bad)
    assert refused.value.field == "auto_disable_after"


def test_an_endpoint_out_of_a_pickle_says_that_it_has_no_health(endpoint):
    copy = pickle.loads(pickle.dumps(endpoint))
    with pytest.raises(wh.StoreUnavailableError):
        assert copy.health
