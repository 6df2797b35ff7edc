"""One run: the handlers of an event, or of a batch, and what came of it."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from .. import _core
from ..correlation import find_correlation_id
from ..events import Event
from ..provider_rules import Provider
from ..providers import PROVIDERS
from .claims import Claimed, Claims
from .counts import InboxCounts
from .handlers import (
    Failures,
    Handler,
    Handlers,
    Member,
    Outcome,
    kept_result,
    run_group,
)

_log = logging.getLogger("webhookcore.runner")

JITTER: Final = 0.2
# What ends a thread or a generator, and is no Exception; so is what ends a task.
_EXITS: Final = (SystemExit, GeneratorExit, asyncio.CancelledError)

Await = Callable[[Awaitable[Any]], Any]


class Runs:
    """Runs handlers in the calling thread and records the outcomes. Safe to share.

    Args:
        store: Shared with the receiver.
        handlers: All of them.
        claims: Takes back what Ctrl-C interrupts.
        clock: Unix seconds.
        schedule: Waits in seconds after failure 1, 2, …
    """

    def __init__(
        self,
        store: _core.Store,
        handlers: Handlers,
        claims: Claims,
        clock: Callable[[], float],
        schedule: Sequence[float],
    ) -> None:
        self._store = store
        self._handlers = handlers
        self._claims = claims
        self._clock = clock
        self._schedule = list(schedule)
        self._lock = threading.Lock()
        self.counts = InboxCounts()

    def handle(self, group: Sequence[Claimed], await_: Await) -> None:
        """Handle one event, or a batch of one source; ``await_`` finishes async handlers."""
        started = time.monotonic()
        handlers = self._handlers.of_any([(row["source"], row["type"]) for row, _ in group])
        outcomes = self._run(group, handlers, await_)
        took = round((time.monotonic() - started) * 1000, 3)
        for (row, _), what in zip(group, self._record(group, outcomes, handlers), strict=True):
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
                    "duration_ms": took,
                },
            )

    def _run(
        self, group: Sequence[Claimed], handlers: Sequence[Handler], await_: Await
    ) -> list[Outcome]:
        """The handlers' outcomes; whatever they raise is a failure of the event, an exit too.

        Else one event that raises SystemExit would end this worker and each one after it.
        """
        ctrl_c = KeyboardInterrupt if _can_be_interrupted() else ()
        failures: Failures = (Exception, *_EXITS) if ctrl_c else (BaseException,)
        outcomes = [Outcome() for _ in group]
        sound: list[Member] = []
        try:
            for (row, _), outcome in zip(group, outcomes, strict=True):
                event = _event_or_error(row, outcome)
                if event is not None:
                    sound.append(Member(event, row["type"], outcome))
            run_group(handlers, sound, await_, failures)
        except ctrl_c:
            # Not the events' fault, so it is not counted against them.
            self._claims.give_back(group)
            raise
        except BaseException as error:  # noqa: BLE001  # Such as of what logs a failure.
            _log.exception("the events of source %s cannot be run", group[0][0]["source"])
            for outcome in outcomes:
                outcome.errors.append(error)
        return outcomes

    def _record(
        self,
        group: Sequence[Claimed],
        outcomes: Sequence[Outcome],
        handlers: Sequence[Handler],
    ) -> list[str]:
        """Complete the rows as their outcomes say; gives what was counted for each."""
        whats: list[str] = []
        rows = []
        for (row, token), outcome in zip(group, outcomes, strict=True):
            had_handlers = any(one.takes(row["source"], row["type"]) for one in handlers)
            state, what, due = self._judge(row, outcome, had_handlers)
            result = kept_result(outcome, row["source"]) if state == "done" else ""
            counts = bool(outcome.errors)
            rows.append((row["key"], token, state, due, counts, result, outcome.error_text))
            whats.append(what)
        held = self._store.complete_events(rows, self._now())
        # Whoever took a row over runs the handlers again, and records that run.
        whats = [what if mine else "lost" for what, mine in zip(whats, held, strict=True)]
        with self._lock:
            for what in whats:
                self.counts.add(what)
                if what in ("retried", "dead"):
                    self.counts.add("failed")
        return whats

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

    def _now(self) -> int:
        return round(self._clock() * 1000)


def _event_or_error(row: dict[str, Any], outcome: Outcome) -> Event | None:
    """No event of a row that another program wrote."""
    try:
        return stored_event(row)
    except Exception as error:  # noqa: BLE001  # Whatever it is, the others must not suffer.
        _log.exception("event inb_%d of source %s cannot be run", row["key"], row["source"])
        outcome.errors.append(error)
        return None


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
    event._key = row["event_key"]
    # Of a batch each item was stored by itself.
    event._is_item = True
    if known is None:  # A scheme of the user's own, whose rules are not at hand here.
        event._identity = (row["event_id"], row["type"], ())
    return event
