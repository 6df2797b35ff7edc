"""``client.operations``: what operators are told, and who is told (requirement D24)."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from .. import _core
from ..config import Alerts, check_event_patterns, check_text, id_text
from ..errors import BlockedAddressError, ConfigError, InvalidUrlError
from ..hidden_secrets import HiddenSecret
from ..store import Listing
from ..urls import normal_url
from .deliveries import times_of
from .endpoint_options import hide_row
from .operation_names import ALERTS_TENANT, ALERTS_UID
from .rows import DELIVERY_PREFIX, Endpoint, shown_moment

if TYPE_CHECKING:
    from .client import Client

EVENT_PREFIX: Final = "oev_"

_UNSET: Final[Any] = object()
_TIME_ENDINGS: Final = ("_at", "_since", "_until")


@dataclass(frozen=True, slots=True)
class OperationalEvent:
    """Something that an operator should know.

    Attributes:
        type: Such as ``endpoint.disabled``; the list is in docs/health.md.
        details: What there is to say, by the type; times are ISO 8601 text.
        repeats: How often it happened again while it was kept quiet, last at ``last_at``.
    """

    id: str
    type: str
    at: datetime
    tenant: str | None
    endpoint_id: str | None
    delivery_id: str | None
    details: Mapping[str, Any]
    repeats: int
    last_at: datetime

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> OperationalEvent:
        delivery = row["delivery"]
        return cls(
            id=f"{EVENT_PREFIX}{row['key']}",
            type=row["type"],
            at=shown_moment(row["at"]),
            tenant=row["tenant"],
            endpoint_id=row["endpoint_id"] or None,
            delivery_id=None if delivery is None else f"{DELIVERY_PREFIX}{delivery}",
            details=_shown_details(json.loads(row["details"])),
            repeats=row["repeats"],
            last_at=shown_moment(row["last_at"]),
        )

    def as_data(self) -> dict[str, Any]:
        """What is sent to a webhook: the same each time, however often it is sent."""
        return {
            "id": self.id,
            "at": _iso(self.at),
            "tenant": self.tenant,
            "endpoint_id": self.endpoint_id,
            "delivery_id": self.delivery_id,
            **self.details,
        }


Hook: TypeAlias = Callable[[OperationalEvent], Any]
HookFunction = TypeVar("HookFunction", bound=Hook)


class Operations:
    """Operational events: dead letters, disabled endpoints, breakers, rates, ages."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._hooks: tuple[tuple[str, Hook], ...] = ()

    def on(self, pattern: str = "*") -> Callable[[HookFunction], HookFunction]:
        """Register a function for events whose type matches; ``*`` matches dots too.

        It is called in the process that delivers (``start()``, ``run_until_idle()`` or
        ``webhookcore worker app:client``), on a thread of its own kind, at least once for
        each event: again when the process dies on the way. Functions are called in the
        order of registration and do not stop each other; what one raises is logged.

        Raises:
            ConfigError: What is no pattern, or no plain function.
        """
        check_event_patterns([pattern], "pattern")

        def register(function: HookFunction) -> HookFunction:
            if not callable(function) or inspect.iscoroutinefunction(function):
                raise ConfigError("must be a plain function, not async", "hook")
            self._hooks = (*self._hooks, (pattern, function))
            return function

        return register

    def _hooks_for(self, type: str) -> list[Hook]:
        return [
            function
            for pattern, function in self._hooks
            if _core.matches_event_pattern(pattern, type)
        ]

    def list(
        self,
        type: str | None = None,
        *,
        endpoint: str | Endpoint | None = None,
        tenant: str | None = _UNSET,
        since: datetime | float | None = None,
        cursor: int | None = None,
        limit: int | None = None,
    ) -> Listing[OperationalEvent]:
        """Newest first; those of the last 30 days.

        Args:
            type: A type or a pattern, such as ``"endpoint.*"``.
            endpoint: About this endpoint.
            tenant: About this tenant; about any, and about none, when omitted.
            since: That happened then or later: an aware datetime, or Unix seconds.
        """
        filters: dict[str, Any] = {}
        if type is not None:
            filters["type"] = check_event_patterns([type], "type")[0]
        if endpoint is not None:
            filters["endpoint_id"] = check_text("endpoint", id_text(endpoint))
        if tenant is not _UNSET:
            filters["tenant"] = None if tenant is None else check_text("tenant", tenant)
        filters |= times_of(since=since)
        return Listing(
            self._client._store.list_operational_events,
            OperationalEvent.from_row,
            filters,
            cursor_field="key",
            cursor=cursor,
            limit=limit,
        )

    def _keep_endpoint(self, alerts: Alerts) -> None:
        """Makes the endpoint of ``alerts``, or changes it, unless it is there as it should be."""
        if alerts.url is None:
            return
        try:
            self._keep_endpoint_at(alerts.url, alerts)
        except (ConfigError, InvalidUrlError, BlockedAddressError) as error:
            if error.field not in ("url", "secret"):
                raise
            text = str(error).removeprefix(f"{error.field}: ")
            raise type(error)(text, f"alerts.{error.field}") from None

    def _keep_endpoint_at(self, url: str, alerts: Alerts) -> None:
        row = hide_row(self._client._store.find_endpoint_by_uid(ALERTS_TENANT, ALERTS_UID))
        events = check_event_patterns(alerts.events, "alerts.events")
        url = normal_url(url, self._client.policy)
        if row is not None and row["url"] == url and row["events"] == events:
            secret = HiddenSecret(alerts.secret)
            if secret.text is None or row["secrets"][0]["text"] == secret.text.encode():
                return
        self._client.endpoints.create(
            url,
            events=events,
            tenant=ALERTS_TENANT,
            uid=ALERTS_UID,
            secret=alerts.secret,
            description="operational events",
            # The client's own defaults are for its users' endpoints.
            schemes=["standard"],
            rate_limit=None,
            timeout=10.0,
            max_attempts=None,
            retry="standard",
            client_errors="die",
        )


def _shown_details(details: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _iso(shown_moment(value))
        if isinstance(value, int) and name.endswith(_TIME_ENDINGS)
        else value
        for name, value in details.items()
    }


def _iso(at: datetime) -> str:
    return at.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
