"""The id that ties together what is logged of one request, here and elsewhere."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterable
from typing import Final

from .exchange import Text

# What is made here travels with a stored event under a name that nobody else uses.
MADE_HEADER: Final = "Webhookcore-Request-Id"

# In this order. Of a traceparent (W3C Trace Context) it is the trace's id.
_NAMES: Final = ("x-request-id", "x-correlation-id", "traceparent", MADE_HEADER.lower())
_LENGTHS: Final = frozenset(map(len, _NAMES))
# Harmless in a log line, a file's name and a shell.
_SANE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+=-]{0,127}")
_TRACE: Final = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")

# Not that of the module `random`, which a user's test may seed.
_ids: Final = random.Random()  # noqa: S311
os.register_at_fork(after_in_child=_ids.seed)


def find_correlation_id(pairs: Iterable[tuple[Text, Text]]) -> str | None:
    """The id that the request came with; None: it has none, or none that is sane."""
    found: dict[str, str] = {}
    for name, value in pairs:
        folded = _text(name).lower() if len(name) in _LENGTHS else ""
        if folded in _NAMES:
            sane = _sane(folded, _text(value))
            if sane is not None:
                found.setdefault(folded, sane)
    if not found:
        return None
    return next(found[name] for name in _NAMES if name in found)


def make_correlation_id() -> str:
    """Unlike all others, and no secret."""
    return f"{_ids.getrandbits(128):032x}"


def _sane(name: str, value: str) -> str | None:
    if name == "traceparent":
        trace = _TRACE.fullmatch(value)
        return None if trace is None else trace[1]
    return value if _SANE.fullmatch(value) else None


def _text(value: Text) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
