"""Works the inbox on a bounded number of threads, so that no handler holds up the others."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Final

from .claims import SUSPECTS_WAIT, Claimed, Claims, is_suspect
from .counts import InboxCounts
from .handlers import BatchRule
from .loop import SharedLoop
from .runs import Runs
from .upkeep import Upkeep

_log = logging.getLogger("webhookcore.runner")

# How long an async handler may hold the loop of all, in seconds, before later ones get another.
_STUCK_AFTER: Final = 10.0
_CLOSE_TIMEOUT: Final = 1.0
# How long a suspect runs without another one beside it, in seconds; who kills does it sooner.
_ALONE: Final = 5.0


@dataclass(frozen=True, slots=True)
class HandlerRun:
    """An event, or a batch, whose handlers are running in this process.

    Attributes:
        id: Of the event, or a batch's first: ``inb_`` and a number, as in the inbox.
        events: How many there are; 1 but for a batch.
        seconds: Since it began.
        overdue: Whether its lease has run out. It goes on holding its place, and its event is
            given to another process.
    """

    id: str
    source: str
    type: str | None
    event_id: str | None
    events: int
    seconds: float
    overdue: bool


@dataclass(slots=True)
class _Place:
    group: list[Claimed]
    started: float  # By the worker's clock.
    told: bool = False  # That it is overdue.


@dataclass(slots=True)
class _Gathering:
    """A batch that has its place and waits for more events."""

    group: list[Claimed]
    rule: BatchRule
    ends: float  # Monotonic.


class PoolWorker:
    """Claims what its free places can start at once; a thread for each place, made when needed.

    One thread calls it, and is woken when a place is free again. Async handlers share one event
    loop, so that what belongs to a loop can be shared by them.

    Args:
        claims: Where the events come from.
        runs: What is done with them.
        upkeep: What is to be done beside.
        clock: Unix seconds.
        lease: Seconds after which a run is overdue.
        places: How many handlers run at once at most.
        wake: Makes whoever calls ``work()`` do it again.
    """

    def __init__(
        self,
        claims: Claims,
        runs: Runs,
        upkeep: Upkeep,
        clock: Callable[[], float],
        lease: float,
        places: int,
        wake: Callable[[], None],
    ) -> None:
        self._claims = claims
        self._runs = runs
        self._upkeep = upkeep
        self._clock = clock
        self._lease = lease
        self._places = places
        self._wake = wake
        self._changed = threading.Condition()  # Guards the next four.
        self._busy: dict[int, _Place] = {}  # By the key of the first event.
        self._idle = 0
        self._threads: list[threading.Thread] = []
        self._loop: SharedLoop | None = None
        self._stuck: list[SharedLoop] = []
        self._jobs: SimpleQueue[_Place | None] = SimpleQueue()
        self._gathering: list[_Gathering] = []
        self._told_full = False

    @property
    def counts(self) -> InboxCounts:
        return self._runs.counts

    def work(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Start everything that is due, until nothing is, no place is free, or ``stop()``."""
        self._watch()
        self.counts.reaped += self._upkeep.reap()
        self._fill_batches()
        while not stop() and (free := self._free()):
            claimed = self._claims.take(free)
            if not claimed:
                self._upkeep.prune()
                return
            self._begin_all(claimed)

    def seconds_until_due(self) -> float | None:
        """Until there is something to do that nobody would wake for; None: nothing."""
        ends = [max(0.0, one.ends - time.monotonic()) for one in self._gathering]
        due = self._claims.seconds_until_due() if self._free() else None
        return min([*ends, *([] if due is None else [due])], default=None)

    def close(self) -> None:
        """Let what is under way end, however long that takes, and then the threads."""
        for gathering in self._gathering:
            self._start(gathering.group)  # It need not wait for more.
        self._gathering.clear()
        with self._changed:
            self._changed.wait_for(lambda: not self._busy)
            threads = self._threads
            loops = [*self._stuck, *([] if self._loop is None else [self._loop])]
        for _ in threads:
            self._jobs.put(None)
        for thread in threads:
            thread.join()
        for loop in loops:
            loop.close(_CLOSE_TIMEOUT)

    def runs_in(self, thread: threading.Thread) -> bool:
        """Whether it is one of those that handlers run on."""
        with self._changed:
            loops = [*self._stuck, *([] if self._loop is None else [self._loop])]
        return thread in self._threads or any(loop.runs_in(thread) for loop in loops)

    def running(self) -> list[HandlerRun]:
        """What the places hold, the oldest first."""
        now = self._clock()
        with self._changed:
            places = list(self._busy.values())
        return [_shown(place, now, self._lease) for place in places]

    # ---- Starting -------------------------------------------------------------------

    def _free(self) -> int:
        with self._changed:
            return self._places - len(self._busy) - len(self._gathering)

    def _begin_all(self, claimed: list[Claimed]) -> None:
        waiting = list(reversed(claimed))
        try:
            while waiting:
                self._begin(waiting.pop())
        finally:
            if waiting:  # No thread could be made, or the store is away: not the others' fault.
                self._claims.give_back(waiting)

    def _begin(self, claimed: Claimed) -> None:
        row, _ = claimed
        with self._changed:
            held = {one["key"] for place in self._busy.values() for one, _ in place.group}
        if row["key"] in held:
            # Its run outlived the lease and was taken back. A second one here would hold a
            # second place; another process may try.
            self._claims.give_back([claimed], self._lease)
            return
        if is_suspect(claimed) and self._holds_suspect():
            self._claims.give_back([claimed], SUSPECTS_WAIT)
            return
        rule = self._claims.batch_of(claimed)
        if rule is None:
            self._start([claimed])
            return
        self._gathering.append(_Gathering([claimed], rule, time.monotonic() + rule.max_wait))
        self._fill_batches()

    def _holds_suspect(self) -> bool:
        now = self._clock()
        with self._changed:
            places = list(self._busy.values())
        # One that does not return must not keep the others waiting for ever.
        alone = min(_ALONE, self._lease)
        return any(is_suspect(place.group[0]) and now - place.started < alone for place in places)

    def _fill_batches(self) -> None:
        for gathering in list(self._gathering):
            full = self._claims.join(gathering.group, gathering.rule)
            if full or time.monotonic() >= gathering.ends:
                self._gathering.remove(gathering)
                self._start(gathering.group)

    def _start(self, group: list[Claimed]) -> None:
        place = _Place(group, self._clock())
        with self._changed:
            self._busy[group[0][0]["key"]] = place
            if self._idle:
                self._idle -= 1
                self._jobs.put(place)
                return
        thread = threading.Thread(
            target=self._work_places, args=(place,), name="webhookcore-handler", daemon=True
        )
        self._threads.append(thread)
        try:
            thread.start()
        except RuntimeError:  # The system gives no more.
            self._threads.remove(thread)
            self._leave(place)
            self._claims.give_back(group)
            raise

    # ---- On the threads -------------------------------------------------------------

    def _work_places(self, place: _Place | None) -> None:
        while place is not None:
            try:
                self._runs.handle(place.group, self._await)
            except BaseException:  # noqa: BLE001  # The store is away; the claim is taken back.
                _log.exception("what came of event inb_%d was not stored", place.group[0][0]["key"])
            with self._changed:
                self._idle += 1
            self._leave(place)
            del place
            place = self._jobs.get()

    def _leave(self, place: _Place) -> None:
        with self._changed:
            self._busy.pop(place.group[0][0]["key"], None)
            self._changed.notify_all()
        self._wake()

    def _await(self, awaitable: Awaitable[Any]) -> Any:
        with self._changed:
            if self._loop is None:
                self._loop = SharedLoop("webhookcore-loop")
            loop = self._loop
        return loop.await_(awaitable)

    # ---- Watching -------------------------------------------------------------------

    def _watch(self) -> None:
        """Tell of handlers that never return, and leave a loop that one of them holds."""
        with self._changed:
            places, loop = list(self._busy.values()), self._loop
        now = self._clock()
        overdue = [place for place in places if now - place.started >= self._lease]
        for place in overdue:
            if not place.told:
                place.told = True
                run = _shown(place, now, self._lease)
                _log.warning(
                    "a handler of source %s has run for %.0f s on event %s, longer than the lease;"
                    " it holds one of %d places",
                    run.source,
                    run.seconds,
                    run.id,
                    self._places,
                    extra={"source": run.source, "event_id": run.event_id, "type": run.type},
                )
        full = len(overdue) == self._places
        if full and not self._told_full:
            _log.error(
                "all %d places are held by handlers that do not return; this process handles no"
                " event any more",
                self._places,
            )
        self._told_full = full
        if loop is not None and loop.is_stuck(_STUCK_AFTER):
            _log.error(
                "an async handler has held the event loop for %.0f s, at %s; later events get"
                " another loop",
                _STUCK_AFTER,
                loop.where(),
            )
            with self._changed:
                self._stuck.append(loop)
                self._loop = None


def _shown(place: _Place, now: float, lease: float) -> HandlerRun:
    row, _ = place.group[0]
    seconds = max(0.0, now - place.started)
    return HandlerRun(
        id=f"inb_{row['key']}",
        source=row["source"],
        type=row["type"],
        event_id=row["event_id"],
        events=len(place.group),
        seconds=seconds,
        overdue=seconds >= lease,
    )
