"""What the demo sends: bodies of real providers' requests, taken from tests/vectors."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

VECTORS: Final = Path(__file__).parents[2] / "tests" / "vectors"

STRIPE_MESSAGES: Final = 42
LEDGER_MESSAGES: Final = 6


@dataclass(frozen=True)
class Planned:
    """A message to send.

    Attributes:
        type: Decides the endpoint: ``standard.*``, ``github.*``, ``stripe.*``, ``ledger.*``.
        body: Sent exactly so.
        body_id: Where the event's id is in the body; elsewhere the message id is used.
    """

    type: str
    body: bytes
    body_id: str | None = None


def plan_messages() -> list[Planned]:
    """Every real body by two schemes whose id is a header, Stripe's also by Stripe's."""
    bodies = real_bodies()
    return [
        *(Planned(f"standard.{provider}", body) for provider, body in bodies),
        *(Planned(f"github.{provider}", body) for provider, body in bodies),
        *_stripe_messages([body for provider, body in bodies if provider == "stripe"]),
        *(Planned(f"ledger.{provider}", body) for provider, body in bodies[:LEDGER_MESSAGES]),
    ]


def real_bodies() -> list[tuple[str, bytes]]:
    """Each distinct body of an accepted request, with the provider it is from."""
    found: dict[bytes, str] = {}
    for name in ("signatures.jsonl", "hostile_headers.jsonl"):
        for line in (VECTORS / name).read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if row["expect"] == "ok":
                found.setdefault(base64.b64decode(row.get("body_b64", "")), row["scheme"])
    return [(provider, body) for body, provider in found.items()]


def _stripe_messages(bodies: list[bytes]) -> Iterator[Planned]:
    """Stripe's id is in the body, so more events need copies: the same bytes, another id."""
    with_id = [(body, json.loads(body)["id"]) for body in bodies if b'"id"' in body]
    seen: set[str] = set()
    for number in range(STRIPE_MESSAGES):
        body, own_id = with_id[number % len(with_id)]
        event_id = own_id if own_id not in seen else f"evt_copy_{number:03}"
        seen.add(event_id)
        yield Planned("stripe.event", body.replace(own_id.encode(), event_id.encode(), 1), event_id)
