"""Starting and awaiting forked children, each with a deadline."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable
from pathlib import Path

PATIENCE = 20.0  # Seconds for a child that needs milliseconds; the machine may be busy.
HUNG = "hung"


def fork(work: Callable[[], None]) -> int:
    """Fork a child that does the work and ends without the parent's cleaning up."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        work()
        status = 0
    finally:
        os._exit(status)


def await_end(pid: int) -> int | str:
    """The exit status, or HUNG for a child that had to be killed."""
    descriptor = os.pidfd_open(pid)
    try:
        ended, _, _ = select.select([descriptor], [], [], PATIENCE)
    finally:
        os.close(descriptor)
    if not ended:
        os.kill(pid, signal.SIGABRT)  # With a traceback, when faulthandler is on.
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status) if ended else HUNG


def threads_here() -> int:
    """How many threads the kernel knows of this process."""
    return len(list(Path("/proc/self/task").iterdir()))
