"""``client.endpoints``: where messages go, checked before anything is stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from ..config import Breaker, Retry, check_event_type, check_seconds, check_text
from ..errors import (
    ConfigError,
)
from ..hidden_secrets import HiddenSecret
from ..store import Listing
from .defaults import CLIENT_DEFAULT
from .endpoint_options import (
    HeaderOption,
    SchemeOption,
    SecretRow,
    check_headers_and_schemes,
    check_secrets,
    secret_row,
)
from .endpoint_rows import EndpointRows, known_id, new_secret_like
from .payload import encode
from .rows import Attempt, Endpoint, now_ms
from .tenants import ANY_TENANT, check_tenant, tenant_filter

if TYPE_CHECKING:
    from .client import Client

# More are never needed at once, and all of them sign every request.
_MOST_SECRETS: Final = 10

_TEST_DATA: Final = {"message": "A test of this endpoint. Nothing has happened."}


class Endpoints:
    """Create, change and list the endpoints of a store."""

    def __init__(self, client: Client, rows: EndpointRows) -> None:
        self._client = client
        self._rows = rows

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
        tenant = check_tenant(tenant)
        uid = None if uid is None else check_text("uid", uid)
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
        return self._rows.create(tenant, uid, options, hidden)

    def get(self, id: str | Endpoint, *, tenant: str | None = ANY_TENANT) -> Endpoint:
        """Raises NotFoundError when there is none, or it is another tenant's."""
        return self._rows.shown(self._rows.find(id, tenant))

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
            self._rows.shown,
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
            self._rows.apply(changed, name, value)

        def change(row: dict[str, Any]) -> None:
            row.update(changed)
            if "headers" in changed or "schemes" in changed:
                check_headers_and_schemes(row)
            check_secrets(row)

        return self._rows.change(id, tenant, change)

    def enable(self, id: str | Endpoint, *, tenant: str | None = ANY_TENANT) -> Endpoint:
        """Let its waiting deliveries go, and give it what is sent from now on.

        Its health begins anew: the breaker is closed, and nothing has failed yet.
        """
        return self._rows.set_state(id, tenant, "enabled", "")

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
        return self._rows.set_state(
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
            self._rows.find(id, tenant)
        self._client._store.delete_endpoint(known_id(id), now_ms())

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
                shown.text = new_secret_like(row["secrets"])
            ends = now + round(overlap * 1000)
            kept = [
                SecretRow(old, expires_at=min(old["expires_at"] or ends, ends))
                for old in row["secrets"]
                if overlap > 0 and (old["expires_at"] is None or old["expires_at"] > now)
            ]
            row["secrets"] = [secret_row(shown, now), *kept][:_MOST_SECRETS]
            check_secrets(row, made=made, field="secret")

        return self._rows.change(id, tenant, change, shown)

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
            row = self._rows.find(endpoint, tenant)
        else:
            row = self._rows.unsaved(url, hidden, schemes, headers, timeout)
        body = encode(check_event_type(type), data, now_ms())
        attempt = self._client._engine.attempt_once(row, type, body, "application/json")
        return Attempt.from_row(attempt)

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(self.list())
