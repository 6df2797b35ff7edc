"""How rows come into the store, and what their senders get for them."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from .. import _core
from ..errors import TenantLimitError
from .backlog import Room
from .batch import Batch
from .deliveries import Deliveries, Messages
from .message_rows import NewMessage
from .rows import Delivery, Message, now_ms, shown_moment


class Sending:
    """Of one client; safe to share between threads. Blocks while there is no room."""

    def __init__(
        self, engine: _core.Engine, room: Room, messages: Messages, deliveries: Deliveries
    ) -> None:
        self.room = room
        self._engine = engine
        self._messages = messages
        self._deliveries = deliveries

    def send(self, row: NewMessage) -> Message | None:
        """None when the row was checked by a catalogue that is not the store's any more."""
        self._wait()
        try:
            enqueued = self._engine.enqueue(*row)
        except TenantLimitError as error:
            enqueued = self._send_later(row, error)
        return None if enqueued is None else self._message(row, enqueued)

    def finish(self, batch: Batch) -> list[Message]:
        self._wait()
        patience = self.room.patience()
        while rows := batch.waiting():
            if refused := batch.take(self._engine.enqueue_many(rows)):
                time.sleep(patience.pause(refused))
        return self.sent(batch)

    def sent(self, batch: Batch) -> list[Message]:
        """Raises the first error that one of them got."""
        sent = []
        for row, result in zip(batch.rows, batch.results, strict=True):
            if isinstance(result, Exception):
                raise result
            sent.append(self._message(row, result))
        return sent

    def _send_later(self, row: NewMessage, error: TenantLimitError) -> Any:
        patience = self.room.patience()
        result: Any = error
        while isinstance(result, TenantLimitError):
            time.sleep(patience.pause(result))
            result = self._engine.enqueue_many([row])[0]
        if isinstance(result, Exception):
            raise result
        return result

    def _wait(self) -> None:
        for pause in self.room.pauses():
            time.sleep(pause)

    def _message(self, row: NewMessage, enqueued: tuple[str, bool, list[int]]) -> Message:
        type, body, tenant = row[:3]
        id, duplicate, keys = enqueued
        messages, deliveries = self._messages, self._deliveries
        if not duplicate:
            self.room.add(len(keys))
        sent_at = None if duplicate else now_ms()

        def load_deliveries() -> list[Delivery]:
            return list(deliveries._those_left(keys))

        def load_body() -> bytes:
            return messages.get(id).body if duplicate else body

        def load_created_at() -> datetime:
            return messages.get(id).created_at if sent_at is None else shown_moment(sent_at)

        return Message(
            id,
            type,
            tenant,
            load_created_at,
            duplicate=duplicate,
            load_deliveries=load_deliveries,
            load_body=load_body,
        )
