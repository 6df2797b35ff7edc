"""``webhookcore reconcile``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import click

from ..errors import ConfigError
from ..receiver import Receiver
from ..reconcile import PROVIDERS, Reconciled
from ..signing import generate_secret
from ..store import open_store
from ..urls import UrlPolicy
from .json_rows import row_json
from .options import json_option, policy_options, read_number, read_past
from .output import print_json
from .own_hosts import policy_for
from .secrets import read_secret
from .worker import load_target

_KEY = "WEBHOOKCORE_API_KEY"


@click.command()
@click.argument("source")
@click.option("--app", metavar="MODULE:NAME", help="Your Receiver, with its own sources.")
@click.option(
    "--db",
    metavar="URL",
    envvar="WEBHOOKCORE_DATABASE_URL",
    show_envvar=True,
    help="In place of --app: the receiver's store.",
)
@click.option("--provider", help="With --db: the source's provider, if not its name.")
@click.option(
    "--api-key",
    "given",
    envvar=_KEY,
    show_envvar=True,
    metavar="@FILE|env:NAME|VALUE",
    help="Stripe: a secret key. GitHub: a token.",
)
@click.option("--hook", metavar="PATH", help="GitHub: repos/OWNER/REPO/hooks/ID, or app/hook.")
@click.option("--account", metavar="ID", help="Stripe: a connected account.")
@click.option("--since", metavar="TIME|AGO", callback=read_past, help="Such as 2h, 3d.")
@click.option("--until", metavar="TIME|AGO", callback=read_past)
@click.option("--everything", is_flag=True, help="Also what was delivered.")
@click.option("--limit", type=click.IntRange(min=1), default=10_000, show_default=True)
@click.option("--base-url", metavar="URL", help="Of another API, such as GitHub Enterprise.")
@click.option("--wait", type=float, default=60.0, show_default=True, callback=read_number)
@policy_options
@json_option
@click.pass_context
def reconcile(
    context: click.Context,
    source: str,
    app: str | None,
    db: str | None,
    provider: str | None,
    given: str | None,
    hook: str | None,
    account: str | None,
    since: datetime | float | None,
    until: datetime | float | None,
    everything: bool,
    limit: int,
    base_url: str | None,
    wait: float,
    policy: UrlPolicy,
    as_json: bool,
) -> None:
    """Fetch what a provider sent to SOURCE in vain into its inbox; a worker handles it.

    What had been received is not stored twice. Exit code 0: done. 1: the provider's API
    refused or did not answer; what was stored before that stays.
    """
    if given is None:
        raise click.UsageError(f"give --api-key, or set {_KEY}")
    by_variable = context.get_parameter_source("given") is click.core.ParameterSource.ENVIRONMENT
    key = given if by_variable else read_secret(given)
    with _opened(app, db, source, provider) as receiver:
        done = receiver.reconcile(
            source,
            api_key=key,
            hook=hook,
            account=account,
            since=since,
            until=until,
            everything=everything,
            limit=limit,
            policy=policy if base_url is None else policy_for(base_url, policy),
            base_url=base_url,
            wait=wait,
        )
    _print(done, as_json)


@contextmanager
def _opened(
    app: str | None, db: str | None, source: str, provider: str | None
) -> Iterator[Receiver]:
    if app is not None:
        if provider is not None:
            raise click.UsageError("--provider goes with --db")
        found = load_target(app)
        if not isinstance(found, Receiver):
            raise ConfigError(f"{app} is no Receiver", "app")
        yield found
        return
    if db is None:
        raise click.UsageError("give --app or --db")
    open_store(db, create=False).close()  # A mistyped path is an error, not a new file.
    name = provider or source
    if name not in PROVIDERS:
        raise ConfigError(f"must be one of {', '.join(PROVIDERS)}", "provider")
    with Receiver(db) as receiver:
        # Nothing is received here, so nothing is verified: any secret will do.
        receiver.add_source(source, name, secrets=[generate_secret()])
        yield receiver


def _print(done: Reconciled, as_json: bool) -> None:
    if as_json:
        print_json(row_json(done))
        return
    click.echo(
        f"{done.source}: {done.seen} missed, {done.stored} stored, {done.duplicates} known already, "
        f"{done.ignored} of types that are not taken"
    )
    if done.more:
        click.echo("--limit was reached; there may be more", err=True)
