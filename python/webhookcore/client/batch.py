"""Messages on their way into the store, which refuses those of an old catalogue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..errors import TenantLimitError
from .event_types import MOST_ROUNDS, EventTypes, catalogue_busy


class Batch:
    """Give ``waiting()`` to the store and what it says to ``take()``, until nothing waits.

    A message that was checked by a catalogue which is no longer the one in the store comes
    back, and is checked by the new one.

    Attributes:
        rows: What ``Engine.enqueue()`` takes, one for each message.
        results: What became of each: a tuple or an exception.
    """

    def __init__(self, event_types: EventTypes, makers: Sequence[Callable[[], Any]]) -> None:
        self._event_types = event_types
        self._makers = makers
        self._late = list(range(len(makers)))
        self._rounds = 0
        self.rows: list[Any] = [make() for make in makers]
        self.results: list[Any] = [None] * len(makers)

    def waiting(self) -> list[Any]:
        """Rows for the store; they are made anew where it refused the ones before.

        Raises:
            ConfigError, UnknownEventTypeError: The new catalogue refuses one of them.
        """
        if self._rounds and self._late:
            if self._rounds > MOST_ROUNDS:
                raise catalogue_busy()
            self._event_types._reload()
            for place in self._late:
                self.rows[place] = self._makers[place]()
        return [self.rows[place] for place in self._late]

    def take(self, results: Sequence[Any]) -> TenantLimitError | None:
        """By what a tenant's limits refused all of them, when they did: the same rows wait still."""
        for result in results:
            if isinstance(result, TenantLimitError):
                return result
        for place, result in zip(self._late, results, strict=True):
            self.results[place] = result
        self._late = [place for place, result in enumerate(self.results) if result is None]
        self._rounds += 1
        return None
