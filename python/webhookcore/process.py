"""Which process this is, without asking the system for each request."""

from __future__ import annotations

import os


class _Process:
    """The system is asked again in a child, by every fork that Python knows of."""

    __slots__ = ("id",)

    def __init__(self) -> None:
        self.id = os.getpid()

    def look(self) -> None:
        self.id = os.getpid()


_this = _Process()
os.register_at_fork(after_in_child=_this.look)


def process_id() -> int:
    """What ``os.getpid()`` gives."""
    return _this.id
