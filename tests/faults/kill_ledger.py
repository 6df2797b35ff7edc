"""What the observer of a kill run knows, and the verdict it comes to."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, field

from .receiver import Answer, Request


@dataclass(frozen=True)
class KillReport:
    """One line of figures; sound when nothing was lost and nothing is out of its bound."""

    processes: int
    kills: int
    sent: int  # Sends that were begun.
    acked: int  # Different messages whose send() returned.
    delivered: int
    lost: int
    duplicates: int
    bound: int  # Deliveries in flight at the kills, in all.
    unstable: int  # Ids that were seen with two bodies.
    split_keys: int  # Idempotency keys that stand for more than one id.
    badly_signed: int
    stuck: int  # Deliveries that did not come to an end.
    integrity: str
    sqlite: str
    seed: int
    seconds: float
    complaints: list[str] = field(default_factory=list)

    def line(self) -> str:
        return json.dumps(asdict(self))

    def faults(self) -> list[str]:
        """What must not be; empty for a sound run."""
        none = ("lost", "unstable", "split_keys", "badly_signed", "stuck")
        found = [f"{name}: {getattr(self, name)}" for name in none if getattr(self, name)]
        if self.duplicates > self.bound:
            found.append(f"duplicates: {self.duplicates}, above {self.bound}")
        if self.integrity != "ok":
            found.append(f"integrity: {self.integrity}")
        if not self.acked:
            found.append("nothing was acknowledged, so nothing was shown")
        return found + self.complaints


class Ledger:
    """Filled line by line by the threads that listen to the senders."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[str, set[str]] = defaultdict(set)  # Keys of unknown outcome, by slot.
        self._ids: dict[str, set[str]] = defaultdict(set)  # By key.
        self.sent = 0

    def note(self, slot: str, line: str) -> None:
        kind, _, rest = line.partition(" ")
        with self._lock:
            if kind == "try":
                self.sent += 1
                self._open[slot].add(rest)
            elif kind == "ack":
                key, _, id = rest.partition(" ")
                self._open[slot].discard(key)
                self._ids[key].add(id)

    def note_acks(self, acks: dict[str, str]) -> None:
        with self._lock:
            for key, id in acks.items():
                self._ids[key].add(id)

    def unknown(self, slot: str) -> list[str]:
        """The keys that were being sent; what becomes of them is for the next process to say."""
        with self._lock:
            keys, self._open[slot] = sorted(self._open[slot]), set()
            return keys

    def some_acked(self, count: int) -> list[str]:
        """Keys that were acknowledged, to be sent once more: it must change nothing."""
        with self._lock:
            return list(self._ids)[-count:]

    @property
    def ids(self) -> dict[str, set[str]]:
        with self._lock:
            return dict(self._ids)


@dataclass(frozen=True)
class Seen:
    """What came in at the receiver, counted."""

    delivered: set[str]
    duplicates: int
    unstable: int
    split_keys: int
    badly_signed: int


def count_seen(
    answered: list[tuple[Request, Answer]], secrets: dict[str, str], acked: dict[str, set[str]]
) -> Seen:
    bodies: dict[str, set[bytes]] = defaultdict(set)
    successes: Counter[tuple[str, str]] = Counter()
    ids_of_key = {key: set(ids) for key, ids in acked.items()}
    badly_signed = 0
    for request, answer in answered:
        bodies[request.id].add(hashlib.sha256(request.body).digest())
        badly_signed += not request.is_signed_with(secrets[request.path])
        ids_of_key.setdefault(json.loads(request.body)["data"]["key"], set()).add(request.id)
        successes[request.path, request.id] += answer.status == 200
    return Seen(
        # Delivered is what every endpoint has said yes to.
        delivered={id for id in bodies if all(successes[path, id] > 0 for path in secrets)},
        duplicates=sum(count - 1 for count in successes.values() if count > 1),
        unstable=sum(len(found) > 1 for found in bodies.values()),
        split_keys=sum(len(ids) > 1 for ids in ids_of_key.values()),
        badly_signed=badly_signed,
    )
