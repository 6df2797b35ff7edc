"""Forgers make up names of keys by the thousand: they are limited, and the genuine one gets in.

Every request here comes at a moment that the test says; nothing is fetched.
"""

from __future__ import annotations

import itertools
import random

import pytest

import webhookcore as wh
from support.receiving import Clock
from webhookcore import https_keys, key_admission
from webhookcore.key_admission import AT_ONCE, HOSTS, NAMES, PER_SECOND, UNPROVEN_AT_ONCE

KEY = "-----BEGIN CERTIFICATE-----\ngenuine"
HOST = "sns.eu-west-1.amazonaws.com"


class Provider:
    """A fetcher with a network of ours behind it, in which only named URLs lead to a key."""

    def __init__(self, monkeypatch, clock):
        self.clock = clock
        self.asked = []
        self.genuine = set()
        self.fetcher = wh.HttpsKeyFetcher(clock=clock)
        monkeypatch.setattr(https_keys, "request_key", self._request)
        always = clock.now + 10**6
        monkeypatch.setattr(self.fetcher, "_check_certificate", lambda *_: always)

    def _request(self, url, *_):
        self.asked.append(url)
        return (200, [], KEY.encode()) if url in self.genuine else (404, [], b"")

    def ask(self, host, name):
        """ "key", "none" after a fetch, or "later"."""
        url = f"https://{host}/{name}.pem"
        try:
            self.fetcher.fetch(wh.KeyReference("aws-sns", url))
        except wh.VerificationError:
            return "none"
        except wh.KeyUnavailableError:
            return "later"
        return "key"

    def add(self, host=HOST, name="genuine"):
        self.genuine.add(f"https://{host}/{name}.pem")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def provider(monkeypatch, clock):
    return Provider(monkeypatch, clock)


def flood(provider, clock, seconds, per_second, host=lambda number: HOST, start=0):
    """Names that nobody has asked for before."""
    for number in range(start, start + int(seconds * per_second)):
        clock.advance(1 / per_second)
        assert provider.ask(host(number), f"made-up-{number}") != "key"


def test_made_up_names_are_asked_for_at_a_bounded_rate(provider, clock):
    flood(provider, clock, seconds=100, per_second=100)
    rate = key_admission.UNPROVEN_PER_SECOND
    assert UNPROVEN_AT_ONCE <= len(provider.asked) <= UNPROVEN_AT_ONCE + 100 * rate + 1


def test_a_flood_at_its_own_host_keeps_a_first_fetch_out_for_one_repeat_at_most(provider, clock):
    provider.add()
    flood(provider, clock, seconds=60, per_second=100)
    assert provider.ask(HOST, "genuine") == "later"
    flood(provider, clock, seconds=2, per_second=100, start=10_000)
    assert provider.ask(HOST, "genuine") == "key"


def test_a_flood_at_other_hosts_keeps_it_out_not_even_once(provider, clock):
    provider.add()
    others = [f"sns.{region}.amazonaws.com" for region in ("us-east-1", "us-west-2", "eu-west-3")]
    flood(provider, clock, 10, 100, host=lambda number: others[number % 3])
    assert provider.ask(HOST, "genuine") == "key"


def test_a_flood_of_made_up_hosts_keeps_it_out_for_one_repeat_at_most(provider, clock):
    provider.add()
    flood(provider, clock, 60, 100, host=lambda number: f"sns.made-up-{number}.amazonaws.com")
    told = [provider.ask(HOST, "genuine")]
    flood(provider, clock, 2, 100, lambda number: f"sns.again-{number}.amazonaws.com")
    told.append(provider.ask(HOST, "genuine"))
    assert told == ["later", "key"]
    assert len(provider.asked) <= 2 * AT_ONCE + 62 * PER_SECOND + 2


def test_a_new_key_of_a_known_host_gets_in_as_well(provider, clock):
    provider.add()
    provider.add(name="next")
    assert provider.ask(HOST, "genuine") == "key"
    flood(provider, clock, seconds=60, per_second=100)
    told = [provider.ask(HOST, "next")]
    flood(provider, clock, seconds=2, per_second=100, start=10_000)
    told.append(provider.ask(HOST, "next"))
    assert told == ["later", "key"]
    assert len(provider.asked) <= AT_ONCE + 62 * PER_SECOND + 4


def test_a_key_that_was_had_before_is_renewed_in_any_flood(provider, clock):
    provider.add()
    assert provider.ask(HOST, "genuine") == "key"
    clock.advance(3601)
    flood(provider, clock, seconds=10, per_second=100)
    assert provider.ask(HOST, "genuine") == "key"
    assert provider.asked[-1] == f"https://{HOST}/genuine.pem"


def test_a_forger_who_repeats_his_names_too_has_no_more_than_his_share(provider, clock):
    """Ten made-up names a second, each asked for again 2 s later; the genuine once a second."""
    provider.add()
    order = random.Random(7)
    for second in itertools.count():
        clock.advance(1)
        asks = [f"made-up-{number}" for number in range(10 * second, 10 * second + 10)]
        asks += [f"made-up-{number}" for number in range(10 * second - 20, 10 * second - 10)]
        asks.append("genuine")
        order.shuffle(asks)
        if "key" in [provider.ask(HOST, name) for name in asks]:
            break
    assert second < 60
    assert len(provider.asked) <= 2 * (UNPROVEN_AT_ONCE + second) + 2


def test_what_is_remembered_of_forgers_is_bounded(provider, clock):
    flood(provider, clock, 1, NAMES + 5000, host=lambda number: f"sns.h-{number}.amazonaws.com")
    admission = provider.fetcher._cache._state.admission
    assert len(admission._turned_away._since) == NAMES
    assert len(admission._unproven) <= HOSTS
    clock.advance(3600)
    flood(provider, clock, 200, 1, host=lambda number: f"sns.i-{number}.amazonaws.com")
    assert len(admission._unproven) == HOSTS
