"""Runs handlers: for a request that waits, or for stored events on a worker."""

from .claims import LONGEST_WAIT, Claims, Limits
from .counts import InboxCounts
from .handlers import (
    WRAPPERS,
    BatchRule,
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
from .pool import HandlerRun, PoolWorker
from .runs import Runs, stored_event
from .thread import WorkerThread
from .upkeep import Upkeep
from .worker import InboxWorker

__all__ = [
    "LONGEST_WAIT",
    "WRAPPERS",
    "BatchRule",
    "Claims",
    "Discard",
    "Handler",
    "HandlerRun",
    "Handlers",
    "InboxCounts",
    "InboxWorker",
    "Limits",
    "Outcome",
    "OwnLoop",
    "PoolWorker",
    "Runs",
    "Snooze",
    "Upkeep",
    "WorkerThread",
    "kept_result",
    "refuse_inside_a_loop",
    "run_async",
    "run_here",
    "stored_event",
]
