"""What the endpoints of a client have that do not say otherwise (requirement D3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .endpoint_options import option_columns


class _ClientDefault:
    def __repr__(self) -> str:
        return "<the client's>"


# Stands for an option that was left out where None says something else.
CLIENT_DEFAULT: Final[Any] = _ClientDefault()


class EndpointDefaults:
    """Options of ``endpoints.create()``, checked when the client is made.

    They are put into the row when an endpoint is created, and not looked up when it is delivered
    to: whoever delivers, in any process and with any options, then does what was meant.

    Raises:
        ConfigError: Names the option at fault.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._columns = {name: option_columns(name, value) for name, value in options.items()}

    def columns(self, name: str) -> dict[str, Any]:
        """Of the stored row."""
        return dict(self._columns[name])
