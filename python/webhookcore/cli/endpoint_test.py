"""``webhookcore endpoints test``."""

from __future__ import annotations

from typing import Any

import click

from ..client import Client
from ..urls import UrlPolicy
from .attempts import print_timeline
from .failures import FAILED
from .json_rows import row_json
from .options import (
    header_option,
    json_option,
    open_client,
    policy_options,
    read_number,
)
from .output import print_json
from .secrets import read_secret, secret_option


@click.command("test")
@click.argument("id", required=False)
@click.option("--url", help="One that is not saved yet, instead of ID.")
@secret_option(text="Of --url: @FILE, env:NAME or a value; one is made when omitted")
@click.option("--scheme", "schemes", multiple=True, help="How --url is signed. Repeatable.")
@click.option("--timeout", type=float, callback=read_number, help="Of --url, in seconds.")
@header_option
@click.option("--type", "type_", default="webhookcore.test", show_default=True)
@policy_options
@click.option(
    "--db",
    metavar="URL",
    envvar="WEBHOOKCORE_DATABASE_URL",
    show_envvar=True,
    help="The store of ID, such as sqlite:///webhooks.db.",
)
@json_option
@click.pass_context
def test(
    context: click.Context,
    id: str | None,
    url: str | None,
    given: str | None,
    schemes: tuple[str, ...],
    timeout: float | None,
    headers: list[tuple[str, str]],
    type_: str,
    policy: UrlPolicy,
    db: str | None,
    as_json: bool,
) -> None:
    """Make one attempt to the endpoint ID, or to --url, and say how it went.

    Nothing is stored. Exit code 0: a 2xx answer. 1: anything else.
    """
    if (id is None) == (url is None):
        raise click.UsageError("give the ID of an endpoint, or --url")
    if id is not None and db is None:
        raise click.UsageError("an ID needs --db, the store that it is in")
    options: dict[str, Any] = {} if given is None else {"secret": read_secret(given)}
    if schemes:
        options["schemes"] = list(schemes)
    if timeout is not None:
        options["timeout"] = timeout
    if headers:
        options["headers"] = dict(headers)
    with _client(db if url is None else None, policy) as client:
        attempt = client.endpoints.test(id, url=url, type=type_, **options)
    if as_json:
        print_json(row_json(attempt))
    else:
        print_timeline([attempt])
    if attempt.outcome != "delivered":
        context.exit(FAILED)


def _client(db: str | None, policy: UrlPolicy) -> Client:
    if db is None:
        return open_client("memory://", policy=policy, create=True)
    return open_client(db, policy=policy)
