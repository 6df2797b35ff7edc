"""Secrets as users give them, kept out of tracebacks and logs."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NoReturn, TypeAlias, cast

from .errors import ConfigError

Secret: TypeAlias = str | bytes
Secrets: TypeAlias = Sequence[Secret] | Callable[[], Sequence[Secret]]

_MARK_KEY: Final = os.urandom(32)


class HiddenSecrets(list[Secret]):
    """Secrets that no traceback with local variables shows."""

    def __repr__(self) -> str:
        return f"<{len(self)} secrets>"


def hide(secrets: Secrets) -> HiddenSecrets:
    """The secrets, asked for when they are a callable; not yet checked.

    Whoever is given secrets rebinds its own name to this before anything can raise.
    What is no list becomes an empty one, which ``check_secrets()`` refuses.
    """
    if type(secrets) is list or type(secrets) is tuple:
        return HiddenSecrets(secrets)
    given = secrets() if callable(secrets) else secrets
    listed = isinstance(given, Iterable) and not isinstance(given, (str, bytes))
    return HiddenSecrets(given if listed else ())


class HiddenSecret:
    """One secret, not yet checked, that no traceback with local variables shows."""

    __slots__ = ("text",)

    def __init__(self, text: Any) -> None:
        self.text = text

    def __repr__(self) -> str:
        return "<a secret>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


class _NoList:
    def __repr__(self) -> str:
        return "<no list>"


def shade(secrets: Secrets | None) -> Secrets | None:
    """For whoever hands secrets on, unchecked, to what checks them with ``hide()``."""
    if secrets is None or callable(secrets):
        return secrets
    if isinstance(secrets, Iterable) and not isinstance(secrets, (str, bytes)):
        return HiddenSecrets(secrets)
    return cast(Secrets, _NoList())  # Such as a text, which is refused and must not be shown.


def check_secrets(secrets: HiddenSecrets) -> None:
    """Raises ConfigError for none at all, or for something that is no text."""
    if not secrets:
        raise ConfigError("must be a list of at least one secret", "secrets")
    for position, secret in enumerate(secrets):
        if not isinstance(secret, (str, bytes)):
            raise ConfigError("must be str or bytes", f"secrets[{position}]")


def mark_of(secrets: HiddenSecrets) -> bytes:
    """Changes when the secrets do, and tells nothing about them."""
    digest = hashlib.blake2b(key=_MARK_KEY)
    for secret in secrets:
        text = secret if isinstance(secret, bytes) else str(secret).encode("utf-8", "surrogatepass")
        digest.update(len(text).to_bytes(8, "big") + text)
    return digest.digest()
