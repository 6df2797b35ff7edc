"""``webhookcore tenants``."""

from __future__ import annotations

from typing import Any

import click

from ..client import TenantLimits
from .json_rows import row_json
from .options import json_option, open_client, page_options, store_option
from .output import print_fields, print_json, print_listing


@click.group()
def tenants() -> None:
    """What each tenant may take of the store."""


@tenants.command("list")
@page_options
@store_option
@json_option
def list_(limit: int, cursor: str | None, db: str, as_json: bool) -> None:
    """List the tenants that have limits of their own, by name."""
    with open_client(db) as client:
        print_listing(
            client.tenants.list(limit=limit, cursor=cursor),
            as_json,
            ("tenant", "max_backlog", "rate_limit", "max_endpoints"),
            lambda row: (row.tenant, *_cells(row)),
            row_json,
        )


@tenants.command()
@click.argument("tenant")
@store_option
@json_option
def show(tenant: str, db: str, as_json: bool) -> None:
    """Show the limits that hold for a tenant, and how much of its backlog is used."""
    with open_client(db) as client:
        limits, backlog = client.tenants.limits(tenant), client.tenants.backlog(tenant)
    if as_json:
        print_json(row_json(limits) | {"backlog": backlog})
    else:
        print_fields(_fields(limits) | {"backlog": backlog})


@tenants.command()
@click.argument("tenant", required=False)
@click.option("--default", "is_default", is_flag=True, help="For all that have none of their own.")
@click.option("--max-backlog", type=int, help="Deliveries that may wait to be made.")
@click.option("--rate-limit", metavar="RATE", help="Messages that may be sent, such as 100/s.")
@click.option("--max-endpoints", type=int)
@store_option
@json_option
def limit(tenant: str | None, is_default: bool, db: str, as_json: bool, **limits: Any) -> None:
    """Set a tenant's limits, in place of all that it had; what is left out has none."""
    if is_default == (tenant is not None):
        raise click.UsageError("give a tenant, or --default")
    with open_client(db, create=True) as client:
        if tenant is None:
            made = client.tenants.set_default_limits(**limits)
        else:
            made = client.tenants.set_limits(tenant, **limits)
    _print_limits(made, as_json)


@tenants.command()
@click.argument("tenant")
@store_option
@json_option
def clear(tenant: str, db: str, as_json: bool) -> None:
    """Take a tenant's own limits away, and show those that hold for it again."""
    with open_client(db) as client:
        client.tenants.clear_limits(tenant)
        left = client.tenants.limits(tenant)
    _print_limits(left, as_json)


def _print_limits(limits: TenantLimits, as_json: bool) -> None:
    if as_json:
        print_json(row_json(limits))
    else:
        print_fields(_fields(limits))


def _cells(limits: TenantLimits) -> list[object]:
    rate = None if limits.rate_limit is None else f"{limits.rate_limit:g}/s"
    shown = (limits.max_backlog, rate, limits.max_endpoints)
    return ["none" if value is None else value for value in shown]


def _fields(limits: TenantLimits) -> dict[str, object]:
    backlog, rate, endpoints = _cells(limits)
    whose = limits.tenant or "(default)"
    return {
        "tenant": whose,
        "max_backlog": backlog,
        "rate_limit": rate,
        "max_endpoints": endpoints,
    }
