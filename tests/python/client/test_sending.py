"""What ``send()``, ``send_many()`` and the one-shot ``wh.send()`` promise."""

from __future__ import annotations

import inspect
import threading
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import webhookcore as wh

SECRET = wh.generate_secret()


@contextmanager
def busy_for_an_hour():
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(503)
            self.send_header("Retry-After", "3600")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.timeout(30)
def test_a_one_shot_does_not_wait_an_hour_because_the_receiver_says_so(policy):
    with busy_for_an_hour() as url:
        result = wh.send(url, "a", {}, secret=SECRET, retry=[0.1, 0.1], timeout=1, policy=policy)
    assert (result.success, result.attempts, result.status) == (False, 1, 503)


def test_a_one_shot_still_follows_its_schedule(receiver, policy):
    receiver.statuses = [500, 200]
    result = wh.send(receiver.url, "a", {}, secret=SECRET, retry=[0.05], policy=policy)
    assert (result.success, result.attempts, result.status) == (True, 2, 200)


def test_a_one_shot_without_a_secret_is_refused(receiver, policy):
    with pytest.raises(wh.ConfigError) as refused:
        wh.send(receiver.url, "a", {}, secret=None, policy=policy)
    assert refused.value.field == "secret"
    assert receiver.requests == []


def test_a_message_knows_when_it_was_sent(client):
    before = datetime.now(timezone.utc)
    first = client.send("a", {}, idempotency_key="k")
    after = datetime.now(timezone.utc)
    # A store keeps whole milliseconds.
    assert before - timedelta(milliseconds=1) < first.created_at <= after
    again = client.send("a", {}, idempotency_key="k")
    stored = client.messages.get(first.id).created_at
    assert again.created_at == stored
    assert abs(stored - first.created_at) < timedelta(seconds=5)


def test_no_content_type_is_the_default_one(receiver, client):
    client.endpoints.create(receiver.url, events=["*"])
    client.send("a", {}, content_type=None)
    client.run_until_idle()
    assert receiver.requests[0].headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("bad", [{"type": "a"}, {"type": "?", "data": 1}, 5, {"data": 1}])
def test_one_item_that_cannot_be_sent_stores_nothing_of_the_batch(client, bad):
    with pytest.raises(wh.ConfigError) as refused:
        client.send_many([{"type": "a", "data": 1}, bad])
    assert refused.value.field.startswith("messages[1]")
    assert len(client.messages.list()) == 0


def test_an_item_in_conflict_leaves_the_others_of_the_batch_stored(client):
    client.send("first", 1, idempotency_key="k")
    items = [
        {"type": "second", "data": 1},
        {"type": "first", "data": 2, "idempotency_key": "k"},
        {"type": "third", "data": 1},
    ]
    with pytest.raises(wh.IdempotencyConflictError):
        client.send_many(items)
    assert sorted(message.type for message in client.messages.list()) == [
        "first",
        "second",
        "third",
    ]


def test_a_message_that_its_endpoint_cannot_sign_dies_at_once_and_says_why(client, receiver):
    # Twilio signs a form, or a body whose digest is in the URL.
    client.endpoints.create(receiver.url, events=["*"], schemes=["twilio"])
    message = client.send("a", {})
    counts = client.run_until_idle()
    assert (counts.attempts, counts.dead) == (1, 1)
    [delivery] = message.deliveries
    assert (delivery.state, delivery.last_error) == ("dead", "invalid_request")
    [attempt] = client.deliveries.attempts(delivery)
    assert attempt.outcome == "permanent"
    assert "bodySHA256" in attempt.error_text
    assert receiver.requests == []


def test_a_verifier_shows_its_parameters():
    names = list(inspect.signature(wh.Verifier).parameters)
    assert names == ["provider", "secrets", "tolerance", "source", "keys"]


def test_an_attempt_says_where_it_went_and_how_long_each_phase_took(receiver, client):
    client.endpoints.create(receiver.url, events=["*"])
    message = client.send("a", {})
    client.run_until_idle()
    (attempt,) = client.deliveries.attempts(message.deliveries[0])
    assert attempt.url == receiver.url
    assert attempt.address.startswith("127.0.0.1")
    assert (attempt.number, attempt.status, attempt.outcome) == (1, 200, "delivered")
    assert attempt.trigger == "send"


def test_one_message_is_a_delivery_for_each_endpoint_of_its_tenant_that_subscribes(
    receiver, client
):
    mine = client.endpoints.create(receiver.url, events=["order.*"], tenant="acme")
    too = client.endpoints.create(receiver.url, events=["*"], tenant="acme")
    client.endpoints.create(receiver.url, events=["invoice.*"], tenant="acme")
    client.endpoints.create(receiver.url, events=["*"], tenant="other")
    client.endpoints.create(receiver.url, events=["*"])
    message = client.send("order.created", {}, tenant="acme")
    assert {one.endpoint_id for one in message.deliveries} == {mine.id, too.id}


def test_max_attempts_ends_a_schedule_early(receiver, client):
    receiver.statuses = [500, 500, 500]
    client.endpoints.create(receiver.url, events=["*"], retry=[0.01, 0.01, 0.01], max_attempts=2)
    message = client.send("a", {})
    client.run_until_idle(wait=5)
    (delivery,) = message.deliveries
    assert (delivery.state, delivery.attempts) == ("dead", 2)
