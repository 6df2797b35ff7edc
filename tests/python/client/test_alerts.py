"""Alerts and hooks when things are as bad as what they tell of."""

from __future__ import annotations

import json
import logging
import sys
import threading
import time

import pytest

import webhookcore as wh
from support.loopback import loopback
from webhookcore.client.attempt_log import AttemptLog
from webhookcore.client.operations_feed import OperationsFeed


@pytest.fixture
def alerted():
    with loopback() as told:
        yield told


@pytest.fixture(params=["sqlite", "memory"])
def url(request, tmp_path):
    return f"sqlite:///{tmp_path}/webhooks.db" if request.param == "sqlite" else "memory://"


def types(alerted):
    return [json.loads(request.body)["type"] for request in alerted.requests]


@pytest.mark.parametrize("on_full", ["raise", "wait"])
def test_a_full_backlog_does_not_hold_alerts_back(url, policy, receiver, alerted, on_full):
    limits = {"max_backlog": 2, "on_full": on_full, "full_timeout": 0.1}
    with wh.Client(url, policy=policy, alerts=alerted.url, **limits) as client:
        endpoint = client.endpoints.create(receiver.url, events=["*"])
        in_an_hour = time.time() + 3600
        client.send_many([{"type": "a.b", "data": n, "deliver_at": in_an_hour} for n in range(3)])
        with pytest.raises(wh.StoreFullError):
            client.send("a.b", 4)
        client.endpoints.update(endpoint, description="still enabled")
        client.endpoints.disable(client.endpoints.create(receiver.url, events=["x"]))
        client.run_until_idle()
    assert types(alerted) == ["endpoint.disabled"]


def test_while_the_store_fails_a_run_goes_on_and_says_that_events_wait(
    client, endpoint, monkeypatch, caplog
):
    def fail(feed):
        raise wh.StoreFullError("no space")

    monkeypatch.setattr(OperationsFeed, "give_out", fail)
    client.endpoints.disable(endpoint)
    assert client.run_until_idle().attempts == 0
    assert "operational events wait: no space" in caplog.text


def test_a_disabled_alert_endpoint_gets_by_recover_what_it_missed(url, policy, receiver, alerted):
    begun = time.time() - 1
    with wh.Client(url, policy=policy, alerts=alerted.url) as client:
        (alerts,) = client.endpoints.list(tenant=wh.ALERTS_TENANT)
        client.endpoints.disable(alerts)
        client.endpoints.disable(client.endpoints.create(receiver.url, events=["x"]))
        client.run_until_idle()
        client.endpoints.enable(alerts)
        client.run_until_idle()
        assert types(alerted) == []
        assert client.recover(alerts, begun) == 1
        client.run_until_idle()
    assert types(alerted) == ["endpoint.disabled"]


def test_a_hook_that_exits_stops_nobody(client, endpoint, caplog):
    seen = []
    client.operations.on("*")(lambda event: sys.exit(3))
    client.operations.on("*")(lambda event: seen.append(event.type))
    client.run_until_idle()
    client.endpoints.disable(endpoint)
    client.run_until_idle()
    assert seen == ["endpoint.disabled"]
    assert "a hook for endpoint.disabled failed" in caplog.text


@pytest.mark.parametrize("error", [SystemExit(3), RuntimeError("mine")])
def test_the_log_thread_outlives_what_is_raised_on_it(client, caplog, error):
    again = threading.Event()
    ticks = []

    def tick():
        ticks.append(1)
        if len(ticks) == 1:
            raise error
        again.set()

    log = AttemptLog(client._engine, client._store, tick)
    log.start()
    assert again.wait(10)
    log.stop()
    assert "telling what happened failed" in caplog.text


@pytest.mark.parametrize("method", ["stop", "close"])
def test_a_hook_may_stop_the_client(client, endpoint, method, caplog):
    stopped = threading.Event()
    left = []

    @client.operations.on("*")
    def hook(event):
        left.append(threading.current_thread())
        getattr(client, method)(1.0)
        stopped.set()

    with caplog.at_level(logging.ERROR):
        client.start()
        client.endpoints.disable(endpoint)
        assert stopped.wait(10)
        left[0].join(10)
    assert not left[0].is_alive()
    assert not client._engine.running()
    assert caplog.text == ""


def test_a_hook_may_stop_and_start_the_client(client, endpoint):
    threads = []
    done = threading.Event()

    @client.operations.on("*")
    def hook(event):
        client.stop(1.0)
        client.start()
        threads.append(threading.current_thread())
        done.set()

    client.start()
    client.endpoints.disable(endpoint)
    assert done.wait(10)
    threads[0].join(10)
    assert not threads[0].is_alive()  # The one that start() made goes on in its place.
    assert client._engine.running()


@pytest.mark.parametrize(
    ("alerts", "field", "error"),
    [
        ("ftp://example.com/", "alerts.url", wh.InvalidUrlError),
        ("https://169.254.169.254/", "alerts.url", wh.BlockedAddressError),
    ],
)
def test_the_url_of_alerts_is_named_when_it_is_refused(url, alerts, field, error):
    with pytest.raises(error) as refused:
        wh.Client(url, alerts=alerts)
    assert refused.value.field == field
    assert str(refused.value).startswith(f"{field}: ")
