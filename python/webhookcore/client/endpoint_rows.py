"""Endpoints as rows of a store: checked before they are written, and never over a change of others."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from .. import _core
from ..config import id_named, id_text
from ..errors import IdempotencyConflictError, NotFoundError, StoreBusyError, WebhookError
from ..hidden_secrets import HiddenSecret
from ..signing import generate_keypair, generate_secret
from ..urls import UrlPolicy, registered_url
from .defaults import CLIENT_DEFAULT, EndpointDefaults
from .endpoint_options import (
    HeaderOption,
    SchemeOption,
    check_headers_and_schemes,
    check_secrets,
    hide_row,
    option_columns,
    secret_row,
)
from .event_types import EventTypes
from .operation_names import ALERTS_TENANT
from .rows import Endpoint, EndpointHealth, now_ms
from .tenants import ANY_TENANT, check_owner

# A change reads an endpoint and writes it back, which the store refuses when somebody else,
# in any process, changed it between the two. In each round somebody's change gets through.
_MOST_ROUNDS: Final = 100
_LONGEST_PAUSE: Final = 0.02

# Options that a single attempt to a URL has no use for.
_UNSAVED: Final[dict[str, Any]] = {
    "events": ["*"],
    "channels": None,
    "description": "",
    "rate_limit": None,
    "max_attempts": None,
    "retry": [],
    "ordering": None,
    "breaker": None,
    "client_errors": "die",
}


class EndpointRows:
    """Of one client."""

    def __init__(
        self,
        store: _core.Store,
        policy: UrlPolicy,
        event_types: EventTypes,
        defaults: EndpointDefaults,
    ) -> None:
        self._store = store
        self._policy = policy
        self._event_types = event_types
        self._defaults = defaults

    def create(
        self,
        tenant: str | None,
        uid: str | None,
        options: Mapping[str, Any],
        secret: HiddenSecret,
    ) -> Endpoint:
        """A new one, or in place of the tenant's one of that ``uid``."""
        row = _new_row()
        row["tenant"], row["uid"] = tenant, uid
        for name, value in options.items():
            self.apply(row, name, value)
        check_headers_and_schemes(row)
        # Somebody may make or delete the uid between the look and the write.
        return _until_kept(lambda: self._save(dict(row), secret), NotFoundError)

    def find(self, id: str | Endpoint, tenant: str | None = ANY_TENANT) -> dict[str, Any]:
        row = hide_row(self._store.get_endpoint(known_id(id)))
        if row is None:
            raise NotFoundError(f"no endpoint {id_named(id)}")
        check_owner(row["tenant"], tenant, f"endpoint {id_named(id)}")
        return row

    def unsaved(
        self,
        url: Any,
        secret: HiddenSecret,
        schemes: SchemeOption,
        headers: HeaderOption,
        timeout: float,
    ) -> dict[str, Any]:
        row = _new_row()
        options = {"url": url, "schemes": schemes, "headers": headers, "timeout": timeout}
        for name, value in {**_UNSAVED, **options}.items():
            self.apply(row, name, value)
        check_headers_and_schemes(row)
        self._give_secret(row, secret)
        return row

    def _give_secret(self, row: dict[str, Any], secret: HiddenSecret) -> HiddenSecret:
        """Sets and checks the one that was given, or a new one."""
        made = secret.text is None
        shown = HiddenSecret(generate_secret()) if made else secret
        row["secrets"] = [secret_row(shown, row["created_at"])]
        check_secrets(row, made=made, field="secret")
        return shown

    def _existing(self, tenant: str | None, uid: str | None) -> dict[str, Any] | None:
        if uid is None:
            return None
        return hide_row(self._store.find_endpoint_by_uid(tenant, uid))

    def _save(self, row: dict[str, Any], secret: HiddenSecret) -> Endpoint:
        existing = self._existing(row["tenant"], row["uid"])
        shown = secret
        if existing is not None and _keeps_secrets(existing, secret):
            row["secrets"] = existing["secrets"]
            check_secrets(row)
        else:
            shown = self._give_secret(row, secret)
        if existing is None:
            row["id"] = _core.make_id("ep_")
            self._store.create_endpoint(row)
            return self.shown(row, shown)
        kept = ("id", "created_at", "updated_at", "state", "disabled_reason")
        return self._store_row({**row, **{name: existing[name] for name in kept}}, shown)

    def change(
        self,
        id: str | Endpoint,
        tenant: str | None,
        change: Callable[[dict[str, Any]], None],
        shown: HiddenSecret | None = None,
    ) -> Endpoint:
        """``change`` is made to the row as it is now, and again when others were faster."""

        def once() -> Endpoint:
            row = self.find(id, tenant)
            change(row)
            return self._store_row(row, shown)

        return _until_kept(once)

    def _store_row(self, row: dict[str, Any], shown: HiddenSecret | None) -> Endpoint:
        row["updated_at"] = self._store.update_endpoint(row, now_ms())
        return self.shown(row, shown)

    def shown(self, row: dict[str, Any], secret: HiddenSecret | None = None) -> Endpoint:
        id, store = row["id"], self._store

        def load_health() -> EndpointHealth:
            health = store.get_endpoint_health(id, now_ms())
            return EndpointHealth() if health is None else EndpointHealth.from_row(health)

        return Endpoint.from_row(row, None if secret is None else secret.text, load_health)

    def set_state(
        self, id: str | Endpoint, tenant: str | None, state: str, reason: str
    ) -> Endpoint:
        return self.change(id, tenant, lambda row: row.update(state=state, disabled_reason=reason))

    def apply(self, row: dict[str, Any], name: str, value: Any) -> None:
        if value is CLIENT_DEFAULT:
            row.update(self._defaults.columns(name))
            return
        if name == "url":
            row["url"] = registered_url(value, self._policy)
            return
        row.update(option_columns(name, value))
        if name == "events" and row.get("tenant") != ALERTS_TENANT:
            self._event_types._check_patterns(row["events"])


def _until_kept(change: Callable[[], Endpoint], *overtaken: type[WebhookError]) -> Endpoint:
    """Repeats a change that the store refused because of another one."""
    for _ in range(_MOST_ROUNDS):
        with suppress(IdempotencyConflictError, *overtaken):
            return change()
        time.sleep(random.uniform(0, _LONGEST_PAUSE))  # noqa: S311  # Keeps two out of step.
    raise StoreBusyError("others change the endpoint all the time; try again")


def _new_row() -> dict[str, Any]:
    """What an endpoint has before its options are set."""
    now = now_ms()
    return {
        "id": "",
        "tenant": None,
        "uid": None,
        "headers": [],
        "secrets": [],
        "state": "enabled",
        "disabled_reason": "",
        "retry_jitter": 0.2,
        "created_at": now,
        "updated_at": now,
    }


def _keeps_secrets(existing: Mapping[str, Any], secret: HiddenSecret) -> bool:
    """Whether a secret is none, or the newest one again: no rotation, so the list stays."""
    if secret.text is None:
        return True
    newest = existing["secrets"][:1]
    return bool(newest) and newest[0]["text"] == secret_row(secret, 0)["text"]


def new_secret_like(secrets: Sequence[Mapping[str, Any]]) -> str:
    newest = secrets[0]["text"] if secrets else b""
    return generate_keypair()[0] if newest.startswith(b"whsk_") else generate_secret()


def known_id(endpoint: Any) -> str:
    id = id_text(endpoint)
    if not id:
        raise NotFoundError(f"no endpoint {id_named(endpoint)}")
    return id
