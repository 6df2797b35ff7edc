"""``webhookcore event-types``."""

from __future__ import annotations

from typing import Any

import click

from ..client import EventType
from .failures import LooseText
from .json_rows import row_json
from .options import json_option, open_client, read_data, store_option
from .output import print_fields, print_json, print_table

_SCHEMA = click.option(
    "--schema",
    type=LooseText(),
    metavar="JSON|@FILE|-|none",
    help="JSON Schema of the data. 'none' takes it away.",
)


@click.group("event-types")
def event_types() -> None:
    """The catalogue: with its first entry, only types that are in it can be sent."""


@event_types.command()
@click.argument("name")
@click.option("--description", default="")
@_SCHEMA
@store_option
@json_option
def create(name: str, description: str, schema: str | None, db: str, as_json: bool) -> None:
    """Add a type; the store is made when there is none."""
    with open_client(db, create=True) as client:
        made = client.event_types.create(name, description, schema=_read_schema(schema))
    _print(made, as_json)


@event_types.command("list")
@click.option("--archived/--active", default=None, help="These alone; all when omitted.")
@store_option
@json_option
def list_(archived: bool | None, db: str, as_json: bool) -> None:
    """List the types by name."""
    with open_client(db) as client:
        listed = client.event_types.list(archived=archived)
    if as_json:
        for row in listed:
            print_json(row_json(row))
        return
    print_table(("name", "state", "schema", "description"), map(_cells, listed))


@event_types.command()
@click.argument("name")
@store_option
@json_option
def show(name: str, db: str, as_json: bool) -> None:
    """Show a type and its schema."""
    with open_client(db) as client:
        _print(client.event_types.get(name), as_json)


@event_types.command()
@click.argument("name")
@click.option("--description")
@_SCHEMA
@click.option("--archived/--active", default=None)
@store_option
@json_option
def update(
    name: str,
    description: str | None,
    schema: str | None,
    archived: bool | None,
    db: str,
    as_json: bool,
) -> None:
    """Change the options that are given; the rest stays."""
    changes: dict[str, Any] = {"description": description, "archived": archived}
    changes = {name: value for name, value in changes.items() if value is not None}
    if schema is not None:
        changes["schema"] = _read_schema(schema)
    if not changes:
        raise click.UsageError("give at least one option to change")
    with open_client(db) as client:
        _print(client.event_types.update(name, **changes), as_json)


@event_types.command()
@click.argument("name")
@store_option
@json_option
def archive(name: str, db: str, as_json: bool) -> None:
    """Take a type out of use; what was sent stays."""
    with open_client(db) as client:
        _print(client.event_types.archive(name), as_json)


@event_types.command()
@click.argument("name")
@store_option
@json_option
def delete(name: str, db: str, as_json: bool) -> None:
    """Remove a type. With the last one any type can be sent again."""
    with open_client(db) as client:
        client.event_types.delete(name)
    if as_json:
        print_json({"deleted": name})
    else:
        click.echo("deleted")


def _read_schema(text: str | None) -> Any:
    if text is None or text == "none":
        return None
    return read_data(text, raw=False, option="--schema")


def _state(row: EventType) -> str:
    return "archived" if row.archived else "active"


def _cells(row: EventType) -> tuple[object, ...]:
    return (row.name, _state(row), "yes" if row.schema is not None else "-", row.description)


def _print(row: EventType, as_json: bool) -> None:
    fields = row_json(row)
    if as_json:
        print_json(fields)
        return
    print_fields(
        {
            "name": row.name,
            "state": _state(row),
            "description": row.description or None,
            "schema": fields["schema"],
            "created": row.created_at,
            "updated": row.updated_at,
        }
    )
