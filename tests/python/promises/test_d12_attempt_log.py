"""D12: what is known of each attempt.

Thoroughly: client/test_sending.py, cli/test_store_commands.py, tests/cpp/engine.
"""

from __future__ import annotations

import datetime as dt
import json

import webhookcore as wh
from support.command import run
from webhookcore.testing import Answer


def test_each_attempt_says_when_where_how_long_and_what_came_back(client, server):
    server.answer(Answer(500, b"broken", {"X-Request-Id": "r-1"}), Answer(200, b"thanks"))
    client.endpoints.create(server.url, events=["*"], retry=[0])
    [delivery] = client.send("order.created", {"id": 7}).deliveries
    client.run_until_idle(wait=5)
    first, second = client.deliveries.attempts(delivery)
    assert [first.number, second.number] == [1, 2]
    assert [first.trigger, second.trigger] == ["send", "retry"]
    assert [first.status, second.status] == [500, 200]
    assert [first.outcome, second.outcome] == ["transient", "delivered"]
    assert first.url == server.url
    assert first.address == f"127.0.0.1:{server.port}"
    assert first.started_at <= second.started_at <= dt.datetime.now(dt.timezone.utc)
    assert 0 <= first.duration < 10
    assert set(first.phases) == {"dns", "connect", "tls", "first_byte"}
    assert first.phases["tls"] is None
    assert first.phases["connect"] <= first.phases["first_byte"] <= first.duration
    assert first.response_headers["x-request-id"] == "r-1"
    assert (first.response_body, second.response_body) == (b"broken", b"thanks")


def test_one_that_got_no_answer_says_why_in_a_class_and_a_text(client, server):
    server.answer(Answer(fault="reset"))
    client.endpoints.create(server.url, events=["*"], retry=[])
    [delivery] = client.send("a", {}).deliveries
    client.run_until_idle()
    [attempt] = client.deliveries.attempts(delivery)
    assert (attempt.status, attempt.error) == (None, "reset")
    assert attempt.error_text


def test_what_triggered_it_is_send_retry_replay_or_test(client, server):
    server.answer(500, 500, 200)
    endpoint = client.endpoints.create(server.url, events=["*"], retry=[0])
    [delivery] = client.send("a", {}).deliveries
    client.run_until_idle(wait=5)
    client.dead_letters.replay(delivery)
    client.run_until_idle()
    triggers = [attempt.trigger for attempt in client.deliveries.attempts(delivery)]
    assert triggers == ["send", "retry", "replay"]
    assert client.endpoints.test(endpoint).trigger == "test"


def test_the_command_line_shows_the_timeline(store, policy, server):
    server.answer(500, 200)
    with wh.Client(store, policy=policy) as client:
        client.endpoints.create(server.url, events=["*"], retry=[0])
        [delivery] = client.send("a", {}).deliveries
        client.run_until_idle(wait=5)
    shown = run("deliveries", "show", delivery.id, "--db", store, "--json")
    assert shown.exit_code == 0, shown.output
    assert "500" in shown.output
    assert json.loads(shown.stdout.splitlines()[0])["id"] == delivery.id
