"""A dead endpoint with thousands of messages comes back (reliability.md F15).

Two storms. Behind a breaker: while the endpoint is dead it gets one probe at a time, and once it
answers, what waited comes spread and within its rate limit. Without a breaker: all messages have
failed at about the same time, and their retries are spread by the jitter alone.
"""

from __future__ import annotations

import bisect
import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import webhookcore as wh
from support.waiting import wait_until

from .receiver import Answer, Receiver, Request

POLICY = wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"])
MOST_OVER_MEAN = 3
FAILURES = 5
# How many attempts may be on their way when the breaker opens.
UNDER_WAY = 16
# Seconds that a probe waits for its answer; whatever came beside it would come meanwhile.
PROBED_FOR = 0.1


@dataclass
class Plan:
    folder: Path
    messages: int = 10_000
    rate: int = 400  # The endpoint's limit, a second.
    open_for: float = 3.0  # Seconds between two probes.
    probes: int = 3  # That find the endpoint dead.
    wait: float = 20.0  # The schedule's, without a breaker: all have failed before it is over.


@dataclass
class Report:
    """`buckets` are requests in each second from the moment on at which it came back."""

    name: str
    messages: int
    delivered: int
    repeated: int
    buckets: Sequence[int]
    allowed: int | None  # In any second: rate limit and burst.
    most_in_a_second: int
    mean: float  # What a second should have.
    open_for: float
    gaps: Sequence[float]  # Between two requests while it was dead, in seconds.

    def line(self) -> str:
        return (
            f"{self.name}: {self.messages} messages, {self.delivered} delivered,"
            f" {self.repeated} twice, {len(self.buckets)} s, a second {self.mean:.0f} in the mean and"
            f" {max(self.buckets)} at most, probes {[round(gap, 2) for gap in self.gaps]} s apart"
        )

    def faults(self) -> list[str]:
        found = []
        if self.delivered != self.messages:
            found.append(f"{self.messages - self.delivered} messages were not delivered")
        if self.repeated:
            found.append(f"{self.repeated} messages were delivered twice")
        if max(self.buckets) > MOST_OVER_MEAN * self.mean:
            found.append(f"a second had {max(self.buckets)} requests, {self.mean:.0f} are usual")
        if self.allowed is not None and self.most_in_a_second > self.allowed:
            found.append(
                f"{self.most_in_a_second} requests in a second, {self.allowed} are allowed"
            )
        # Stored times are whole milliseconds, and the receiver's clock is not the sender's.
        if any(gap < self.open_for - 0.05 for gap in self.gaps):
            found.append(f"a probe too early, or more than one: {list(self.gaps)}")
        return found


class Dead:
    """Answers 500 after some seconds, until it `lives`."""

    def __init__(self, after: float = 0.0) -> None:
        self.lives = False
        self._after = after

    def __call__(self, _request: Request) -> Answer:
        return Answer() if self.lives else Answer(500, after=self._after)


def most_in_any_second(times: Sequence[float]) -> int:
    """Of sorted times, wherever the second begins."""
    return max(bisect.bisect_left(times, begin + 1) - place for place, begin in enumerate(times))


def report_of(
    name: str,
    receiver: Receiver,
    ids: Sequence[str],
    *,
    seconds: float | None = None,
    allowed: int | None = None,
    open_for: float = 0.0,
    gaps: Sequence[float] = (),
) -> Report:
    """`seconds` is how long it should take all of them to come; as long as it did when omitted."""
    good = [request for request, answer in receiver.answered if answer.status == 200]
    times = sorted(request.at for request in good)
    first = times[0]
    counted = Counter(int(at - first) for at in times)
    # The last second is not a whole one.
    buckets = [counted[second] for second in range(max(1, int(times[-1] - first)))]
    came = Counter(request.id for request in good)
    return Report(
        name=name,
        messages=len(ids),
        delivered=sum(id in came for id in ids),
        repeated=sum(count > 1 for count in came.values()),
        buckets=buckets,
        allowed=allowed,
        most_in_a_second=most_in_any_second(times),
        mean=sum(buckets) / len(buckets) if seconds is None else len(ids) / seconds,
        open_for=open_for,
        gaps=gaps,
    )


def send_all(client: wh.Client, count: int) -> list[str]:
    return [
        message.id
        for begin in range(0, count, 1000)
        for message in client.send_many(
            [{"type": "a", "data": number} for number in range(begin, min(begin + 1000, count))]
        )
    ]


def run_behind_breaker(plan: Plan) -> Report:
    dead = Dead(PROBED_FOR)
    breaker = wh.Breaker(failures=FAILURES, open_for=plan.open_for)
    with (
        Receiver(dead) as receiver,
        wh.Client(f"sqlite:///{plan.folder}/breaker.db", policy=POLICY) as client,
    ):
        endpoint = client.endpoints.create(
            receiver.url,
            events=["*"],
            retry=[0.5] * 19,
            rate_limit=f"{plan.rate}/s",
            breaker=breaker,
        )
        ids = send_all(client, plan.messages)
        client.start()
        wait_until(lambda: is_left_alone(client, endpoint), "an open breaker")
        begun = len(receiver.requests)
        assert begun <= FAILURES + UNDER_WAY, f"{begun} requests before it opened"
        patience = plan.open_for * (plan.probes + 2) + 30
        died = [one.at for one in receiver.wait_for(begun + plan.probes, patience)][begun - 1 :]
        dead.lives = True
        wait_for_good(receiver, plan.messages, 120 + plan.messages / plan.rate * 3)
        client.stop()
        return report_of(
            "behind a breaker",
            receiver,
            ids,
            allowed=2 * plan.rate,
            open_for=plan.open_for,
            gaps=[after - before for before, after in itertools.pairwise(died)],
        )


def is_left_alone(client: wh.Client, endpoint: wh.Endpoint) -> bool:
    """Its breaker is open, and what was under way by then is recorded."""
    is_open = client.endpoints.get(endpoint.id).health.state == "open"
    return is_open and client.deliveries.count()["in_flight"] == 0


def run_on_schedule(plan: Plan) -> Report:
    dead = Dead()
    with (
        Receiver(dead) as receiver,
        wh.Client(
            f"sqlite:///{plan.folder}/schedule.db", policy=POLICY, breaker=wh.Breaker(failures=0)
        ) as client,
    ):
        client.endpoints.create(receiver.url, events=["*"], retry=[plan.wait])
        ids = send_all(client, plan.messages)
        client.start()
        receiver.wait_for(plan.messages, 120)
        dead.lives = True
        wait_for_good(receiver, plan.messages, plan.wait * 2 + 120)
        client.stop()
        # A fifth either way.
        return report_of("on schedule", receiver, ids, seconds=0.4 * plan.wait)


def wait_for_good(receiver: Receiver, count: int, seconds: float) -> None:
    """All have come that were answered well."""

    def good() -> int:
        return sum(answer.status == 200 for _, answer in receiver.answered)

    wait_until(lambda: good() >= count, lambda: f"{good()} of {count}", seconds)


def run_storm(plan: Plan) -> list[Report]:
    return [run_behind_breaker(plan), run_on_schedule(plan)]
