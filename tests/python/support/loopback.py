"""A real HTTP server on 127.0.0.1 that answers as it is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from .http_server import QuietHandler, serving

POLICY_OPTIONS = ("--allow-http", "--allow", "127.0.0.0/8")


@dataclass(frozen=True)
class Received:
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Loopback:
    """`statuses` are used up one a request; the last one stays. A cleared `may_answer` holds."""

    url: str
    statuses: list[int] = field(default_factory=lambda: [200])
    response_body: bytes = b"thanks"
    requests: list[Received] = field(default_factory=list)
    may_answer: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Event = field(default_factory=threading.Event)


@contextmanager
def loopback() -> Iterator[Loopback]:
    told = Loopback("")
    told.may_answer.set()

    class Handler(QuietHandler):
        def respond(self) -> None:
            told.requests.append(Received(self.path, dict(self.headers.items()), self.read_body()))
            told.arrived.set()
            told.may_answer.wait(30)
            status = told.statuses.pop(0) if len(told.statuses) > 1 else told.statuses[0]
            self.answer(status, {}, told.response_body)

    with serving(Handler, told.may_answer) as address:
        told.url = f"http://{address}/hook"
        yield told
