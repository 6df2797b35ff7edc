"""The id that ties together what is logged of one request, here and elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from . import _core
from .exchange import Text

# What is made here travels with a stored event under a name that nobody else uses.
MADE_HEADER: Final = _core.MADE_CORRELATION_HEADER


def find_correlation_id(pairs: Sequence[tuple[Text, Text]]) -> str | None:
    """The id that the request came with; None: it has none, or none that is sane."""
    try:
        return _core.find_correlation_id(pairs)
    except TypeError:  # Not all of them are text: such a request is refused, and logged.
        return None


def make_correlation_id() -> str:
    """Unlike all others, and no secret."""
    return _core.make_correlation_id()
