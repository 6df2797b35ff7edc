"""Events in a worker's hands: claimed one by one, or in batches."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from .. import _core
from .handlers import BatchRule, Handlers

# The row and the proof that it is ours.
Claimed: TypeAlias = tuple[dict[str, Any], bytes]
# (source, how many runs at once, in all processes) of those that have a limit.
Limits: TypeAlias = Callable[[], Sequence[tuple[str, int]]]

# The longest that a batch is waited for: its events are claimed meanwhile.
LONGEST_WAIT: Final = 60.0


_log = logging.getLogger("webhookcore.runner")

# Seconds after which a suspect is looked at again that had to make way for another one.
SUSPECTS_WAIT: Final = 1.0


def is_suspect(claimed: Claimed) -> bool:
    """Whether its process died in an earlier run, of this event or of one that ran beside it.

    In one process suspects run one at a time, and in no batch: so the guilty one alone dies
    often enough to be a dead letter.
    """
    row, _ = claimed
    return bool(row["crashes"] > 0)


class Claims:
    """Takes what is due.

    Args:
        store: Shared with the receiver.
        handlers: Say which events make a batch.
        clock: Unix seconds.
        lease: Seconds until a claim is free although its owner lives.
        limits: Of the sources that have one.
        knows: Whether this process added the source or has a handler of it.
    """

    def __init__(
        self,
        store: _core.Store,
        handlers: Handlers,
        clock: Callable[[], float],
        lease: float,
        limits: Limits,
        knows: Callable[[str], bool],
    ) -> None:
        self._store = store
        self._handlers = handlers
        self._clock = clock
        self._lease_ms = round(lease * 1000)
        self._limits = limits
        self._knows = knows
        self._foreign: set[str] = set()

    def take(self, most: int) -> list[Claimed]:
        """At most so many; each is to be started at once."""
        # The first of a batch brings others along, which must not be claimed one by one.
        limit = min(most, 1) if self._handlers.any_batch() else most
        while True:
            found = self._store.claim_due_events(
                self._now(), limit, self._lease_ms, self._all_limits()
            )
            ours = [one for one in found if self._knows(one[0]["source"])]
            if len(ours) < len(found):
                self._leave([one for one in found if not self._knows(one[0]["source"])])
            if ours or not found:
                return ours

    def batch_of(self, claimed: Claimed) -> BatchRule | None:
        """How to make a batch that begins with this event; None where it runs alone."""
        row, _ = claimed
        if is_suspect(claimed):
            return None
        return self._handlers.batch_of(row["source"], row["type"])

    def join(self, group: list[Claimed], rule: BatchRule) -> bool:
        """Add to a batch what is due by now; whether it is full."""
        room = rule.max_events - len(group)
        if room > 0:
            first, token = group[0]
            only = (first["source"], rule.pattern)
            found = self._store.claim_due_events(
                self._now(), room, self._lease_ms, only=only, join=token
            )
            suspects = [one for one in found if is_suspect(one)]
            if suspects:
                self.give_back(suspects, SUSPECTS_WAIT)
            group += [one for one in found if not is_suspect(one)]
        return len(group) >= rule.max_events

    def give_back(self, group: Sequence[Claimed], seconds: float = 0) -> None:
        """Uncounted, to be due again in so many seconds."""
        now = self._now()
        due = now + round(seconds * 1000)
        self._store.complete_events(
            [
                (row["key"], token, "pending", due, False, "", row["last_error"])
                for row, token in group
            ],
            now,
        )

    def seconds_until_due(self) -> float | None:
        """Until the next event can be claimed; None when there is none."""
        due = self._store.next_event_due_at(self._all_limits())
        return None if due is None else max(0.0, (due - self._now()) / 1000)

    def _leave(self, foreign: list[Claimed]) -> None:
        """Of another app on the same store, or of a source that is gone: not ours to end."""
        self.give_back(foreign)
        for source in {row["source"] for row, _ in foreign} - self._foreign:
            self._foreign.add(source)
            _log.warning(
                "events of source %s wait, of which this process has neither the source nor a"
                " handler; they are left to another one",
                source,
                extra={"source": source},
            )

    def _all_limits(self) -> list[tuple[str, int]]:
        left = [(source, 0) for source in self._foreign if not self._knows(source)]
        return [*self._limits(), *left]

    def _now(self) -> int:
        return round(self._clock() * 1000)
