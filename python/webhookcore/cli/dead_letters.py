"""``webhookcore dead-letters``."""

from __future__ import annotations

from typing import Any

import click

from ..client import Client
from .deliveries import DELIVERY_COLUMNS, delivery_cells, read_cursor
from .json_rows import row_json
from .options import Command, json_option, open_client, page_options, store_option
from .output import print_json, print_listing


def _filter_options(function: Command) -> Command:
    for option in (
        click.option("--endpoint", metavar="ID"),
        click.option("--type", "type_", help="Of this event type."),
        click.option("--tenant", help="Of this tenant; of all when omitted."),
    ):
        function = option(function)
    return function


def _filters(endpoint: str | None, type_: str | None, tenant: str | None) -> dict[str, Any]:
    wanted = {"endpoint": endpoint, "type": type_, "tenant": tenant}
    return {name: value for name, value in wanted.items() if value is not None}


@click.group("dead-letters")
def dead_letters() -> None:
    """Deliveries that were given up."""


@dead_letters.command("list")
@_filter_options
@page_options
@store_option
@json_option
def list_(
    endpoint: str | None,
    type_: str | None,
    tenant: str | None,
    limit: int,
    cursor: str | None,
    db: str,
    as_json: bool,
) -> None:
    """List dead letters, newest first."""
    filters = _filters(endpoint, type_, tenant)
    with open_client(db) as client:
        listing = client.dead_letters.list(limit=limit, cursor=read_cursor(cursor), **filters)
        print_listing(listing, as_json, DELIVERY_COLUMNS, delivery_cells, row_json)


@dead_letters.command()
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All that match the filters.")
@click.option("--dry-run", is_flag=True, help="With --all: only count them.")
@click.option("--limit", type=click.IntRange(min=1), help="With --all: at most so many.")
@_filter_options
@store_option
@json_option
def replay(
    ids: tuple[str, ...],
    every: bool,
    dry_run: bool,
    limit: int | None,
    endpoint: str | None,
    type_: str | None,
    tenant: str | None,
    db: str,
    as_json: bool,
) -> None:
    """Put dead letters back: the same message ids, fresh attempts."""
    filters = _filters(endpoint, type_, tenant)
    if bool(ids) == every:
        raise click.UsageError("name the dead letters, or give --all")
    if not every and (dry_run or limit or filters):
        raise click.UsageError("filters, --limit and --dry-run go with --all")
    with open_client(db) as client:
        if every:
            count = client.dead_letters.replay_many(dry_run=dry_run, limit=limit, **filters)
        else:
            count = _replay_each(client, ids)
    if as_json:
        print_json({"replayed": 0 if dry_run else count, "matched": count, "dry_run": dry_run})
    else:
        click.echo(f"{count} {'would be replayed' if dry_run else 'replayed'}")


@dead_letters.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@store_option
@json_option
def delete(ids: tuple[str, ...], db: str, as_json: bool) -> None:
    """Remove dead letters and their attempts."""
    with open_client(db) as client:
        for id in ids:
            client.dead_letters.delete(id)
    if as_json:
        print_json({"deleted": len(ids)})
    else:
        click.echo(f"{len(ids)} deleted")


def _replay_each(client: Client, ids: tuple[str, ...]) -> int:
    for id in ids:
        client.dead_letters.replay(id)
    return len(ids)
