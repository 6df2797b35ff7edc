"""Whether a receiver is alive, and whether it can take events."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from .. import _core
from ..errors import StoreError, StoreFullError
from ..exchange import HttpResponse
from . import answers

PROBES: Final = ("healthz", "readyz")
PROBE_METHODS: Final = ("GET", "HEAD")
# Seconds that a probe among a receiver's own paths waits for the store.
PATIENCE: Final = 2.0

# No source has a space in its name.
_SOURCE: Final = "webhookcore health"
_KEY: Final = "probe"
_LEASE_MS: Final = 10_000
_LONGEST_REASON: Final = 200


@dataclass(frozen=True, slots=True)
class Health:
    """What a probe found.

    Attributes:
        alive: The process answers; always True.
        ready: The store takes events.
        reason: Why it does not, a word; empty where it does.
        detail: The same for a person; not shown by ``handle_health()``.
    """

    alive: bool
    ready: bool
    reason: str = ""
    detail: str = ""


class _Probe:
    """One test of the store, in a thread of its own: a store that hangs holds nobody else."""

    def __init__(self, test: Callable[[], Health]) -> None:
        self._test = test
        self.found: Health | None = None
        self.thread = threading.Thread(target=self._run, name="webhookcore-health", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        self.found = self._test()


class Readiness:
    """Tests the store by writing to it, one test at a time in each process.

    Args:
        clock: Unix seconds.
        quota: Bytes that the store may hold; None: any number.
    """

    def __init__(self, store: _core.Store, clock: Callable[[], float], quota: int | None) -> None:
        self._store = store
        self._clock = clock
        self._quota = quota
        self._probes: dict[int, _Probe] = {}  # By process: a thread does not survive a fork.

    def look(self, timeout: float) -> Health:
        """What a test found that ended within so many seconds."""
        probe = self._probes.get(os.getpid())
        if probe is None or not probe.thread.is_alive():
            probe = self._probes[os.getpid()] = _Probe(self._test)
        probe.thread.join(timeout)
        if probe.found is not None:
            return probe.found
        return Health(True, False, "timeout", f"the store did not answer within {timeout:g} s")

    def close(self, patience: float) -> None:
        probe = self._probes.pop(os.getpid(), None)
        if probe is not None:
            probe.thread.join(patience)

    def _test(self) -> Health:
        try:
            self._write()
        except StoreFullError as error:
            return Health(True, False, "store_full", _short(error))
        except StoreError as error:
            return Health(True, False, "store_unavailable", _short(error))
        except Exception as error:  # noqa: BLE001  # Whoever asks has to be told something.
            return Health(True, False, "broken", _short(error))
        return Health(True, True)

    def _write(self) -> None:
        now = round(self._clock() * 1000)
        kind, token, *_ = self._store.claim(_SOURCE, _KEY, now, _LEASE_MS)
        if kind == "won":
            self._store.release(_SOURCE, _KEY, token)
        used = None if self._quota is None else self._store.measure_space()["used_bytes"]
        if used is not None and self._quota is not None and used >= self._quota:
            raise StoreFullError(f"holds {used} bytes, its quota is {self._quota}")


def answer_probe(path: str, look: Callable[[], Health]) -> HttpResponse:
    """The answer to ``/healthz`` or ``/readyz``, wherever they are mounted; 404 to others."""
    last = path.partition("?")[0].rstrip("/").rpartition("/")[2]
    fresh = {"Cache-Control": "no-store"}
    if last == "healthz":
        return answers.answer(200, {"status": "alive"}, **fresh)
    if last != "readyz":
        return answers.error(404, "not_found", "there are /healthz and /readyz")
    found = look()
    if found.ready:
        return answers.answer(200, {"status": "ready"}, **fresh)
    # Not the detail: it names files, and anybody may ask.
    return answers.answer(503, {"status": "unavailable", "reason": found.reason}, **fresh)


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:_LONGEST_REASON]
