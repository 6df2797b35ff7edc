"""``client.messages`` and ``client.deliveries``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..config import check_moment, check_text, id_named, id_text
from ..errors import ConfigError, NotFoundError
from ..store import Listing
from .polling import PollResult, poll_rows
from .rows import Attempt, Delivery, Endpoint, Message, delivery_key, now_ms, shown_moment
from .tenants import ANY_TENANT, check_owner, tenant_filter

if TYPE_CHECKING:
    from .client import Client


class Messages:
    """What was sent."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def get(self, id: str | Message, *, tenant: str | None = ANY_TENANT) -> Message:
        """Raises NotFoundError when there is none, or it is another tenant's."""
        row = self._client._store.get_message(id_text(id))
        if row is None:
            raise NotFoundError(f"no message {id_named(id)}")
        check_owner(row["tenant"], tenant, f"message {id_named(id)}")
        return self._from_row(row)

    def list(
        self,
        *,
        tenant: str | None = ANY_TENANT,
        type: str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> Listing[Message]:
        """Newest first. ``tenant`` omitted: of all tenants."""
        return Listing(
            self._client._store.list_messages,
            self._from_row,
            filters_of(tenant, type=type),
            cursor_field="id",
            cursor=cursor,
            limit=limit,
        )

    def poll(
        self,
        endpoint: str | Endpoint | None = None,
        *,
        tenant: str | None = ANY_TENANT,
        cursor: str | None = None,
        limit: int = 100,
    ) -> PollResult:
        """The messages after a cursor, oldest first, for consumers that cannot be called.

        Calls with the cursor of the one before see every message once, however many are
        sent meanwhile. What was pruned is not seen.

        Args:
            endpoint: What it subscribes to: its tenant, event patterns and channels, also
                while it is disabled.
            tenant: Its messages; of all tenants when omitted.
            cursor: None begins with the oldest message that is kept.
            limit: 1 to 1000 messages.

        Raises:
            ConfigError: A cursor or limit that cannot be.
            NotFoundError: There is no such endpoint, or it is another tenant's.
        """
        filter: dict[str, Any] = {"events": ["*"], "channels": [], **tenant_filter(tenant)}
        if endpoint is not None:
            row = self._client.endpoints._rows.find(endpoint, tenant)
            filter.update({name: row[name] for name in ("tenant", "events", "channels")})
        rows, position = poll_rows(self._client._store, filter, cursor, limit)
        return PollResult([self._from_row(row) for row in rows], position)

    def _from_row(self, row: dict[str, Any]) -> Message:
        id = row["id"]
        return Message(
            id,
            row["type"],
            row["tenant"],
            lambda: shown_moment(row["created_at"]),
            duplicate=False,
            load_deliveries=lambda: list(self._client.deliveries.list(message=id)),
            load_body=lambda: row["body"],
        )


class Deliveries:
    """Messages on their way."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def get(self, id: str | Delivery, *, tenant: str | None = ANY_TENANT) -> Delivery:
        """Raises NotFoundError when there is none, or it is another tenant's."""
        row = self._client._store.get_delivery(delivery_key(id))
        if row is None:
            raise NotFoundError(f"no delivery {id_named(id)}")
        check_owner(row["tenant"], tenant, f"delivery {id_named(id)}")
        return Delivery.from_row(row)

    def list(
        self,
        *,
        tenant: str | None = ANY_TENANT,
        state: str | None = None,
        endpoint: str | Endpoint | None = None,
        message: str | Message | None = None,
        type: str | None = None,
        error: str | None = None,
        since: datetime | float | None = None,
        until: datetime | float | None = None,
        cursor: int | None = None,
        limit: int | None = None,
    ) -> Listing[Delivery]:
        """Newest first. ``tenant`` omitted: of all tenants.

        ``error`` is a class as ``last_error`` shows it; ``since`` and ``until`` compare with
        ``updated_at``.
        """
        filters = filters_of(
            tenant, endpoint=endpoint, message=message, state=state, type=type, error=error
        )
        filters |= times_of(since=since, until=until)
        return Listing(
            self._client._store.list_deliveries,
            Delivery.from_row,
            filters,
            cursor_field="key",
            cursor=cursor,
            limit=limit,
        )

    def _those_left(self, keys: Sequence[int]) -> Sequence[Delivery]:
        """Of these keys, without what was deleted."""
        rows = (self._client._store.get_delivery(key) for key in keys)
        return [Delivery.from_row(row) for row in rows if row is not None]

    def attempts(self, id: str | Delivery, *, tenant: str | None = ANY_TENANT) -> Sequence[Attempt]:
        """All HTTP attempts, oldest first."""
        delivery = self.get(id, tenant=tenant)
        rows = self._client._store.list_attempts(delivery_key(delivery))
        return [Attempt.from_row(row) for row in rows]

    def replay(
        self, id: str | Delivery, *, force: bool = False, tenant: str | None = ANY_TENANT
    ) -> Delivery:
        """Put a dead delivery back: the same message id, a fresh attempt budget.

        Raises:
            AlreadyDeliveredError: It was delivered; ``force`` sends it once more.
            IdempotencyConflictError: It is neither dead nor delivered; or it has expired, and
                ``force`` sends it nevertheless.
            NotFoundError: There is none, or it is another tenant's.
        """
        self._check_owner(id, tenant)
        self._client._store.replay(delivery_key(id), force, now_ms())
        return self.get(id)

    def cancel(self, id: str | Delivery, *, tenant: str | None = ANY_TENANT) -> Delivery:
        """Stop a pending delivery for good.

        Raises:
            IdempotencyConflictError: It is not pending (any more).
            NotFoundError: There is none, or it is another tenant's.
        """
        self._check_owner(id, tenant)
        self._client._store.cancel(delivery_key(id), now_ms())
        return self.get(id)

    def count(
        self, *, tenant: str | None = ANY_TENANT, endpoint: str | Endpoint | None = None
    ) -> dict[str, int]:
        """How many there are in each state."""
        return self._client._store.count_deliveries(filters_of(tenant, endpoint=endpoint))

    def _check_owner(self, id: str | Delivery, tenant: str | None) -> None:
        if tenant is not ANY_TENANT:
            self.get(id, tenant=tenant)


def filters_of(
    tenant: Any, *, endpoint: Any = None, message: Any = None, **wanted: Any
) -> dict[str, Any]:
    filters: dict[str, Any] = {
        name: check_text(name, value) for name, value in wanted.items() if value is not None
    }
    for name, owner in (("endpoint", endpoint), ("message", message)):
        if owner is not None:
            filters[f"{name}_id"] = _known_id(name, owner)
    return {**filters, **tenant_filter(tenant)}


def times_of(**moments: datetime | float | None) -> dict[str, int]:
    """Those that were given, in milliseconds."""
    return {
        name: check_moment(name, moment) for name, moment in moments.items() if moment is not None
    }


def _known_id(field: str, owner: Any) -> str:
    id = id_text(owner)
    if not id:
        raise ConfigError(f"must be a {field}'s id", field)
    return id
