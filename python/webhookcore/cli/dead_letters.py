"""``webhookcore dead-letters``."""

from __future__ import annotations

from typing import Any, Final

import click

from ..client import Client, ReplayJob
from .deliveries import DELIVERY_COLUMNS, delivery_cells, read_cursor
from .json_rows import row_json
from .options import (
    Command,
    json_option,
    open_client,
    page_options,
    store_option,
    time_options,
    with_options,
)
from .output import print_json, print_listing

_JOB_COLUMNS: Final = ("id", "state", "matched", "replayed", "missed", "rate", "begun")


def _filter_options(function: Command) -> Command:
    """Gives the command ``filters``, those that were given."""
    return with_options(
        function,
        click.option("--endpoint", metavar="ID"),
        click.option("--type", "type", help="Of this event type."),
        click.option("--tenant", help="Of this tenant; of all when omitted."),
        click.option("--error", help="Whose last error is of this class."),
        *time_options("That died"),
    )


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


@click.group("dead-letters")
def dead_letters() -> None:
    """Deliveries that were given up."""


@dead_letters.command("list")
@_filter_options
@page_options
@store_option
@json_option
def list_(limit: int, cursor: str | None, db: str, as_json: bool, **filters: Any) -> None:
    """List dead letters, newest first."""
    with open_client(db) as client:
        listing = client.dead_letters.list(
            limit=limit, cursor=read_cursor(cursor), **_given(filters)
        )
        print_listing(listing, as_json, DELIVERY_COLUMNS, delivery_cells, row_json)


@dead_letters.command()
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All that match the filters.")
@click.option("--dry-run", is_flag=True, help="With --all: only count them.")
@click.option("--limit", type=click.IntRange(min=1), help="With --all: at most so many.")
@click.option("--rate", metavar="N/s", help="With --all: one after the other, such as 50/s.")
@_filter_options
@store_option
@json_option
def replay(
    ids: tuple[str, ...],
    every: bool,
    dry_run: bool,
    limit: int | None,
    rate: str | None,
    db: str,
    as_json: bool,
    **filters: Any,
) -> None:
    """Put dead letters back: the same message ids, fresh attempts."""
    wanted = _given(filters)
    _check_choice(
        ids, every, "filters, --limit, --rate and --dry-run", dry_run, limit, rate, wanted
    )
    with open_client(db) as client:
        if every:
            count = client.dead_letters.replay_many(
                dry_run=dry_run, limit=limit, rate=rate, **wanted
            )
        else:
            count = _replay_each(client, ids)
    if as_json:
        print_json({"replayed": 0 if dry_run else count, "matched": count, "dry_run": dry_run})
    else:
        click.echo(f"{count} {'would be replayed' if dry_run else 'replayed'}")


@dead_letters.command()
@store_option
@json_option
def resume(db: str, as_json: bool) -> None:
    """Go on with replays that were killed in the middle."""
    with open_client(db) as client:
        count = client.dead_letters.resume()
    if as_json:
        print_json({"replayed": count})
    else:
        click.echo(f"{count} replayed")


@dead_letters.command()
@click.option("--state", type=click.Choice(("running", "done")))
@page_options
@store_option
@json_option
def jobs(state: str | None, limit: int, cursor: str | None, db: str, as_json: bool) -> None:
    """List replays of many and how far they are, newest first."""
    with open_client(db) as client:
        listing = client.dead_letters.jobs(state=state, limit=limit, cursor=read_cursor(cursor))
        print_listing(listing, as_json, _JOB_COLUMNS, _job_cells, row_json)


@dead_letters.command()
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All that match the filters.")
@click.option("--dry-run", is_flag=True, help="With --all: only count them.")
@_filter_options
@store_option
@json_option
def delete(
    ids: tuple[str, ...], every: bool, dry_run: bool, db: str, as_json: bool, **filters: Any
) -> None:
    """Remove dead letters and their attempts."""
    wanted = _given(filters)
    _check_choice(ids, every, "filters and --dry-run", dry_run, wanted)
    with open_client(db) as client:
        if every:
            count = client.dead_letters.delete_many(dry_run=dry_run, **wanted)
        else:
            count = len(ids)
            for id in ids:
                client.dead_letters.delete(id)
    if as_json and every:
        print_json({"deleted": 0 if dry_run else count, "matched": count, "dry_run": dry_run})
    elif as_json:
        print_json({"deleted": count})
    else:
        click.echo(f"{count} {'would be deleted' if dry_run else 'deleted'}")


def _check_choice(ids: tuple[str, ...], every: bool, names: str, *options: object) -> None:
    if bool(ids) == every:
        raise click.UsageError("name the dead letters, or give --all")
    if not every and any(options):
        raise click.UsageError(f"{names} go with --all")


def _replay_each(client: Client, ids: tuple[str, ...]) -> int:
    for id in ids:
        client.dead_letters.replay(id)
    return len(ids)


def _job_cells(job: ReplayJob) -> tuple[object, ...]:
    rate = None if job.rate is None else f"{job.rate:g}/s"
    return (job.id, job.state, job.matched, job.replayed, job.missed, rate, job.created_at)
