"""``client.endpoints``: where messages go, checked before anything is stored."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from .. import _core
from ..config import Breaker, Retry, check_event_type, check_seconds, check_text, id_named, id_text
from ..errors import (
    ConfigError,
    IdempotencyConflictError,
    NotFoundError,
    StoreBusyError,
    WebhookError,
)
from ..hidden_secrets import HiddenSecret
from ..signing import generate_keypair, generate_secret
from ..store import Listing
from ..urls import registered_url
from .defaults import CLIENT_DEFAULT, EndpointDefaults
from .endpoint_options import (
    HeaderOption,
    SchemeOption,
    SecretRow,
    check_headers_and_schemes,
    check_secrets,
    hide_row,
    option_columns,
    secret_row,
)
from .operation_names import ALERTS_TENANT
from .payload import encode
from .rows import Attempt, Endpoint, EndpointHealth, now_ms
from .tenants import ANY_TENANT, check_owner, check_tenant, tenant_filter

if TYPE_CHECKING:
    from .client import Client

# More are never needed at once, and all of them sign every request.
_MOST_SECRETS: Final = 10

# A change reads an endpoint and writes it back, which the store refuses when somebody else,
# in any process, changed it between the two. In each round somebody's change gets through.
_MOST_ROUNDS: Final = 100
_LONGEST_PAUSE: Final = 0.02

_TEST_DATA: Final = {"message": "A test of this endpoint. Nothing has happened."}
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


class Endpoints:
    """Create, change and list the endpoints of a store."""

    def __init__(self, client: Client, defaults: EndpointDefaults) -> None:
        self._client = client
        self._defaults = defaults

    def create(
        self,
        url: str,
        *,
        events: Sequence[str],
        channels: Sequence[str] | None = None,
        tenant: str | None = None,
        uid: str | None = None,
        description: str = "",
        secret: str | None = None,
        schemes: SchemeOption = CLIENT_DEFAULT,
        rate_limit: str | None = CLIENT_DEFAULT,
        timeout: float = CLIENT_DEFAULT,
        max_attempts: int | None = CLIENT_DEFAULT,
        retry: Retry = CLIENT_DEFAULT,
        headers: HeaderOption = None,
        ordering: str | None = None,
        breaker: Breaker | None = None,
        client_errors: str = CLIENT_DEFAULT,
    ) -> Endpoint:
        """Add an endpoint; it receives what is sent from now on.

        What is left out of ``schemes``, ``rate_limit``, ``timeout``, ``max_attempts``, ``retry``
        and ``client_errors`` is as the client was told.

        Args:
            events: Patterns of the types it wants, at most 100; ``["*"]`` is all.
            channels: It gets only messages that name one of them, at most 100; every
                message when omitted.
            tenant: Its scope; None is a scope of its own.
            uid: Your own name for it. Creating the same uid again in a tenant changes
                that endpoint instead.
            secret: One is made when omitted. The endpoint that is returned shows it,
                once.
            schemes: How requests are signed; all of them at once, at most 8. A ``Scheme``
                of your own is stored with the endpoint: the process that delivers need
                not know it.
            rate_limit: Such as ``"10/s"``; None for no limit.
            timeout: Of a whole attempt, 1 to 300 seconds; 10 when the client says nothing.
            max_attempts: 1 to 20; None for the schedule and the first try.
            retry: ``"standard"``, ``"patient"``, ``"fast"``, a list of seconds, or
                ``Exponential``.
            headers: Sent along, at most 32 of at most 4096 bytes; names that belong to
                the connection or to one of the schemes are refused.
            ordering: ``"fifo"`` makes its deliveries in the order of sending, one at a time:
                one that fails holds the later ones up until it is delivered, dead or
                cancelled. None is no order.
            breaker: Overrides the client's.
            client_errors: What a 4xx means that has no rule of its own: ``"die"``, the
                message is a dead letter at once; ``"retry"``, it is tried again like after
                any other failure. 410 disables the endpoint either way.

        Raises:
            ConfigError: Names the option at fault.
            UnknownEventTypeError: A pattern matches no type of the catalogue.
            InvalidUrlError, BlockedAddressError: The URL may not be called.
            TenantLimitError: The tenant has as many endpoints as it may.
            StoreBusyError: Others change the endpoint of that uid all the time.
        """
        hidden, secret = HiddenSecret(secret), None
        row = _new_row()
        row["tenant"] = check_tenant(tenant)
        row["uid"] = None if uid is None else check_text("uid", uid)
        options = {
            "url": url,
            "events": events,
            "channels": channels,
            "description": description,
            "schemes": schemes,
            "rate_limit": rate_limit,
            "timeout": timeout,
            "max_attempts": max_attempts,
            "retry": retry,
            "headers": headers,
            "ordering": ordering,
            "breaker": breaker,
            "client_errors": client_errors,
        }
        for name, value in options.items():
            self._apply(row, name, value)
        check_headers_and_schemes(row)
        # Somebody may make or delete the uid between the look and the write.
        return _until_kept(lambda: self._save(dict(row), hidden), NotFoundError)

    def get(self, id: str | Endpoint, *, tenant: str | None = ANY_TENANT) -> Endpoint:
        """Raises NotFoundError when there is none, or it is another tenant's."""
        return self._shown(self._row(id, tenant))

    def list(
        self,
        *,
        tenant: str | None = ANY_TENANT,
        state: str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> Listing[Endpoint]:
        """Endpoints in the order they were made. ``tenant`` omitted: of all tenants."""
        filters: dict[str, Any] = tenant_filter(tenant)
        if state is not None:
            if state not in ("enabled", "disabled"):
                raise ConfigError("must be enabled or disabled", "state")
            filters["state"] = state
        return Listing(
            self._client._store.list_endpoints,
            self._shown,
            filters,
            cursor_field="id",
            cursor=cursor,
            limit=limit,
        )

    def update(
        self, /, id: str | Endpoint, *, tenant: str | None = ANY_TENANT, **changes: Any
    ) -> Endpoint:
        """Change options of ``create()`` by their names; the rest stays.

        ``uid`` and ``secret`` cannot be changed here, and ``tenant`` never: here, as in all
        that follow, it says whose the endpoint must be. What others change at the
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
                check_headers_and_schemes(row)
            check_secrets(row)

        return self._change(id, tenant, change)

    def enable(self, id: str | Endpoint, *, tenant: str | None = ANY_TENANT) -> Endpoint:
        """Let its waiting deliveries go, and give it what is sent from now on.

        Its health begins anew: the breaker is closed, and nothing has failed yet.
        """
        return self._set_state(id, tenant, "enabled", "")

    def disable(
        self,
        id: str | Endpoint,
        reason: str = "disabled by the user",
        *,
        tenant: str | None = ANY_TENANT,
    ) -> Endpoint:
        """Deliveries that exist wait until it is enabled again.

        A message that is sent while it is disabled makes no delivery for it, until
        ``recover()`` asks for one.
        """
        return self._set_state(
            id, tenant, "disabled", check_text("reason", reason, least=0, most=1000)
        )

    def recover(
        self,
        id: str | Endpoint,
        since: datetime | float,
        *,
        rate: str | None = None,
        dry_run: bool = False,
        tenant: str | None = ANY_TENANT,
    ) -> int:
        """Make up for its outage: put back what died, send what was never sent.

        Its dead letters that died at ``since`` or later are replayed. Then, in the order they
        were sent, it gets the messages of ``since`` or later that were sent while it was
        disabled, as far as it subscribes to them now. Enable it first or afterwards: until then
        all of it waits. Called again it repeats nothing that is on its way or was delivered.

        Args:
            since: An aware datetime, or Unix time in seconds.
            rate: Such as ``"50/s"``, from now on, or from when it is enabled again. Everything is
                due at once when omitted.
            dry_run: Only count.

        Returns:
            How many deliveries were put back or made.

        Raises:
            NotFoundError: There is no such endpoint, or it is another tenant's.
        """
        return self._client.dead_letters._recover(
            self.get(id, tenant=tenant).id, since, rate, dry_run
        )

    def delete(self, id: str | Endpoint, *, tenant: str | None = ANY_TENANT) -> None:
        """Remove it; what is pending for it is cancelled."""
        if tenant is not ANY_TENANT:
            self._row(id, tenant)
        self._client._store.delete_endpoint(_known_id(id), now_ms())

    def rotate_secret(
        self,
        id: str | Endpoint,
        secret: str | None = None,
        *,
        overlap: float = 24 * 3600.0,
        tenant: str | None = ANY_TENANT,
    ) -> Endpoint:
        """Sign with a new secret; the old ones sign along for ``overlap`` seconds (0 to 7 days).

        At most 10 secrets sign at once: one more drops the oldest.

        Args:
            secret: One is made when omitted: a keypair where the newest one is a keypair
                (``whsk_``), a shared secret otherwise. Give the receiver
                ``endpoint.verification_key``, or ``endpoint.secret`` where there is none.
            overlap: 0 drops the old ones at once.

        Raises:
            ConfigError: The secret is no key of one of the endpoint's schemes.
            NotFoundError: There is no such endpoint.
        """
        shown, made, secret = HiddenSecret(secret), secret is None, None
        check_seconds("overlap", overlap, 0, 7 * 24 * 3600)

        def change(row: dict[str, Any]) -> None:
            now = now_ms()
            if shown.text is None:
                shown.text = _new_secret_like(row["secrets"])
            ends = now + round(overlap * 1000)
            kept = [
                SecretRow(old, expires_at=min(old["expires_at"] or ends, ends))
                for old in row["secrets"]
                if overlap > 0 and (old["expires_at"] is None or old["expires_at"] > now)
            ]
            row["secrets"] = [secret_row(shown, now), *kept][:_MOST_SECRETS]
            check_secrets(row, made=made, field="secret")

        return self._change(id, tenant, change, shown)

    def test(
        self,
        endpoint: str | Endpoint | None = None,
        *,
        url: str | None = None,
        secret: str | None = None,
        schemes: SchemeOption = CLIENT_DEFAULT,
        headers: HeaderOption = None,
        timeout: float = CLIENT_DEFAULT,
        type: str = "webhookcore.test",
        data: Any = _TEST_DATA,
        tenant: str | None = ANY_TENANT,
    ) -> Attempt:
        """Make one attempt now, and say how it went.

        It is guarded, signed and sent as a delivery is, also to a disabled endpoint, and
        leaves no trace: no message, no delivery, no retry, nothing for the breaker.

        Args:
            endpoint: One that was created. Instead of it:
            url: One that was not saved yet, with the options that ``create()`` would get:
                ``secret``, ``schemes``, ``headers``, ``timeout``.

        Raises:
            ConfigError: Not exactly one of the two, or an option that cannot be.
            InvalidUrlError, BlockedAddressError: The ``url`` may not be called.
            NotFoundError: There is no such endpoint, or it is another tenant's.
        """
        hidden, secret = HiddenSecret(secret), None
        if (endpoint is None) == (url is None):
            raise ConfigError("give an endpoint, or the url of one that is not saved", "url")
        if endpoint is not None:
            omitted = schemes is CLIENT_DEFAULT and timeout is CLIENT_DEFAULT and headers is None
            if hidden.text is not None or not omitted:
                raise ConfigError("a saved endpoint is tested with its own options", "url")
            row = self._row(endpoint, tenant)
        else:
            row = self._unsaved_row(url, hidden, schemes, headers, timeout)
        body = encode(check_event_type(type), data, now_ms())
        attempt = self._client._engine.attempt_once(row, type, body, "application/json")
        return Attempt.from_row(attempt)

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(self.list())

    def _row(self, id: str | Endpoint, tenant: str | None = ANY_TENANT) -> dict[str, Any]:
        row = hide_row(self._client._store.get_endpoint(_known_id(id)))
        if row is None:
            raise NotFoundError(f"no endpoint {id_named(id)}")
        check_owner(row["tenant"], tenant, f"endpoint {id_named(id)}")
        return row

    def _unsaved_row(
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
            self._apply(row, name, value)
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
        return hide_row(self._client._store.find_endpoint_by_uid(tenant, uid))

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
            self._client._store.create_endpoint(row)
            return self._shown(row, shown)
        kept = ("id", "created_at", "updated_at", "state", "disabled_reason")
        return self._store_row({**row, **{name: existing[name] for name in kept}}, shown)

    def _change(
        self,
        id: str | Endpoint,
        tenant: str | None,
        change: Callable[[dict[str, Any]], None],
        shown: HiddenSecret | None = None,
    ) -> Endpoint:
        """``change`` is made to the row as it is now, and again when others were faster."""

        def once() -> Endpoint:
            row = self._row(id, tenant)
            change(row)
            return self._store_row(row, shown)

        return _until_kept(once)

    def _store_row(self, row: dict[str, Any], shown: HiddenSecret | None) -> Endpoint:
        row["updated_at"] = self._client._store.update_endpoint(row, now_ms())
        return self._shown(row, shown)

    def _shown(self, row: dict[str, Any], secret: HiddenSecret | None = None) -> Endpoint:
        id, store = row["id"], self._client._store

        def load_health() -> EndpointHealth:
            health = store.get_endpoint_health(id, now_ms())
            return EndpointHealth() if health is None else EndpointHealth.from_row(health)

        return Endpoint.from_row(row, None if secret is None else secret.text, load_health)

    def _set_state(
        self, id: str | Endpoint, tenant: str | None, state: str, reason: str
    ) -> Endpoint:
        return self._change(id, tenant, lambda row: row.update(state=state, disabled_reason=reason))

    def _apply(self, row: dict[str, Any], name: str, value: Any) -> None:
        if value is CLIENT_DEFAULT:
            row.update(self._defaults.columns(name))
            return
        if name == "url":
            row["url"] = registered_url(value, self._client.policy)
            return
        row.update(option_columns(name, value))
        if name == "events" and row.get("tenant") != ALERTS_TENANT:
            self._client.event_types._check_patterns(row["events"])


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


def _new_secret_like(secrets: Sequence[Mapping[str, Any]]) -> str:
    newest = secrets[0]["text"] if secrets else b""
    return generate_keypair()[0] if newest.startswith(b"whsk_") else generate_secret()


def _known_id(endpoint: Any) -> str:
    id = id_text(endpoint)
    if not id:
        raise NotFoundError(f"no endpoint {id_named(endpoint)}")
    return id
