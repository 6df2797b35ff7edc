"""Sending inside the caller's own transaction: what is rolled back is never sent.

``client.outbox(connection).send(...)`` writes a row into a table of the caller's database. A
relay moves committed rows into the store. A row's id becomes the message's id, which the
store takes once: a relay that dies between the two can do it again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

from .. import _core
from ..caller_database import Database
from ..config import (
    check_channels,
    check_content_type,
    check_event_type,
    check_priority,
    check_text,
    check_whole,
)
from ..errors import ConfigError
from .event_types import EventTypes

TABLE: Final = "webhookcore_outbox"
MOST_CHANNELS: Final = 20

# `position` orders what one process sent; `options` is all of the message but its body;
# `error` says why the store will never take the row.
SCHEMA: Final = f"""\
CREATE TABLE IF NOT EXISTS {TABLE} (
  id VARCHAR(64) PRIMARY KEY,
  position BIGINT NOT NULL,
  type VARCHAR(128) NOT NULL,
  options TEXT NOT NULL,
  body BLOB NOT NULL,
  error TEXT
)"""

_INSERT: Final = f"INSERT INTO {TABLE} (id, position, type, options, body) VALUES (?, ?, ?, ?, ?)"  # noqa: S608


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """Something that will be sent when the transaction is committed.

    Attributes:
        id: The message's id, then and on every attempt. There is no message of that id when
            the idempotency key turns out to have been used before: the first message stands,
            and this one adds nothing.
    """

    id: str
    type: str
    tenant: str | None


class Outbox:
    """Made by ``client.outbox(connection)``; it belongs to that connection's thread."""

    def __init__(
        self,
        database: Database,
        event_types: EventTypes,
        make_row: Callable[..., tuple[Any, ...]],
    ) -> None:
        self._database = database
        self._event_types = event_types
        self._make_row = make_row

    def create_table(self) -> None:
        """Make the table where there is none, for those who have no migrations."""
        self._database.run(SCHEMA)

    def send(self, type: str, data: Any, **options: Any) -> OutboxMessage:
        """Write a message, with the arguments of ``Client.send()``, and commit nothing.

        An idempotency key is looked at when the message gets into the store.

        Raises:
            ConfigError, UnknownEventTypeError: As for ``Client.send()``.
            Exception: What the connection raises, such as for a table that is not there.
        """
        check_event_type(type)
        # Looked at anew: this row meets no store that would refuse an old catalogue.
        self._event_types._reload()
        id = _core.make_id("msg_")
        row = self._make_row(type, data, **options, id=id)
        values = (id, _position(), type, pack(row), row[BODY])
        self._database.run(_INSERT, values)
        return OutboxMessage(id, type, options.get("tenant"))


# ---- How a row is kept -------------------------------------------------------------------

# Places in the tuple that ``Engine.enqueue()`` takes.
BODY: Final = 1
_FINGERPRINT: Final = 4
_EVENT_TYPES_VERSION: Final = 10
_ID: Final = 11
_FINGERPRINT_BYTES: Final = 32


def pack(row: tuple[Any, ...]) -> str:
    """All of a new message but its body."""
    values = list(row)
    values[BODY] = None
    values[_FINGERPRINT] = row[_FINGERPRINT].hex()
    # It was checked when it was written; that the catalogue changes later is no reason to
    # lose what was committed.
    values[_EVENT_TYPES_VERSION] = None
    return json.dumps(values)


def unpack(id: bytes | None, options: bytes | None, body: bytes | None) -> tuple[Any, ...]:
    """The tuple again.

    Raises:
        ConfigError: ``pack()`` did not write that.
    """
    try:
        values = json.loads(options or b"")
        values[BODY] = body
        values[_FINGERPRINT] = bytes.fromhex(values[_FINGERPRINT])
        _check_row(*values)
        if values[_ID].encode() != id:
            raise ConfigError("is another one than the row's", "id")
    except (TypeError, ValueError, LookupError, RecursionError) as error:
        raise ConfigError(f"no outbox of ours wrote this: {error}") from None
    return tuple(values)


def _check_row(
    type: Any,
    body: Any,
    tenant: Any,
    idempotency_key: Any,
    fingerprint: bytes,
    content_type: Any,
    priority: Any,
    deliver_at: Any,
    expires_at: Any,
    channels: Any,
    event_types_version: Any,
    id: Any,
) -> None:
    """What the engine takes; the rows before and behind must not suffer for this one."""
    check_event_type(type)
    for name, text in (("tenant", tenant), ("idempotency_key", idempotency_key)):
        if text is not None:
            check_text(name, text)
    check_content_type(content_type)
    check_text("id", id, most=64)
    check_priority(priority)
    check_channels(channels, MOST_CHANNELS)
    for name, moment in (("deliver_at", deliver_at), ("expires_at", expires_at)):
        if moment is not None:
            check_whole(name, moment, 0, 2**62)
    if not isinstance(body, bytes):
        raise ConfigError("is no BLOB", "body")
    if len(fingerprint) != (0 if idempotency_key is None else _FINGERPRINT_BYTES):
        raise ConfigError("is no digest", "fingerprint")
    if event_types_version is not None:
        raise ConfigError("is kept in no row", "event_types_version")


_lock = Lock()
_last_position = 0


def _position() -> int:
    """Later than any before it in this process, and about right between processes."""
    global _last_position  # noqa: PLW0603
    with _lock:
        _last_position = max(_last_position + 1, time.time_ns() // 1000)
        return _last_position
