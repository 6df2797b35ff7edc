"""What a worker did."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class InboxCounts:
    """What a worker did.

    Attributes:
        handled: Events whose handlers all went through.
        ignored: Events that no handler was registered for.
        discarded: Events that a handler asked to drop.
        failed: Runs in which a handler raised: ``retried + dead``.
        retried: Failed runs that are tried again.
        dead: Failed runs that were the last.
        snoozed: Runs put off by a handler.
        lost: Runs whose claim was taken over before they ended.
        reaped: Claims taken back from processes that died or overran their lease.
    """

    handled: int = 0
    ignored: int = 0
    discarded: int = 0
    failed: int = 0
    retried: int = 0
    dead: int = 0
    snoozed: int = 0
    lost: int = 0
    reaped: int = 0

    def add(self, name: str) -> None:
        setattr(self, name, getattr(self, name) + 1)
