"""``webhookcore inbox``."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import click

from ..receiver import Inbox, InboxEvent
from ..store import open_store
from .deliveries import read_cursor
from .json_rows import bytes_json, plain_json
from .options import Command, json_option, page_options, store_option, time_options, with_options
from .output import print_fields, print_json, print_listing, shown

STATES: Final = ("pending", "running", "done", "dead")
COLUMNS: Final = ("id", "state", "runs", "source", "type", "event", "received", "error")
_SHOWN_BODY: Final = 2000
_SHOWN_ERROR: Final = 60


def _filter_options(function: Command) -> Command:
    """Gives the command ``filters``, those that were given."""
    return with_options(
        function,
        click.option("--source", help="Of this source."),
        click.option("--type", "type", metavar="PATTERN", help="Such as 'invoice.*'."),
        click.option("--error", help="Whose last failure is of this class, such as ValueError."),
        *time_options("Changed"),
    )


@contextmanager
def open_inbox(db: str) -> Iterator[Inbox]:
    """The inbox of a store. A mistyped path is an error, not a new file."""
    store = open_store(db, create=False)
    try:
        # A worker in another process looks every second.
        yield Inbox(store, time.time, _nobody)
    finally:
        store.close()


@click.group()
def inbox() -> None:
    """Events that were received, and how far they are."""


@inbox.command("list")
@click.option("--state", type=click.Choice(STATES))
@_filter_options
@page_options
@store_option
@json_option
def list_(
    state: str | None, limit: int, cursor: str | None, db: str, as_json: bool, **filters: Any
) -> None:
    """List events, newest first."""
    with open_inbox(db) as found:
        listing = found.list(
            state=state, limit=limit, cursor=read_cursor(cursor), **_given(filters)
        )
        print_listing(listing, as_json, COLUMNS, event_cells, event_json)


@inbox.command()
@_filter_options
@store_option
@json_option
def count(db: str, as_json: bool, **filters: Any) -> None:
    """Count events by state."""
    with open_inbox(db) as found:
        counts = found.counts(**_given(filters))
    if as_json:
        print_json(counts)
    else:
        print_fields(counts)


@inbox.command()
@click.argument("id")
@click.option("--raw", is_flag=True, help="Only the exact bytes of the body.")
@store_option
@json_option
def show(id: str, raw: bool, db: str, as_json: bool) -> None:
    """Show an event with its headers and its body."""
    with open_inbox(db) as found:
        event = found.get(id)
    body = event.event.body
    if raw:
        sys.stdout.buffer.write(body)
        return
    headers = event.event.headers.pairs()
    if as_json:
        print_json(
            event_json(event)
            | {"headers": [list(pair) for pair in headers], **bytes_json("body", body)}
        )
        return
    print_fields(_fields(event))
    click.echo()
    for name, value in headers:
        click.echo(f"{shown(name)}: {shown(value)}")
    click.echo()
    click.echo(shown(body[:_SHOWN_BODY]))
    if len(body) > _SHOWN_BODY:
        click.echo(f"{len(body) - _SHOWN_BODY} more bytes: --raw", err=True)


@inbox.command()
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All dead ones that match the filters.")
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
    db: str,
    as_json: bool,
    **filters: Any,
) -> None:
    """Let dead events run again, with fresh retries."""
    wanted = _given(filters)
    _check_choice(ids, every, "filters, --limit and --dry-run", dry_run, limit, wanted)
    with open_inbox(db) as found:
        if every:
            done = found.replay_many(limit=limit, dry_run=dry_run, **wanted)
        else:
            done = len(ids)
            for id in ids:
                found.replay(id)
    _print_count("replayed", done, dry_run, as_json)


@inbox.command()
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All dead ones that match the filters.")
@click.option(
    "--state", type=click.Choice(("done", "dead")), help="With --all: those that are done."
)
@click.option("--dry-run", is_flag=True, help="With --all: only count them.")
@_filter_options
@store_option
@json_option
def delete(
    ids: tuple[str, ...],
    every: bool,
    state: str | None,
    dry_run: bool,
    db: str,
    as_json: bool,
    **filters: Any,
) -> None:
    """Remove events that are done or dead, with their bodies.

    A repeat of them stays a duplicate as long as their keys are remembered.
    """
    wanted = _given(filters)
    _check_choice(ids, every, "filters, --state and --dry-run", dry_run, state, wanted)
    with open_inbox(db) as found:
        if every:
            done = found.delete_many(state=state or "dead", dry_run=dry_run, **wanted)
        else:
            done = len(ids)
            for id in ids:
                found.delete(id)
    _print_count("deleted", done, dry_run, as_json)


def event_cells(event: InboxEvent) -> tuple[object, ...]:
    return (
        event.id,
        event.state,
        event.attempts + event.crashes,
        event.source,
        event.type,
        event.event_id,
        event.received_at,
        event.last_error[:_SHOWN_ERROR] or None,
    )


def event_json(event: InboxEvent) -> dict[str, Any]:
    """All but headers and body."""
    names = (
        *("id", "state", "source", "provider", "event_id", "event_key", "type", "priority"),
        *("attempts", "crashes", "next_attempt_at", "last_error", "result", "reconciled"),
        *("received_at", "updated_at"),
    )
    return {name: plain_json(getattr(event, name)) for name in names}


def _fields(event: InboxEvent) -> dict[str, object]:
    return {
        "id": event.id,
        "state": event.state,
        "source": event.source if event.source == event.provider else _source(event),
        "event": event.event_id,
        "type": event.type,
        "priority": event.priority,
        "runs": f"{event.attempts} failed, {event.crashes} crashed",
        "next": event.next_attempt_at,
        "error": event.last_error or None,
        "received": event.received_at,
        "changed": event.updated_at,
        "reconciled": "yes" if event.reconciled else None,
    }


def _source(event: InboxEvent) -> str:
    return f"{event.source} ({event.provider})"


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _check_choice(ids: tuple[str, ...], every: bool, names: str, *options: object) -> None:
    if bool(ids) == every:
        raise click.UsageError("name the events, or give --all")
    if not every and any(options):
        raise click.UsageError(f"{names} go with --all")


def _print_count(word: str, count: int, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json({word: 0 if dry_run else count, "matched": count, "dry_run": dry_run})
    else:
        click.echo(f"{count} {'would be ' if dry_run else ''}{word}")


def _nobody() -> None:
    """No worker of this process waits."""
