"""Waiting for what another process or thread does: the one loop that looks again and again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def wait_until(
    condition: Callable[[], Found], what: str | Callable[[], str], seconds: float = 60.0
) -> Found:
    """The first true value of `condition`. Until then it is asked a hundred times a second.

    `what` is what was waited for, or a function that tells why it did not come.
    """
    ends = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > ends:
            raise AssertionError(f"not in {seconds} s: {what() if callable(what) else what}")
        time.sleep(0.01)  # So that whoever is waited for gets the processor.
    return found
