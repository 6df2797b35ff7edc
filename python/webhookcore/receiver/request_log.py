"""One log line for each request, and the counts of their outcomes."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ..events import Event
from ..process import process_id
from ..redaction import Redactor
from .client_address import address_text

if TYPE_CHECKING:
    from .intake import Decision

_log = logging.getLogger("webhookcore.receiver")
_log.addHandler(logging.NullHandler())


# Lines a second for each way of refusing requests that nobody signed: a flood is not to fill the
# disk as well.
_MOST_LINES: Final = 10


@dataclass(slots=True)
class _Burst:
    """The lines of one second."""

    second: int = -1
    lines: int = 0
    left_out: int = 0  # Since the last line.


@dataclass(slots=True)
class _Counts:
    lock: threading.Lock = field(default_factory=threading.Lock)
    by_outcome: dict[str, int] = field(default_factory=dict)
    bursts: dict[str, _Burst] = field(default_factory=dict)

    def add(self, outcome: str) -> None:
        with self.lock:
            self.by_outcome[outcome] = self.by_outcome.get(outcome, 0) + 1

    def left_out(self, outcome: str, second: int) -> int | None:
        """How many lines were left out before this one; None: it is one of them."""
        with self.lock:
            burst = self.bursts.setdefault(outcome, _Burst())
            if burst.second != second:
                burst.second, burst.lines = second, 0
            if burst.lines >= _MOST_LINES:
                burst.left_out += 1
                return None
            burst.lines += 1
            before, burst.left_out = burst.left_out, 0
            return before


class RequestLog:
    """Writes to the logger ``webhookcore.receiver``; the fields are in the record's ``extra``.

    A header's value is never among them, but for the correlation id.

    Args:
        bodies: Writes the bodies of verified requests; None: they are not logged.
    """

    def __init__(self, bodies: Redactor | None = None) -> None:
        self._bodies = bodies
        # By process: a lock that was held at a fork is never free in the child.
        self._processes: dict[int, _Counts] = {}

    def is_wanted(self, level: int) -> bool:
        """Whether somebody reads lines of this level."""
        return _log.isEnabledFor(level)

    def count(self, outcome: str) -> None:
        """Count a request that no line is wanted for."""
        self._mine().add(outcome)

    def write(self, decision: Decision, outcome: str, status: int) -> None:
        mine = self._mine()
        mine.add(outcome)
        level = logging.INFO if status < 400 else logging.WARNING
        if not self.is_wanted(level):
            return
        left_out: int | None = 0
        if status >= 400 and decision.verified is None:
            left_out = mine.left_out(outcome, int(decision.started))
        if left_out is None:
            return
        name = None if decision.source is None else decision.source.name
        event, id = decision.verified, decision.correlation_id
        took = (time.monotonic() - decision.started) * 1000
        # Id and type are the sender's text: only in fields, where a line break does no harm.
        _log.log(
            level,
            "request to source %s: %s (%d) in %.1f ms [%s]",
            name,
            outcome,
            status,
            took,
            id,
            extra={
                "correlation_id": id,
                "source": name,
                "event_id": None if event is None else event.id,
                "type": None if event is None else event.type,
                "outcome": outcome,
                "status": status,
                "duration_ms": round(took, 3),
                "client": address_text(decision.client),
                **({"left_out": left_out} if left_out else {}),
                **self._body(event),
            },
        )

    def counts(self) -> dict[str, int]:
        mine = self._mine()
        with mine.lock:
            return dict(mine.by_outcome)

    def _body(self, event: Event | None) -> dict[str, str | None]:
        # Of nobody who cannot sign: what is in the log is the provider's.
        if self._bodies is None or event is None:
            return {}
        return {"body": self._bodies.text(event.body)}

    def _mine(self) -> _Counts:
        process = process_id()
        return self._processes.get(process) or self._processes.setdefault(process, _Counts())
