"""Messages as rows for the store: what ``send()`` was given, checked and encoded once."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

from .. import _core
from ..config import (
    Priority,
    check_channels,
    check_content_type,
    check_event_type,
    check_list,
    check_moment,
    check_priority,
    check_text,
)
from ..errors import ConfigError, UnknownEventTypeError
from .event_types import EventTypes
from .operation_names import ALERTS_TENANT
from .outbox import MOST_CHANNELS
from .payload import Envelope, EnvelopeName, encode, fingerprint
from .rows import now_ms

_ITEMS_FORM: Final = "must be a list of dicts, each with the arguments of send()"
_CONTENT_TYPE: Final = "application/json"
Moment: TypeAlias = datetime | float
# As ``_core.Engine.enqueue()`` takes them.
NewMessage: TypeAlias = tuple[
    str, bytes, str | None, str | None, bytes, str, Priority, int | None, int | None, list[str],
    int | None, str,
]  # fmt: skip


class MessageRows:
    """Makes the rows of one client; safe to share between threads.

    Args:
        event_types: The catalogue that types and data are checked by.
        envelope: What stands around the data, where a message says nothing else.
    """

    def __init__(self, event_types: EventTypes, envelope: Envelope) -> None:
        self._event_types = event_types
        self._envelope = envelope

    def makers(self, messages: Iterable[Mapping[str, Any]]) -> list[Callable[[], NewMessage]]:
        """What makes the row of each item, now and whenever the catalogue has changed.

        Raises:
            ConfigError: ``messages`` is no list. An item's own errors come when it is made.
        """
        listed = check_list("messages", messages, _ITEMS_FORM)
        return [
            functools.partial(self._item, position, item) for position, item in enumerate(listed)
        ]

    def _item(self, position: int, item: Any) -> NewMessage:
        field = f"messages[{position}]"
        if not isinstance(item, Mapping):
            raise ConfigError(_ITEMS_FORM, field)
        for name in item:
            if name not in _ITEM:
                raise ConfigError(f"{name!r} is no argument of send()", field)
        for name in ("type", "data"):
            if name not in item:
                raise ConfigError("is missing", f"{field}.{name}")
        try:
            return self.make(**item)
        except UnknownEventTypeError as error:
            raise UnknownEventTypeError(f"{field}: {error}", error.type, error.near) from None
        except ConfigError as error:
            text = str(error).removeprefix(f"{error.field}: ")
            raise ConfigError(text, f"{field}.{error.field}") from None

    def make(
        self,
        type: str,
        data: Any,
        tenant: str | None = None,
        idempotency_key: str | None = None,
        content_type: str | None = None,
        priority: Priority = "normal",
        deliver_at: Moment | None = None,
        expires_at: Moment | None = None,
        channels: Sequence[str] | None = None,
        envelope: EnvelopeName | None = None,
        api_version: str | None = None,
        id: str = "",
    ) -> NewMessage:
        """The row of one message, from the arguments of ``send()``; ``id`` is made when empty.

        Raises:
            ConfigError, UnknownEventTypeError: As ``send()`` says.
        """
        check_event_type(type)
        if tenant is not None:
            check_text("tenant", tenant)
        if idempotency_key is not None:
            check_text("idempotency_key", idempotency_key)
        content_type = _CONTENT_TYPE if content_type is None else check_content_type(content_type)
        if priority != "normal":
            check_priority(priority)
        first = None if deliver_at is None else check_moment("deliver_at", deliver_at)
        last = None if expires_at is None else check_moment("expires_at", expires_at)
        if first is not None and last is not None and last <= first:
            raise ConfigError("must lie after deliver_at", "expires_at")
        named = [] if channels is None else check_channels(channels, MOST_CHANNELS)
        # What operators are told is in no catalogue.
        checked = tenant != ALERTS_TENANT
        version = self._event_types._check(type, data) if checked else None
        around = self._envelope.with_(envelope, api_version)
        if around.names_the_message and idempotency_key is None and not id:
            id = _core.make_id("msg_")
        body = encode(type, data, now_ms(), around, idempotency_key or id)
        mark = b"" if idempotency_key is None else fingerprint(type, tenant, data)
        return (
            type,
            body,
            tenant,
            idempotency_key,
            mark,
            content_type,
            priority,
            first,
            last,
            named,
            version,
            id,
        )


# What an item of ``send_many()`` may hold; an ``id`` is made here and given by nobody.
_ITEM: Final = frozenset(inspect.signature(MessageRows.make).parameters) - {"self", "id"}
