"""``webhookcore keys new``."""

from __future__ import annotations

import click

from ..signing import generate_keypair, generate_secret
from .options import json_option
from .output import print_fields, print_json


@click.group()
def keys() -> None:
    """Make secrets and keys."""


@keys.command()
@click.option(
    "--kind",
    type=click.Choice(["secret", "keypair"]),
    default="secret",
    show_default=True,
    help="One secret for both sides, or an Ed25519 pair.",
)
@json_option
def new(kind: str, as_json: bool) -> None:
    """Print a new secret, or a signing key and its verification key.

    It is kept nowhere: `webhookcore keys new > secret.txt`, then `--secret @secret.txt`.
    """
    if kind == "secret":
        secret = generate_secret()
        if as_json:
            print_json({"secret": secret})
        else:
            click.echo(secret)
        return
    signing_key, verification_key = generate_keypair()
    pair = {"signing_key": signing_key, "verification_key": verification_key}
    if as_json:
        print_json(pair)
    else:
        print_fields(pair)
