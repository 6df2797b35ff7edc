"""A request's way through a receiver, without any input or output but the store's."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from .. import _core
from ..errors import LeaseLostError, StoreError, VerificationError
from ..events import Event
from ..exchange import HttpRequest, HttpResponse
from ..runner import Handler, Outcome, kept_result
from . import answers
from .inbox import inbox_row
from .request_log import RequestLog
from .sources import Source, verify_request

_log = logging.getLogger("webhookcore.receiver")

_ACCEPTED: Final = '"accepted"'  # The result that an accepted event's key is completed with.


@dataclass(slots=True)
class Decision:
    """What ``begin()`` found: a response, or handlers to run before ``finish()``."""

    source: Source | None
    started: float  # Monotonic.
    event: Event | None = None
    event_key: str | None = None
    token: bytes = b""  # Of the claim that an inline run holds.
    handlers: Sequence[Handler] = ()
    response: HttpResponse | None = None


# What a step of begin() ends the request with: the word for the log, and the answer.
Settled = tuple[str, HttpResponse]


class Intake:
    """``begin()`` decides, somebody runs the handlers if there are any, ``finish()`` records.

    Safe to share between threads. It sees the sources and handlers that are added later.

    Args:
        sources: By name.
        handlers_for: The handlers of a source and type, in their order.
        clock: Unix seconds.
        lease_ms: How long an inline run may hold its claim.
        ttl_ms: How long a repeat is recognised.
        on_stored: Called when an event waits for a worker.
    """

    def __init__(
        self,
        store: _core.Store,
        sources: Mapping[str, Source],
        handlers_for: Callable[[str, str | None], Sequence[Handler]],
        clock: Callable[[], float],
        *,
        lease_ms: int,
        ttl_ms: int,
        on_stored: Callable[[], None],
    ) -> None:
        self._store = store
        self._sources = sources
        self._handlers_for = handlers_for
        self._clock = clock
        self._lease_ms = lease_ms
        self._ttl_ms = ttl_ms
        self._on_stored = on_stored
        self._requests = RequestLog()

    def counts(self) -> dict[str, int]:
        """How many requests had which outcome since this process began."""
        return self._requests.counts()

    def begin(self, request: HttpRequest, source: str) -> Decision:
        """Everything up to the handlers of an inline source. Blocks for one commit."""
        decision = Decision(self._sources.get(source), time.monotonic())
        try:
            for step in (self._admit, self._verify, self._identify, self._claim):
                settled = step(decision, request)
                if settled is not None:
                    return self._settle(decision, *settled)
        except StoreError as error:
            _log.error("the store refused an event of source %s: %s", source, error)
            unstored = answers.later("store_unavailable", "the event could not be stored")
            return self._settle(decision, "store_unavailable", unstored)
        return decision

    def finish(self, decision: Decision, outcome: Outcome) -> HttpResponse:
        """Record what the handlers of an inline source did, and answer."""
        response = self._settle(decision, *self._conclude(decision, outcome)).response
        assert response is not None
        return response

    # ---- The steps of begin(), in their order (requirement R2) --------------------

    def _admit(self, decision: Decision, request: HttpRequest) -> Settled | None:
        source = decision.source
        if source is None:
            return "unknown_source", answers.error(404, "unknown_source", "no such source")
        if request.method != "POST":
            refused = answers.error(405, "method_not_allowed", "only POST", Allow="POST")
            return "method_not_allowed", refused
        return None

    def _verify(self, decision: Decision, request: HttpRequest) -> Settled | None:
        source = _source_of(decision)
        try:
            decision.event = verify_request(
                source.verifier,
                request,
                public_url=source.public_url,
                max_body=source.max_body,
                now=self._clock(),
            )
        except VerificationError as refused:
            return _refused(refused)
        except Exception:  # noqa: BLE001  # Whatever it is, it is logged and nothing is let in.
            # The callable that gives the secrets failed, or the URL that is signed is unknown.
            _log.exception("source %s cannot verify anything", source.name)
            return "misconfigured", answers.error(500, "misconfigured", "the source is not ready")
        return None

    def _identify(self, decision: Decision, request: HttpRequest) -> Settled | None:
        del request
        source, event = _source_of(decision), _event_of(decision)
        handshake = source.provider.handshake
        if handshake is not None:
            # Not the event's type, which may be that of a part of the body.
            kind, challenge = _core.event_fields(event.body, ["type", handshake[1]])
            if kind == handshake[0] and challenge is None:
                return _refused(VerificationError("malformed_body"))
            if kind == handshake[0]:
                return "challenge", answers.answer(200, {handshake[1]: challenge})
        if source.provider.id_in_body and event.id is None:
            return _refused(VerificationError("malformed_body"))
        if source.types is not None and not any(
            _core.matches_event_pattern(pattern, event.type or "") for pattern in source.types
        ):
            return "ignored", answers.acknowledged(200, "ignored", event.id)
        return None

    def _claim(self, decision: Decision, request: HttpRequest) -> Settled | None:
        del request
        source, event = _source_of(decision), _event_of(decision)
        try:
            decision.event_key = source.key_of(event)
            (decision.event_key or "").encode("utf-8")
        except Exception:  # noqa: BLE001  # The user's code.
            _log.exception("event_key of source %s failed", source.name)
            return "misconfigured", answers.error(500, "misconfigured", "the event has no key")
        if source.mode == "background":
            return self._accept(decision)
        decision.handlers = self._handlers_for(source.name, event.type)
        if not decision.handlers:
            return "ignored", answers.acknowledged(200, "ignored", event.id)
        if decision.event_key is None:
            return None
        kind, decision.token, kept, _ = self._store.claim(
            source.name, decision.event_key, self._now(), self._lease_ms
        )
        if kind == "won":
            return None
        return _repeat(kind, event.id, kept)

    def _accept(self, decision: Decision) -> Settled:
        event = _event_of(decision)
        kind, _, kept = self._store.accept(
            inbox_row(event, self._now()),
            decision.event_key,
            _ACCEPTED,
            self._now(),
            self._ttl_ms,
        )
        if kind not in ("accepted", "revived"):
            return _repeat(kind, event.id, kept)
        self._on_stored()
        return kind, answers.acknowledged(202, "accepted", event.id, _ACCEPTED)

    # ---- After the handlers -------------------------------------------------------

    def _conclude(self, decision: Decision, outcome: Outcome) -> Settled:
        source, event = _source_of(decision), _event_of(decision)
        if outcome.errors:
            self.release(decision)
            return "failed", answers.error(500, "handler_failed", "the event could not be handled")
        if outcome.snooze is not None:
            self.release(decision)
            wait = max(1, math.ceil(outcome.snooze))
            return "snoozed", answers.later("snoozed", "the event is wanted later", wait)
        kept = kept_result(outcome, source.name)
        if decision.event_key is not None:
            try:
                self._store.complete(
                    source.name,
                    decision.event_key,
                    decision.token,
                    kept,
                    self._now(),
                    self._ttl_ms,
                )
            except LeaseLostError:
                _log.warning(
                    "a handler of source %s outran its lease of %d ms; the event may run twice",
                    source.name,
                    self._lease_ms,
                )
            except StoreError as error:
                _log.error("a result of source %s was not kept: %s", source.name, error)
                return "store_unavailable", answers.later(
                    "store_unavailable", "the result could not be stored"
                )
        word = "discarded" if outcome.discarded is not None else "processed"
        return word, answers.acknowledged(200, "processed", event.id, kept)

    def release(self, decision: Decision) -> None:
        """Give the claim back, so that the provider's repeat gets in."""
        source, key = _source_of(decision), decision.event_key
        if key is None:
            return
        try:
            self._store.release(source.name, key, decision.token)
        except StoreError as error:
            # It is free when its lease ends.
            _log.warning("a claim of source %s was not given back: %s", source.name, error)

    def _settle(self, decision: Decision, outcome: str, response: HttpResponse) -> Decision:
        decision.response = response
        self._requests.write(
            decision.source, decision.event, outcome, response.status, decision.started
        )
        return decision

    def _now(self) -> int:
        return round(self._clock() * 1000)


def _source_of(decision: Decision) -> Source:
    assert decision.source is not None
    return decision.source


def _event_of(decision: Decision) -> Event:
    assert decision.event is not None
    return decision.event


def _refused(error: VerificationError) -> Settled:
    return error.reason, answers.refusal(error)


def _repeat(kind: str, event_id: str | None, kept: str) -> Settled:
    if kind == "running":
        return "running", answers.later("running", "the same event is being handled")
    return "duplicate", answers.acknowledged(200, "duplicate", event_id, kept)
