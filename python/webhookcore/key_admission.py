"""Which unknown keys may be asked for, and when.

Whoever forges requests makes up names of keys, and each could be the genuine one: it
takes a fetch to tell. So fetches are limited, and what is limited is shared out in a way
that the genuine name gets its part:

- Each host has a budget of its own, so that names at one host keep none of another out.
- Hosts that never gave a key share one for being tried at all: they can be made up, too.
- Half of every budget is for those that were turned away and came back after a while, as
  a provider's repeat does. Names that are made up one after the other never come back.

A forger who repeats his names, too, is left with the rate: it takes part of the second
half, in proportion to how often he asks. Names that had a key are not counted at all.
"""

from __future__ import annotations

import hashlib
import os
from collections import OrderedDict
from typing import Final

# Of a budget's each half: so many at once, and so many a second after that.
AT_ONCE: Final = 30
PER_SECOND: Final = 2.0
# At a host that never gave a key.
UNPROVEN_AT_ONCE: Final = 4
UNPROVEN_PER_SECOND: Final = 0.5
# Seconds after which a name that was turned away counts as one that came back.
RETURN_AFTER: Final = 1.0
# Hosts with a budget, and names that were turned away, that are remembered.
HOSTS: Final = 64
NAMES: Final = 20_000


class _Bucket:
    """Tokens that grow with time up to a bound."""

    def __init__(self, size: float, rate: float, now: float) -> None:
        self._size, self._rate = size, rate
        self._tokens, self._counted_at = size, now

    def take(self, now: float) -> bool:
        grown = self._tokens + max(0.0, now - self._counted_at) * self._rate
        self._tokens, self._counted_at = min(grown, self._size), now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class _TurnedAway:
    """When names were turned away first; as hashes, because names may be long."""

    def __init__(self) -> None:
        self._key = os.urandom(16)
        self._since: OrderedDict[bytes, float] = OrderedDict()

    def add(self, name: str, now: float) -> None:
        self._since.setdefault(self._mark(name), now)
        while len(self._since) > NAMES:
            self._since.popitem(last=False)

    def has_come_back(self, name: str, now: float) -> bool:
        since = self._since.get(self._mark(name))
        return since is not None and now - since >= RETURN_AFTER

    def forget(self, name: str) -> None:
        self._since.pop(self._mark(name), None)

    def _mark(self, name: str) -> bytes:
        text = name.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, digest_size=16, key=self._key).digest()


class _Budget:
    """One half for names that were never seen, one for those that came back."""

    def __init__(self, at_once: float, per_second: float, now: float) -> None:
        self._new = _Bucket(at_once, per_second, now)
        self._returning = _Bucket(at_once, per_second, now)

    def admit(self, name: str, turned_away: _TurnedAway, now: float) -> bool:
        comes_back = turned_away.has_come_back(name, now)
        if not (comes_back and self._returning.take(now)) and not self._new.take(now):
            turned_away.add(name, now)
            return False
        turned_away.forget(name)
        return True


class Admission:
    """The budgets of one cache. Not safe to share between threads by itself."""

    def __init__(self, now: float) -> None:
        self._hosts = _Budget(AT_ONCE, PER_SECOND, now)
        self._unproven: OrderedDict[str, _Budget] = OrderedDict()
        self._proven: OrderedDict[str, _Budget] = OrderedDict()
        self._turned_away = _TurnedAway()

    def admit(self, host: str, name: str, now: float) -> bool:
        """Whether a name that has no key may be asked for now; it counts when it may."""
        budget = self._proven.get(host) or self._unproven.get(host)
        if budget is None:
            # A host is no name at itself: the two never meet among those turned away.
            if not self._hosts.admit(f"host {host}", self._turned_away, now):
                return False
            budget = _Budget(UNPROVEN_AT_ONCE, UNPROVEN_PER_SECOND, now)
            _put(self._unproven, host, budget)
        return budget.admit(f"name {name}", self._turned_away, now)

    def prove(self, host: str, now: float) -> None:
        """A key came from the host: from now on it is one of the provider's."""
        if host not in self._proven:
            self._unproven.pop(host, None)
            _put(self._proven, host, _Budget(AT_ONCE, PER_SECOND, now))


def _put(hosts: OrderedDict[str, _Budget], host: str, budget: _Budget) -> None:
    hosts[host] = budget
    while len(hosts) > HOSTS:
        hosts.popitem(last=False)
