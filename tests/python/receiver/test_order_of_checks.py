"""What is looked at first: the order of requirement R2, in pairs, and what forged requests spend."""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field, replace

import pytest

import webhookcore as wh
from support.receiving import NOW, SECRET, answer, request, stripe

HERE, ELSEWHERE = "203.0.113.7", "198.51.100.9"
EVENT = {"type": "event_callback", "event_id": "Ev1", "event": {"type": "message"}}


@dataclass
class Asked:
    """One request of Slack, and what is wrong with it."""

    content: dict = field(default_factory=lambda: dict(EVENT))
    client_ip: str = HERE
    padding: int = 0
    secret: str = SECRET

    def request(self) -> wh.HttpRequest:
        body = json.dumps(self.content | {"padding": "x" * self.padding}).encode()
        return replace(request("slack", body, secret=self.secret), client_ip=self.client_ip)


@pytest.fixture
def receiver(url, clock):
    """One request a second for each client, and one for the source."""
    with wh.Receiver(url, clock=clock, client_rate_limit="1/s") as receiver:
        receiver.add_source(
            "slack",
            secrets=[SECRET],
            allowed_ips=["203.0.113.0/24"],
            rate_limit="1/s",
            max_body=800,
        )
        yield receiver


def too_large(receiver, asked):
    asked.padding = 1000


def from_elsewhere(receiver, asked):
    asked.client_ip = ELSEWHERE


def too_often(receiver, asked):
    """The client has spent its budget, with something that was not signed."""
    forged = replace(asked, padding=0, client_ip=HERE, secret="not-the-secret-at-all-000")
    assert receiver.handle(forged.request(), "slack").status == 401


def forged(receiver, asked):
    asked.secret = "not-the-secret-at-all-000"


def source_spent(receiver, asked):
    """Other clients have spent the budget of the source."""
    other = Asked(content=EVENT | {"event_id": "Ev0"}, client_ip="203.0.113.8")
    assert receiver.handle(other.request(), "slack").status == 202


def handshake(receiver, asked):
    asked.content = {"type": "url_verification", "challenge": "abc"}


def nameless(receiver, asked):
    asked.content = {key: value for key, value in asked.content.items() if key != "event_id"}


# In their order, with what each one is answered.
CHECKS = {
    too_large: (413, "body_too_large"),
    from_elsewhere: (403, "address_not_allowed"),
    too_often: (429, "client_rate_limit"),
    forged: (401, "signature_mismatch"),
    source_spent: (429, "source_rate_limit"),
    handshake: (200, "challenge"),
    nameless: (400, "malformed_body"),
}


@pytest.mark.parametrize(
    ("first", "second"),
    list(itertools.combinations(CHECKS, 2)),
    ids=lambda check: check.__name__,
)
def test_of_two_things_that_are_wrong_the_first_one_is_answered(receiver, first, second):
    asked = Asked()
    for spoil in (second, first):
        spoil(receiver, asked)
    response = receiver.handle(asked.request(), "slack")
    status, reason = CHECKS[first]
    found = json.loads(response.body)
    told = found["error"]["reason"] if "error" in found else "challenge"
    assert (response.status, told) == (status, reason)
    if status == 429:
        assert response.headers["Retry-After"] == "1"


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_each_check_comes_before_the_event_is_claimed(receiver, clock, check):
    assert receiver.handle(Asked().request(), "slack").status == 202
    clock.advance(5)
    assert answer(receiver.handle(Asked().request(), "slack"))[1]["status"] == "duplicate"
    clock.advance(5)
    asked = Asked()
    check(receiver, asked)
    assert receiver.handle(asked.request(), "slack").status == CHECKS[check][0]


class TestUnsignedHandshakes:
    """Meta's GET."""

    @pytest.fixture
    def meta(self, url, clock):
        with wh.Receiver(url, clock=clock, client_rate_limit="1/s") as receiver:
            receiver.add_source(
                "meta",
                secrets=[SECRET],
                verify_token="meatyhamhock",
                allowed_ips=[HERE, "203.0.113.8"],
                rate_limit="1/s",
                max_body=800,
            )
            yield receiver

    @staticmethod
    def get(meta, *, client_ip=HERE, body=b"") -> int:
        query = "hub.mode=subscribe&hub.verify_token=meatyhamhock&hub.challenge=1158201444"
        asked = wh.HttpRequest("GET", f"/hooks/meta?{query}", [], body, client_ip=client_ip)
        return meta.handle(asked, "meta").status

    def test_come_after_the_cap_the_list_and_the_client_s_limit(self, meta):
        assert self.get(meta, body=b"x" * 1000) == 413
        assert self.get(meta, client_ip=ELSEWHERE) == 403
        assert self.get(meta) == 200
        assert self.get(meta) == 429

    def test_come_before_the_signature_and_spend_nothing_of_the_source(self, meta, clock):
        for _ in range(10):
            clock.advance(1)
            assert self.get(meta) == 200
        event = request("meta", b'{"object":"page"}', at=clock())
        assert meta.handle(event, "meta").status == 429  # The client's: it asked just now.
        assert meta.handle(replace(event, client_ip="203.0.113.8"), "meta").status == 202

    def test_are_answered_although_the_source_has_nothing_left(self, meta, clock):
        event = replace(request("meta", b'{"object":"page"}'), client_ip="203.0.113.8")
        assert meta.handle(event, "meta").status == 202
        assert self.get(meta) == 200


def test_a_signed_handshake_spends_of_the_source(receiver):
    asked = Asked()
    handshake(receiver, asked)
    assert receiver.handle(asked.request(), "slack").status == 200
    other = Asked(client_ip="203.0.113.8")
    assert receiver.handle(other.request(), "slack").status == 429


def test_a_flood_of_forged_requests_leaves_the_signed_ones_unharmed(url, clock):
    with wh.Receiver(url, clock=clock, client_rate_limit="5/s") as receiver:
        receiver.add_source("stripe", secrets=[SECRET], rate_limit="10/s")
        refused = {401: 0, 429: 0}
        for second in range(10):
            clock.advance(1)
            for number in range(100):
                forged = stripe(at=clock(), secret="not-the-secret-at-all-000")
                forged = replace(forged, client_ip=f"198.51.100.{number % 4}")
                refused[receiver.handle(forged, "stripe").status] += 1
                if number % 20 == 0:
                    real = stripe(id=f"evt_{second}_{number}", at=clock())
                    assert receiver.handle(real, "stripe").status == 202
        # Four addresses of five a second were looked at, and no more.
        assert refused == {401: 200, 429: 800}
        assert len(list(receiver.inbox.list(limit=1000))) == 50
        assert receiver.counts() == {
            "signature_mismatch": 200,
            "client_rate_limit": 800,
            "accepted": 50,
        }


def test_an_unsigned_flood_without_a_client_limit_spends_nothing_either(url, clock):
    with wh.Receiver(url, clock=clock) as receiver:
        receiver.add_source("stripe", secrets=[SECRET], rate_limit="1/s")
        for _ in range(200):
            forged = stripe(secret="not-the-secret-at-all-000")
            assert receiver.handle(forged, "stripe").status == 401
        assert receiver.handle(stripe(at=NOW), "stripe").status == 202
