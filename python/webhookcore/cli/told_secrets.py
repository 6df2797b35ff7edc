"""What ``listen`` needs for the handshakes that come before any signature."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Final

from ..errors import ConfigError
from ..schemes import SchemeLike, find_scheme
from ..testing import ListenSource
from .failures import complain
from .secrets import read_secret, read_text_file

_BY_TOKEN: Final = ("hub.challenge",)
_TELL: Final = ("X-Hook-Secret", "verification_token")


class ToldSecrets:
    """The token that a provider is to say, and the secret that another one tells.

    Args:
        verify_token: As of ``--secret``.
        secret_to: A file for the secret; one that is there already has it.

    Raises:
        ConfigError: The token cannot be read, or no file can be there.
    """

    def __init__(self, verify_token: str | None, secret_to: str | None) -> None:
        self._token = None if verify_token is None else read_secret(verify_token)
        self._path = None if secret_to is None else Path(secret_to)
        if self._path is not None and not self._path.absolute().parent.is_dir():
            raise ConfigError(f"there is no folder {self._path.parent}", "secret_to")
        self._unused = {"verify_token"} if verify_token is not None else set()
        self._unused |= {"secret_to"} if secret_to is not None else set()

    def awaits(self, provider: SchemeLike) -> bool:
        """Whether this provider tells its secret, and it is to be written down."""
        return self._path is not None and find_scheme(provider)[1].handshake in _TELL

    def complete(self, source: ListenSource) -> ListenSource:
        """The source with what its provider's handshake needs."""
        if self._token is not None and find_scheme(source.provider)[1].handshake in _BY_TOKEN:
            self._unused.discard("verify_token")
            return replace(source, verify_token=self._token)
        if not source.secrets and self.awaits(source.provider):
            self._unused.discard("secret_to")
            return replace(source, secrets=self._read, on_secret=self._write)
        return source

    def check(self) -> None:
        """Raises ConfigError for an option that no provider had a use for."""
        for option in sorted(self._unused):
            raise ConfigError("none of the providers has a use for it", option)

    def _read(self) -> list[str]:
        assert self._path is not None
        return [read_text_file(str(self._path), "secret_to")] if self._path.exists() else []

    def _write(self, secret: str) -> None:
        """A new file, for the owner alone; whatever is there is not overwritten."""
        assert self._path is not None
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with os.fdopen(os.open(self._path, flags, 0o600), "w", encoding="ascii") as file:
            file.write(f"{secret}\n")
        complain(f"the provider told its secret; it is in {self._path}")
