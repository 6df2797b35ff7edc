"""The stored events of a receiver, shown and replayed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Final

from .. import _core
from ..config import check_moment, check_text, check_whole, id_named, id_text
from ..correlation import MADE_HEADER
from ..errors import (
    AlreadyDeliveredError,
    ConfigError,
    IdempotencyConflictError,
    NotFoundError,
    StoreCorruptError,
)
from ..events import RECONCILED, Event, kept_byte_headers
from ..runner import stored_event
from ..store import HIGHEST_KEY, Listing
from .sources import check_pattern

_STATES: Final = ("pending", "running", "done", "dead")
# Rows that are looked at in one transaction: a few milliseconds.
_BATCH: Final = 200
_PREFIX: Final = "inb_"
_ID: Final = re.compile(r"inb_([1-9][0-9]{0,17})")


@dataclass(frozen=True, slots=True)
class InboxEvent:
    """An accepted event and how far it is.

    Attributes:
        id: Our own, ``inb_`` and a number; the provider's is ``event_id``.
        event_key: What marked sameness when it was accepted; None: an event of its own.
        priority: ``high``, ``normal`` or ``low``: its source's when it was accepted.
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
    event_key: str | None
    type: str | None
    priority: str
    state: str
    attempts: int
    crashes: int
    next_attempt_at: datetime | None
    last_error: str
    result: Any
    received_at: datetime
    updated_at: datetime
    event: Event = field(repr=False, compare=False)

    @property
    def reconciled(self) -> bool:
        """Whether it was fetched from the provider's API, not received (``reconcile()``)."""
        return RECONCILED in self.event.headers

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
            event_key=row["event_key"],
            type=row["type"],
            priority=row["priority"],
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
        type: str | None = None,
        error: str | None = None,
        since: datetime | float | None = None,
        until: datetime | float | None = None,
        limit: int | None = None,
        cursor: int | None = None,
    ) -> Listing[InboxEvent]:
        """Newest first.

        Args:
            type: A pattern, such as ``invoice.*``.
            error: The class of the last failure, such as ``ValueError``, or its whole text.
            since: Compares with the last change: of dead events, with their death. An aware
                datetime or Unix seconds.
            until: The same; exclusive.

        Raises:
            ConfigError: A state other than ``pending running done dead``, or a filter that can
                match nothing.
            StoreCorruptError: A row is damaged; the message names it. Raised where the
                listing is looked at, as any other StoreError.
        """
        filters = _filters(source, type, error, since, until)
        return Listing(
            self._store.list_events,
            InboxEvent.from_row,
            filters if state is None else {**filters, "state": _checked_state(state)},
            cursor_field="key",
            cursor=cursor,
            limit=limit,
        )

    def get(self, id: str | InboxEvent) -> InboxEvent:
        """One of them.

        Raises:
            NotFoundError: There is none of that id.
            StoreCorruptError: Its row is damaged.
        """
        row = self._store.get_event(_key_of(id))
        if row is None:
            raise NotFoundError(f"no event {id_named(id)}")
        return InboxEvent.from_row(row)

    def counts(
        self,
        *,
        source: str | None = None,
        type: str | None = None,
        error: str | None = None,
        since: datetime | float | None = None,
        until: datetime | float | None = None,
    ) -> dict[str, int]:
        """How many are ``pending``, ``running``, ``done`` and ``dead``; filters as of ``list``."""
        return self._store.count_events(_filters(source, type, error, since, until))

    def replay(self, id: str | InboxEvent) -> None:
        """Let a dead event run again, with fresh retries.

        Raises:
            NotFoundError: There is none of that id.
            AlreadyDeliveredError: It was handled.
            ConfigError: It is on its way.
        """
        try:
            self._store.replay_event(_key_of(id), self._now())
        except IdempotencyConflictError:
            state = self.get(id).state
            if state == "done":
                raise AlreadyDeliveredError(f"{id_named(id)} was handled") from None
            raise ConfigError(
                f"{id_named(id)} is {state}; only a dead event can be replayed", "id"
            ) from None
        except NotFoundError:
            raise NotFoundError(f"no event {id_named(id)}") from None
        self._wake()

    def replay_many(
        self,
        *,
        source: str | None = None,
        type: str | None = None,
        error: str | None = None,
        since: datetime | float | None = None,
        until: datetime | float | None = None,
        limit: int | None = None,
        dry_run: bool = False,
    ) -> int:
        """Let dead events run again that match, oldest first, in small transactions.

        Filters are those of ``list``. Those that die after it has begun are left alone, so
        that it comes to an end; if it is interrupted, the next call goes on with the rest.

        Args:
            limit: At most so many.
            dry_run: Only count them.

        Returns:
            How many were, or would be, replayed.
        """
        filters = _filters(source, type, error, since, until)
        most = HIGHEST_KEY if limit is None else check_whole("limit", limit, 1, HIGHEST_KEY)
        if dry_run:
            return min(self._store.count_events({**filters, "state": "dead"})["dead"], most)
        now = self._now()
        filters["until"] = min(filters.get("until", now + 1), now + 1)
        replayed = place = 0
        try:
            while replayed < most:
                left = {**filters, "limit": most - replayed}
                more, place = self._store.replay_events(left, place, _BATCH, now)
                replayed += more
                if not place:
                    break
        finally:
            if replayed:
                self._wake()
        return replayed

    def delete(self, id: str | InboxEvent) -> None:
        """Remove an event that is done or dead, with its body.

        The provider's repeat of it stays a duplicate as long as its key is remembered.

        Raises:
            NotFoundError: There is none of that id.
            IdempotencyConflictError: It is on its way.
        """
        try:
            self._store.delete_event(_key_of(id))
        except IdempotencyConflictError:
            raise IdempotencyConflictError(
                f"{id_named(id)} is on its way; only what is done or dead can be deleted"
            ) from None
        except NotFoundError:
            raise NotFoundError(f"no event {id_named(id)}") from None

    def delete_many(
        self,
        *,
        state: str = "dead",
        source: str | None = None,
        type: str | None = None,
        error: str | None = None,
        since: datetime | float | None = None,
        until: datetime | float | None = None,
        dry_run: bool = False,
    ) -> int:
        """Remove all dead events, or those of ``state="done"``, that match; as ``delete``.

        Returns:
            How many were, or with ``dry_run`` would be, removed.
        """
        if state not in ("done", "dead"):
            raise ConfigError("must be done or dead; others are on their way", "state")
        filters = {**_filters(source, type, error, since, until), "state": state}
        if dry_run:
            return self._store.count_events(filters)[state]
        deleted, place = self._store.delete_events(filters, 0, _BATCH)
        while place:
            more, place = self._store.delete_events(filters, place, _BATCH)
            deleted += more
        return deleted

    def _now(self) -> int:
        return round(self._clock() * 1000)


def inbox_row(
    event: Event, now: int, made_id: str | None = None, priority: str = "normal"
) -> dict[str, Any]:
    """The row that an accepted event is stored as; ``now`` in Unix milliseconds.

    Args:
        made_id: The correlation id, where the request came without one.
        priority: The source's.
    """
    headers = kept_byte_headers(event)
    if made_id is not None:
        headers.append((MADE_HEADER.encode(), made_id.encode()))
    return {
        "source": event.source,
        "provider": event.provider,
        "event_id": event.id,
        "type": event.type,
        "priority": priority,
        "body": event.body,
        "headers": headers,
        "timestamp": event._timestamp_ms,
        "matched_secret": event.matched_secret,
        "received_at": now,
    }


def _key_of(id: str | InboxEvent) -> int:
    match = _ID.fullmatch(id_text(id))
    if match is None:
        raise NotFoundError(f"{id_named(id)} is no id of an inbox event; they look like inb_1")
    return int(match[1])


def _filters(
    source: str | None,
    type: str | None,
    error: str | None,
    since: datetime | float | None,
    until: datetime | float | None,
) -> dict[str, Any]:
    filters: dict[str, Any] = {}
    if source is not None:
        filters["source"] = check_text("source", source)
    if type is not None:
        filters["type"] = check_pattern(type, "type")
    if error is not None:
        filters["error"] = check_text("error", error)
    for name, moment in (("since", since), ("until", until)):
        if moment is not None:
            filters[name] = check_moment(name, moment)
    return filters


def _checked_state(state: Any) -> str:
    if state not in _STATES:
        raise ConfigError(f"must be one of {', '.join(_STATES)}", "state")
    return str(state)


def _time(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, timezone.utc)
