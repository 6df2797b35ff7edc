"""What ``client.prune()`` and ``client.space()`` return, and how pruning is done by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from .. import _core
from ..config import Retention
from .rows import now_ms

# Milliseconds of one transaction: others wait for the store no longer than that.
PRUNE_BUDGET: Final = 3
_PAGES_AT_ONCE: Final = 256
_ENDPOINTS_AT_ONCE: Final = 50
_EVENTS_AT_ONCE: Final = 1000
# What core/watch_rules.h says.
_OPERATIONAL_EVENTS_KEPT: Final = 30 * 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was deleted.

    Attributes:
        messages: With ``deliveries`` and ``attempts``.
        events: Of the inbox.
        keys: Idempotency keys that had expired, of sending and of receiving.
        jobs: Records of replays that are done.
        operational_events: That happened last 30 days ago.
    """

    messages: int = 0
    deliveries: int = 0
    attempts: int = 0
    events: int = 0
    keys: int = 0
    jobs: int = 0
    operational_events: int = 0


@dataclass(frozen=True, slots=True)
class StoreSpace:
    """How much room a store takes.

    Attributes:
        used_bytes: What a quota counts: the parts of the file in use, and the log.
        free_bytes: In the file; used again before it grows.
    """

    used_bytes: int
    file_bytes: int
    log_bytes: int
    free_bytes: int


def prune_store(store: _core.Store, retention: Retention | None) -> Pruned:
    now = now_ms()
    kept = (None, None, None) if retention is None else retention.kept_ms()
    messages, attempts, inbox = (None if ms is None else now - ms for ms in kept)
    _, *counts = store.prune(
        messages_before=messages,
        attempts_before=attempts,
        inbox_before=inbox,
        now=now,
        budget=PRUNE_BUDGET,
        batches=None,
    )
    told = 0
    while gone := store.prune_operational_events(now - _OPERATIONAL_EVENTS_KEPT, _EVENTS_AT_ONCE):
        told += gone
    while store.give_back_pages(_PAGES_AT_ONCE, 0):
        pass
    store.checkpoint()
    return replace(Pruned(*counts), operational_events=told)


def reseal_store(store: _core.Store) -> int:
    resealed, place = store.reseal(0, _ENDPOINTS_AT_ONCE)
    while place:
        more, place = store.reseal(place, _ENDPOINTS_AT_ONCE)
        resealed += more
    return resealed
