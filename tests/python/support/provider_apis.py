"""Stand-ins that speak what Stripe and GitHub document of their APIs, over a real socket."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

import webhookcore as wh
from webhookcore.testing import Answer, WebhookServer

KEY = "sk_test_of_nobody_0123456789"


def answer(status: int, content: Any, **headers: str) -> Answer:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Answer(status, body, {"Content-Type": "application/json", **headers})


@dataclass
class ProviderStandIn:
    """`disturb` may answer in the API's place; None leaves it to the API."""

    disturb: Callable[[wh.HttpRequest], Answer | None] = lambda request: None
    asked: list[wh.HttpRequest] = field(default_factory=list)

    def __call__(self, request: wh.HttpRequest) -> Answer:
        self.asked.append(request)
        if wh.Headers(request.headers).get("Authorization") != f"Bearer {KEY}":
            return answer(401, {"error": {"message": "Invalid API Key provided"}})
        return self.disturb(request) or self.speak(request)

    def speak(self, request: wh.HttpRequest) -> Answer:
        raise NotImplementedError

    def serve(self) -> WebhookServer:
        return WebhookServer(self)


def query_of(request: wh.HttpRequest) -> dict[str, str]:
    parts = urlsplit(request.path)
    return {name: values[0] for name, values in parse_qs(parts.query).items()}


def stripe_event(number: int, created: int, type: str = "invoice.paid") -> dict[str, Any]:
    return {"id": f"evt_{number}", "object": "event", "created": created, "type": type, "data": {}}


@dataclass
class Stripe(ProviderStandIn):
    """`GET /v1/events`, newest first, at most `most` a page."""

    events: list[dict[str, Any]] = field(default_factory=list)
    delivered: set[str] = field(default_factory=set)
    most: int = 3
    text: Callable[[Any], bytes] = lambda page: json.dumps(page).encode()

    def speak(self, request: wh.HttpRequest) -> Answer:
        assert urlsplit(request.path).path == "/v1/events"
        query = query_of(request)
        events = sorted(self.events, key=lambda event: -event["created"])
        events = [event for event in events if event["created"] >= int(query["created[gte]"])]
        events = [event for event in events if event["created"] <= int(query["created[lte]"])]
        if query.get("delivery_success") == "false":
            events = [event for event in events if event["id"] not in self.delivered]
        if "starting_after" in query:
            ids = [event["id"] for event in events]
            events = events[ids.index(query["starting_after"]) + 1 :]
        count = min(int(query["limit"]), self.most)
        page = {"object": "list", "url": "/v1/events", "data": events[:count]}
        return answer(200, self.text({**page, "has_more": len(events) > count}))


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, timezone.utc).isoformat().replace("+00:00", "Z")


@dataclass
class Delivery:
    id: int
    guid: str
    at: float
    status: int
    event: str = "push"
    payload: dict[str, Any] = field(default_factory=lambda: {"ref": "refs/heads/main"})

    def row(self) -> dict[str, Any]:
        status = {"status": "OK" if self.status < 300 else "Invalid", "status_code": self.status}
        event = {"event": self.event, "action": self.payload.get("action")}
        more = {"duration": 0.2, "redelivery": False, "throttled_at": None}
        return (
            {"id": self.id, "guid": self.guid, "delivered_at": iso(self.at)} | status | event | more
        )

    def whole(self) -> dict[str, Any]:
        headers = {
            "Accept": "*/*",
            "Content-Type": "application/x-www-form-urlencoded",
            "User-Agent": "GitHub-Hookshot/0b989ba",
            "X-GitHub-Delivery": self.guid,
            "X-GitHub-Event": self.event,
            "X-GitHub-Hook-ID": "7",
            "X-Hub-Signature-256": "sha256=00",
        }
        request = {"headers": headers, "payload": self.payload}
        return {**self.row(), "request": request, "response": {"headers": {}, "payload": "no"}}


@dataclass
class GitHub(ProviderStandIn):
    """`GET /repos/ada/hello/hooks/7/deliveries`, newest first, at most `most` a page."""

    deliveries: list[Delivery] = field(default_factory=list)
    most: int = 2
    path: str = "/repos/ada/hello/hooks/7/deliveries"
    next_host: str = "https://api.github.com"

    def speak(self, request: wh.HttpRequest) -> Answer:
        path = urlsplit(request.path).path
        if path.startswith(f"{self.path}/"):
            wanted = int(path.rpartition("/")[2])
            found = [one for one in self.deliveries if one.id == wanted]
            return answer(200, found[0].whole()) if found else answer(404, {"message": "Not Found"})
        if path != self.path:
            return answer(404, {"message": "Not Found"})
        begin = int(query_of(request).get("cursor", "v1_0").removeprefix("v1_"))
        listed = sorted(self.deliveries, key=lambda one: -one.at)
        page, rest = listed[begin : begin + self.most], listed[begin + self.most :]
        link = f'<{self.next_host}{path}?per_page=100&cursor=v1_{begin + self.most}>; rel="next"'
        first = f'<{self.next_host}{path}?per_page=100>; rel="first"'
        headers = {"Link": f"{first}, {link}"} if rest else {}
        return answer(200, [one.row() for one in page], **headers)
