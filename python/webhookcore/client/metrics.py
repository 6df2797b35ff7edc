"""``client.metrics()``: how deliveries went."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from .. import _core
from ..config import id_text
from ..errors import ConfigError, NotFoundError
from .rows import Endpoint, shown_seconds, shown_time
from .tenants import ANY_TENANT, check_owner, tenant_filter

Since: TypeAlias = datetime | timedelta | float

# In Unix milliseconds: the year 9999.
_LATEST = 253_402_300_799_000


@dataclass(frozen=True, slots=True)
class Metrics:
    """Of the deliveries that were created in the window; rates are None without any.

    Attributes:
        messages: That went to at least one endpoint.
        deliveries: All of them; ``pending`` to ``cancelled`` say how they stand now.
        attempts: HTTP attempts made for them.
        success_rate: Delivered, of those delivered or dead.
        failure_rate: Dead, of those delivered or dead.
        retry_rate: With more than one attempt, of those with any.
        mean_attempts: Attempts per delivery that had any.
        mean_delivery_time: Seconds from ``send()``, or from the last replay, to the answer
            that counts.
        delivery_time_percentiles: The same for 50, 90, 95 and 99 percent, within 1 %.
        breaker_trips: How often a breaker opened in the window, as far back as operational
            events are kept (30 days). Those that came within five minutes of another count
            with the last of them.
        backlog: Pending now, in the window or not.
        oldest_pending_at: When the oldest of those was sent.
        dead_letters: Dead now, in the window or not.
    """

    messages: int
    deliveries: int
    pending: int
    in_flight: int
    delivered: int
    dead: int
    cancelled: int
    attempts: int
    success_rate: float | None
    failure_rate: float | None
    retry_rate: float | None
    mean_attempts: float | None
    mean_delivery_time: float | None
    delivery_time_percentiles: Mapping[int, float | None]
    breaker_trips: int
    backlog: int
    oldest_pending_at: datetime | None
    dead_letters: int

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Metrics:
        counts = row["deliveries"]
        ended = counts["delivered"] + counts["dead"]
        percentiles = row["delivery_time_percentiles"]
        return cls(
            messages=row["messages"],
            deliveries=sum(counts.values()),
            **counts,
            attempts=row["attempts"],
            success_rate=_share(counts["delivered"], ended),
            failure_rate=_share(counts["dead"], ended),
            retry_rate=_share(row["retried"], row["attempted"]),
            mean_attempts=_share(row["attempts"], row["attempted"]),
            mean_delivery_time=shown_seconds(row["delivery_time_mean"]),
            delivery_time_percentiles={at: shown_seconds(ms) for at, ms in percentiles.items()},
            breaker_trips=row["breaker_trips"],
            backlog=row["backlog"],
            oldest_pending_at=shown_time(row["oldest_pending_at"]),
            dead_letters=row["dead_letters"],
        )


def measure(
    store: _core.Store,
    *,
    since: Since | None,
    until: Since | None,
    tenant: Any = ANY_TENANT,
    endpoint: str | Endpoint | None = None,
) -> Metrics:
    """See ``Client.metrics``."""
    filter: dict[str, Any] = tenant_filter(tenant)
    for name, moment in (("since", since), ("until", until)):
        if moment is not None:
            filter[name] = _unix_ms(name, moment)
    if endpoint is not None:
        filter["endpoint_id"] = _known_endpoint(store, id_text(endpoint), tenant)
    return Metrics.from_row(store.measure(filter))


def _known_endpoint(store: _core.Store, id: str, tenant: Any) -> str:
    """The id of an endpoint that is there, or of which deliveries are left.

    Raises:
        NotFoundError: There is none, or it is another tenant's.
    """
    row = store.get_endpoint(id)
    if row is not None:
        check_owner(row["tenant"], tenant, f"endpoint {id!r}")
    elif not store.list_deliveries({**tenant_filter(tenant), "endpoint_id": id, "limit": 1}):
        raise NotFoundError(f"no endpoint {id!r}")
    return id


def _unix_ms(field: str, moment: Since) -> int:
    if isinstance(moment, datetime):
        if moment.tzinfo is None or moment.utcoffset() is None:
            raise ConfigError("must have a time zone", field)
        ms = round(moment.timestamp() * 1000)
    elif isinstance(moment, timedelta):
        ms = round((time.time() - moment.total_seconds()) * 1000)
    elif isinstance(moment, (int, float)) and not isinstance(moment, bool):
        # Before it is multiplied: a NaN and an infinity cannot be rounded.
        if not 0 <= moment <= _LATEST / 1000:
            raise ConfigError("must be Unix seconds, of the years 1970 to 9999", field)
        ms = round(moment * 1000)
    else:
        raise ConfigError("must be a datetime, a timedelta back from now, or Unix seconds", field)
    return min(max(ms, 0), _LATEST)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
