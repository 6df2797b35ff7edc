"""``webhookcore send``."""

from __future__ import annotations

import click

from .. import client
from ..urls import UrlPolicy
from .attempts import print_timeline
from .failures import FAILED
from .json_rows import row_json
from .options import (
    data_options,
    header_option,
    json_option,
    policy_options,
    read_data,
    read_number,
    read_retry,
)
from .output import print_json, shown
from .secrets import needed_secrets, secret_option


@click.command()
@click.argument("url")
@click.argument("type_", metavar="TYPE")
@data_options
@secret_option()
@click.option(
    "--scheme",
    "schemes",
    multiple=True,
    default=["standard"],
    show_default=True,
    help="Repeatable.",
)
@click.option(
    "--retry",
    default="fast",
    show_default=True,
    callback=read_retry,
    help="standard, patient, fast, seconds such as 1,5,30, or none.",
)
@click.option("--timeout", type=float, default=10.0, show_default=True, callback=read_number)
@header_option
@policy_options
@json_option
@click.pass_context
def send(
    context: click.Context,
    url: str,
    type_: str,
    data: str,
    raw: bool,
    given: str | None,
    schemes: tuple[str, ...],
    retry: str | list[float],
    timeout: float,
    headers: list[tuple[str, str]],
    policy: UrlPolicy,
    as_json: bool,
) -> None:
    """Sign one message, send it to URL, and wait until it is delivered or given up.

    Nothing is stored. Exit code 0: delivered. 1: not.
    """
    (secret,) = needed_secrets(() if given is None else (given,))
    result = client.send(
        url,
        type_,
        read_data(data, raw),
        secret=secret,
        scheme=schemes,
        retry=retry,
        policy=policy,
        timeout=timeout,
        headers=dict(headers),
    )
    if as_json:
        print_json(row_json(result) | {"log": [row_json(attempt) for attempt in result.log]})
    else:
        times = "attempt" if result.attempts == 1 else "attempts"
        click.echo(
            f"{'delivered' if result.success else 'not delivered'}: {result.message_id}, "
            f"{result.attempts} {times}, last status {shown(result.status)}"
        )
        print_timeline(result.log)
    if not result.success:
        context.exit(FAILED)
