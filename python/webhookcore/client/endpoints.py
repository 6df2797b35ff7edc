"""``client.endpoints``: where messages go, checked before anything is stored."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from .. import _core
from ..config import (
    MAX_ATTEMPTS,
    Breaker,
    Retry,
    check_event_patterns,
    check_list,
    check_seconds,
    check_text,
    id_text,
    rate_per_second,
    retry_schedule,
)
from ..errors import ConfigError, IdempotencyConflictError, NotFoundError
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
_SCHEMES_FORM: Final = 'must be a list of schemes, such as ["standard"]'
_HEADERS_FORM: Final = "must be a mapping, or a list of pairs"
HeaderOption: TypeAlias = Mapping[str, str] | Sequence[tuple[str, str]] | None
_SIGNING_PREFIXES: Final = (
    "webhook-",
    "svix-",
    "x-webhook-",
    "x-hub-signature",
    "stripe-signature",
)
# More are never needed at once, and all of them sign every request.
_MOST_SECRETS: Final = 10

# A change reads an endpoint and writes it back, so changes of one store are made one after
# another; one lock for each store file. Two processes that change the same endpoint at the
# same moment can still undo each other: the store has no compare-and-set for endpoints.
_change_locks: Final[dict[str, threading.Lock]] = {}
# Another thread may have held one at the fork, and is not there to release it.
os.register_at_fork(after_in_child=_change_locks.clear)


class Endpoints:
    """Create, change and list the endpoints of a store."""

    def __init__(self, client: Client) -> None:
        self._client = client
        path = client._store.info()["path"]
        self._lock_key = os.path.realpath(path) if path else f"memory {id(client._store)}"

    def _changing(self) -> threading.Lock:
        # Looked up each time, because a fork empties the table.
        return _change_locks.setdefault(self._lock_key, threading.Lock())

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
        with self._changing():
            try:
                return self._save(row, secret)
            except IdempotencyConflictError:
                # Another process made the uid between the look and the write.
                return self._save(row, secret)

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

    def update(self, id: str | Endpoint, **changes: Any) -> Endpoint:
        """Change options of ``create()`` by their names; the rest stays.

        ``tenant``, ``uid`` and ``secret`` cannot be changed here.
        """
        # Before the lock: a name in a URL may take seconds to resolve.
        changed: dict[str, Any] = {}
        for name, value in changes.items():
            self._apply(changed, name, value)
        with self._changing():
            row = {**self._row(id), **changed}
            _check_secrets(row)
            return self._store_row(row)

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
        with self._changing():
            self._client._store.delete_endpoint(_known_id(id), _now_ms())

    def rotate_secret(
        self, id: str | Endpoint, secret: str | None = None, *, overlap: float = 24 * 3600.0
    ) -> Endpoint:
        """Sign with a new secret; the old ones sign along for ``overlap`` seconds (0 to 7 days).

        At most 10 secrets sign at once: one more drops the oldest.
        """
        check_seconds("overlap", overlap, 0, 7 * 24 * 3600)
        with self._changing():
            row = self._row(id)
            now = _now_ms()
            ends = now + round(overlap * 1000)
            kept = [
                {**old, "expires_at": min(old["expires_at"] or ends, ends)}
                for old in row["secrets"]
                if overlap > 0 and (old["expires_at"] is None or old["expires_at"] > now)
            ]
            shown = generate_secret() if secret is None else secret
            row["secrets"] = [_secret_row(shown, now), *kept][:_MOST_SECRETS]
            _check_secrets(row)
            return self._store_row(row, shown)

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
            row["secrets"] = [_secret_row(shown, row["created_at"])]
        _check_secrets(row)
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

    def _set_state(self, id: str | Endpoint, state: str, reason: str) -> Endpoint:
        with self._changing():
            return self._store_row({**self._row(id), "state": state, "disabled_reason": reason})

    def _apply(self, row: dict[str, Any], name: str, value: Any) -> None:
        if name == "url":
            row["url"] = registered_url(value, self._client.policy)
        elif name in _OPTIONS:
            row.update(_OPTIONS[name](value))
        else:
            raise ConfigError("is no option that can be changed", name)


def _schemes(value: Sequence[str]) -> dict[str, Any]:
    listed = [value] if isinstance(value, str) else check_list("schemes", value, _SCHEMES_FORM)
    if not listed:
        raise ConfigError("at least one scheme must sign", "schemes")
    for position, name in enumerate(listed):
        check_text(f"schemes[{position}]", name)
    return {"schemes": [find_provider(name).name for name in listed]}


def _headers(value: HeaderOption) -> dict[str, Any]:
    pairs = []
    given = value.items() if isinstance(value, Mapping) else () if value is None else value
    for item in check_list("headers", given, _HEADERS_FORM):
        if not isinstance(item, (tuple, list)) or len(item) != 2:
            raise ConfigError(_HEADERS_FORM, "headers")
        name, text = item
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


def _description(value: str | None) -> dict[str, Any]:
    return {"description": check_text("description", value or "", least=0, most=1000)}


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


def _known_id(endpoint: Any) -> str:
    id = id_text(endpoint)
    if not id:
        raise NotFoundError(f"no endpoint {endpoint!r}")
    return id


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
