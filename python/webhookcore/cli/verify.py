"""``webhookcore verify``."""

from __future__ import annotations

from typing import Any

import click

from .. import signatures
from ..errors import ConfigError, VerificationError
from ..events import Event
from .failures import FAILED
from .key_files import keys_in, keys_option
from .options import body_option, header_option, json_option, read_body, read_number
from .output import print_json, shown
from .secrets import needed_secrets, secret_option


@click.command()
@click.option("--provider", required=True, help="Whose scheme, such as stripe or standard.")
@secret_option(several=True)
@keys_option
@header_option
@body_option
@click.option("--url", help="The full public URL, for schemes that sign it.")
@click.option("--method", default="POST", show_default=True)
@click.option("--now", type=float, callback=read_number, help="Unix seconds to judge the age by.")
@click.option("--tolerance", type=float, callback=read_number, help="Allowed age in seconds.")
@json_option
@click.pass_context
def verify(
    context: click.Context,
    provider: str,
    given: tuple[str, ...],
    keys_file: str | None,
    headers: list[tuple[str, str]],
    body_file: str,
    url: str | None,
    method: str,
    now: float | None,
    tolerance: float | None,
    as_json: bool,
) -> None:
    """Say whether a request is what its provider signed.

    Exit code 0: it is. 1: it is refused, for the reason on standard error. 2: an option
    is wrong.
    """
    known = _known(provider, given, keys_file)
    try:
        event = signatures.verify(
            provider,
            body=read_body(body_file),
            headers=headers,
            url=url,
            method=method,
            now=now,
            tolerance=tolerance,
            **known,
        )
    except VerificationError as refusal:
        _refuse(refusal, as_json)
        context.exit(FAILED)
    if as_json:
        print_json({"valid": True, **_fields(event)})
        return
    details = [f"{name} {shown(value)}" for name, value in _fields(event).items() if value]
    click.echo(f"valid: {', '.join(details)}")


def _known(provider: str, given: tuple[str, ...], keys_file: str | None) -> dict[str, Any]:
    if keys_file is None:
        return {"secrets": needed_secrets(given)}
    if given:
        raise ConfigError("give --secret or --keys, not both", "keys")
    return keys_in(keys_file, provider)


def _fields(event: Event) -> dict[str, Any]:
    signed_at = event.timestamp
    return {
        "provider": event.provider,
        "id": event.id,
        "type": event.type,
        "timestamp": None if signed_at is None else signed_at.isoformat().replace("+00:00", "Z"),
        "unsigned": list(event.unsigned),
        "matched_secret": event.matched_secret,
    }


def _refuse(refusal: VerificationError, as_json: bool) -> None:
    click.echo(f"refused: {shown(refusal)}", err=True)
    if refusal.hint:
        click.echo(f"hint: {shown(refusal.hint)}", err=True)
    if as_json:
        print_json(
            {
                "valid": False,
                "reason": refusal.reason,
                "message": str(refusal),
                "header": refusal.header,
                "http_status": refusal.http_status,
                "hint": refusal.hint,
            }
        )
