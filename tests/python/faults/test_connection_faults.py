"""Connections that break at every stage: nothing is lost, and nothing is delivered that was not."""

from __future__ import annotations

from datetime import timedelta

import pytest

import webhookcore as wh
from faults.proxy import Fault, FaultProxy
from faults.receiver import Answer, Receiver

POLICY = wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"])
MESSAGES = 6
# Of the request and of the answer: nothing, half of the first line, of the head, of the body.
STAGES = [Fault(at=at) for at in (0, 8, 150, 500)]
ANSWERS = [Fault(at=at, answering=True) for at in (0, 5, 14, 30)]
FAULTS = [
    Fault(kind, stage.at, stage.answering)
    for kind in ("cut", "reset", "stall")
    for stage in STAGES + ANSWERS
] + [
    Fault("corrupt", at=2, answering=True),  # Of "HTTP".
    Fault("corrupt", at=9, answering=True),  # Of the status.
    Fault(piece=1),  # A byte at a time, both ways.
]


def name_of(fault: Fault) -> str:
    side = "answer" if fault.answering else "request"
    return f"{fault.kind} {side} at {fault.at}" if fault.kind != "none" else "slow"


@pytest.mark.parametrize("fault", FAULTS, ids=name_of)
def test_a_broken_connection_loses_nothing_and_delivers_nothing_falsely(store, fault):
    """Every other connection is harmed, until five were."""

    def plan(connection: int) -> Fault:
        return fault if connection % 2 == 0 and connection < 10 else Fault()

    with (
        Receiver() as receiver,
        FaultProxy(receiver.port, plan) as proxy,
        wh.Client(
            f"sqlite:///{store}", policy=POLICY, breaker=wh.Breaker(failures=0), concurrency=(4, 4)
        ) as client,
    ):
        url = f"http://127.0.0.1:{proxy.port}/hook"
        endpoint = client.endpoints.create(url, events=["*"], retry=[0.02] * 15, timeout=1)
        messages = client.send_many([{"type": "a", "data": {"n": n}} for n in range(MESSAGES)])
        client.run_until_idle(wait=5)
        failed = 0
        for message in messages:
            [delivery] = message.deliveries
            assert delivery.state == "delivered"
            attempts = list(client.deliveries.attempts(delivery))
            arrived = [request for request in receiver.requests if request.id == message.id]
            # At least once, signed, and with one id; at most once for each attempt.
            assert len(arrived) >= 1
            assert all(request.is_signed_with(endpoint.secret) for request in arrived)
            assert len({request.body for request in arrived}) == 1
            for attempt in attempts[:-1]:
                assert attempt.status is None
                assert attempt.error in {"reset", "timeout", "bad_response", "connect"}
                assert attempt.error_text
                failed += 1
            assert attempts[-1].status == 200
    if fault.kind == "corrupt":
        assert failed > 0


def wait_of(client: wh.Client, message: wh.Message) -> timedelta:
    [delivery] = message.deliveries
    [attempt] = client.deliveries.attempts(delivery)
    assert delivery.state == "pending"
    return delivery.next_attempt_at - attempt.started_at


SCHEDULED = (48, 75)  # Seconds: a minute, its jitter, and what the machine takes.
DAY = (86400 - 1, 86400 + 15)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("-1", SCHEDULED),
        ("0", SCHEDULED),
        ("5", SCHEDULED),
        ("600", (599, 615)),
        ("1000000000", DAY),
        ("1" + "0" * 20, DAY),
        ("1" * 100, DAY),
        ("1e9", SCHEDULED),
        ("0x100", SCHEDULED),
        ("NaN", SCHEDULED),
        ("soon", SCHEDULED),
        ("", SCHEDULED),
        ("120, 600", SCHEDULED),
        ("Thu, 01 Jan 1970 00:00:00 GMT", SCHEDULED),
        ("Fri, 31 Dec 9999 23:59:59 GMT", DAY),
        ("Tue, 19 Jan 2038 03:14:08 GMT", DAY),
        ("Tue, 31 Feb 2030 99:99:99 GMT", SCHEDULED),
        ("9" * 4096, SCHEDULED),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_what_a_receiver_asks_for_is_kept_between_the_schedule_and_a_day(
    store, said, expected, status
):
    with (
        Receiver(lambda _request: Answer(status, headers={"Retry-After": said})) as receiver,
        wh.Client(f"sqlite:///{store}", policy=POLICY) as client,
    ):
        client.endpoints.create(receiver.url, events=["*"], retry=[60])
        message = client.send("a", {})
        client.run_until_idle()
        assert expected[0] <= wait_of(client, message).total_seconds() <= expected[1]
