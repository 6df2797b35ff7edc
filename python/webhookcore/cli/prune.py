"""``webhookcore prune``."""

from __future__ import annotations

from dataclasses import asdict

import click

from ..config import LONGEST_KEPT, SHORTEST_KEPT, Retention
from .options import json_option, open_client, store_option
from .output import print_fields, print_json

_DAYS = click.IntRange(SHORTEST_KEPT, LONGEST_KEPT)


@click.command()
@click.option("--payloads-days", type=_DAYS, default=30, show_default=True)
@click.option(
    "--attempts-days", type=_DAYS, help="Not longer than the payloads. [default: 30, or as they]"
)
@click.option("--inbox-days", type=_DAYS, default=30, show_default=True)
@store_option
@json_option
def prune(
    payloads_days: int, attempts_days: int | None, inbox_days: int, db: str, as_json: bool
) -> None:
    """Delete what came to its end so many days ago, and shrink the file.

    What is pending or under way stays. A process that delivers prunes by itself.
    """
    attempts = min(30, payloads_days) if attempts_days is None else attempts_days
    retention = Retention(payloads_days, attempts, inbox_days)
    with open_client(db, retention=retention) as client:
        pruned = asdict(client.prune())
        space = asdict(client.space())
    if as_json:
        print_json(pruned | space)
    else:
        print_fields({f"{name} deleted": count for name, count in pruned.items()})
        print_fields({name: f"{count:,}" for name, count in space.items()})
