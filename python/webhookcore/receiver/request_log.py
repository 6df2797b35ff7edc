"""One log line for each request, and the counts of their outcomes."""

from __future__ import annotations

import logging
import os
import threading
import time
from dataclasses import dataclass, field

from ..events import Event
from .sources import Source

_log = logging.getLogger("webhookcore.receiver")
_log.addHandler(logging.NullHandler())


@dataclass(slots=True)
class _Counts:
    lock: threading.Lock = field(default_factory=threading.Lock)
    by_outcome: dict[str, int] = field(default_factory=dict)


class RequestLog:
    """Writes to the logger ``webhookcore.receiver``; the fields are in the record's ``extra``.

    Neither the body nor a header's value is ever among them.
    """

    def __init__(self) -> None:
        # By process: a lock that was held at a fork is never free in the child.
        self._processes: dict[int, _Counts] = {}

    def write(
        self,
        source: Source | None,
        event: Event | None,
        outcome: str,
        status: int,
        started: float,
    ) -> None:
        mine = self._mine()
        with mine.lock:
            mine.by_outcome[outcome] = mine.by_outcome.get(outcome, 0) + 1
        level = logging.INFO if status < 400 else logging.WARNING
        if not _log.isEnabledFor(level):
            return
        name = None if source is None else source.name
        took = (time.monotonic() - started) * 1000
        # Id and type are the sender's text: only in fields, where a line break does no harm.
        _log.log(
            level,
            "request to source %s: %s (%d) in %.1f ms",
            name,
            outcome,
            status,
            took,
            extra={
                "source": name,
                "event_id": None if event is None else event.id,
                "type": None if event is None else event.type,
                "outcome": outcome,
                "status": status,
                "duration_ms": round(took, 3),
            },
        )

    def counts(self) -> dict[str, int]:
        mine = self._mine()
        with mine.lock:
            return dict(mine.by_outcome)

    def _mine(self) -> _Counts:
        return self._processes.setdefault(os.getpid(), _Counts())
