"""``webhookcore endpoints``."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import click

from ..client import Endpoint, EndpointHealth, SecretAge
from ..urls import UrlPolicy
from .endpoint_test import test
from .json_rows import endpoint_json, row_json
from .options import (
    Command,
    header_option,
    json_option,
    open_client,
    page_options,
    policy_options,
    read_number,
    read_past,
    read_retry,
    store_option,
)
from .output import print_fields, print_json, print_listing, shown
from .secrets import read_secret, secret_option

_SETTINGS: Final = (
    click.option(
        "--events", multiple=True, metavar="PATTERN", help="Such as 'order.*'. Repeatable."
    ),
    click.option(
        "--channel", "channels", multiple=True, help="Only messages that name it. Repeatable."
    ),
    click.option("--scheme", "schemes", multiple=True, help="How it is signed. Repeatable."),
    click.option(
        "--retry",
        callback=read_retry,
        help="standard, patient, fast, seconds such as 1,5,30, none.",
    ),
    click.option("--max-attempts", type=int, help="1 to 20."),
    click.option("--timeout", type=float, callback=read_number, help="Seconds, 1 to 300."),
    click.option("--rate-limit", metavar="N/s|N/m|N/h", help="Such as 10/s."),
    click.option(
        "--ordering",
        type=click.Choice(["fifo", "none"]),
        help="fifo: in the order of sending, one at a time.",
    ),
    click.option(
        "--client-errors",
        type=click.Choice(["die", "retry"]),
        help="What a 4xx without a rule of its own means.",
    ),
    click.option("--description"),
)


def _settings(function: Command) -> Command:
    """Options of an endpoint; those that are given end in ``settings``."""
    for option in reversed(_SETTINGS):
        function = option(function)
    return header_option(function)


def _given(settings: dict[str, Any]) -> dict[str, Any]:
    """Without the options that were left out: the client's defaults stand, or the old values."""
    given = {name: value for name, value in settings.items() if value not in (None, ())}
    headers = given.pop("headers", None)
    if headers:
        given["headers"] = dict(headers)
    if given.get("ordering") == "none":
        given["ordering"] = None
    for name in ("events", "channels", "schemes"):
        if name in given:
            given[name] = list(given[name])
    return given


@click.group()
def endpoints() -> None:
    """Where messages go."""


endpoints.add_command(test)


@endpoints.command()
@click.argument("url")
@_settings
@click.option("--tenant")
@click.option("--uid", help="Your own name for it; the same uid again changes that endpoint.")
@secret_option(text="@FILE, env:NAME or a value; one is made and printed when omitted")
@policy_options
@store_option
@json_option
def create(
    url: str,
    tenant: str | None,
    uid: str | None,
    given: str | None,
    policy: UrlPolicy,
    db: str,
    as_json: bool,
    **settings: Any,
) -> None:
    """Add an endpoint; the store is made when there is none."""
    options = {"events": ["*"], **_given(settings)}
    secret = None if given is None else read_secret(given)
    with open_client(db, policy=policy, create=True) as client:
        endpoint = client.endpoints.create(url, tenant=tenant, uid=uid, secret=secret, **options)
    _print_endpoint(endpoint, as_json, made_secret=secret is None)


@endpoints.command("list")
@click.option("--state", type=click.Choice(["enabled", "disabled"]))
@click.option("--tenant", help="Of this tenant; of all when omitted.")
@page_options
@store_option
@json_option
def list_(
    state: str | None, tenant: str | None, limit: int, cursor: str | None, db: str, as_json: bool
) -> None:
    """List endpoints in the order they were made."""
    filters: dict[str, Any] = {} if tenant is None else {"tenant": tenant}
    with open_client(db) as client:
        print_listing(
            client.endpoints.list(state=state, limit=limit, cursor=cursor, **filters),
            as_json,
            ("id", "state", "url", "events", "schemes", "tenant", "uid"),
            _cells,
            endpoint_json,
        )


@endpoints.command()
@click.argument("id")
@store_option
@json_option
def show(id: str, db: str, as_json: bool) -> None:
    """Show an endpoint, its health, and how many deliveries it has in each state."""
    with open_client(db) as client:
        endpoint = client.endpoints.get(id)
        health = endpoint.health
        counts = client.deliveries.count(endpoint=endpoint.id)
    if as_json:
        print_json(endpoint_json(endpoint) | {"health": row_json(health), "deliveries": counts})
    else:
        told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
        print_fields(_fields(endpoint) | _health(health) | {"deliveries": told or "none"})


@endpoints.command()
@click.argument("id")
@click.option("--url")
@_settings
@policy_options
@store_option
@json_option
def update(
    id: str, url: str | None, policy: UrlPolicy, db: str, as_json: bool, **settings: Any
) -> None:
    """Change the options that are given; the rest stays."""
    changes = _given(settings) | ({} if url is None else {"url": url})
    if not changes:
        raise click.UsageError("give at least one option to change")
    with open_client(db, policy=policy) as client:
        endpoint = client.endpoints.update(id, **changes)
    _print_endpoint(endpoint, as_json)


@endpoints.command()
@click.argument("id")
@store_option
@json_option
def enable(id: str, db: str, as_json: bool) -> None:
    """Deliver to it again with a clean slate; what waited goes out."""
    with open_client(db) as client:
        endpoint = client.endpoints.enable(id)
    _print_endpoint(endpoint, as_json)


@endpoints.command()
@click.argument("id")
@click.option("--reason", default="disabled by the user", show_default=True)
@store_option
@json_option
def disable(id: str, reason: str, db: str, as_json: bool) -> None:
    """Let its deliveries wait until it is enabled again."""
    with open_client(db) as client:
        endpoint = client.endpoints.disable(id, reason)
    _print_endpoint(endpoint, as_json)


@endpoints.command("rotate-secret")
@click.argument("id")
@secret_option(text="@FILE, env:NAME or a value; one is made and printed when omitted")
@click.option(
    "--overlap",
    type=float,
    default=24 * 3600.0,
    show_default=True,
    callback=read_number,
    help="Seconds for which the old secrets sign along.",
)
@store_option
@json_option
def rotate_secret(id: str, given: str | None, overlap: float, db: str, as_json: bool) -> None:
    """Sign with a new secret; the old ones sign along for a while."""
    secret = None if given is None else read_secret(given)
    with open_client(db) as client:
        endpoint = client.endpoints.rotate_secret(id, secret, overlap=overlap)
    _print_endpoint(endpoint, as_json, made_secret=secret is None)


@endpoints.command()
@click.argument("id")
@store_option
@json_option
def delete(id: str, db: str, as_json: bool) -> None:
    """Remove it; what is pending for it is cancelled."""
    with open_client(db) as client:
        client.endpoints.get(id)
        client.endpoints.delete(id)
    if as_json:
        print_json({"deleted": id})
    else:
        click.echo("deleted")


@endpoints.command()
@click.argument("id")
@click.option(
    "--since",
    metavar="TIME|AGO",
    required=True,
    callback=read_past,
    help="Where the outage began: 2026-05-01T12:00:00Z, or 2h, 3d ago.",
)
@click.option("--rate", metavar="N/s", help="One after the other, such as 50/s.")
@click.option("--dry-run", is_flag=True, help="Only count.")
@store_option
@json_option
def recover(
    id: str, since: datetime, rate: str | None, dry_run: bool, db: str, as_json: bool
) -> None:
    """Replay what died since then, and send what was sent while it was disabled."""
    with open_client(db) as client:
        count = client.endpoints.recover(id, since, rate=rate, dry_run=dry_run)
    if as_json:
        print_json({"recovered": 0 if dry_run else count, "matched": count, "dry_run": dry_run})
    else:
        click.echo(f"{count} {'would be recovered' if dry_run else 'recovered'}")


def _cells(endpoint: Endpoint) -> tuple[object, ...]:
    return (
        endpoint.id,
        endpoint.state,
        endpoint.url,
        " ".join(endpoint.events),
        " ".join(endpoint_json(endpoint)["schemes"]),
        endpoint.tenant,
        endpoint.uid,
    )


def _fields(endpoint: Endpoint) -> dict[str, object]:
    why = f" ({endpoint.disabled_reason})" if endpoint.disabled_reason else ""
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "state": endpoint.state + why,
        "events": " ".join(endpoint.events),
        "channels": " ".join(endpoint.channels) or None,
        "secrets": ", ".join(_age(secret) for secret in endpoint.secrets),
        "schemes": " ".join(endpoint_json(endpoint)["schemes"]),
        "tenant": endpoint.tenant,
        "uid": endpoint.uid,
        "retry": ", ".join(f"{wait:g} s" for wait in endpoint.retry) or "none",
        "timeout": f"{endpoint.timeout:g} s",
        "ordering": endpoint.ordering,
        "client errors": endpoint.client_errors,
        "headers": ", ".join(endpoint.headers) or None,
        "description": endpoint.description or None,
    }


def _age(secret: SecretAge) -> str:
    ends = f", signs until {shown(secret.expires_at)}" if secret.expires_at else ""
    return f"{secret.kind} of {secret.age / 86400:.0f} days{ends}"


def _health(health: EndpointHealth) -> dict[str, object]:
    opens = f" until {_time(health.open_until)}" if health.open_until else ""
    return {
        "breaker": f"{health.state}{opens}, {health.trips} trips",
        "failing": f"since {_time(health.failing_since)}" if health.failing_since else "no",
        "last failure": _time(health.last_failure_at) if health.last_failure_at else None,
    }


def _time(at: datetime | None) -> str:
    return at.isoformat(sep=" ", timespec="seconds") if at else ""


def _print_endpoint(endpoint: Endpoint, as_json: bool, *, made_secret: bool = False) -> None:
    """A secret is printed only when it was made here; its giver has it already."""
    fields = endpoint_json(endpoint)
    if not made_secret:
        fields.pop("secret", None)
    if as_json:
        print_json(fields)
        return
    told = _fields(endpoint)
    if "secret" in fields:
        told["secret"] = f"{endpoint.secret}  (shown once: give it to the receiver)"
    print_fields(told)
