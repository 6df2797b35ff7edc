"""D24: operators are told of what goes wrong: in the log, by a hook, by a webhook; and once.

Thoroughly: client/test_operations.py, client/test_alerts.py, faults/test_operations_kill.py,
tests/cpp/core/watch_rules_test.cpp, tests/cpp/engine/watch_test.cpp.
"""

from __future__ import annotations

import json
import logging

import pytest

import webhookcore as wh
from support.command import rows, run
from webhookcore.testing import Answer, WebhookServer

from .conftest import DAY, HOUR

MINUTE = 60
URL = "https://example.com/hook"
# For clock.run(): STORE MESSAGES.
SEND = """
import sys, webhookcore as wh
with wh.Client(sys.argv[1]) as client:
    client.send_many([{"type": "a", "data": n} for n in range(int(sys.argv[2]))])
"""
# STORE OPTIONS TYPE: prints the details of each event of the type.
LOOK = """
import json, sys, webhookcore as wh
policy = wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"])
with wh.Client(sys.argv[1], policy=policy, alerts=wh.Alerts(**json.loads(sys.argv[2]))) as client:
    client.run_until_idle()
    print(json.dumps([event.details for event in client.operations.list(sys.argv[3])]))
"""


def watched(store, policy, **options):
    return wh.Client(store, policy=policy, breaker=wh.Breaker(0), **options)


def attempt_all(client, endpoint_answers, tenant=None):
    """Makes an endpoint for each server, and one attempt for each of its answers."""
    made = []
    for server, answers in endpoint_answers:
        server.answer(*answers)
        type = f"of.{len(made)}"
        made.append(client.endpoints.create(server.url, events=[type], tenant=tenant, retry=[]))
        client.send_many(
            [{"type": type, "data": n, "tenant": tenant} for n, _ in enumerate(answers)]
        )
    client.run_until_idle()
    client.run_until_idle()  # Whoever begins to deliver looks at once, and then every minute.
    return made


def told(client, type):
    return [
        (event.tenant, event.endpoint_id, event.details) for event in client.operations.list(type)
    ]


@pytest.fixture
def other():
    with WebhookServer() as running:
        yield running


@pytest.mark.parametrize(
    ("failed", "delivered", "expected"),
    [(11, 9, True), (10, 10, False), (19, 0, False), (20, 0, True)],
    ids=["above half", "half", "too few to say", "all of enough"],
)
def test_an_endpoint_failing_above_50_percent_with_a_minimum_volume(
    store, policy, server, failed, delivered, expected
):
    with watched(store, policy) as client:
        [endpoint] = attempt_all(client, [(server, [500] * failed + [200] * delivered)])
        attempts = {"attempts": failed + delivered, "failed": failed}
        assert told(client, "endpoint.failing") == [(None, endpoint.id, attempts)] * expected


@pytest.mark.parametrize(("failed", "expected"), [(11, True), (10, False)])
def test_a_tenant_failing_above_50_percent_over_its_endpoints(
    store, policy, server, other, failed, expected
):
    """Each endpoint alone has too few attempts to say."""
    with watched(store, policy) as client:
        answers = [(server, [500] * 10), (other, [500] * (failed - 10) + [200] * (20 - failed))]
        attempt_all(client, answers, tenant="acme")
        attempts = {"attempts": 20, "failed": failed}
        assert told(client, "tenant.failing") == [("acme", None, attempts)] * expected
        assert told(client, "endpoint.failing") == []


@pytest.mark.parametrize(("later", "expected"), [(14 * MINUTE, 0), (16 * MINUTE, 1)])
def test_a_backlog_older_than_15_minutes(store, policy, server, clock, later, expected):
    with wh.Client(store, policy=policy) as client:
        client.endpoints.create(server.url, events=["*"])
        client.send("a", {})
    found = json.loads(clock.run(LOOK, store, "{}", "backlog.old", later=later))
    assert len(found) == expected
    assert all(details["age_ms"] >= later * 1000 for details in found)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("least", "now", "expected"), [(50, 60, 1), (30, 45, 0), (100, 60, 0)],
    ids=["ten times the usual hour", "less than ten times", "less than the minimum volume"],
)  # fmt: skip
def test_an_hour_of_unusual_volume(store, clock, least, now, expected):
    """The day before had 120 messages, so five an hour."""
    clock.run(SEND, store, 1, later=-26 * HOUR)
    clock.run(SEND, store, 120, later=-2 * HOUR)
    clock.run(SEND, store, now)
    options = json.dumps({"volume_least": least})
    found = json.loads(clock.run(LOOK, store, options, "volume.unusual", later=MINUTE))
    assert found == [{"last_hour": now, "usual": 5}] * expected


def test_volume_is_not_unusual_while_nobody_knows_what_is_usual(store, clock):
    clock.run(SEND, store, 1000)
    options = json.dumps({"volume_least": 10})
    assert json.loads(clock.run(LOOK, store, options, "volume.unusual", later=MINUTE)) == []


def cause_everything(client, server):
    """A dead letter, an open breaker, a failing endpoint, and one that is disabled."""
    server.answer(*[500] * 20, 410)
    client.endpoints.create(server.url, events=["a"], retry=[], breaker=wh.Breaker(3))
    client.endpoints.create(server.url, events=["b"], retry=[], breaker=wh.Breaker(0))
    client.send_many([{"type": "a", "data": n} for n in range(3)])
    client.send_many([{"type": "b", "data": n} for n in range(17)])
    client.run_until_idle()
    client.send("b", "gone")
    client.run_until_idle()
    client.run_until_idle()


EVERYTHING = {
    "delivery.dead",
    "endpoint.breaker_opened",
    "endpoint.disabled",
    "endpoint.failing",
    "tenant.failing",
}


def test_each_is_told_to_log_hook_and_webhook(store, policy, server, other, caplog):
    hooked = []
    secret = wh.generate_secret()
    alerts = wh.Alerts(other.url, secret=secret, failing_least=5)
    with watched(store, policy, alerts=alerts) as client:
        client.operations.on("*")(lambda event: hooked.append(event.type))
        with caplog.at_level(logging.INFO, "webhookcore.operations"):
            cause_everything(client, server)
        stored = [event.type for event in client.operations.list()]
    lines = [record for record in caplog.records if record.name == "webhookcore.operations"]
    logged = [line.webhook["type"] for line in lines]
    sent = [
        wh.verify("standard", body=one.body, headers=one.headers, secrets=[secret]).type
        for one in other.requests
    ]
    assert set(stored) == EVERYTHING
    assert sorted(stored) == sorted(hooked) == sorted(logged) == sorted(sent)


def test_more_of_the_same_is_counted_and_not_told_again(store, policy, server, other):
    with watched(store, policy, alerts=other.url) as client:
        server.answer(Answer(404))
        endpoint = client.endpoints.create(server.url, events=["*"])
        for number in range(10):
            client.send("order.created", number)
            client.run_until_idle()
        [event] = client.operations.list("delivery.dead", endpoint=endpoint)
        assert event.repeats == 9
    types = [json.loads(request.body)["type"] for request in other.requests]
    assert types.count("delivery.dead") == 1


def test_a_day_later_the_same_is_told_anew(store, policy, server, clock):
    with wh.Client(store, policy=policy) as client:
        server.answer(404)
        client.endpoints.create(server.url, events=["*"])
        client.send("a", {})
        client.run_until_idle()
        assert len(client.operations.list("delivery.dead")) == 1
        client.send("a", {})
    found = json.loads(clock.run(LOOK, store, "{}", "delivery.dead", later=DAY))
    assert len(found) == 2


def test_the_command_line_shows_them(store, policy, server):
    with wh.Client(store, policy=policy) as client:
        server.answer(404)
        client.endpoints.create(server.url, events=["*"])
        client.send("a", {})
        client.run_until_idle()
    [shown] = rows(run("operations", "list", "--db", store, "--json"))
    assert shown["type"] == "delivery.dead"
