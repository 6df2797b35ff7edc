"""``webhookcore sign``."""

from __future__ import annotations

import click

from .. import signing
from .options import body_option, json_option, read_body, read_number
from .output import print_json, shown
from .secrets import needed_secrets, secret_option


@click.command()
@click.option("--provider", "--scheme", "provider", default="standard", show_default=True)
@secret_option(several=True)
@body_option
@click.option("--id", help="The message's id, where the scheme signs or sends it.")
@click.option("--type", "type_", metavar="TYPE", help="The event type, for schemes that send it.")
@click.option("--timestamp", type=float, callback=read_number, help="Unix seconds; now if omitted.")
@click.option("--url", help="The full URL, for schemes that sign it.")
@click.option("--method", default="POST", show_default=True)
@click.option("--content-type", help="Of the body, for Twilio.")
@json_option
def sign(
    provider: str,
    given: tuple[str, ...],
    body_file: str,
    id: str | None,
    type_: str | None,
    timestamp: float | None,
    url: str | None,
    method: str,
    content_type: str | None,
    as_json: bool,
) -> None:
    """Print the headers that a sender puts on a request with this body.

    They are in the form that `curl -H @-` reads.
    """
    headers = signing.sign(
        provider,
        body=read_body(body_file),
        secret=needed_secrets(given),
        id=id,
        type=type_,
        timestamp=timestamp,
        url=url,
        method=method,
        content_type=content_type,
    )
    if as_json:
        print_json(headers)
        return
    for name, value in headers.items():
        click.echo(f"{shown(name)}: {shown(value)}")
