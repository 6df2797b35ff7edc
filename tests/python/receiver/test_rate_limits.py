"""Too many requests get 429 and a time to come back; nobody pays for somebody else."""

from __future__ import annotations

from dataclasses import replace

import pytest

import webhookcore as wh
from support.receiving import SECRET, answer, stripe
from webhookcore import _core


@pytest.fixture
def limited(url, clock):
    """Each client five a second."""
    with wh.Receiver(url, clock=clock, client_rate_limit="5/s") as receiver:
        receiver.add_source("stripe", secrets=[SECRET])
        yield receiver


def statuses(receiver, count, *, at, client_ip="203.0.113.7", source="stripe", first=0) -> list:
    return [
        receiver.handle(replace(stripe(f"evt_{n}", at=at), client_ip=client_ip), source).status
        for n in range(first, first + count)
    ]


class TestOfASource:
    def test_one_second_s_worth_may_come_at_once_and_then_one_by_one(self, url, clock):
        with wh.Receiver(url, clock=clock) as receiver:
            receiver.add_source("stripe", secrets=[SECRET], rate_limit="10/s")
            assert statuses(receiver, 12, at=clock()) == [202] * 10 + [429] * 2
            clock.advance(0.1)
            assert statuses(receiver, 2, at=clock(), first=10) == [202, 429]
            clock.advance(60)
            assert statuses(receiver, 12, at=clock(), first=11) == [202] * 10 + [429] * 2

    def test_the_answer_says_when_there_is_room_again(self, url, clock):
        with wh.Receiver(url, clock=clock) as receiver:
            receiver.add_source("stripe", secrets=[SECRET], rate_limit="2/m")
            assert receiver.handle(stripe("evt_1"), "stripe").status == 202
            refused = receiver.handle(stripe("evt_2"), "stripe")
            assert answer(refused)[1]["error"]["reason"] == "source_rate_limit"
            assert refused.headers["Retry-After"] == "30"
            clock.advance(29.5)
            assert receiver.handle(stripe("evt_2"), "stripe").headers["Retry-After"] == "1"
            clock.advance(0.5)
            assert receiver.handle(stripe("evt_2"), "stripe").status == 202

    def test_each_source_has_its_own(self, url, clock):
        with wh.Receiver(url, clock=clock) as receiver:
            for name in ("one", "two", "free"):
                limit = None if name == "free" else "1/s"
                receiver.add_source(name, "stripe", secrets=[SECRET], rate_limit=limit)
            assert statuses(receiver, 2, at=clock(), source="one") == [202, 429]
            assert statuses(receiver, 2, at=clock(), source="two") == [202, 429]
            assert statuses(receiver, 50, at=clock(), source="free") == [202] * 50

    def test_a_provider_whose_answer_is_fixed_is_still_told_when_to_come_back(self, url, clock):
        from support.receiving import request

        with wh.Receiver(url, clock=clock) as receiver:
            receiver.add_source("xero", secrets=[SECRET], rate_limit="1/s")
            body = b'{"events":[],"firstEventSequence":1,"lastEventSequence":1,"entropy":"a"}'
            receiver.handle(request("xero", body), "xero")
            refused = receiver.handle(request("xero", body), "xero")
            assert (refused.status, refused.headers["Retry-After"]) == (429, "1")


class TestOfAClient:
    def test_one_client_s_flood_is_not_another_one_s(self, limited, clock):
        assert statuses(limited, 7, at=clock()) == [202] * 5 + [429] * 2
        assert statuses(limited, 5, at=clock(), client_ip="203.0.113.8", first=5) == [202] * 5
        clock.advance(0.2)
        assert statuses(limited, 2, at=clock(), first=10) == [202, 429]

    def test_it_holds_for_all_sources_together(self, limited, clock):
        limited.add_source("other", "stripe", secrets=[SECRET])
        assert statuses(limited, 3, at=clock()) == [202] * 3
        assert statuses(limited, 3, at=clock(), source="other") == [202, 202, 429]

    def test_a_subscriber_s_whole_ipv6_network_is_one_client(self, limited, clock):
        found = [
            statuses(limited, 1, at=clock(), client_ip=f"2001:db8::{n:x}", first=n)[0]
            for n in range(1, 9)
        ]
        assert found == [202] * 5 + [429] * 3
        assert statuses(limited, 1, at=clock(), client_ip="2001:db8:0:1::1") == [202]

    def test_an_ipv4_client_in_ipv6_clothes_is_the_same_one(self, limited, clock):
        assert statuses(limited, 5, at=clock()) == [202] * 5
        assert statuses(limited, 1, at=clock(), client_ip="::ffff:203.0.113.7") == [429]

    def test_those_that_nobody_knows_share_one_budget(self, limited, clock):
        found = [
            statuses(limited, 1, at=clock(), client_ip=client_ip, first=n)[0]
            for n, client_ip in enumerate([None, "", "testclient", "?", None, None])
        ]
        assert found == [202] * 5 + [429]


def test_memory_is_bounded_whatever_addresses_there_are():
    limits = _core.RateLimits(1, 1000)
    for number in range(20_000):
        assert limits.take(number.to_bytes(4, "big"), 1.0) is None
    assert limits.size() == 1000


def test_the_system_s_time_may_jump(url, monkeypatch):
    """Without a clock of one's own, limits go by one that does not."""
    with wh.Receiver(url, client_rate_limit="1/s") as receiver:
        ticks = receiver._intake._ticks
        assert ticks is __import__("time").monotonic
