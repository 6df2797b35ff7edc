"""What a provider says that it sent, before it is known whether we have it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

Pairs: TypeAlias = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Missed:
    """One event.

    Attributes:
        body: As the webhook's body would be, though not always with the same white space.
        headers: What tells the event's id and type, where the provider has that in headers.
    """

    body: bytes = field(repr=False)
    headers: Pairs


Pages: TypeAlias = Iterator[list[Missed]]
