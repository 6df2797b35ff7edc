"""What happens in the demo, in its order, and what must have come of it."""

from __future__ import annotations

import hashlib
import http.client
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from receiving import Captured, Handled, Server, make_receiver
from workload import Planned, plan_messages

import webhookcore as wh

REPEATS = 12
_PATIENCE = 30.0


@dataclass
class Story:
    """Everything that the report shows."""

    planned: list[Planned]
    endpoints: dict[str, wh.Endpoint]
    ids: list[str]
    expected_bodies: dict[str, str] = field(default_factory=dict)
    flaky: set[str] = field(default_factory=set)
    lost_answers: set[str] = field(default_factory=set)
    second_send_was_duplicate: bool = False
    repeat_answers: Counter[tuple[int, str]] = field(default_factory=Counter)
    forged_answer: tuple[int, str] = (0, "")
    dead_before: list[wh.Delivery] = field(default_factory=list)
    replayed: wh.Delivery | None = None
    counts_before_replay: wh.RunCounts | None = None
    deliveries: list[wh.Delivery] = field(default_factory=list)
    timeline: list[wh.Attempt] = field(default_factory=list)
    timeline_of: wh.Delivery | None = None
    handled: Handled = field(default_factory=Handled)
    requests: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


def live(sender_file: Path, receiver_file: Path, *, lose_one: bool = False) -> Story:
    """Run the whole demo.

    Args:
        lose_one: Let the receiver acknowledge one message and throw it away, to see
            the checks notice.
    """
    began = time.monotonic()
    secrets = {
        "standard": wh.generate_secret(),
        "stripe": wh.generate_secret(),
        "github": "a-text-secret-as-github-takes-it",
    }
    handled = Handled()
    policy = wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"])
    with (
        make_receiver(receiver_file, secrets, handled) as receiver,
        Server(receiver) as server,
        # No breaker: the scripted failures come in a row, and would open it.
        wh.Client(
            f"sqlite:///{sender_file}", policy=policy, breaker=wh.Breaker(failures=0)
        ) as client,
    ):
        endpoints = _register(client, server, secrets)
        story = _send(client, endpoints)
        story.handled = handled
        _write_script(story, server, lose_one=lose_one)
        story.counts_before_replay = client.run_until_idle(wait=_PATIENCE)
        _wait_until_handled(receiver)
        _knock_again(story, server)
        _revive_the_ledger(story, client, server)
        _wait_until_handled(receiver)
        _look_back(story, client)
        story.requests = receiver.counts()
    story.seconds = time.monotonic() - began
    return story


def _register(client: wh.Client, server: Server, secrets: dict[str, str]) -> dict[str, wh.Endpoint]:
    healthy: dict[str, Any] = {"retry": [0.3, 0.6, 1.2], "timeout": 30}
    endpoints = {
        source: client.endpoints.create(
            server.url(f"/hooks/{source}"),
            events=[f"{source}.*"],
            schemes=[source],
            secret=secret,
            **healthy,
        )
        for source, secret in secrets.items()
    }
    endpoints["ledger"] = client.endpoints.create(
        server.url("/ledger/standard"),
        events=["ledger.*"],
        secret=secrets["standard"],
        retry=[0.2, 0.4],
        timeout=30,
    )
    return endpoints


def _send(client: wh.Client, endpoints: dict[str, wh.Endpoint]) -> Story:
    planned = plan_messages()
    messages = client.send_many({"type": plan.type, "data": plan.body} for plan in planned)
    story = Story(planned, endpoints, [message.id for message in messages])
    order = {"order": 7, "total": "12.00"}
    first = client.send("standard.order", order, idempotency_key="order-7")
    again = client.send("standard.order", order, idempotency_key="order-7")
    story.second_send_was_duplicate = again.duplicate and again.id == first.id
    story.planned.append(Planned("standard.order", first.body))
    story.ids.append(first.id)
    for plan, id in zip(story.planned, story.ids, strict=True):
        story.expected_bodies[plan.body_id or id] = hashlib.sha256(plan.body).hexdigest()
    return story


def _write_script(story: Story, server: Server, *, lose_one: bool) -> None:
    """Every tenth message fails twice, every twentieth loses an answer."""
    healthy = [
        plan.body_id or id
        for plan, id in zip(story.planned, story.ids, strict=True)
        if not plan.type.startswith("ledger.")
    ]
    story.flaky = set(healthy[3::10])
    story.lost_answers = set(healthy[5::20])
    server.weather.fail_twice = story.flaky
    server.weather.lose_answer = story.lost_answers
    if lose_one:
        server.weather.swallow = {healthy[0]}


def _wait_until_handled(receiver: wh.Receiver) -> None:
    ends = time.monotonic() + _PATIENCE
    while any(receiver.inbox.list(state=state, limit=1) for state in ("pending", "running")):
        if time.monotonic() > ends:
            return  # The checks will say what is missing.
        time.sleep(0.05)


def _knock_again(story: Story, server: Server) -> None:
    """The exact bytes of accepted requests once more, and one of them forged."""
    accepted = sorted(server.weather.accepted.items())
    step = max(1, len(accepted) // REPEATS)
    for _, request in accepted[::step][:REPEATS]:
        story.repeat_answers[_post(server.port, request)] += 1
    real = next(request for id, request in accepted if id in story.ids and request.body)
    forged = bytes([real.body[0] ^ 1]) + real.body[1:]
    story.forged_answer = _post(server.port, Captured(real.path, real.headers, forged))


def _post(port: int, request: Captured) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in request.headers}
    connection.request("POST", request.path, request.body, headers)
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    return response.status, str(answer.get("status") or answer["error"]["reason"])


def _revive_the_ledger(story: Story, client: wh.Client, server: Server) -> None:
    story.dead_before = list(client.dead_letters.list())
    server.weather.ledger_is_up = True
    if story.dead_before:
        back = client.dead_letters.replay(story.dead_before[-1])
        client.run_until_idle(wait=_PATIENCE)
        story.replayed = client.deliveries.get(back.id)


def _look_back(story: Story, client: wh.Client) -> None:
    story.deliveries = list(client.deliveries.list())
    by_message = {delivery.message_id: delivery for delivery in story.deliveries}
    # A message that failed twice, and whose id is its message's.
    story.timeline_of = by_message[next(id for id in story.ids if id in story.flaky)]
    story.timeline = client.deliveries.attempts(story.timeline_of)
