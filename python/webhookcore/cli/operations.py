"""``webhookcore operations``."""

from __future__ import annotations

from typing import Any

import click

from ..client import OperationalEvent
from .deliveries import read_cursor
from .json_rows import row_json
from .options import json_option, open_client, page_options, store_option
from .output import print_listing


@click.group()
def operations() -> None:
    """What operators are told: dead letters, disabled endpoints, breakers, rates."""


@operations.command("list")
@click.option("--type", "type_", metavar="PATTERN", help="Such as 'endpoint.*'.")
@click.option("--endpoint", metavar="ID")
@click.option("--tenant", help="About this tenant; about all when omitted.")
@page_options
@store_option
@json_option
def list_(
    type_: str | None,
    endpoint: str | None,
    tenant: str | None,
    limit: int,
    cursor: str | None,
    db: str,
    as_json: bool,
) -> None:
    """List operational events, newest first."""
    filters: dict[str, Any] = {} if tenant is None else {"tenant": tenant}
    with open_client(db) as client:
        print_listing(
            client.operations.list(
                type_, endpoint=endpoint, limit=limit, cursor=read_cursor(cursor), **filters
            ),
            as_json,
            ("id", "at", "type", "endpoint", "tenant", "repeats", "details"),
            _cells,
            row_json,
        )


def _cells(event: OperationalEvent) -> tuple[object, ...]:
    return (
        event.id,
        event.at,
        event.type,
        event.endpoint_id,
        event.tenant,
        event.repeats or None,
        " ".join(f"{name}={value}" for name, value in event.details.items()),
    )
