"""What can be known of a provider beside its signature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Header:
    """A header's value; ``signed`` when the signature covers it.

    Where ``only`` is given, any other value counts as none.
    """

    name: str
    signed: bool = False
    only: str | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """A field of the JSON body, by its dotted path. The signature covers it."""

    path: str
    signed: bool = True


@dataclass(frozen=True, slots=True)
class Form:
    """A field of a form body (``application/x-www-form-urlencoded``)."""

    name: str
    signed: bool = True


@dataclass(frozen=True, slots=True)
class OtherMember:
    """The name of the JSON body's first member beside ``beside``."""

    beside: str
    signed: bool = True


Place = Header | Body | Form | OtherMember

# What a batch may be beside the array at a dotted path of the body.
ARRAY: Final = ""  # The body itself.
LINES: Final = "\n"  # A JSON object on each line.
ALONE: Final = "{}"  # One event, and not in any array.


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider.

    Attributes:
        title: Its name for people.
        id: Places of the event's id; the first that holds one wins.
        type: The same for the event's type.
        type_suffix: A body field that is put behind the type with a dot
            (GitHub's ``action``).
        key: What marks sameness where the id alone does not: one place of each
            group, together. A request with none of the first group is an event of its
            own; of the others an absent one is empty.
        id_optional: Whether there are genuine requests without the id.
        handshake: What the provider asks before it sends events, in its own word for
            it; ``receiver/handshakes.py`` has the answers.
        answer: What it wants instead of our own answers: ``empty`` (also to what is
            refused), ``no-content`` (204 to an event), or this text.
        batch: Where the events of one request are: the dotted path of an array in the
            body, or one of the words above. The first that the body has counts; with none
            in the row the body is the event. The places of ``id`` and ``type`` are looked
            up in each item.
        secret_header: The header that is the secret itself; it is not kept.
        evidence: How the rules are known, a letter for each source: ``V`` and ``v``
            recomputed from signatures, ``S`` read in the provider's own code, ``P`` in
            someone else's, ``D`` from documentation alone.
    """

    name: str
    title: str
    id: tuple[Place, ...] = ()
    type: tuple[Place, ...] = ()
    type_suffix: str | None = None
    key: tuple[tuple[Place, ...], ...] = ()
    id_optional: bool = False
    handshake: str | None = None
    answer: str | None = None
    batch: tuple[str, ...] = ()
    secret_header: str | None = None
    evidence: str = "V"

    @property
    def id_in_body(self) -> bool:
        """Whether a body without the id cannot be an event of this provider."""
        in_body = bool(self.id) and all(isinstance(place, Body) for place in self.id)
        return in_body and not self.id_optional

    @property
    def confirmed(self) -> bool:
        """Whether the rules are more than documentation or somebody else's code."""
        return any(mark in self.evidence for mark in "VvS")
