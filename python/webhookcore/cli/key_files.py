"""``--keys``: public keys from a file, for providers that sign with a private one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from ..errors import ConfigError, VerificationError
from ..fetching import is_key
from ..keys import KeyReference, key_texts
from ..schemes import find_scheme
from .options import Command
from .secrets import read_text_file


class _KeysInFile:
    """A ``KeyFetcher`` that asks nobody."""

    def __init__(self, text: str) -> None:
        self._text = text

    def fetch(self, reference: KeyReference) -> str:
        del reference  # Of a set, whoever asked chooses by the id.
        return self._text


def keys_option(function: Command) -> Command:
    decorate: Callable[[Command], Command] = click.option(
        "--keys",
        "keys_file",
        metavar="FILE",
        help="Public keys instead of secrets: a PEM key or certificate, a JWK, or a JWK set.",
    )
    return decorate(function)


def keys_in(path: str, provider: str) -> dict[str, Any]:
    """How ``verify()`` is given the keys of a file.

    Where requests name their keys and the file holds a set, only the key of that name counts;
    where they do not, any of the file's may match.

    Raises:
        ConfigError: There is no key in the file that the provider's requests can be
            verified with, or no such provider.
    """
    rules, _ = find_scheme(provider)
    text = read_text_file(path, "keys")
    try:
        usable = [key for key in key_texts(text, "") if is_key(provider, key)]
    except VerificationError:
        raise ConfigError(f"{path} holds neither PEM nor a JWK", "keys") from None
    if not usable:
        raise ConfigError(f"{path} holds no key that {provider} can be verified with", "keys")
    if rules.key_source == "configured":
        return {"secrets": usable}
    return {"keys": _KeysInFile(text)}
