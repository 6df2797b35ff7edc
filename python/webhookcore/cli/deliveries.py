"""``webhookcore deliveries``."""

from __future__ import annotations

from typing import Any, Final

import click

from ..client import Attempt, Delivery
from .attempts import print_timeline
from .json_rows import row_json
from .options import json_option, open_client, page_options, store_option
from .output import print_fields, print_json, print_listing

STATES: Final = ("pending", "in_flight", "delivered", "dead", "cancelled")
DELIVERY_COLUMNS: Final = ("id", "state", "attempts", "type", "message", "endpoint", "last", "next")
_SHOWN_BODY: Final = 1000


@click.group()
def deliveries() -> None:
    """Messages on their way, and each HTTP attempt."""


@deliveries.command("list")
@click.option("--state", type=click.Choice(STATES))
@click.option("--endpoint", metavar="ID")
@click.option("--message", metavar="ID")
@click.option("--type", "type_", help="Of this event type.")
@click.option("--tenant", help="Of this tenant; of all when omitted.")
@page_options
@store_option
@json_option
def list_(
    state: str | None,
    endpoint: str | None,
    message: str | None,
    type_: str | None,
    tenant: str | None,
    limit: int,
    cursor: str | None,
    db: str,
    as_json: bool,
) -> None:
    """List deliveries, newest first."""
    filters: dict[str, Any] = {} if tenant is None else {"tenant": tenant}
    with open_client(db) as client:
        listing = client.deliveries.list(
            state=state,
            endpoint=endpoint,
            message=message,
            type=type_,
            limit=limit,
            cursor=read_cursor(cursor),
            **filters,
        )
        print_listing(listing, as_json, DELIVERY_COLUMNS, delivery_cells, row_json)


@deliveries.command()
@click.argument("id")
@store_option
@json_option
def show(id: str, db: str, as_json: bool) -> None:
    """Show a delivery and the timeline of its attempts."""
    with open_client(db) as client:
        delivery = client.deliveries.get(id)
        attempts = client.deliveries.attempts(delivery)
        url = attempts[-1].url if attempts else client.endpoints.get(delivery.endpoint_id).url
    if as_json:
        print_json(row_json(delivery) | {"log": [row_json(attempt) for attempt in attempts]})
        return
    print_fields(_fields(delivery, url))
    if attempts:
        click.echo()
        print_timeline(attempts)
        _print_last_body(attempts[-1])


@deliveries.command()
@click.argument("id")
@click.option("--force", is_flag=True, help="Although it was delivered.")
@store_option
@json_option
def replay(id: str, force: bool, db: str, as_json: bool) -> None:
    """Put a dead delivery back: the same message id, fresh attempts."""
    with open_client(db) as client:
        _print_changed(client.deliveries.replay(id, force=force), as_json)


@deliveries.command()
@click.argument("id")
@store_option
@json_option
def cancel(id: str, db: str, as_json: bool) -> None:
    """Stop a pending delivery for good."""
    with open_client(db) as client:
        _print_changed(client.deliveries.cancel(id), as_json)


def delivery_cells(delivery: Delivery) -> tuple[object, ...]:
    return (
        delivery.id,
        delivery.state,
        delivery.attempts,
        delivery.type,
        delivery.message_id,
        delivery.endpoint_id,
        _last(delivery),
        delivery.next_attempt_at,
    )


def read_cursor(cursor: str | None) -> int | None:
    """The cursor of a listing of deliveries, which is a number."""
    if cursor is None:
        return None
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 18:
        raise click.BadParameter("must be one that a listing printed", param_hint="--cursor")
    return int(cursor)


def _last(delivery: Delivery) -> str | None:
    parts = [str(part) for part in (delivery.last_status, delivery.last_error) if part]
    return " ".join(part for part in parts if part != "none") or None


def _fields(delivery: Delivery, url: str) -> dict[str, object]:
    return {
        "id": delivery.id,
        "state": delivery.state,
        "type": delivery.type,
        "message": delivery.message_id,
        "endpoint": f"{delivery.endpoint_id} {url}",
        "attempts": delivery.attempts,
        "last": _last(delivery),
        "next": delivery.next_attempt_at,
        "created": delivery.created_at,
        "replayed": delivery.replayed_at,
    }


def _print_last_body(attempt: Attempt) -> None:
    if attempt.response_body:
        click.echo()
        print_fields({"last response": attempt.response_body[:_SHOWN_BODY]})


def _print_changed(delivery: Delivery, as_json: bool) -> None:
    if as_json:
        print_json(row_json(delivery))
    else:
        click.echo(f"{delivery.id}: {delivery.state}")
