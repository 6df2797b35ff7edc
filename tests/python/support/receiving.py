"""Requests as a provider sends them, and a clock that stands still."""

from __future__ import annotations

import json
from typing import Any

import webhookcore as wh

SECRET = "correct-horse-battery-staple-1"
STANDARD_SECRET = "whsec_" + "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
NOW = 1_700_000_000.0


class Clock:
    """Unix seconds; moves when it is told to."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


def request(
    provider: str,
    body: bytes,
    *,
    at: float = NOW,
    secret: str | None = None,
    id: str | None = None,
    type: str | None = None,
    method: str = "POST",
    url: str | None = None,
    headers: dict[str, str] | None = None,
) -> wh.HttpRequest:
    """A signed request; `headers` are put on top of what the signature needs."""
    key = STANDARD_SECRET if provider in ("standard", "svix") else SECRET
    signed = wh.sign(
        provider,
        body=body,
        secret=secret or key,
        id=id,
        type=type,
        timestamp=at,
        url=url,
    )
    return wh.HttpRequest(
        method,
        f"/hooks/{provider}",
        {"Content-Type": "application/json", **signed, **(headers or {})},
        body,
        client_ip="203.0.113.7",
        url=url,
    )


def stripe(id: str = "evt_1", type: str = "invoice.paid", **options: Any) -> wh.HttpRequest:
    body = json.dumps({"id": id, "type": type, "data": {"card": "4242-secret"}}).encode()
    return request("stripe", body, **options)


def answer(response: wh.HttpResponse) -> tuple[int, dict[str, Any]]:
    assert response.headers["Content-Type"] == "application/json"
    return response.status, json.loads(response.body)
