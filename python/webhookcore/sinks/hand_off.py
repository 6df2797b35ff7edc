"""What is handed over, and to whom."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable

from ..errors import ConfigError
from ..events import Event, kept_headers

# What the identifiers of every broker may be made of.
_PLAIN: Final = re.compile(r"[A-Za-z0-9!-/:-@\[-`{-~]{1,128}")


@dataclass(frozen=True, slots=True)
class HandOff:
    """An event on its way to a sink.

    Attributes:
        dedup_id: The same for the same event, whenever and from wherever it is handed over:
            1 to 128 printable ASCII characters without a space.
    """

    event: Event
    dedup_id: str

    @property
    def inbox_id(self) -> str:
        """Of the stored event; ``receiver.inbox.get()`` takes it.

        Raises:
            ConfigError: It is not stored, because its source is inline.
        """
        if self.event.inbox_id is None:
            raise ConfigError(
                "events of an inline source are not stored, and a task could not read them again; "
                'use mode="background", or a broker',
                "to",
            )
        return self.event.inbox_id

    def fields(self) -> dict[str, str]:
        """What is known of the event, without what is not; texts alone."""
        event = self.event
        signed_at = event.timestamp
        known = {
            "dedup_id": self.dedup_id,
            "inbox_id": event.inbox_id,
            "source": event.source,
            "provider": event.provider,
            "event_id": event.id,
            "type": event.type,
            "timestamp": None if signed_at is None else signed_at.isoformat(),
            "correlation_id": event.correlation_id,
        }
        return {name: value for name, value in known.items() if value}

    def headers(self) -> str:
        """The request's headers as a JSON array of pairs; no credentials are among them."""
        return json.dumps(kept_headers(self.event), separators=(",", ":"))


@runtime_checkable
class Sink(Protocol):
    """Takes events over.

    ``put`` returns once the event is safe where it went, and raises when it may not be: then
    it is tried again, as a handler is. So an event may come twice, with the same ``dedup_id``.
    It is called by several threads at once, must not take longer than the receiver's ``lease``,
    and what it returns is kept as the event's result.
    """

    def put(self, hand_off: HandOff) -> Any: ...


class Forward:
    """The handler that hands events to a sink."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def __call__(self, event: Event) -> Any:
        return self._sink.put(HandOff(event, dedup_id(event, getattr(event, "_key", None))))

    def __repr__(self) -> str:
        return f"forward to {self._sink!r}"


def dedup_id(event: Event, key: str | None) -> str:
    """Of the source and the key by which the receiver recognises the event.

    Without a key it is of the stored row and the body: two requests with one body are two events.
    """
    if key is None:
        body = hashlib.sha256(event.body).hexdigest()
        key = f"{event.inbox_id or event.correlation_id}:{body}"
    whole = f"{event.source}:{key}"
    if _PLAIN.fullmatch(whole):
        return whole
    short = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{event.source[:60]}:{short}"


def as_sink(to: Any) -> Sink:
    """The sink that ``to`` is or stands for.

    Raises:
        ConfigError: It is none.
    """
    from .tasks import CeleryTask, DramatiqActor  # noqa: PLC0415  # They need this module.

    if callable(getattr(to, "put", None)) and not isinstance(to, type):
        return to  # type: ignore[no-any-return]
    if callable(getattr(to, "apply_async", None)) and callable(getattr(to, "delay", None)):
        return CeleryTask(to)
    if callable(getattr(to, "send_with_options", None)) and hasattr(to, "actor_name"):
        return DramatiqActor(to)
    if callable(getattr(to, "enqueue_call", None)):
        raise ConfigError(
            "an RQ queue has to be told what to run: to=webhookcore.sinks.RQQueue(queue, function)",
            "to",
        )
    raise ConfigError(
        "must be a Celery task, a Dramatiq actor, a sink of webhookcore.sinks, or an object with "
        "a method put(hand_off)",
        "to",
    )


def missing(package: str, extra: str) -> ImportError:
    return ImportError(f"{package} is not installed: pip install 'webhookcore[{extra}]'")
