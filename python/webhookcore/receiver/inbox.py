"""The stored events of a receiver, shown and replayed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Final

from .. import _core
from ..correlation import MADE_HEADER
from ..errors import (
    AlreadyDeliveredError,
    ConfigError,
    IdempotencyConflictError,
    NotFoundError,
    StoreCorruptError,
)
from ..events import Event
from ..runner.worker import stored_event
from ..store import Listing

_PREFIX: Final = "inb_"
_ID: Final = re.compile(r"inb_([1-9][0-9]{0,17})")

# Credentials of whoever stands between the provider and us; no handler needs them at rest.
_NOT_STORED: Final = frozenset({"authorization", "cookie", "proxy-authorization"})


@dataclass(frozen=True, slots=True)
class InboxEvent:
    """An accepted event and how far it is.

    Attributes:
        id: Our own, ``inb_`` and a number; the provider's is ``event_id``.
        state: ``pending``, ``running``, ``done`` or ``dead``.
        attempts: Handler runs that ended by raising, since the last replay.
        crashes: Runs whose process died.
        next_attempt_at: Only while it is pending.
        result: What the handlers gave; None until it is done.
    """

    id: str
    source: str
    provider: str
    event_id: str | None
    type: str | None
    state: str
    attempts: int
    crashes: int
    next_attempt_at: datetime | None
    last_error: str
    result: Any
    received_at: datetime
    updated_at: datetime
    event: Event = field(repr=False, compare=False)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> InboxEvent:
        """The event of a row.

        Raises:
            StoreCorruptError: Another program wrote what we never write.
        """
        try:
            return cls._read(row)
        except (ValueError, TypeError, OverflowError, OSError, RecursionError) as error:
            reason = f"{type(error).__name__}: {error}"
            raise StoreCorruptError(f"event {_PREFIX}{row['key']} is damaged: {reason}") from error

    @classmethod
    def _read(cls, row: Mapping[str, Any]) -> InboxEvent:
        due = row["next_attempt_at"]
        event = stored_event(dict(row))
        if row["timestamp"] is not None:
            _time(row["timestamp"])  # Else it would raise in whoever asks the event for it.
        return cls(
            id=f"{_PREFIX}{row['key']}",
            source=row["source"],
            provider=row["provider"],
            event_id=row["event_id"],
            type=row["type"],
            state=row["state"],
            attempts=row["attempts"],
            crashes=row["crashes"],
            next_attempt_at=None if due is None else _time(due),
            last_error=row["last_error"],
            result=json.loads(row["handler_result"] or "null"),
            received_at=_time(row["received_at"]),
            updated_at=_time(row["updated_at"]),
            event=event,
        )


class Inbox:
    """``receiver.inbox``."""

    def __init__(
        self, store: _core.Store, clock: Callable[[], float], wake: Callable[[], None]
    ) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake

    def list(
        self,
        *,
        state: str | None = None,
        source: str | None = None,
        limit: int | None = None,
        cursor: int | None = None,
    ) -> Listing[InboxEvent]:
        """Newest first.

        Raises:
            ConfigError: A state other than ``pending running done dead``.
            StoreCorruptError: A row is damaged; the message names it. Raised where the
                listing is looked at, as any other StoreError.
        """
        filters = {"state": state, "source": source}
        return Listing(
            self._store.list_events,
            InboxEvent.from_row,
            {name: value for name, value in filters.items() if value is not None},
            cursor_field="key",
            cursor=cursor,
            limit=limit,
        )

    def get(self, id: str) -> InboxEvent:
        """One of them.

        Raises:
            NotFoundError: There is none of that id.
            StoreCorruptError: Its row is damaged.
        """
        row = self._store.get_event(_key_of(id))
        if row is None:
            raise NotFoundError(f"no event {id}")
        return InboxEvent.from_row(row)

    def replay(self, id: str) -> None:
        """Let a dead event run again, with fresh retries.

        Raises:
            NotFoundError: There is none of that id.
            AlreadyDeliveredError: It was handled.
            ConfigError: It is on its way.
        """
        try:
            self._store.replay_event(_key_of(id), round(self._clock() * 1000))
        except IdempotencyConflictError:
            state = self.get(id).state
            if state == "done":
                raise AlreadyDeliveredError(f"{id} was handled") from None
            raise ConfigError(f"{id} is {state}; only a dead event can be replayed", "id") from None
        except NotFoundError:
            raise NotFoundError(f"no event {id}") from None
        self._wake()

    def replay_many(self, *, source: str | None = None, limit: int | None = None) -> int:
        """Replay the dead ones, newest first, at most ``limit``; returns how many."""
        replayed = 0
        for event in list(self.list(state="dead", source=source, limit=limit)):
            try:
                self.replay(event.id)
            except (AlreadyDeliveredError, ConfigError):
                continue  # Somebody else replayed it meanwhile.
            replayed += 1
        return replayed


def kept_headers(event: Event) -> list[tuple[str, str]]:
    """Those that others may see later: no credentials."""
    dropped = {*_NOT_STORED, (event._rules.secret_header or "").lower()}
    return [pair for pair in event.headers.pairs() if pair[0].lower() not in dropped]


def inbox_row(event: Event, now: int, made_id: str | None = None) -> dict[str, Any]:
    """The row that an accepted event is stored as; ``now`` in Unix milliseconds.

    Args:
        made_id: The correlation id, where the request came without one.
    """
    signed_at = event.timestamp
    headers = kept_headers(event)
    if made_id is not None:
        headers.append((MADE_HEADER, made_id))
    return {
        "source": event.source,
        "provider": event.provider,
        "event_id": event.id,
        "type": event.type,
        "body": event.body,
        "headers": [
            (name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
            for name, value in headers
        ],
        "timestamp": None if signed_at is None else round(signed_at.timestamp() * 1000),
        "matched_secret": event.matched_secret,
        "received_at": now,
    }


def _key_of(id: str) -> int:
    match = _ID.fullmatch(id) if isinstance(id, str) else None
    if match is None:
        raise NotFoundError(f"{id!r} is no id of an inbox event; they look like inb_1")
    return int(match[1])


def _time(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, timezone.utc)
