"""The built-in providers by their names.

The signature rules are rows in C++ (``core/schemes``). A provider's row says where the
event's id and type are found, and how sure we are of its rules.
"""

from __future__ import annotations

import difflib
from typing import Final

from .errors import ConfigError
from .provider_rows import PROVIDER_ROWS
from .provider_rules import Provider

PROVIDERS: Final = {row.name: row for row in PROVIDER_ROWS}


def find_provider(name: str) -> Provider:
    """The row of that name.

    Raises:
        ConfigError: There is none; the message has the nearest names.
    """
    if not isinstance(name, str):
        raise TypeError(f"provider must be a str, not {type(name).__name__}")
    row = PROVIDERS.get(name)
    if row is None:
        near = difflib.get_close_matches(name, PROVIDERS, n=3)
        meant = f"; did you mean {' or '.join(near)}?" if near else ""
        raise ConfigError(f"unknown provider {name!r}{meant}", "provider")
    return row


def providers(details: bool = False) -> list[str] | list[Provider]:
    """Names of the built-in providers; with ``details`` their rows."""
    return list(PROVIDERS.values()) if details else list(PROVIDERS)
