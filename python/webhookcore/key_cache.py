"""Keeps what was fetched, and what could not be, for a while and within bounds."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

from .errors import KeyUnavailableError, VerificationError
from .key_admission import Admission

ENTRIES: Final = 64
# Seconds for which a failure is not tried again.
FAILURE_LIFETIME: Final = 60.0

Load = Callable[[], tuple[str, float]]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A text, or in its place what an error was like: one is raised anew for each caller."""

    until: float
    text: str = ""
    refusal: tuple[str, str] | None = None  # Its reason and its hint.
    failure: str = ""

    def result(self) -> str:
        if self.refusal is not None:
            reason, hint = self.refusal
            raise VerificationError(reason, explain=lambda: hint)
        if self.failure:
            raise KeyUnavailableError(self.failure, FAILURE_LIFETIME)
        return self.text


@dataclass(slots=True)
class _State:
    """Of one process: a fork in the middle of a fetch leaves nothing behind in the child."""

    pid: int
    admission: Admission
    lock: threading.Lock = field(default_factory=threading.Lock)
    kept: OrderedDict[str, _Entry] = field(default_factory=OrderedDict)
    # Apart from the others, which names that lead nowhere must not push out.
    failed: OrderedDict[str, _Entry] = field(default_factory=OrderedDict)
    flights: dict[str, Future[_Entry]] = field(default_factory=dict)


class KeyCache:
    """Texts by name. Safe to share between threads: one of them asks, the others wait.

    Args:
        clock: Unix seconds.
        patience: Seconds that a thread waits for another one's fetch.
    """

    def __init__(self, clock: Callable[[], float], patience: float) -> None:
        self._clock = clock
        self._patience = patience
        self._state = self._fresh()

    def get(self, name: str, load: Load, host: str = "") -> str:
        """The text, which ``load`` gives with the seconds for which it holds.

        ``host`` is who is asked for it; each has a budget of its own for unknown names.

        Raises:
            VerificationError, KeyUnavailableError: What ``load`` raised, now or within the
                last minute.
        """
        state = self._current()
        with state.lock:
            entry = self._find(state, name)
            flight = state.flights.get(name)
            leads = entry is None and flight is None
            if leads:
                self._admit(state, host, name)
                flight = state.flights[name] = Future()
        if entry is None:
            assert flight is not None
            entry = self._lead(state, host, name, flight, load) if leads else self._await(flight)
        return entry.result()

    def _find(self, state: _State, name: str) -> _Entry | None:
        now = self._clock()
        for entries in (state.kept, state.failed):
            entry = entries.get(name)
            if entry is not None and now < entry.until:
                entries.move_to_end(name)
                return entry
        return None

    def _admit(self, state: _State, host: str, name: str) -> None:
        if name not in state.kept and not state.admission.admit(host, name, self._clock()):
            raise KeyUnavailableError("too many unknown keys were asked for", 5.0)

    def _lead(
        self, state: _State, host: str, name: str, flight: Future[_Entry], load: Load
    ) -> _Entry:
        entry = _Entry(0.0, failure="the fetch of the key was interrupted")
        try:
            entry = self._loaded(load)
        finally:
            with state.lock:
                _keep(state, name, entry)
                if entry.text:
                    state.admission.prove(host, self._clock())
                del state.flights[name]
            flight.set_result(entry)
        return entry

    def _loaded(self, load: Load) -> _Entry:
        try:
            text, lifetime = load()
        except VerificationError as refused:
            hint = refused.hint
            return _Entry(self._clock() + FAILURE_LIFETIME, refusal=(refused.reason, hint))
        except KeyUnavailableError as failed:
            return _Entry(self._clock() + FAILURE_LIFETIME, failure=str(failed) or "no key")
        return _Entry(self._clock() + lifetime, text=text)

    def _await(self, flight: Future[_Entry]) -> _Entry:
        try:
            return flight.result(self._patience)
        except TimeoutError:
            raise KeyUnavailableError("the key is still being fetched", 5.0) from None

    def _current(self) -> _State:
        if self._state.pid != os.getpid():
            self._state = self._fresh()
        return self._state

    def _fresh(self) -> _State:
        return _State(os.getpid(), Admission(self._clock()))


def _keep(state: _State, name: str, entry: _Entry) -> None:
    is_text = bool(entry.text)
    entries = state.kept if is_text else state.failed
    if is_text:
        state.failed.pop(name, None)
    entries[name] = entry
    entries.move_to_end(name)
    while len(entries) > ENTRIES:
        entries.popitem(last=False)
