"""``webhookcore ip-ranges``."""

from __future__ import annotations

import os
from datetime import date, datetime, timezone
from pathlib import Path

import click

from ..errors import WebhookError
from ..ip_ranges import (
    ADDRESSES,
    PATH_VARIABLE,
    Preset,
    fetch_preset,
    gone,
    preset,
    preset_names,
    read_presets,
    write_presets,
)
from ..urls import UrlPolicy
from .options import json_option, policy_options
from .output import print_json, shown


@click.group("ip-ranges")
def ip_ranges() -> None:
    """Where providers send from: the presets of a source's allowed_ips."""


@ip_ranges.command("list")
@json_option
def list_presets(as_json: bool) -> None:
    """Show the presets, with the day on which they were so."""
    for name in preset_names():
        found = preset(name)
        if as_json:
            print_json(_row(found))
        else:
            click.echo(
                f"{shown(name)}: {len(found.networks)} networks as of {found.as_of} "
                f"({found.days_old(_today())} days ago), {shown(found.source)}"
            )
            for network in found.networks:
                click.echo(f"  {network}")


@ip_ranges.command()
@click.option(
    "--output",
    type=click.Path(dir_okay=False),
    envvar=PATH_VARIABLE,
    show_envvar=True,
    required=True,
    help="The file to write; receivers read the one that the variable names when they start.",
)
@click.option(
    "--mirror",
    "mirrors",
    multiple=True,
    metavar="NAME=URL",
    help="Fetch a preset from here and not from its provider. Repeatable.",
)
@click.option(
    "--accept-removals",
    is_flag=True,
    help="Also when more than half of a provider's networks are gone, which may be a mistake.",
)
@policy_options
@json_option
def refresh(
    output: str, mirrors: tuple[str, ...], accept_removals: bool, policy: UrlPolicy, as_json: bool
) -> None:
    """Fetch the lists of all providers and write them to a file, all of them or none.

    Exit code 1: a list could not be had, or is not to be believed; the file is as it was.
    """
    places = dict(_read_mirror(mirror) for mirror in mirrors)
    today = _today()
    found = {name: fetch_preset(name, policy, today, places.get(name)) for name in ADDRESSES}
    if not accept_removals:
        for one in found.values():
            _refuse_removals(_in_use(output, one.name), one)
    write_presets(Path(output), _others(output) | found)
    for name, one in sorted(found.items()):
        if as_json:
            print_json(_row(one))
        else:
            click.echo(f"{name}: {len(one.networks)} networks as of {one.as_of}")
    if os.environ.get(PATH_VARIABLE) != output:
        click.echo(f"set {PATH_VARIABLE}={shown(output)} for the processes that receive", err=True)


def _in_use(output: str, name: str) -> Preset:
    """As the file has it that is refreshed, else as it was shipped."""
    try:
        return read_presets(Path(output))[name]
    except (WebhookError, KeyError):
        return preset(name)


def _refuse_removals(before: Preset, now: Preset) -> None:
    lost = gone(before, now)
    if len(lost) > len(before.networks) / 2:
        raise WebhookError(
            f"{now.source} no longer has {len(lost)} of the {len(before.networks)} networks of"
            f" {now.name} as of {before.as_of}: genuine requests could be refused; look at it, and"
            " give --accept-removals if it is right"
        )


def _others(output: str) -> dict[str, Preset]:
    """Presets of one's own in the file that is refreshed."""
    if os.environ.get(PATH_VARIABLE) != output or not Path(output).exists():
        return {}
    return {name: preset(name) for name in preset_names() if name not in ADDRESSES}


def _read_mirror(text: str) -> tuple[str, str]:
    name, equals, url = text.partition("=")
    if not equals or name not in ADDRESSES:
        raise click.BadParameter(
            f"must be like stripe=https://…, a name of {', '.join(ADDRESSES)}",
            param_hint="--mirror",
        )
    return name, url


def _row(found: Preset) -> dict[str, object]:
    return {
        "name": found.name,
        "as_of": found.as_of,
        "source": found.source,
        "networks": list(found.networks),
    }


def _today() -> date:
    return datetime.now(timezone.utc).date()
