"""Options that several commands take, and how their texts are read."""

from __future__ import annotations

import functools
import json
import math
import re
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from ..client import Client
from ..config import Retention
from ..urls import UrlPolicy
from .failures import LooseText

Command = TypeVar("Command", bound=Callable[..., Any])

_AGO: Final = re.compile(r"([0-9]{1,6})([smhd])")
_AGO_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def open_client(
    db: str,
    *,
    policy: UrlPolicy | None = None,
    create: bool = False,
    retention: Retention | None = None,
) -> Client:
    """The client of a store. Without ``create`` a mistyped path is an error, not a new file."""
    return Client(db, policy=policy, create=create, retention=retention)


def json_option(function: Command) -> Command:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")(function)


def store_option(function: Command) -> Command:
    return click.option(
        "--db",
        metavar="URL",
        envvar="WEBHOOKCORE_DATABASE_URL",
        show_envvar=True,
        required=True,
        help="The store, such as sqlite:///webhooks.db.",
    )(function)


def page_options(function: Command) -> Command:
    """``--limit`` and ``--cursor`` of a listing."""
    function = click.option("--cursor", help="Go on after the page that named it.")(function)
    return click.option(
        "--limit",
        type=click.IntRange(min=1),
        default=100,
        show_default=True,
        help="Rows to print.",
    )(function)


def policy_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Gives the command a ``policy``."""

    @click.option("--allow-http", is_flag=True, help="Let http:// through as well as https://.")
    @click.option(
        "--allow",
        "networks",
        multiple=True,
        metavar="CIDR",
        help="A private network that may be called, such as 127.0.0.0/8. Repeatable.",
    )
    @click.option("--ca-file", metavar="FILE", help="PEM file instead of the system's authorities.")
    @click.option("--client-cert", metavar="FILE", help="PEM file to show to receivers that ask.")
    @click.option("--client-key", metavar="FILE", help="Its key, when it is not in that file.")
    @functools.wraps(function)
    def with_policy(
        *args: Any,
        allow_http: bool,
        networks: tuple[str, ...],
        ca_file: str | None,
        client_cert: str | None,
        client_key: str | None,
        **rest: Any,
    ) -> Any:
        policy = UrlPolicy(
            allow_http=allow_http,
            allow=networks,
            ca_file=ca_file,
            client_cert=client_cert,
            client_key=client_key,
        )
        return function(*args, policy=policy, **rest)

    return with_policy


def data_options(function: Command) -> Command:
    """``--data`` and ``--raw``; ``read_data()`` makes one value of them."""
    function = click.option(
        "--raw", is_flag=True, help="Send the bytes of --data as they are, without the envelope."
    )(function)
    return click.option(
        "--data",
        type=LooseText(),
        default="{}",
        metavar="JSON|@FILE|-",
        help="What to send: JSON, a file, or - for standard input. [default: {}]",
    )(function)


def read_data(data: str, raw: bool, option: str = "--data") -> Any:
    """The value of ``--data``, or of an option like it: bytes when ``raw``, else parsed JSON."""
    if data == "-":
        content = sys.stdin.buffer.read()
    elif data.startswith("@"):
        content = _bytes_of(data[1:], option)
    else:
        content = data.encode("utf-8", "surrogateescape")
    if raw:
        return content
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f"is no JSON: {error}", param_hint=option) from None


def body_option(function: Command) -> Command:
    """Gives the command ``body_file``; ``read_body()`` reads it."""
    return click.option(
        "--body-file",
        type=LooseText(),
        metavar="FILE|-",
        default="-",
        show_default=True,
        help="The exact bytes; - is standard input.",
    )(function)


def read_body(body_file: str) -> bytes:
    return sys.stdin.buffer.read() if body_file == "-" else _bytes_of(body_file, "--body-file")


def _bytes_of(path: str, option: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise click.BadParameter(str(error), param_hint=option) from None


def header_option(function: Command) -> Command:
    """Repeatable; gives the command ``headers``, a list of pairs."""
    return click.option(
        "--header",
        "-H",
        "headers",
        multiple=True,
        metavar="'NAME: VALUE'",
        callback=_read_headers,
        help="A header of the request. Repeatable.",
    )(function)


def _read_headers(
    context: click.Context, option: click.Parameter, values: tuple[str, ...]
) -> list[tuple[str, str]]:
    del context, option
    pairs = []
    for value in values:
        name, colon, content = value.partition(":")
        if not colon or not name.strip():
            # The text itself may be a credential and is not repeated.
            raise click.BadParameter("must be like 'Name: value'")
        pairs.append((name.strip(), content.strip()))
    return pairs


def read_retry(
    context: click.Context, option: click.Parameter, value: str | None
) -> str | list[float] | None:
    """A schedule's name, seconds between commas, or ``none``."""
    del context, option
    if value is None or value == "none":
        return None if value is None else []
    try:
        return [float(part) for part in value.split(",")]
    except ValueError:
        return value  # A name, judged where schedules are known.


def read_moment(
    context: click.Context, option: click.Parameter, value: str | None
) -> datetime | float | None:
    """ISO 8601 with a time zone, or Unix seconds."""
    del context, option
    if value is None:
        return None
    try:
        return float(value)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise click.BadParameter("must be like 2030-01-31T12:00:00Z, or Unix seconds")
    return moment


def read_past(
    context: click.Context, option: click.Parameter, value: str | None
) -> datetime | float | None:
    """So long ago, such as ``90m``; or as ``read_moment``."""
    ago = None if value is None else _AGO.fullmatch(value)
    if ago is None:
        return read_moment(context, option, value)
    try:
        return datetime.now(timezone.utc) - timedelta(**{_AGO_UNITS[ago[2]]: int(ago[1])})
    except OverflowError:
        raise click.BadParameter("lies before the year 1") from None


def time_options(what: str) -> tuple[Callable[[Command], Command], ...]:
    """``--since`` and ``--until`` of what is listed; ``what`` begins their help."""
    form = "TIME|AGO"
    return (
        click.option(
            "--since",
            metavar=form,
            callback=read_past,
            help=f"{what} then or later: 2026-05-01T12:00:00Z, or 2h, 3d ago.",
        ),
        click.option("--until", metavar=form, callback=read_past, help=f"{what} before."),
    )


def with_options(function: Command, *options: Callable[[Command], Command]) -> Command:
    """The command with all of them."""
    for option in options:
        function = option(function)
    return function


def read_number(
    context: click.Context, option: click.Parameter, value: float | None
) -> float | None:
    """A float that is a number: click itself takes ``nan`` and ``inf``."""
    del context, option
    if value is not None and not math.isfinite(value):
        raise click.BadParameter("must be a number")
    return value
