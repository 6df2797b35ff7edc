"""``client.tenants``: what each of those who share a store may take of it (requirement D19)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from .. import _core
from ..config import check_text, check_whole, rate_per_second
from ..errors import ConfigError
from ..store import Listing
from .operation_names import ALERTS_TENANT

_MOST: Final = 1_000_000_000
# The name under which the limits of all others are stored.
_DEFAULT: Final = ""


@dataclass(frozen=True, slots=True)
class TenantLimits:
    """None is no limit of that kind.

    Attributes:
        tenant: Whose own they are; None for those of every tenant without its own.
        max_backlog: Deliveries that may wait to be made.
        rate_limit: Messages that may be sent in a second.
        max_endpoints: How many it may have.
    """

    tenant: str | None = None
    max_backlog: int | None = None
    rate_limit: float | None = None
    max_endpoints: int | None = None


class Tenants:
    """Limits of tenants. They are in the store: every process goes by them at once."""

    def __init__(self, store: _core.Store) -> None:
        self._store = store

    def set_limits(
        self,
        tenant: str,
        *,
        max_backlog: int | None = None,
        rate_limit: str | None = None,
        max_endpoints: int | None = None,
    ) -> TenantLimits:
        """In place of all that the tenant had, also of the default.

        What it may not take is refused with a ``TenantLimitError`` that names it; nobody else
        feels it. What lies in the store already stays.

        Args:
            max_backlog: While so many of its deliveries wait to be made, its messages are
                refused. Those count that are sent while it has such a limit. It may be passed by
                the batch that reaches it, and by what is sent within a tenth of a second.
            rate_limit: Of ``send()``, such as ``"100/s"``, over all processes together. One
                second's worth may come at once; a batch comes in whole, and what follows waits
                for all of it.
            max_endpoints: What ``endpoints.create()`` keeps to.

        Raises:
            ConfigError: Names the option at fault.
        """
        return self._set(_checked(tenant), max_backlog, rate_limit, max_endpoints)

    def set_default_limits(
        self,
        *,
        max_backlog: int | None = None,
        rate_limit: str | None = None,
        max_endpoints: int | None = None,
    ) -> TenantLimits:
        """For each tenant that has no limits of its own, also those that are still to come.

        Each has all of it for itself. The scope without a tenant has no limits.
        """
        return self._set(_DEFAULT, max_backlog, rate_limit, max_endpoints)

    def limits(self, tenant: str) -> TenantLimits:
        """Those that hold for it: its own, or else the default's."""
        for name in (_checked(tenant), _DEFAULT):
            if (row := self._store.get_tenant_limits(name)) is not None:
                return _shown(name, row)
        return TenantLimits()

    def default_limits(self) -> TenantLimits:
        row = self._store.get_tenant_limits(_DEFAULT)
        return TenantLimits() if row is None else _shown(_DEFAULT, row)

    def clear_limits(self, tenant: str) -> None:
        """From now on the default holds for it.

        Raises:
            NotFoundError: It has none of its own.
        """
        self._store.clear_tenant_limits(_checked(tenant))

    def list(self, *, cursor: str | None = None, limit: int | None = None) -> Listing[TenantLimits]:
        """Those with limits of their own, by name."""

        def fetch(filter: dict[str, Any]) -> list[dict[str, Any]]:
            rows = self._store.list_tenant_limits(filter["cursor"] or "", filter["limit"])
            return [{"tenant": name, "limits": row} for name, row in rows]

        return Listing(
            fetch,
            lambda row: _shown(row["tenant"], row["limits"]),
            {},
            cursor_field="tenant",
            cursor=cursor,
            limit=limit,
        )

    def backlog(self, tenant: str, most: int = 100_000) -> int:
        """How many deliveries count for its ``max_backlog`` now; counted up to ``most``."""
        return self._store.count_tenant_backlog(
            _checked(tenant), check_whole("most", most, 1, _MOST)
        )

    def _set(
        self, name: str, max_backlog: int | None, rate_limit: str | None, max_endpoints: int | None
    ) -> TenantLimits:
        if max_backlog is not None:
            check_whole("max_backlog", max_backlog, 1, _MOST)
        if max_endpoints is not None:
            check_whole("max_endpoints", max_endpoints, 0, _MOST)
        row = (
            max_backlog,
            None if rate_limit is None else rate_per_second(rate_limit),
            max_endpoints,
        )
        self._store.set_tenant_limits(name, *row)
        return _shown(name, row)


def _checked(tenant: Any) -> str:
    check_text("tenant", tenant)
    if tenant == ALERTS_TENANT:
        raise ConfigError("operational events have no limits", "tenant")
    return str(tenant)


def _shown(name: str, row: tuple[int | None, float | None, int | None]) -> TenantLimits:
    return TenantLimits(name or None, *row)
