"""Works the inbox: stored events become handled, retried or dead."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .. import _core
from ..correlation import find_correlation_id
from ..errors import LeaseLostError
from ..events import Event
from ..provider_rules import Provider
from ..providers import PROVIDERS
from .handlers import Handler, Outcome, kept_result, run_here
from .loop import OwnLoop

_log = logging.getLogger("webhookcore.runner")

JITTER: Final = 0.2
# Milliseconds of one batch, so that no writer waits long for it; and how many at once.
_PRUNE_BUDGET: Final = 3
_PRUNE_BATCHES: Final = 5
_PRUNE_EVERY: Final = 600.0
_REAP_EVERY: Final = 2.0
# What ends a thread or a generator, and is no Exception; so is what ends a task.
_EXITS: Final = (SystemExit, GeneratorExit, asyncio.CancelledError)


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


class InboxWorker:
    """Claims one event at a time, runs its handlers here, and records what came of it.

    One thread uses it. Another process that works the same store gets other events.

    Args:
        store: Shared with the receiver.
        handlers_for: The handlers of a source and type, in their order.
        clock: Unix seconds.
        lease: Seconds until a claim is free although its owner lives.
        schedule: Waits in seconds after failure 1, 2, …
        kept: Seconds for which events that are done or dead are kept; None: for ever.
    """

    def __init__(
        self,
        store: _core.Store,
        handlers_for: Callable[[str, str | None], Sequence[Handler]],
        clock: Callable[[], float],
        lease: float,
        schedule: Sequence[float],
        kept: float | None = None,
    ) -> None:
        self._store = store
        self._handlers_for = handlers_for
        self._clock = clock
        self._lease_ms = round(lease * 1000)
        self._schedule = list(schedule)
        self._kept_ms = None if kept is None else round(kept * 1000)
        self._loop = OwnLoop()
        self._prune_at = self._reap_at = time.monotonic()
        self.counts = InboxCounts()

    def close(self) -> None:
        self._loop.close()

    def work(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Handle everything that is due, until nothing is or ``stop()`` says so."""
        if time.monotonic() >= self._reap_at:
            self.counts.reaped += self._store.reap_events(self._now())
            self._reap_at = time.monotonic() + _REAP_EVERY
        while not stop():
            claimed = self._store.claim_due_events(self._now(), 1, self._lease_ms)
            if not claimed:
                self._prune()
                return
            self._handle(*claimed[0])

    def seconds_until_due(self) -> float | None:
        """Until the next pending event is due; None when there is none."""
        due: int | None = self._store.next_event_due_at()
        return None if due is None else max(0.0, (due - self._now()) / 1000)

    def _now(self) -> int:
        return round(self._clock() * 1000)

    def _handle(self, row: dict[str, Any], token: bytes) -> None:
        started = time.monotonic()
        handlers = self._handlers_for(row["source"], row["type"])
        outcome = self._run(row, token, handlers)
        what = self._record(row, token, outcome, bool(handlers))
        _log.log(
            logging.WARNING if what in ("retried", "dead", "lost") else logging.INFO,
            "event inb_%d of source %s: %s",
            row["key"],
            row["source"],
            what,
            extra={
                "correlation_id": find_correlation_id(row["headers"]),
                "source": row["source"],
                "event_id": row["event_id"],
                "type": row["type"],
                "outcome": what,
                "duration_ms": round((time.monotonic() - started) * 1000, 3),
            },
        )

    def _run(self, row: dict[str, Any], token: bytes, handlers: Sequence[Handler]) -> Outcome:
        """The handlers' outcome; whatever they raise is a failure of the event, an exit too.

        Else one event that raises SystemExit would end this worker and each one after it.
        """
        ctrl_c = KeyboardInterrupt if _can_be_interrupted() else ()
        try:
            failures = (Exception, *_EXITS) if ctrl_c else (BaseException,)
            return run_here(handlers, stored_event(row), self._loop.await_, failures)
        except ctrl_c:
            # Not the event's fault, so it is not counted against it.
            self._complete(row, token, "pending", next_attempt_at=self._now(), counts=False)
            raise
        except BaseException as error:  # noqa: BLE001  # No event of the row, or no log line.
            _log.exception("event inb_%d of source %s cannot be run", row["key"], row["source"])
            return Outcome(errors=[error])

    def _record(
        self, row: dict[str, Any], token: bytes, outcome: Outcome, had_handlers: bool
    ) -> str:
        """Complete the row as its outcome says, and count it; returns what was counted."""
        state, what, due = self._judge(row, outcome, had_handlers)
        try:
            self._complete(
                row,
                token,
                state,
                next_attempt_at=due,
                counts=bool(outcome.errors),
                result=kept_result(outcome, row["source"]) if state == "done" else "",
                error=outcome.error_text,
            )
        except LeaseLostError:
            # Whoever took the row over runs the handlers again, and records that run.
            what = "lost"
        self.counts.add(what)
        if what in ("retried", "dead"):
            self.counts.add("failed")
        return what

    def _judge(
        self, row: dict[str, Any], outcome: Outcome, had_handlers: bool
    ) -> tuple[str, str, int | None]:
        now = self._now()
        if outcome.errors:
            due = _core.next_attempt_at(
                schedule=self._schedule, jitter=JITTER, failures=row["attempts"] + 1, now=now
            )
            return ("dead", "dead", None) if due is None else ("pending", "retried", due)
        if outcome.snooze is not None:
            return "pending", "snoozed", now + round(outcome.snooze * 1000)
        if outcome.discarded is not None:
            return "done", "discarded", None
        return "done", "handled" if had_handlers else "ignored", None

    def _complete(
        self,
        row: dict[str, Any],
        token: bytes,
        state: str,
        *,
        next_attempt_at: int | None,
        counts: bool,
        result: str = "",
        error: str = "",
    ) -> None:
        (held,) = self._store.complete_events(
            [(row["key"], token, state, next_attempt_at, counts, result, error)], self._now()
        )
        if not held:
            raise LeaseLostError("the event was taken back")

    def _prune(self) -> None:
        """Expired keys and old events, a few at a time, now and then; more while many are left."""
        if time.monotonic() < self._prune_at:
            return
        now = self._now()
        over, *_ = self._store.prune(
            messages_before=None,
            attempts_before=None,
            inbox_before=None if self._kept_ms is None else now - self._kept_ms,
            now=now,
            budget=_PRUNE_BUDGET,
            batches=_PRUNE_BATCHES,
        )
        if over:
            self._prune_at = time.monotonic() + _PRUNE_EVERY


def _can_be_interrupted() -> bool:
    """Python raises Ctrl-C in the main thread only; elsewhere it is the handler's own."""
    return threading.current_thread() is threading.main_thread()


def stored_event(row: dict[str, Any]) -> Event:
    """The event of an inbox row, as it was when its signature was checked."""
    known = PROVIDERS.get(row["provider"])
    event = Event(
        row["body"],
        row["headers"],
        known or Provider(row["provider"], row["provider"]),
        row["source"],
        row["timestamp"],
        row["matched_secret"],
    )
    event._inbox_key = row["key"]
    # Of a batch each item was stored by itself.
    event._is_item = True
    if known is None:  # A scheme of the user's own, whose rules are not at hand here.
        event._identity = (row["event_id"], row["type"], ())
    return event
