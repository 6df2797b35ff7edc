"""stop() returns in time, and what it interrupted is delivered later under the same id."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

import webhookcore as wh
from faults.receiver import Answer, Receiver, Request

POLICY = wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"])
GRACE = 1.0  # What stop() may take beyond its timeout.
BUSY = 1.0  # What a busy machine may add.


def client_of(store: Path) -> wh.Client:
    return wh.Client(f"sqlite:///{store}", policy=POLICY)


class Silent:
    """Never answers the first `count` requests."""

    def __init__(self, count: int) -> None:
        self._left = count

    def __call__(self, _request: Request) -> Answer:
        self._left -= 1
        return Answer(after=None) if self._left >= 0 else Answer()


def seconds_of(work: Callable[[], object]) -> float:
    begin = time.monotonic()
    work()
    return time.monotonic() - begin


@pytest.mark.parametrize("timeout", [0.0, 0.5])
@pytest.mark.parametrize("ending", ["stop", "close"])
def test_a_hanging_receiver_does_not_hold_up_a_stop(
    store: Path, timeout: float, ending: str
) -> None:
    # Four are the places that an endpoint has before it answers.
    with Receiver(Silent(4)) as receiver:
        with client_of(store) as client:
            client.endpoints.create(receiver.url, events=["*"], timeout=60)
            client.start()
            ids = {client.send("order.created", {"number": number}).id for number in range(4)}
            receiver.wait_for(4)
            seconds = seconds_of(lambda: getattr(client, ending)(timeout))
        assert seconds < timeout + GRACE + BUSY
        assert seconds >= timeout

        with client_of(store) as client:
            left = list(client.deliveries.list())
            # No answer came, so the schedule must not pay for our leaving.
            assert {(row.state, row.attempts) for row in left} == {("pending", 0)}
            client.run_until_idle(wait=1)
            assert {row.state for row in client.deliveries.list()} == {"delivered"}
        bodies: dict[str, set[bytes]] = {}
        for request in receiver.requests:
            bodies.setdefault(request.id, set()).add(request.body)
        assert bodies.keys() == ids
        assert {len(found) for found in bodies.values()} == {1}
        assert len(receiver.requests) == 8


def test_a_stop_waits_for_the_answer_that_comes_in_time(store: Path) -> None:
    with Receiver(lambda _request: Answer(after=0.4)) as receiver, client_of(store) as client:
        client.endpoints.create(receiver.url, events=["*"])
        client.start()
        client.send("order.created", {})
        receiver.wait_for(1)
        seconds = seconds_of(lambda: client.stop(20))
        assert seconds < 5, "it waited for more than the answer"
        assert [row.state for row in client.deliveries.list()] == ["delivered"]
        client.run_until_idle()
        assert len(receiver.requests) == 1


def test_a_client_can_be_started_again_and_again(store: Path) -> None:
    with Receiver() as receiver, client_of(store) as client:
        client.endpoints.create(receiver.url, events=["*"])
        for turn in range(1, 6):
            client.start()
            client.send("order.created", {"turn": turn})
            receiver.wait_for(turn)
            client.stop(5)
            client.stop(5)
        assert {row.state for row in client.deliveries.list()} == {"delivered"}
        assert len(receiver.requests) == 5


def test_a_closed_client_says_so(store: Path) -> None:
    client = client_of(store)
    client.close()
    client.close()
    for call in (lambda: client.send("order.created", {}), client.run_until_idle, client.start):
        with pytest.raises(wh.StoreUnavailableError):
            call()
