"""``webhookcore trigger``."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import click

from ..calling import call
from ..errors import UnreachableError
from ..testing import TAMPERINGS, SampleRequest, sample, sample_types, tamper
from ..urls import UrlPolicy
from .failures import FAILED, LooseText
from .json_rows import bytes_json
from .options import header_option, json_option, policy_options, read_data, read_number
from .output import print_json, shown
from .own_hosts import policy_for
from .secrets import needed_secrets, secret_option

_SHOWN_BODY = 300


@click.command()
@click.argument("provider")
@click.argument("type_", metavar="[TYPE]", required=False)
@click.option("--to", "url", metavar="URL", help="Where it is sent. Loopback needs no --allow.")
@secret_option(text="What the provider signs with: @FILE, env:NAME, or the value")
@click.option(
    "--data",
    type=LooseText(),
    metavar="JSON|@FILE|-",
    help="An object that is put over the event's part of the sample.",
)
@click.option(
    "--body-file", type=LooseText(), metavar="FILE|-", help="The exact body in place of a sample."
)
@click.option("--id", metavar="ID", help="The event's; a new one for each when omitted.")
@header_option
@click.option("--count", type=click.IntRange(1, 10_000), default=1, show_default=True)
@click.option("--tamper", "how", type=click.Choice(TAMPERINGS), help="Make one thing wrong.")
@click.option("--public-url", metavar="URL", help="The URL that is signed, if not that of --to.")
@click.option("--timeout", type=float, default=10.0, show_default=True, callback=read_number)
@click.option("--list-types", is_flag=True, help="Print the types that have a realistic body.")
@policy_options
@json_option
@click.pass_context
def trigger(
    context: click.Context,
    provider: str,
    type_: str | None,
    url: str | None,
    given: str | None,
    data: str | None,
    body_file: str | None,
    headers: list[tuple[str, str]],
    id: str | None,
    count: int,
    how: str | None,
    public_url: str | None,
    timeout: float,
    list_types: bool,
    policy: UrlPolicy,
    as_json: bool,
) -> None:
    """Send sample events of PROVIDER, signed as it signs them.

    Exit code 0: all of them were answered with 2xx. 1: one was not. 2: an option is wrong.
    """
    if list_types:
        _print_types(provider, as_json)
        return
    if url is None:
        raise click.UsageError("give --to URL")
    (secret,) = needed_secrets(() if given is None else (given,))
    options: dict[str, Any] = {
        "secret": secret,
        "data": _data(data),
        "body": None if body_file is None else read_data(_source(body_file), True, "--body-file"),
        "headers": dict(headers),
        "url": public_url or url,
        "id": id,
    }
    allowed = policy_for(url, policy)
    failed = False
    for _ in range(count):
        request: SampleRequest = sample(provider, type_, **options)
        if how is not None:
            request = tamper(request, how)  # type: ignore[arg-type]
        failed = not _send(request, url, allowed, timeout, as_json) or failed
    if failed:
        context.exit(FAILED)


def _send(
    request: SampleRequest, url: str, policy: UrlPolicy, timeout: float, as_json: bool
) -> bool:
    told: dict[str, Any] = {"provider": request.provider, "id": request.id, "type": request.type}
    began = time.monotonic()
    try:
        response = call(
            url,
            method=request.method,
            headers=request.headers,
            body=request.body,
            policy=policy,
            timeout=timeout,
        )
    except UnreachableError as error:
        told |= {"status": None, "error": str(error)}
    else:
        told |= {"status": response.status, **bytes_json("response", response.body)}
    told["duration_ms"] = round((time.monotonic() - began) * 1000)
    if as_json:
        print_json(told)
    else:
        click.echo(_line(told))
    return told["status"] is not None and 200 <= told["status"] < 300


def _line(told: Mapping[str, Any]) -> str:
    name = " ".join(shown(told[part]) for part in ("provider", "type", "id") if told[part])
    if told["status"] is None:
        return f"{name}: {shown(told['error'])}"
    answer = shown(told.get("response", ""))[:_SHOWN_BODY]
    return f"{name}: {told['status']} in {told['duration_ms']} ms {answer}".rstrip()


def _data(text: str | None) -> Any:
    if text is None:
        return None
    value = read_data(text, False)
    if not isinstance(value, dict):
        raise click.BadParameter("must be a JSON object", param_hint="--data")
    return value


def _source(body_file: str) -> str:
    return body_file if body_file == "-" else f"@{body_file}"


def _print_types(provider: str, as_json: bool) -> None:
    types = sample_types(provider)
    if as_json:
        print_json({"provider": provider, "types": types})
        return
    for one in types:
        click.echo(shown(one))
