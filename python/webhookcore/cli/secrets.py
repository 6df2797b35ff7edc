"""``--secret``: from a file, from the environment, or, with a warning, from the argument."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from ..errors import ConfigError
from .failures import complain
from .options import Command

ENVIRONMENT: Final = "WEBHOOKCORE_SECRET"

# Certificates and key files are smaller; /dev/zero is not.
_LARGEST_FILE: Final = 64 * 1024
_HELP: Final = "@FILE, env:NAME, or the value itself (which others on this machine can see)"


def secret_option(*, several: bool = False, text: str = _HELP) -> Callable[[Command], Command]:
    """Gives the command ``given``; read it with ``needed_secrets()`` or ``read_secret()``."""
    return click.option(
        "--secret",
        "given",
        multiple=several,
        metavar="@FILE|env:NAME|VALUE",
        help=f"{text}. {'Repeatable.' if several else ''}".strip(),
    )


def needed_secrets(given: tuple[str, ...]) -> list[str]:
    """The secrets of the options; without one, that of WEBHOOKCORE_SECRET.

    Raises:
        ConfigError: There is none, or one cannot be read.
    """
    if given:
        return [read_secret(text) for text in given]
    value = os.environ.get(ENVIRONMENT)
    if not value:
        raise ConfigError(
            f"give --secret @FILE or --secret env:NAME, or set {ENVIRONMENT}", "secret"
        )
    return [value]


def read_secret(text: str) -> str:
    """One ``--secret``; never repeated in an error."""
    if text.startswith("@"):
        return read_text_file(text[1:], "secret")
    if text.startswith("env:"):
        value = os.environ.get(text[4:])
        if not value:
            raise ConfigError(f"the environment has no {text[4:]}", "secret")
        return value
    complain(
        "warning: a secret in an argument can be seen by everybody on this machine; "
        f"use --secret @FILE, --secret env:NAME or {ENVIRONMENT}"
    )
    return text


def read_text_file(path: str, field: str) -> str:
    """A small file's text without the line break at its end.

    Raises:
        ConfigError: It cannot be read, is empty, too large or no text; ``field`` is the option.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
        value = content.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is no text", field) from None
    except (OSError, ValueError) as error:
        raise ConfigError(str(error), field) from None
    if not value or len(content) > _LARGEST_FILE:
        raise ConfigError(f"{path} is {'empty' if not value else 'too large'}", field)
    return value
