"""The short way of an ordinary event: one call of the core verifies, identifies and stores it."""

from __future__ import annotations

import logging
from asyncio import Future
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from .. import _core
from ..door import Door
from ..exchange import HeadersLike
from ..provider_rules import Body, Header, Place
from ..signatures import Verifier
from .request_log import RequestLog
from .sources import LONGEST_ON_LOOP, Source

# The status and the body of an answer, whose headers are those of all JSON.
Ready: TypeAlias = tuple[int, bytes]
# (outcome, status, body), or what the store said where the long way has to answer it.
Found: TypeAlias = Any


class PlainEvents:
    """Takes what nothing special applies to. Everything else, and every refusal, is Intake's.

    Where it gives None nothing was done, and nothing was counted or logged.

    Args:
        sources: By name; a source is never changed.
        any_client: Whether the receiver looks at no client's address.
    """

    def __init__(
        self,
        sources: Mapping[str, Source],
        store: _core.Store,
        door: Door,
        requests: RequestLog,
        clock: Callable[[], float],
        *,
        ttl_ms: int,
        on_stored: Callable[[], None],
        any_client: bool,
    ) -> None:
        self._sources = sources
        self._store = store
        self._door = door
        self._requests = requests
        self._clock = clock
        self._ttl_ms = ttl_ms
        self._on_stored = on_stored
        self._any_client = any_client
        self._acceptors: dict[str, _core.Acceptor | None] = {}

    def now(self) -> float | None:
        """The time to look at a request with; None: the clock fails, which Intake tells."""
        try:
            return self._clock()
        except Exception:  # noqa: BLE001  # The user's code.
            return None

    def begin(
        self, source: str, body: bytes, headers: HeadersLike, now: float | None
    ) -> Future[Found] | None:
        """Have it stored with what else comes in this tick of the loop."""
        acceptor = self._acceptor(source)
        if acceptor is None or len(body) > LONGEST_ON_LOOP:
            return None
        return self._door.accept(acceptor, body, headers, now)

    def accept(
        self, source: str, body: bytes, headers: HeadersLike, now: float | None
    ) -> Found | None:
        """Store it here and now.

        Raises:
            StoreError: It was not stored.
        """
        acceptor = self._acceptor(source)
        if acceptor is None:
            return None
        return acceptor.accept(self._store, body, headers, now)

    def finish(self, found: Found) -> Ready | None:
        """The answer; None: the long way has to say it."""
        if type(found) is not tuple:
            return None
        outcome, status, body = found
        self._requests.count(outcome)
        if status == 202:
            self._on_stored()
        return status, body

    def _acceptor(self, name: str) -> _core.Acceptor | None:
        if self._requests.is_wanted(logging.INFO):
            return None
        try:
            return self._acceptors[name]
        except KeyError:
            source = self._sources.get(name)
            if source is None:
                return None
        made = self._acceptors[name] = self._make(source) if self._any_client else None
        return made

    def _make(self, source: Source) -> _core.Acceptor | None:
        provider, handshake, verifier = source.provider, source.handshake, source.verifier
        suffix = (Body(provider.type_suffix),) if provider.type_suffix else ()
        groups = (provider.id, provider.type, suffix, *provider.key)
        is_plain = (
            source.mode == "background"
            and source.event_key is None
            and source.allowed is None
            and source.limit is None
            and handshake.unsigned is None
            and handshake.signed is None
            and provider.answer is None
            and not provider.batch
            and all(isinstance(place, Header | Body) for group in groups for place in group)
        )
        # A verifier of another type asks for its keys first.
        if not is_plain or not isinstance(verifier, Verifier) or type(verifier) is not Verifier:
            return None
        return _core.make_acceptor(
            verifier=verifier,
            source=source.name,
            provider=provider.name,
            priority=source.priority,
            id=_places(provider.id),
            type=_places(provider.type),
            suffix=_places(suffix),
            key=[_places(group) for group in provider.key],
            needs_id=provider.id_in_body,
            types=source.types,
            secret_header=(provider.secret_header or "").lower(),
            max_body=source.max_body,
            time_to_live=self._ttl_ms,
        )


def _places(places: tuple[Place, ...]) -> list[tuple[bool, str, str | None]]:
    return [
        (True, place.name, place.only)
        if isinstance(place, Header)
        else (False, place.path if isinstance(place, Body) else "", None)
        for place in places
    ]
