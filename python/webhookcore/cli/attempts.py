"""The attempts of a delivery, as a timeline."""

from __future__ import annotations

from collections.abc import Sequence

from ..client import Attempt
from .output import print_table

_COLUMNS = ("attempt", "after", "took", "status", "outcome", "error", "trigger", "address")


def print_timeline(attempts: Sequence[Attempt]) -> None:
    """One line for each attempt, oldest first; ``after`` counts from the first one."""
    if not attempts:
        return
    began = attempts[0].started_at
    print_table(
        _COLUMNS,
        [
            (
                attempt.number,
                f"{(attempt.started_at - began).total_seconds():.1f} s",
                f"{attempt.duration * 1000:.0f} ms",
                attempt.status,
                attempt.outcome,
                _error(attempt),
                attempt.trigger,
                attempt.address or None,
            )
            for attempt in attempts
        ],
    )


def _error(attempt: Attempt) -> str | None:
    if attempt.error in ("", "none"):
        return None
    return f"{attempt.error}: {attempt.error_text}" if attempt.error_text else attempt.error
