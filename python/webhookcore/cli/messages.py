"""``webhookcore messages``."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from ..client import Message
from ..config import PRIORITIES, Priority
from .deliveries import DELIVERY_COLUMNS, delivery_cells
from .json_rows import bytes_json, message_json, row_json
from .options import (
    data_options,
    json_option,
    open_client,
    page_options,
    read_data,
    read_moment,
    store_option,
)
from .output import print_fields, print_json, print_listing, print_table


@click.group()
def messages() -> None:
    """Send durable messages, and look at them."""


@messages.command()
@click.argument("type_", metavar="TYPE")
@data_options
@click.option("--tenant")
@click.option("--idempotency-key", help="The same key again gives the first message.")
@click.option("--channel", "channels", multiple=True, help="Repeatable.")
@click.option("--content-type", default="application/json", show_default=True)
@click.option("--priority", type=click.Choice(PRIORITIES), default="normal", show_default=True)
@click.option(
    "--deliver-at",
    metavar="TIME",
    callback=read_moment,
    help="Not before: such as 2030-01-31T12:00:00Z, or Unix seconds.",
)
@click.option(
    "--expires-at", metavar="TIME", callback=read_moment, help="Cancelled when it is not sent by."
)
@store_option
@json_option
def send(
    type_: str,
    data: str,
    raw: bool,
    tenant: str | None,
    idempotency_key: str | None,
    channels: tuple[str, ...],
    content_type: str,
    priority: Priority,
    deliver_at: datetime | float | None,
    expires_at: datetime | float | None,
    db: str,
    as_json: bool,
) -> None:
    """Store a message for every endpoint that subscribes to TYPE; a worker delivers it."""
    content = read_data(data, raw)
    with open_client(db) as client:
        message = client.send(
            type_,
            content,
            tenant=tenant,
            idempotency_key=idempotency_key,
            content_type=content_type,
            priority=priority,
            deliver_at=deliver_at,
            expires_at=expires_at,
            channels=channels,
        )
        deliveries = message.deliveries
    if as_json:
        print_json(
            {
                "id": message.id,
                "duplicate": message.duplicate,
                "deliveries": [delivery.id for delivery in deliveries],
            }
        )
        return
    many = "1 endpoint" if len(deliveries) == 1 else f"{len(deliveries)} endpoints"
    seen = "sent before" if message.duplicate else "stored"
    click.echo(f"{message.id}: {seen}, for {many}")


@messages.command("list")
@click.option("--tenant", help="Of this tenant; of all when omitted.")
@click.option("--type", "type_", help="Of this event type.")
@page_options
@store_option
@json_option
def list_(
    tenant: str | None, type_: str | None, limit: int, cursor: str | None, db: str, as_json: bool
) -> None:
    """List messages, newest first."""
    filters: dict[str, Any] = {} if tenant is None else {"tenant": tenant}
    with open_client(db) as client:
        print_listing(
            client.messages.list(type=type_, limit=limit, cursor=cursor, **filters),
            as_json,
            ("id", "type", "tenant", "created"),
            lambda message: (message.id, message.type, message.tenant, message.created_at),
            message_json,
        )


@messages.command()
@click.argument("id")
@store_option
@json_option
def show(id: str, db: str, as_json: bool) -> None:
    """Show a message, its body and its deliveries."""
    with open_client(db) as client:
        message = client.messages.get(id)
        deliveries = message.deliveries
        body = message.body
    if as_json:
        print_json(
            {
                **message_json(message),
                **bytes_json("body", body),
                "deliveries": [row_json(delivery) for delivery in deliveries],
            }
        )
        return
    print_fields(_fields(message, body))
    if deliveries:
        click.echo()
        print_table(DELIVERY_COLUMNS, map(delivery_cells, deliveries))


def _fields(message: Message, body: bytes) -> dict[str, object]:
    return {
        "id": message.id,
        "type": message.type,
        "tenant": message.tenant,
        "created": message.created_at,
        "body": body,
    }
