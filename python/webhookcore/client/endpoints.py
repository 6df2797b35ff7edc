"""``client.endpoints``: where messages go, checked before anything is stored."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from .. import _core
from ..config import Breaker, Retry, check_seconds, check_text, id_text
from ..errors import (
    ConfigError,
    IdempotencyConflictError,
    NotFoundError,
    StoreBusyError,
    WebhookError,
)
from ..signing import generate_secret
from ..store import Listing
from ..urls import registered_url
from .endpoint_options import (
    HeaderOption,
    check_reserved_headers,
    check_secrets,
    option_columns,
    secret_row,
)
from .rows import Endpoint

if TYPE_CHECKING:
    from .client import Client

_UNSET: Final[Any] = object()

# More are never needed at once, and all of them sign every request.
_MOST_SECRETS: Final = 10

# A change reads an endpoint and writes it back, which the store refuses when somebody else,
# in any process, changed it between the two. In each round somebody's change gets through.
_MOST_ROUNDS: Final = 100
_LONGEST_PAUSE: Final = 0.02


class Endpoints:
    """Create, change and list the endpoints of a store."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def create(
        self,
        url: str,
        *,
        events: Sequence[str],
        tenant: str | None = None,
        uid: str | None = None,
        description: str = "",
        secret: str | None = None,
        schemes: Sequence[str] = ("standard",),
        rate_limit: str | None = None,
        timeout: float = 10.0,
        max_attempts: int | None = None,
        retry: Retry = "standard",
        headers: HeaderOption = None,
        ordering: str | None = None,
        breaker: Breaker | None = None,
    ) -> Endpoint:
        """Add an endpoint; it receives what is sent from now on.

        Args:
            events: Patterns of the types it wants, at most 100; ``["*"]`` is all.
            tenant: Its scope; None is a scope of its own.
            uid: Your own name for it. Creating the same uid again in a tenant changes
                that endpoint instead.
            secret: One is made when omitted. The endpoint that is returned shows it,
                once.
            schemes: How requests are signed; all of them at once, at most 8.
            rate_limit: Such as ``"10/s"``.
            timeout: Of a whole attempt, 1 to 300 seconds.
            max_attempts: 1 to 20; the schedule and the first try when omitted.
            retry: ``"standard"``, ``"patient"``, ``"fast"``, a list of seconds, or
                ``Exponential``.
            headers: Sent along, at most 32 of at most 4096 bytes; names that belong to
                the connection or to one of the schemes are refused.
            ordering: ``"fifo"`` makes its deliveries in the order of sending, one at a time:
                one that fails holds the later ones up until it is delivered, dead or
                cancelled. None is no order.
            breaker: Overrides the client's.

        Raises:
            ConfigError: Names the option at fault.
            InvalidUrlError, BlockedAddressError: The URL may not be called.
            StoreBusyError: Others change the endpoint of that uid all the time.
        """
        now = _now_ms()
        row: dict[str, Any] = {
            "id": "",
            "tenant": None if tenant is None else check_text("tenant", tenant),
            "uid": None if uid is None else check_text("uid", uid),
            "headers": [],
            "secrets": [],
            "state": "enabled",
            "disabled_reason": "",
            "retry_jitter": 0.2,
            "created_at": now,
            "updated_at": now,
        }
        options = {
            "url": url,
            "events": events,
            "description": description,
            "schemes": schemes,
            "rate_limit": rate_limit,
            "timeout": timeout,
            "max_attempts": max_attempts,
            "retry": retry,
            "headers": headers,
            "ordering": ordering,
            "breaker": breaker,
        }
        for name, value in options.items():
            self._apply(row, name, value)
        check_reserved_headers(row)
        # Somebody may make or delete the uid between the look and the write.
        return _until_kept(lambda: self._save(dict(row), secret), NotFoundError)

    def get(self, id: str | Endpoint) -> Endpoint:
        """Raises NotFoundError when there is none."""
        return Endpoint.from_row(self._row(id))

    def list(
        self,
        *,
        tenant: str | None = _UNSET,
        state: str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> Listing[Endpoint]:
        """Endpoints in the order they were made. ``tenant`` omitted: of all tenants."""
        filters: dict[str, Any] = {}
        if tenant is not _UNSET:
            filters["tenant"] = None if tenant is None else check_text("tenant", tenant)
        if state is not None:
            if state not in ("enabled", "disabled"):
                raise ConfigError("must be enabled or disabled", "state")
            filters["state"] = state
        return Listing(
            self._client._store.list_endpoints,
            Endpoint.from_row,
            filters,
            cursor_field="id",
            cursor=cursor,
            limit=limit,
        )

    def update(self, /, id: str | Endpoint, **changes: Any) -> Endpoint:
        """Change options of ``create()`` by their names; the rest stays.

        ``tenant``, ``uid`` and ``secret`` cannot be changed here. What others change at the
        same time stays as well, in every process.

        Raises:
            ConfigError: Names the option at fault, as ``create()`` does.
            InvalidUrlError, BlockedAddressError: The URL may not be called.
            NotFoundError: There is no such endpoint.
            StoreBusyError: Others change it all the time.
        """
        # First of all and once: a name in a URL may take seconds to resolve.
        changed: dict[str, Any] = {}
        for name, value in changes.items():
            self._apply(changed, name, value)

        def change(row: dict[str, Any]) -> None:
            row.update(changed)
            if "headers" in changed or "schemes" in changed:
                check_reserved_headers(row)
            check_secrets(row)

        return self._change(id, change)

    def enable(self, id: str | Endpoint) -> Endpoint:
        """Let its waiting deliveries go, and give it what is sent from now on."""
        return self._set_state(id, "enabled", "")

    def disable(self, id: str | Endpoint, reason: str = "disabled by the user") -> Endpoint:
        """Deliveries that exist wait until it is enabled again.

        A message that is sent while it is disabled makes no delivery for it, also not later.
        """
        return self._set_state(id, "disabled", check_text("reason", reason, least=0, most=1000))

    def delete(self, id: str | Endpoint) -> None:
        """Remove it; what is pending for it is cancelled."""
        self._client._store.delete_endpoint(_known_id(id), _now_ms())

    def rotate_secret(
        self, id: str | Endpoint, secret: str | None = None, *, overlap: float = 24 * 3600.0
    ) -> Endpoint:
        """Sign with a new secret; the old ones sign along for ``overlap`` seconds (0 to 7 days).

        At most 10 secrets sign at once: one more drops the oldest.
        """
        check_seconds("overlap", overlap, 0, 7 * 24 * 3600)
        shown = generate_secret() if secret is None else secret

        def change(row: dict[str, Any]) -> None:
            now = _now_ms()
            ends = now + round(overlap * 1000)
            kept = [
                {**old, "expires_at": min(old["expires_at"] or ends, ends)}
                for old in row["secrets"]
                if overlap > 0 and (old["expires_at"] is None or old["expires_at"] > now)
            ]
            row["secrets"] = [secret_row(shown, now), *kept][:_MOST_SECRETS]
            check_secrets(row)

        return self._change(id, change, shown)

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(self.list())

    def _row(self, id: str | Endpoint) -> dict[str, Any]:
        row = self._client._store.get_endpoint(_known_id(id))
        if row is None:
            raise NotFoundError(f"no endpoint {id!r}")
        return row

    def _existing(self, tenant: str | None, uid: str | None) -> dict[str, Any] | None:
        if uid is None:
            return None
        return self._client._store.find_endpoint_by_uid(tenant, uid)

    def _save(self, row: dict[str, Any], secret: str | None) -> Endpoint:
        existing = self._existing(row["tenant"], row["uid"])
        if existing is not None and secret is None:
            row["secrets"] = existing["secrets"]
            shown = None
        else:
            shown = generate_secret() if secret is None else secret
            row["secrets"] = [secret_row(shown, row["created_at"])]
        check_secrets(row)
        if existing is None:
            row["id"] = _core.make_id("ep_")
            self._client._store.create_endpoint(row)
            return Endpoint.from_row(row, shown)
        kept = ("id", "created_at", "updated_at", "state", "disabled_reason")
        return self._store_row({**row, **{name: existing[name] for name in kept}}, shown)

    def _change(
        self,
        id: str | Endpoint,
        change: Callable[[dict[str, Any]], None],
        shown: str | None = None,
    ) -> Endpoint:
        """``change`` is made to the row as it is now, and again when others were faster."""

        def once() -> Endpoint:
            row = self._row(id)
            change(row)
            return self._store_row(row, shown)

        return _until_kept(once)

    def _store_row(self, row: dict[str, Any], shown: str | None) -> Endpoint:
        row["updated_at"] = self._client._store.update_endpoint(row, _now_ms())
        return Endpoint.from_row(row, shown)

    def _set_state(self, id: str | Endpoint, state: str, reason: str) -> Endpoint:
        return self._change(id, lambda row: row.update(state=state, disabled_reason=reason))

    def _apply(self, row: dict[str, Any], name: str, value: Any) -> None:
        if name == "url":
            row["url"] = registered_url(value, self._client.policy)
        else:
            row.update(option_columns(name, value))


def _until_kept(change: Callable[[], Endpoint], *overtaken: type[WebhookError]) -> Endpoint:
    """Repeats a change that the store refused because of another one."""
    for _ in range(_MOST_ROUNDS):
        with suppress(IdempotencyConflictError, *overtaken):
            return change()
        time.sleep(random.uniform(0, _LONGEST_PAUSE))  # noqa: S311  # Keeps two out of step.
    raise StoreBusyError("others change the endpoint all the time; try again")


def _known_id(endpoint: Any) -> str:
    id = id_text(endpoint)
    if not id:
        raise NotFoundError(f"no endpoint {endpoint!r}")
    return id


def _now_ms() -> int:
    return round(time.time() * 1000)
