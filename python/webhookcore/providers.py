"""What is known of each provider beside its signature.

The signature rules are rows in C++ (``core/schemes``). A row here says where the
event's id and type are found, and how sure we are of the provider's rules.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from typing import Final

from .errors import ConfigError


@dataclass(frozen=True, slots=True)
class Header:
    """A header's value; ``signed`` when the signature covers it."""

    name: str
    signed: bool = False


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


Place = Header | Body | Form


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider.

    Attributes:
        title: Its name for people.
        id: Places of the event's id; the first that holds one wins.
        type: The same for the event's type.
        type_suffix: A body field that is put behind the type with a dot
            (GitHub's ``action``).
        key: What marks sameness where the id alone does not: one header of each
            group, together. A request without them is an event of its own.
        handshake: A signed request with this top-level ``type`` is answered with this
            field of its body instead of being handled (Slack's ``url_verification``).
        evidence: How the rules are known: ``V`` and ``v`` recomputed from
            signatures, ``S`` read in the provider's own code, ``P`` in someone
            else's, ``D`` from documentation alone.
    """

    name: str
    title: str
    id: tuple[Place, ...] = ()
    type: tuple[Place, ...] = ()
    type_suffix: str | None = None
    key: tuple[tuple[Header, ...], ...] = ()
    handshake: tuple[str, str] | None = None
    evidence: str = "V"

    @property
    def id_in_body(self) -> bool:
        """Whether a body without the id cannot be an event of this provider."""
        return bool(self.id) and all(isinstance(place, Body) for place in self.id)

    @property
    def confirmed(self) -> bool:
        return self.evidence in ("V", "v", "S")


_GENERIC_ID: Final = (Header("X-Webhook-Id"), Body("id"), Body("idempotencyKey"))
_GENERIC_TYPE: Final = (Header("X-Webhook-Event"), Body("type"), Body("event"))
_GITHUB: Final = Provider(
    "github",
    "GitHub",
    id=(Header("X-GitHub-Delivery"),),
    type=(Header("X-GitHub-Event"),),
    type_suffix="action",
)

_ROWS: Final = (
    Provider(
        "standard",
        "Standard Webhooks",
        id=(Header("webhook-id", signed=True),),
        type=(Body("type"),),
    ),
    Provider(
        "svix",
        "Svix",
        id=(Header("svix-id", signed=True), Header("webhook-id", signed=True)),
        type=(Body("type"),),
    ),
    Provider("stripe", "Stripe", id=(Body("id"),), type=(Body("type"),)),
    _GITHUB,
    replace(_GITHUB, name="github-sha1", title="GitHub (SHA-1)"),
    Provider(
        "shopify",
        "Shopify",
        id=(Header("X-Shopify-Event-Id"), Header("X-Shopify-Webhook-Id")),
        type=(Header("X-Shopify-Topic"),),
        # One event may be told under several topics.
        key=(
            (Header("X-Shopify-Topic"),),
            (Header("X-Shopify-Event-Id"), Header("X-Shopify-Webhook-Id")),
        ),
    ),
    Provider(
        "twilio",
        "Twilio",
        id=(Header("I-Twilio-Idempotency-Token"), Form("MessageSid"), Form("CallSid")),
        # A message's SID is the same in each of its status callbacks.
        key=((Header("I-Twilio-Idempotency-Token"),),),
    ),
    Provider(
        "slack",
        "Slack",
        id=(Body("event_id"),),
        type=(Body("event.type"), Body("type")),
        handshake=("url_verification", "challenge"),
    ),
    Provider("generic", "Generic", id=_GENERIC_ID, type=_GENERIC_TYPE),
    Provider("generic-body", "Generic, body only", id=_GENERIC_ID, type=_GENERIC_TYPE),
    Provider("generic-t-s", "Generic t=,s=", id=_GENERIC_ID, type=_GENERIC_TYPE),
    Provider("generic-t-v1", "Generic t=,v1=", id=_GENERIC_ID, type=_GENERIC_TYPE),
)

PROVIDERS: Final = {row.name: row for row in _ROWS}


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
