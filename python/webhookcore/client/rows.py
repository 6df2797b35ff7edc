"""What the client shows: endpoints, messages, deliveries, attempts."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timezone
from typing import Any, Final

from ..config import id_named
from ..errors import NotFoundError, StoreUnavailableError
from ..exchange import Headers
from ..schemes import SchemeLike, from_stored_text
from ..store import HIGHEST_KEY

DELIVERY_PREFIX: Final = "dlv_"
_KEYPAIR: Final = (b"whsk_", b"whsk1_")
# Not longer, because int() refuses to read very long ones.
_DELIVERY_ID: Final = re.compile(rf"{DELIVERY_PREFIX}([0-9]{{1,100}})")


def shown_time(ms: int | None) -> datetime | None:
    return None if ms is None else datetime.fromtimestamp(ms / 1000, timezone.utc)


def shown_seconds(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000


@dataclass(frozen=True, slots=True)
class SecretAge:
    """What may be known of a secret that signs.

    Attributes:
        kind: ``"keypair"`` (``whsk_``, Ed25519) or ``"shared"``.
        expires_at: Set by ``rotate_secret()``: it signs no attempt from then on.
    """

    kind: str
    created_at: datetime
    expires_at: datetime | None

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> SecretAge:
        return cls(
            kind="keypair" if row["text"].startswith(_KEYPAIR) else "shared",
            created_at=shown_moment(row["created_at"]),
            expires_at=shown_time(row["expires_at"]),
        )

    @property
    def age(self) -> float:
        """Seconds since it was made."""
        return (datetime.now(timezone.utc) - self.created_at).total_seconds()


@dataclass(frozen=True, slots=True)
class EndpointHealth:
    """How an endpoint has been answering.

    Attributes:
        state: Of its breaker: ``closed``, ``open`` or ``half_open``.
        open_until: When an open breaker lets one attempt through.
        trips: How often it has opened, or a probe has failed.
        consecutive_failures: As the breaker counts: a refusal is none.
        failing_since: The first failed attempt since the last that was delivered; None
            while the endpoint is well.
        recovered_at: When failing last ended.
    """

    state: str = "closed"
    open_until: datetime | None = None
    trips: int = 0
    consecutive_failures: int = 0
    failing_since: datetime | None = None
    last_failure_at: datetime | None = None
    recovered_at: datetime | None = None

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> EndpointHealth:
        return cls(
            state=row["state"],
            open_until=shown_time(row["open_until"]),
            trips=row["trips"],
            consecutive_failures=row["failures_in_a_row"],
            failing_since=shown_time(row["failing_since"]),
            last_failure_at=shown_time(row["last_failure_at"]),
            recovered_at=shown_time(row["recovered_at"]),
        )


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where messages go.

    Attributes:
        secret: Only after ``create()`` and ``rotate_secret()``; None at all other times.
        secrets: How old each is, the newest first; never the secrets themselves.
        retry: Waits in seconds after failure 1, 2, …
        ordering: ``"fifo"``, or None for no order.
        client_errors: What a refusal (another 4xx) means: ``"die"`` or ``"retry"``.
        state: ``"enabled"`` or ``"disabled"``; ``disabled_reason`` says why: ``"gone"`` (it
            answered 410), ``"failing"`` (for too long), or what ``disable()`` was given.
        unreadable: Its secrets and headers are sealed with a key that this process was not
            given, and stand empty here. Only in a list; ``get()`` raises StoreKeyError.
    """

    id: str
    url: str
    events: tuple[str, ...]
    channels: tuple[str, ...]
    tenant: str | None
    uid: str | None
    description: str
    schemes: tuple[SchemeLike, ...]
    secrets: tuple[SecretAge, ...]
    headers: Mapping[str, str] = field(repr=False)
    retry: tuple[float, ...]
    max_attempts: int | None
    timeout: float
    rate_limit: float | None
    ordering: str | None
    client_errors: str
    state: str
    disabled_reason: str
    created_at: datetime
    updated_at: datetime
    unreadable: bool = False
    secret: str | None = field(default=None, repr=False)
    _load_health: Callable[[], EndpointHealth] | None = field(
        default=None, repr=False, compare=False
    )

    @property
    def health(self) -> EndpointHealth:
        """How it has been answering; read from the store whenever it is looked at.

        Raises:
            StoreUnavailableError: The endpoint came out of a pickle; get it anew.
        """
        if self._load_health is None:
            raise StoreUnavailableError("the endpoint has no store; get() it from a client")
        return self._load_health()

    @classmethod
    def from_row(
        cls,
        row: Mapping[str, Any],
        secret: str | None = None,
        load_health: Callable[[], EndpointHealth] | None = None,
    ) -> Endpoint:
        return cls(
            id=row["id"],
            url=row["url"],
            events=tuple(row["events"]),
            channels=tuple(row["channels"]),
            tenant=row["tenant"],
            uid=row["uid"],
            description=row["description"],
            schemes=tuple(from_stored_text(text) for text in row["schemes"]),
            secrets=tuple(SecretAge.from_row(secret) for secret in row["secrets"]),
            headers=Headers(row["headers"]),
            retry=tuple(wait / 1000 for wait in row["retry_schedule"]),
            max_attempts=row["max_attempts"],
            timeout=row["timeout"] / 1000,
            rate_limit=row["rate_limit_per_second"],
            ordering="fifo" if row["fifo"] else None,
            client_errors=row["client_errors"],
            state=row["state"],
            disabled_reason=row["disabled_reason"],
            created_at=shown_moment(row["created_at"]),
            updated_at=shown_moment(row["updated_at"]),
            secret=secret,
            unreadable=row.get("unreadable", False),
            _load_health=load_health,
        )

    @property
    def verification_key(self) -> str | None:
        """The public half (``whpk_``) of a ``secret`` that is a keypair; shown when it is."""
        return None if self.secret is None else public_half(self.secret)

    def __reduce__(self) -> tuple[Any, ...]:
        # No pickle may carry the secret, and none can carry the store.
        left_out = ("secret", "_load_health")
        values = [getattr(self, each.name) for each in fields(self) if each.name not in left_out]
        return (Endpoint, tuple(values))


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message on its way to one endpoint.

    Attributes:
        state: ``pending``, ``in_flight``, ``delivered``, ``dead`` or ``cancelled``.
        attempts: How many HTTP attempts were made, over every replay.
        next_attempt_at: Only while it is pending.
        last_error: Class of the last failure, or why it is dead or cancelled.
        priority: ``high``, ``normal`` or ``low``.
        expires_at: No attempt is made at or after it; None is never.
        replayed_at: When it was last put back after its end; None: never.
    """

    id: str
    message_id: str
    endpoint_id: str
    tenant: str | None
    type: str
    state: str
    attempts: int
    next_attempt_at: datetime | None
    last_status: int | None
    last_error: str
    created_at: datetime
    updated_at: datetime
    replayed_at: datetime | None
    priority: str
    expires_at: datetime | None

    @property
    def replay_outcome(self) -> str | None:
        """What came of the last replay: its state, once that is an end; else None."""
        ended = self.state in ("delivered", "dead", "cancelled")
        return self.state if self.replayed_at is not None and ended else None

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Delivery:
        return cls(
            id=f"{DELIVERY_PREFIX}{row['key']}",
            message_id=row["message_id"],
            endpoint_id=row["endpoint_id"],
            tenant=row["tenant"],
            type=row["type"],
            state=row["state"],
            attempts=row["attempts"],
            next_attempt_at=shown_time(row["next_attempt_at"]),
            last_status=row["last_status"],
            last_error=row["last_error"],
            created_at=shown_moment(row["created_at"]),
            updated_at=shown_moment(row["updated_at"]),
            replayed_at=shown_time(row["replayed_at"]),
            priority=row["priority"],
            expires_at=shown_time(row["expires_at"]),
        )


@dataclass(frozen=True, slots=True)
class Attempt:
    """One HTTP attempt.

    Attributes:
        duration: Seconds from the first DNS question to the end.
        phases: Seconds since the start at which ``dns``, ``connect``, ``tls`` and
            ``first_byte`` were done; None for what was not reached.
        outcome: ``delivered``, ``transient``, ``throttled``, ``permanent`` or ``gone``.
        error: Class of the failure below HTTP; ``"none"`` when a response came.
        trigger: ``send``, ``retry``, ``replay``, or ``test`` of ``endpoints.test()``.
    """

    number: int
    started_at: datetime
    duration: float
    url: str
    address: str
    status: int | None
    outcome: str
    error: str
    error_text: str
    phases: Mapping[str, float | None]
    response_headers: Headers = field(repr=False)
    response_body: bytes = field(repr=False)
    trigger: str

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Attempt:
        return cls(
            number=row["number"],
            started_at=shown_moment(row["started_at"]),
            duration=row["duration"] / 1000,
            url=row["url"],
            address=row["dialled_address"],
            status=row["status"],
            outcome=row["outcome"],
            error=row["error"],
            error_text=row["error_text"],
            phases={name: shown_seconds(ms) for name, ms in row["phases"].items()},
            response_headers=Headers(row["response_headers"]),
            response_body=row["response_body"],
            trigger=row["trigger"],
        )


class Message:
    """Something that was sent.

    Attributes:
        id: ``msg_`` and a ULID; the same on every attempt.
        duplicate: True when the idempotency key had been used before: then this is
            the first message, and nothing new was stored.
        deliveries: One for each endpoint that was subscribed; read from the store
            when it is first looked at.
    """

    __slots__ = (
        "_load_body",
        "_load_created_at",
        "_load_deliveries",
        "duplicate",
        "id",
        "tenant",
        "type",
    )

    def __init__(
        self,
        id: str,
        type: str,
        tenant: str | None,
        load_created_at: Callable[[], datetime],
        *,
        duplicate: bool,
        load_deliveries: Callable[[], list[Delivery]],
        load_body: Callable[[], bytes],
    ) -> None:
        self.id = id
        self.type = type
        self.tenant = tenant
        self._load_created_at = load_created_at
        self.duplicate = duplicate
        self._load_deliveries = load_deliveries
        self._load_body = load_body

    @property
    def created_at(self) -> datetime:
        """When it was sent; of a duplicate, when the first message was."""
        return self._load_created_at()

    @property
    def deliveries(self) -> list[Delivery]:
        return self._load_deliveries()

    @property
    def body(self) -> bytes:
        """The exact bytes that are signed and sent."""
        return self._load_body()

    def __repr__(self) -> str:
        mark = " duplicate" if self.duplicate else ""
        return f"<Message {self.id} type={self.type!r}{mark}>"


def public_half(secret: str | bytes) -> str | None:
    """``whpk_…`` of ``whsk_…``, whose last 32 bytes are the public key; None for others."""
    text = secret.encode() if isinstance(secret, str) else secret
    if not text.startswith(_KEYPAIR):
        return None
    both = base64.b64decode(text.partition(b"_")[2])
    return "whpk_" + base64.b64encode(both[32:]).decode()


def delivery_key(delivery: str | Delivery) -> int:
    """The store's key of a delivery.

    Raises:
        NotFoundError: No delivery can have that id.
    """
    text = delivery.id if isinstance(delivery, Delivery) else delivery
    match = _DELIVERY_ID.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise NotFoundError(f"no delivery {id_named(text)}; an id is like {DELIVERY_PREFIX}7")
    key = int(match[1])
    if key > HIGHEST_KEY:
        raise NotFoundError(f"no delivery {text!r}")
    return key


def now_ms() -> int:
    """Unix milliseconds, rounded down as the engine does: what is due now is due for it too."""
    return time.time_ns() // 1_000_000


def shown_moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, timezone.utc)
