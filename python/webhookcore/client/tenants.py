"""Whose a row is. ``tenant`` omitted asks for any; None is the scope without a tenant."""

from __future__ import annotations

from typing import Any, Final

from ..config import check_text
from ..errors import NotFoundError

ANY_TENANT: Final[Any] = object()


def check_tenant(tenant: Any) -> str | None:
    """The tenant, when it can be one.

    Raises:
        ConfigError: It is no printable text of 1 to 256 characters.
    """
    return None if tenant is None else check_text("tenant", tenant)


def tenant_filter(tenant: Any) -> dict[str, Any]:
    """What a listing's filter says of it."""
    return {} if tenant is ANY_TENANT else {"tenant": check_tenant(tenant)}


def check_owner(owner: str | None, tenant: Any, what: str) -> None:
    """A row of another tenant is as little there as one that never was.

    Raises:
        NotFoundError: It is another's.
    """
    if tenant is not ANY_TENANT and owner != check_tenant(tenant):
        raise NotFoundError(f"no {what}")
