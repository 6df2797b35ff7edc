"""``client.endpoints``: where messages go, checked before anything is stored."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from .. import _core
from ..config import (
    MAX_ATTEMPTS,
    Breaker,
    Retry,
    check_event_patterns,
    check_seconds,
    rate_per_second,
    retry_schedule,
)
from ..errors import ConfigError, NotFoundError
from ..providers import find_provider
from ..signatures import generate_secret
from ..store import Listing
from ..urls import registered_url
from .rows import Endpoint

if TYPE_CHECKING:
    from .client import Client

_UNSET: Final[Any] = object()
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}")
# The engine sets these itself, or they belong to the connection.
_RESERVED: Final = frozenset(
    [
        "host",
        "content-length",
        "content-type",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "te",
        "trailer",
        "upgrade",
        "proxy-authorization",
        "proxy-connection",
        "expect",
        "user-agent",
    ]
)
_SIGNING_PREFIXES: Final = (
    "webhook-",
    "svix-",
    "x-webhook-",
    "x-hub-signature",
    "stripe-signature",
)
_DAY_MS: Final = 24 * 3600 * 1000


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
        headers: Mapping[str, str] | None = None,
        ordering: str | None = None,
        breaker: Breaker | None = None,
    ) -> Endpoint:
        """Add an endpoint; it receives what is sent from now on.

        Args:
            events: Patterns of the types it wants; ``["*"]`` is all.
            tenant: Its scope; None is a scope of its own.
            uid: Your own name for it. Creating the same uid again in a tenant changes
                that endpoint instead.
            secret: One is made when omitted. The endpoint that is returned shows it,
                once.
            schemes: How requests are signed; all of them at once.
            rate_limit: Such as ``"10/s"``.
            timeout: Of a whole attempt, 1 to 300 seconds.
            max_attempts: 1 to 20; the schedule and the first try when omitted.
            retry: ``"standard"``, ``"patient"``, ``"fast"``, a list of seconds, or
                ``Exponential``.
            headers: Sent along; names that belong to the signature or to the
                connection are refused.
            breaker: Overrides the client's.

        Raises:
            ConfigError: Names the option at fault.
            InvalidUrlError, BlockedAddressError: The URL may not be called.
        """
        now = _now_ms()
        row: dict[str, Any] = {
            "id": "",
            "tenant": _scope("tenant", tenant),
            "uid": _scope("uid", uid),
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
        existing = self._existing(row["tenant"], row["uid"])
        if existing is not None and secret is None:
            row["secrets"] = existing["secrets"]
            shown = None
            _check_secrets(row)
        else:
            shown = generate_secret() if secret is None else secret
            row["secrets"] = [_secret_row(shown, now)]
            _check_secrets(row)
        return self._save(row, existing, shown)

    def get(self, id: str) -> Endpoint:
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
            filters["tenant"] = tenant
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

    def update(self, id: str, **changes: Any) -> Endpoint:
        """Change options of ``create()`` by their names; the rest stays.

        ``tenant``, ``uid`` and ``secret`` cannot be changed here.
        """
        row = self._row(id)
        for name, value in changes.items():
            self._apply(row, name, value)
        _check_secrets(row)
        return self._store_row(row)

    def enable(self, id: str) -> Endpoint:
        return self._set_state(id, "enabled", "")

    def disable(self, id: str, reason: str = "disabled by the user") -> Endpoint:
        """Its deliveries wait until it is enabled again."""
        return self._set_state(id, "disabled", reason)

    def delete(self, id: str) -> None:
        """Remove it; what is pending for it is cancelled."""
        self._client._store.delete_endpoint(id, _now_ms())

    def rotate_secret(
        self, id: str, secret: str | None = None, *, overlap: float = 24 * 3600.0
    ) -> Endpoint:
        """Sign with a new secret; the old ones sign along for ``overlap`` seconds (0 to 7 days)."""
        check_seconds("overlap", overlap, 0, 7 * 24 * 3600)
        row = self._row(id)
        now = _now_ms()
        ends = now + round(overlap * 1000)
        kept = [
            {**old, "expires_at": min(old["expires_at"] or ends, ends)}
            for old in row["secrets"]
            if overlap > 0 and (old["expires_at"] is None or old["expires_at"] > now)
        ]
        shown = generate_secret() if secret is None else secret
        row["secrets"] = [_secret_row(shown, now), *kept]
        _check_secrets(row)
        return self._store_row(row, shown)

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(self.list())

    def _row(self, id: str) -> dict[str, Any]:
        row = self._client._store.get_endpoint(id) if isinstance(id, str) else None
        if row is None:
            raise NotFoundError(f"no endpoint {id!r}")
        return row

    def _existing(self, tenant: str | None, uid: str | None) -> dict[str, Any] | None:
        if uid is None:
            return None
        return self._client._store.find_endpoint_by_uid(tenant, uid)

    def _save(
        self, row: dict[str, Any], existing: dict[str, Any] | None, shown: str | None
    ) -> Endpoint:
        if existing is None:
            row["id"] = _core.make_id("ep_")
            self._client._store.create_endpoint(row)
            return Endpoint.from_row(row, shown)
        kept = ("id", "created_at", "state", "disabled_reason")
        return self._store_row({**row, **{name: existing[name] for name in kept}}, shown)

    def _store_row(self, row: dict[str, Any], shown: str | None = None) -> Endpoint:
        row["updated_at"] = _now_ms()
        self._client._store.update_endpoint(row)
        return Endpoint.from_row(row, shown)

    def _set_state(self, id: str, state: str, reason: str) -> Endpoint:
        return self._store_row({**self._row(id), "state": state, "disabled_reason": reason})

    def _apply(self, row: dict[str, Any], name: str, value: Any) -> None:
        if name == "url":
            row["url"] = registered_url(value, self._client.policy)
        elif name in _OPTIONS:
            row.update(_OPTIONS[name](value))
        else:
            raise ConfigError("is no option that can be changed", name)


def _schemes(value: Sequence[str]) -> dict[str, Any]:
    listed = [value] if isinstance(value, str) else list(value)
    if not listed:
        raise ConfigError("at least one scheme must sign", "schemes")
    return {"schemes": [find_provider(name).name for name in listed]}


def _headers(value: Mapping[str, str] | None) -> dict[str, Any]:
    pairs = []
    for name, text in (value or {}).items():
        field = f"headers[{name!r}]"
        if not isinstance(name, str) or _HEADER_NAME.fullmatch(name) is None:
            raise ConfigError("is no header name", field)
        lower = name.lower()
        if lower in _RESERVED or lower.startswith(_SIGNING_PREFIXES):
            raise ConfigError("is set by webhookcore or by the connection", field)
        if not isinstance(text, str) or any(ord(c) < 32 or 126 < ord(c) < 160 for c in text):
            raise ConfigError("must be a str without control characters", field)
        try:
            pairs.append((name.encode(), text.encode("latin-1")))
        except UnicodeEncodeError:
            raise ConfigError("must be Latin-1 text", field) from None
    return {"headers": pairs}


def _breaker(value: Breaker | None) -> dict[str, Any]:
    if value is None:
        return {"breaker_failures": None, "breaker_open_for": None}
    if not isinstance(value, Breaker):
        raise ConfigError("must be a Breaker", "breaker")
    return {"breaker_failures": value.failures, "breaker_open_for": round(value.open_for * 1000)}


def _max_attempts(value: int | None) -> dict[str, Any]:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if value is not None and not (whole and 1 <= value <= MAX_ATTEMPTS):
        raise ConfigError(f"must be 1 to {MAX_ATTEMPTS}", "max_attempts")
    return {"max_attempts": value}


def _ordering(value: str | None) -> dict[str, Any]:
    if value is not None:
        raise ConfigError("ordered delivery is not available yet; leave it out", "ordering")
    return {"fifo": False}


def _description(value: str) -> dict[str, Any]:
    return {"description": _scope("description", value, most=1000) or ""}


_OPTIONS: Final[dict[str, Any]] = {
    "events": lambda value: {"events": check_event_patterns(value)},
    "description": _description,
    "schemes": _schemes,
    "rate_limit": lambda value: {
        "rate_limit_per_second": None if value is None else rate_per_second(value)
    },
    "timeout": lambda value: {"timeout": round(check_seconds("timeout", value, 1, 300) * 1000)},
    "max_attempts": _max_attempts,
    "retry": lambda value: {
        "retry_schedule": [round(wait * 1000) for wait in retry_schedule(value)]
    },
    "headers": _headers,
    "ordering": _ordering,
    "breaker": _breaker,
}


def _scope(field: str, value: str | None, most: int = 256) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > most or not value.isprintable():
        raise ConfigError(f"must be a printable str of at most {most} characters", field)
    if not value and field != "description":
        raise ConfigError("must not be empty; leave it out instead", field)
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ConfigError("must be valid Unicode", field) from None
    return value


def _secret_row(secret: str, now: int) -> dict[str, Any]:
    if not isinstance(secret, (str, bytes)):
        raise ConfigError("must be a str", "secret")
    text = secret if isinstance(secret, bytes) else secret.encode("utf-8", "surrogatepass")
    return {"text": text, "created_at": now, "expires_at": None}


def _check_secrets(row: Mapping[str, Any]) -> None:
    """Every scheme must be able to sign with every secret that it will be given."""
    for secret in row["secrets"]:
        for scheme in row["schemes"]:
            _core.check_signing_secret(scheme, secret["text"])


def _now_ms() -> int:
    return round(time.time() * 1000)
