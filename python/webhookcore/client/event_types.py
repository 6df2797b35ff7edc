"""``client.event_types``: the catalogue of what may be sent, for those who want one."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from .. import _core
from ..config import check_event_type, check_text
from ..errors import (
    ConfigError,
    IdempotencyConflictError,
    NotFoundError,
    StoreBusyError,
    UnknownEventTypeError,
)
from .json_schema import Check, compile_schema, try_schema
from .payload import as_json, is_raw
from .rows import now_ms, shown_moment

_UNSET: Final[Any] = object()
# As for endpoints: in each round somebody's change gets through.
MOST_ROUNDS: Final = 100
_MOST_SCHEMA: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class EventType:
    """A type of the catalogue.

    Attributes:
        schema: JSON Schema that the data of a message must fit; None: any data.
        archived: Still listed, and refused by ``send()``.
    """

    name: str
    description: str
    schema: Mapping[str, Any] | bool | None = field(repr=False)
    archived: bool
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> EventType:
        return cls(
            name=row["name"],
            description=row["description"],
            schema=json.loads(row["schema"]) if row["schema"] else None,
            archived=row["archived"],
            created_at=shown_moment(row["created_at"]),
            updated_at=shown_moment(row["updated_at"]),
        )


@dataclass(slots=True)
class _Known:
    """The catalogue as it was at one version; immutable but for the checks it keeps."""

    version: int
    rows: dict[str, Mapping[str, Any]]
    active: frozenset[str]
    checks: dict[str, Check | None]


_EMPTY: Final = _Known(0, {}, frozenset(), {})


class EventTypes:
    """The catalogue: one for the whole store, because types belong to the sender.

    Opt-in: as long as it is empty, any type can be sent. With the first entry, in any
    process, a type that is not in it is refused.
    """

    def __init__(self, store: _core.Store) -> None:
        self._store = store
        # Replaced as a whole, so that threads need no lock. A store without a catalogue is
        # at version 0: no look is needed to begin with, since the store refuses a message
        # that was checked by another version than its own.
        self._known = _EMPTY

    def create(
        self, name: str, description: str = "", *, schema: Mapping[str, Any] | bool | None = None
    ) -> EventType:
        """Add a type.

        Args:
            schema: JSON Schema (2020-12) for the data; needs ``webhookcore[schema]``.

        Raises:
            ConfigError: A name, description or schema that cannot be; there is one of that
                name; the package ``jsonschema`` is missing.
        """
        now = now_ms()
        row = {
            "name": check_event_type(name, "name"),
            "description": _description(description),
            "schema": _schema_text(schema, name),
            "archived": False,
            "created_at": now,
            "updated_at": now,
        }
        try:
            self._store.create_event_type(row)
        except IdempotencyConflictError:
            raise ConfigError(f"there is an event type {name} already", "name") from None
        return EventType.from_row(row)

    def get(self, name: str) -> EventType:
        """Raises NotFoundError when there is none."""
        return EventType.from_row(self._row(name))

    def list(self, *, archived: bool | None = None) -> list[EventType]:
        """All by name; ``archived`` chooses the archived ones or the others."""
        rows = self._store.list_event_types()[1]
        return [EventType.from_row(row) for row in rows if archived in (None, row["archived"])]

    def update(
        self,
        name: str,
        *,
        description: str = _UNSET,
        schema: Mapping[str, Any] | bool | None = _UNSET,
        archived: bool = _UNSET,
    ) -> EventType:
        """Change what is given; what others change at the same time stays.

        Raises:
            ConfigError: As for ``create()``.
            NotFoundError: There is no such type.
        """
        changes: dict[str, Any] = {}
        if description is not _UNSET:
            changes["description"] = _description(description)
        if schema is not _UNSET:
            changes["schema"] = _schema_text(schema, name)
        if archived is not _UNSET:
            if not isinstance(archived, bool):
                raise ConfigError("must be True or False", "archived")
            changes["archived"] = archived
        for _ in range(MOST_ROUNDS):
            row = {**self._row(name), **changes}
            try:
                row["updated_at"] = self._store.update_event_type(row, now_ms())
            except IdempotencyConflictError:
                continue
            return EventType.from_row(row)
        raise catalogue_busy()

    def archive(self, name: str) -> EventType:
        """Take it out of use: what was sent stays, ``send()`` refuses it from now on."""
        return self.update(name, archived=True)

    def delete(self, name: str) -> None:
        """Remove it. With the last one the catalogue is off again: any type can be sent."""
        text = name if isinstance(name, str) else ""
        self._store.delete_event_type(text.encode("utf-8", "replace").decode("utf-8"))

    def __iter__(self) -> Iterator[EventType]:
        return iter(self.list())

    # ---- For the client ------------------------------------------------------------------

    def _check(self, type: str, data: Any) -> int:
        """The version of the catalogue by which the type may be sent with this data.

        Raises:
            UnknownEventTypeError: It is not in the catalogue, or archived.
            ConfigError: The data does not fit its schema; the field is the place in it.
        """
        known = self._known
        if known.version == 0:
            return 0
        try:
            _judge(known, type, data)
        except (UnknownEventTypeError, ConfigError):
            self._reload()
            if self._known.version == known.version:
                raise
            # It was refused by a catalogue that is no longer the one in the store.
            return self._check(type, data)
        return known.version

    def _reload(self) -> None:
        """Look at the catalogue as it is now."""
        version, rows = self._store.list_event_types()
        by_name: dict[str, Mapping[str, Any]] = {row["name"]: row for row in rows}
        active = frozenset(row["name"] for row in rows if not row["archived"])
        self._known = _Known(version, by_name, active, {})

    def _check_patterns(self, patterns: Iterable[str]) -> None:
        """Each pattern must match something that can be sent.

        Raises:
            UnknownEventTypeError: One does not; a lone ``*`` always does.
        """
        self._reload()
        known = self._known
        if known.version == 0:
            return
        for pattern in patterns:
            matches = any(_core.matches_event_pattern(pattern, name) for name in known.active)
            if pattern.strip("*") and not matches:
                raise _unknown(pattern, known)

    def _row(self, name: str) -> dict[str, Any]:
        for row in self._store.list_event_types()[1]:
            if row["name"] == name:
                return row
        raise NotFoundError(f"no event type {name!r}")


def _judge(known: _Known, type: str, data: Any) -> None:
    if type not in known.active:
        raise _unknown(type, known)
    if type not in known.checks:
        schema = known.rows[type]["schema"]
        known.checks[type] = compile_schema(json.loads(schema), type) if schema else None
    check = known.checks[type]
    if check is not None and not is_raw(data):
        check(json.loads(as_json(data)))  # As it is sent: tuples are lists, keys are texts.


def catalogue_busy() -> StoreBusyError:
    """After so many rounds in each of which somebody changed it."""
    return StoreBusyError("others change the event types all the time; try again")


def _unknown(type: str, known: _Known) -> UnknownEventTypeError:
    near = difflib.get_close_matches(type, sorted(known.active), n=3)
    what = "event pattern" if "*" in type else "event type"
    row = known.rows.get(type)
    if row is not None:
        return UnknownEventTypeError(f"the event type {type!r} is archived", type, near)
    meant = f"; did you mean {' or '.join(near)}?" if near else ""
    says = "matches no event type" if "*" in type else "is not in the catalogue"
    return UnknownEventTypeError(f"the {what} {type!r} {says}{meant}", type, near)


def _description(value: Any) -> str:
    return check_text("description", value, least=0, most=1000)


def _schema_text(schema: Any, name: str) -> str:
    if schema is None:
        return ""
    if not isinstance(schema, (Mapping, bool)):
        raise ConfigError("must be a JSON Schema: a dict", "schema")
    plain = dict(schema) if isinstance(schema, Mapping) else schema
    try:
        text = json.dumps(plain, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(f"cannot be written as JSON: {error}", "schema") from None
    if len(text) > _MOST_SCHEMA:
        raise ConfigError(f"at most {_MOST_SCHEMA} bytes", "schema")
    try_schema(json.loads(text), name)
    return text
