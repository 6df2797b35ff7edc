"""Works the inbox in the calling thread: stored events become handled, retried or dead."""

from __future__ import annotations

from collections.abc import Callable

from .claims import Claimed, Claims
from .counts import InboxCounts
from .loop import OwnLoop
from .runs import Runs
from .upkeep import Upkeep


class InboxWorker:
    """Claims one event at a time, or a batch, runs its handlers here, and records the outcome.

    One thread uses it. Another worker on the same store gets other events.
    """

    def __init__(self, claims: Claims, runs: Runs, upkeep: Upkeep) -> None:
        self._claims = claims
        self._runs = runs
        self._upkeep = upkeep
        self._loop = OwnLoop()

    @property
    def counts(self) -> InboxCounts:
        return self._runs.counts

    def close(self) -> None:
        self._loop.close()

    def work(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Handle everything that is due, until nothing is or ``stop()`` says so."""
        self.counts.reaped += self._upkeep.reap()
        while not stop():
            group = self._claims.take(1)
            if not group:
                self._upkeep.prune()
                return
            self._fill(group)
            self._runs.handle(group, self._loop.await_)

    def seconds_until_due(self) -> float | None:
        """Until the next pending event can be claimed; None when there is none."""
        return self._claims.seconds_until_due()

    def _fill(self, group: list[Claimed]) -> None:
        """A batch has what is due now; nothing is waited for."""
        rule = self._claims.batch_of(group[0])
        if rule is not None:
            self._claims.join(group, rule)
