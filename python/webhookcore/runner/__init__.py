"""Runs handlers: for a request that waits, or for stored events on a worker."""

from .handlers import (
    WRAPPERS,
    Discard,
    Handler,
    Handlers,
    Outcome,
    Snooze,
    kept_result,
    run_async,
    run_here,
)
from .loop import OwnLoop, refuse_inside_a_loop
from .thread import WorkerThread
from .worker import InboxCounts, InboxWorker

__all__ = [
    "WRAPPERS",
    "Discard",
    "Handler",
    "Handlers",
    "InboxCounts",
    "InboxWorker",
    "Outcome",
    "OwnLoop",
    "Snooze",
    "WorkerThread",
    "kept_result",
    "refuse_inside_a_loop",
    "run_async",
    "run_here",
]
