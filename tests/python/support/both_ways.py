"""The same requests on a receiver's short way and on its long one, to be compared."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import webhookcore as wh
from support.receiving import Clock
from webhookcore.correlation import MADE_HEADER

# What a scene does: it is given the receiver and what gives a request to it.
Give = Callable[[wh.HttpRequest, str], None]
Scene = Callable[[wh.Receiver, Give], Any]


@dataclass
class Seen:
    """All that can be told from outside of what a scene has done."""

    answers: list[Any] = field(default_factory=list)
    rows: list[Any] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    wakes: int = 0


class Way:
    """A receiver of which every request goes one way."""

    def __init__(
        self,
        add: Callable[[wh.Receiver], None],
        clock: Callable[[], Any],
        *,
        is_short: bool,
        on_loop: bool,
        url: str,
        **options: Any,
    ) -> None:
        self.short = 0  # Requests that the short way answered.
        self._is_short = is_short
        self._on_loop = on_loop
        self.seen = Seen()
        self.receiver = wh.Receiver(url, clock=clock, **options)
        add(self.receiver)
        self._watch()

    def _watch(self) -> None:
        plain, intake = self.receiver.reception._plain, self.receiver._intake
        finish = plain.finish

        def counted(found: Any) -> Any:
            ready = finish(found)
            self.short += ready is not None
            return ready

        def woken() -> None:
            self.seen.wakes += 1

        plain.finish = counted  # type: ignore[method-assign]
        plain._on_stored = intake._on_stored = woken
        if not self._is_short:
            plain.now = lambda: None  # type: ignore[method-assign]
            plain.begin = plain.accept = lambda *request: None  # type: ignore[method-assign, assignment]

    def give(self, request: wh.HttpRequest, source: str) -> None:
        try:
            if self._on_loop:
                response = asyncio.run(self.receiver.handle_async(request, source))
            else:
                response = self.receiver.handle(request, source)
        except Exception as error:  # noqa: BLE001  # It is what the two are compared by.
            self.seen.answers.append((type(error), str(error)))
        else:
            found = (response.status, dict(response.headers), response.body)
            self.seen.answers.append(found)

    def look(self) -> Seen:
        try:
            self.seen.rows = [_told(row) for row in self.receiver.inbox.list()]
        except wh.StoreUnavailableError:  # The scene has closed it.
            self.seen.rows = []
        self.seen.counts = self.receiver.counts()
        return self.seen


def _told(event: wh.InboxEvent) -> tuple[Any, ...]:
    made = [name == MADE_HEADER for name, _ in event.event.headers.pairs()]
    headers = [
        (name, "made" if is_made else value)
        for (name, value), is_made in zip(event.event.headers.pairs(), made, strict=True)
    ]
    return (
        (event.id, event.source, event.provider, event.event_id, event.event_key, event.type),
        (event.priority, event.state, event.attempts, event.received_at, event.updated_at),
        (event.event.body, event.event.timestamp, event.event.matched_secret, headers),
        sum(made) or event.event.correlation_id,
    )


def compare(
    add: Callable[[wh.Receiver], None],
    scene: Scene,
    clock: Clock,
    *,
    on_loop: bool = False,
    folder: Path | None = None,
    shown: Callable[[], Any] | None = None,
    **options: Any,
) -> int:
    """Assert that both ways lead to the same; how many requests the short one answered.

    Args:
        folder: For a file of each; None: in memory.
        shown: The clock that the receivers have in place of ``clock``.
    """
    began, found, short = clock.now, [], 0
    for is_short in (True, False):
        clock.now = began
        url = f"sqlite:///{folder}/{is_short}.db" if folder else "memory://"
        way = Way(add, shown or clock, is_short=is_short, on_loop=on_loop, url=url, **options)
        with way.receiver:
            scene(way.receiver, way.give)
            found.append(way.look())
            short += way.short
    assert found[0] == found[1]
    return short


def in_turn(source: str, requests: Iterable[wh.HttpRequest]) -> Scene:
    listed: Sequence[wh.HttpRequest] = list(requests)

    def scene(receiver: wh.Receiver, give: Give) -> None:
        for request in listed:
            give(request, source)

    return scene
