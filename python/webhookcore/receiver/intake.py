"""A request's way through a receiver, without any input or output but the store's."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from .. import _core
from ..correlation import find_correlation_id, make_correlation_id
from ..door import Steps, StoreCall
from ..errors import (
    KeyUnavailableError,
    LeaseLostError,
    StoreError,
    VerificationError,
    is_backlog_full,
)
from ..events import Event
from ..exchange import Headers, HeadersLike, HttpRequest, HttpResponse, byte_pairs
from ..runner import Handler, Outcome, kept_result
from . import answers
from .answers import Settled
from .client_address import ClientAddresses, limit_key
from .health import PROBE_METHODS, PROBES
from .inbox import inbox_row
from .request_log import RequestLog
from .sources import Source, check_size, verifies_quickly, verify_sized

_log = logging.getLogger("webhookcore.receiver")

# Some tens of items, each of which takes about 10 µs.
_LONGEST_BATCH_ON_LOOP: Final = 4 * 1024
_ACCEPTED: Final = '"accepted"'  # The result that an accepted event's key is completed with.


# Of the user's code. An exit, such as a helper's that finds no configuration, would end the server
# of an event loop, and anybody can send a request that asks for secrets.
_FAILURES: Final = (Exception, SystemExit)

# What a batch is answered with is what became of the item that is first in this list.
_GRAVEST_FIRST: Final = (
    *("store_unavailable", "backlog_full", "failed", "snoozed", "running"),
    *("accepted", "revived", "processed", "discarded", "duplicate", "ignored", "unknown_type"),
)


@dataclass
class Decision:
    """What ``begin()`` found: a response, or handlers to run before ``finish()``.

    A batch is worked item by item: as long as there is no response, run the handlers
    with the event and ``finish()``.
    """

    source: Source | None
    started: float  # Monotonic.
    headers: HeadersLike = field(default=(), repr=False)  # Of the request.
    now: float | None = None  # What it is verified at; None: what the clock says then.
    client: bytes | None = None  # Its address, where somebody had to know it.
    verified: Event | None = None  # The whole request.
    event: Event | None = None  # The one whose turn it is.
    event_key: str | None = None
    token: bytes = b""  # Of the claim that an inline run holds.
    handlers: Sequence[Handler] = ()
    waiting: list[tuple[Event, str | None]] = field(default_factory=list)  # Last one first.
    settled: list[Settled] = field(default_factory=list)  # What became of each so far.
    response: HttpResponse | None = None
    made_id: str | None = None  # The correlation id, where the request came with none.
    found_id: str | None = None  # Whichever it is; None until somebody asks.

    @property
    def correlation_id(self) -> str:
        """What the request came with, or made where somebody asks for it."""
        if self.found_id is None:
            pairs = byte_pairs(self.headers)
            if pairs is None:
                verified = self.verified
                seen = Headers(self.headers) if verified is None else verified.headers
                self.found_id = find_correlation_id(seen.pairs())
            else:
                self.found_id = find_correlation_id(pairs)
        if self.found_id is None:
            self.found_id = self.made_id = make_correlation_id()
        return self.found_id


class Intake:
    """``begin()`` decides, somebody runs the handlers if there are any, ``finish()`` records.

    Neither uses the store: they are generators of the calls that they need made, for whoever
    makes them, blocking or on an event loop.

    Safe to share between threads. It sees the sources and handlers that are added later.

    Args:
        sources: By name.
        handlers_for: The handlers of a source and type, in their order.
        clock: Unix seconds.
        lease_ms: How long an inline run may hold its claim.
        ttl_ms: How long a repeat is recognised.
        on_stored: Called when an event waits for a worker.
        addresses: Tells whose request it is.
        client_limit: Buckets for the addresses of clients.
        ticks: Seconds of a clock that does not jump, for rate limits.
        requests: Counts and logs them.
        probe: Answers GET of a path of ``PROBES``, where no source has that name; None: nobody.
    """

    def __init__(
        self,
        sources: Mapping[str, Source],
        handlers_for: Callable[[str, str | None], Sequence[Handler]],
        clock: Callable[[], float],
        *,
        lease_ms: int,
        ttl_ms: int,
        on_stored: Callable[[], None],
        addresses: ClientAddresses,
        client_limit: _core.RateLimits | None = None,
        ticks: Callable[[], float] = time.monotonic,
        requests: RequestLog | None = None,
        probe: Callable[[str], HttpResponse] | None = None,
    ) -> None:
        self._sources = sources
        self._handlers_for = handlers_for
        self._clock = clock
        self._lease_ms = lease_ms
        self._ttl_ms = ttl_ms
        self._on_stored = on_stored
        self._addresses = addresses
        self._client_limit = client_limit
        self._ticks = ticks
        self._probe = probe
        self._requests = requests or RequestLog()
        # In this order (requirement R2): what costs least first, and nobody who cannot sign
        # spends what a source may do.
        self._before_store = (
            self._admit,
            self._look_at_client,
            self._greet,
            self._verify,
            self._spend,
            self._answer_signed,
            self._identify,
        )

    def counts(self) -> dict[str, int]:
        """How many requests had which outcome since this process began."""
        return self._requests.counts()

    def is_quick(self, request: HttpRequest, source: str) -> bool:
        """Whether what comes before the store is so little that it may be done on a loop.

        Not where a callable gives the secrets, a key may have to be fetched, or a handshake
        calls the user's code; nor for a long body, whose MAC takes its time, or a batch, each item
        of which does.
        """
        found = self._sources.get(source)
        if found is None:
            return not self.is_probe(source)
        if found.options.confirm is not None:
            return False
        if found.provider.batch and len(request.body) > _LONGEST_BATCH_ON_LOOP:
            return False
        return verifies_quickly(found.verifier, len(request.body))

    def is_probe(self, source: str) -> bool:
        """Whether the name is that of a probe, which is answered here, and of no source."""
        return self._probe is not None and source in PROBES and source not in self._sources

    def begin(self, request: HttpRequest, source: str, now: float | None = None) -> Steps[Decision]:
        """Everything up to the handlers of an inline source.

        Args:
            now: What it is verified at; the time when omitted.
        """
        decision = Decision(self._sources.get(source), time.monotonic(), request.headers, now)
        if self._probe is not None and request.method in PROBE_METHODS and self.is_probe(source):
            decision.response = self._probe(source)  # Neither counted nor logged: it is no event.
            return decision
        try:
            for step in self._before_store:
                settled = step(decision, request)
                if settled is not None:
                    return self._settle(decision, *settled)
            settled = yield from self._take(decision)
        except StoreError as error:
            settled = _unstored(source, error)
        return decision if settled is None else self._settle(decision, *settled)

    def conclude(
        self, request: HttpRequest, source: str, found: Any, now: float | None
    ) -> HttpResponse:
        """The answer to a request that the store has been asked about on the short way.

        Args:
            found: What the store said, or the exception that it raised.
            now: What it was verified at: a store that took long makes no signature too old.
        """
        steps = self.begin(request, source, now)
        try:
            next(steps)
            if isinstance(found, Exception):
                steps.throw(found)
            else:
                steps.send(found)
        except StopIteration as end:
            decision: Decision = end.value
        else:
            raise AssertionError("an ordinary event needs the store once")
        assert decision.response is not None
        return decision.response

    def finish(self, decision: Decision, outcome: Outcome) -> Steps[HttpResponse | None]:
        """Record what the handlers of an inline source did, and answer.

        None: it is the next item's turn.
        """
        settled: Settled | None
        decision.settled.append((yield from self._conclude(decision, outcome)))
        try:
            settled = yield from self._claim_next(decision)
        except StoreError as error:
            settled = _unstored(_source_of(decision).name, error)
        return None if settled is None else self._settle(decision, *settled).response

    # ---- The steps of begin(), in their order -------------------------------------

    def _admit(self, decision: Decision, request: HttpRequest) -> Settled | None:
        source = decision.source
        if source is None:
            return "unknown_source", answers.error(404, "unknown_source", "no such source")
        methods = source.handshake.methods
        if request.method not in methods:
            text = f"only {' and '.join(methods)}"
            refused = answers.error(405, "method_not_allowed", text, Allow=", ".join(methods))
            return "method_not_allowed", refused
        try:
            check_size(request, source.max_body)
        except VerificationError as too_large:
            return answers.refused(too_large)
        return answers.if_encoded(request)

    def _look_at_client(self, decision: Decision, request: HttpRequest) -> Settled | None:
        """Whether it comes from where the source's events come from, and not too often."""
        allowed, limit = _source_of(decision).allowed, self._client_limit
        if allowed is None and limit is None:
            return None
        decision.client = client = self._addresses.of(request)
        # An address that nobody knows is none that is allowed.
        if allowed is not None and (client is None or not allowed.contains(client)):
            text = "the source takes no requests from this address"
            return "address_not_allowed", answers.error(403, "address_not_allowed", text)
        if limit is not None:
            wait = limit.take(limit_key(client), self._ticks())
            if wait is not None:
                text = "too many requests from this address"
                return "client_rate_limit", answers.too_many("client_rate_limit", text, wait)
        return None

    def _greet(self, decision: Decision, request: HttpRequest) -> Settled | None:
        """The handshakes that come before any signature."""
        source = _source_of(decision)
        if source.handshake.unsigned is None:
            return None
        try:
            return source.handshake.unsigned(source, request)
        except _FAILURES:  # The user's code: secrets(), on_secret().
            return _misconfigured(source, "the handshake of source %s failed")

    def _verify(self, decision: Decision, request: HttpRequest) -> Settled | None:
        source = _source_of(decision)
        try:
            now = self._clock() if decision.now is None else decision.now
            decision.verified = verify_sized(
                source.verifier, request, public_url=source.public_url, now=now
            )
        except VerificationError as refused:
            return answers.refused(refused)
        except KeyUnavailableError as missing:
            _log.warning("source %s: %s", source.name, missing)
            return "key_unavailable", answers.without_key(missing)
        except _FAILURES:  # Whatever it is, it is logged and nothing is let in.
            # The callable that gives the secrets failed, or the URL that is signed is unknown.
            return _misconfigured(source, "source %s cannot verify anything")
        return None

    def _spend(self, decision: Decision, request: HttpRequest) -> Settled | None:
        del request
        limit = _source_of(decision).limit
        wait = None if limit is None else limit.take(b"", self._ticks())
        if wait is None:
            return None
        text = "too many requests to this source"
        return "source_rate_limit", answers.too_many("source_rate_limit", text, wait)

    def _answer_signed(self, decision: Decision, request: HttpRequest) -> Settled | None:
        """The handshakes that are signed."""
        del request
        source, event = _source_of(decision), decision.verified
        if source.handshake.signed is None:
            return None
        assert event is not None
        try:
            return source.handshake.signed(source, event)
        except VerificationError as refused:
            return answers.refused(refused)
        except _FAILURES:  # The user's code: secrets().
            return _misconfigured(source, "the handshake of source %s failed")

    def _identify(self, decision: Decision, request: HttpRequest) -> Settled | None:
        """Of a batch all items are looked at before the first one is taken."""
        del request
        source, whole = _source_of(decision), decision.verified
        assert whole is not None
        try:
            items = whole.items()
        except VerificationError as malformed:
            return answers.refused(malformed)
        if source.provider.id_in_body and any(item.id is None for item in items):
            return answers.refused(VerificationError("malformed_body"))
        try:
            for item in items:
                item._correlation_id = decision.correlation_id
                if source.takes(item.type):
                    decision.waiting.append((item, _checked_key(source, item)))
                else:
                    decision.settled.append(_unknown(source, item))
        except _FAILURES:  # The user's code.
            return _misconfigured(source, "event_key of source %s failed")
        decision.waiting.reverse()
        return None

    def _take(self, decision: Decision) -> Steps[Settled | None]:
        if _source_of(decision).mode == "inline":
            return (yield from self._claim_next(decision))
        now, priority = self._now(), _source_of(decision).priority
        events = []
        while decision.waiting:
            event, key = decision.waiting.pop()
            row = inbox_row(event, now, decision.made_id, priority)
            events.append((event, (row, key)))
        if not events:
            return _of_all(decision)
        rows = [row for _, row in events]
        # All items of a batch, or none: the provider repeats the whole request.
        found = yield StoreCall("accept_many", (rows, _ACCEPTED, now, self._ttl_ms))
        for (event, _), (kind, _, kept) in zip(events, found, strict=True):
            decision.settled.append(_stored(kind, event.id, kept))
        if any(response.status == 202 for _, response in decision.settled):
            self._on_stored()
        return _of_all(decision)

    def _claim_next(self, decision: Decision) -> Steps[Settled | None]:
        """Go on to the next item that is to be handled; None: here is one."""
        source = _source_of(decision)
        while decision.waiting:
            event, key = decision.waiting.pop()
            decision.event, decision.event_key = event, key
            event._key = key
            decision.handlers = self._handlers_for(source.name, event.type)
            if not decision.handlers:
                decision.settled.append(_unknown(source, event))
                continue
            if key is None:
                return None
            kind, decision.token, kept, _ = yield StoreCall(
                "claim", (source.name, key, self._now(), self._lease_ms)
            )
            if kind == "won":
                return None
            decision.settled.append(_repeat(kind, event.id, kept))
        return _of_all(decision)

    # ---- After the handlers -------------------------------------------------------

    def _conclude(self, decision: Decision, outcome: Outcome) -> Steps[Settled]:
        source, event = _source_of(decision), _event_of(decision)
        if outcome.errors:
            yield from self.release(decision)
            return "failed", answers.error(500, "handler_failed", "the event could not be handled")
        if outcome.snooze is not None:
            yield from self.release(decision)
            wait = max(1, math.ceil(outcome.snooze))
            return "snoozed", answers.later("snoozed", "the event is wanted later", wait)
        kept = kept_result(outcome, source.name)
        if decision.event_key is not None:
            try:
                key, token = decision.event_key, decision.token
                yield StoreCall(
                    "complete", (source.name, key, token, kept, self._now(), self._ttl_ms)
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

    def release(self, decision: Decision) -> Steps[None]:
        """Give the claim back, so that the provider's repeat gets in."""
        source, key = _source_of(decision), decision.event_key
        if key is None:
            return
        try:
            yield StoreCall("release", (source.name, key, decision.token))
        except StoreError as error:
            # It is free when its lease ends.
            _log.warning("a claim of source %s was not given back: %s", source.name, error)

    def _settle(self, decision: Decision, outcome: str, response: HttpResponse) -> Decision:
        source = decision.source
        if source is not None:
            wanted = source.provider.answer
            response = answers.as_provider_wants(wanted, decision.verified, response)
        decision.response = response
        self._requests.write(decision, outcome, response.status)
        return decision

    def _now(self) -> int:
        return round(self._clock() * 1000)


def _source_of(decision: Decision) -> Source:
    assert decision.source is not None
    return decision.source


def _event_of(decision: Decision) -> Event:
    assert decision.event is not None
    return decision.event


def _checked_key(source: Source, event: Event) -> str | None:
    key = source.key_of(event)
    (key or "").encode("utf-8")  # Raises for surrogates, which no store takes.
    return key


def _misconfigured(source: Source, message: str) -> Settled:
    _log.exception(message, source.name)
    return "misconfigured", answers.error(500, "misconfigured", "the source is not ready")


def _unstored(source: str, error: StoreError) -> Settled:
    if is_backlog_full(error):
        return "backlog_full", answers.later("backlog_full", "too many events wait already")
    _log.error("the store refused an event of source %s: %s", source, error)
    later = answers.later("store_unavailable", "the event could not be stored")
    return "store_unavailable", later


def _unknown(source: Source, event: Event) -> Settled:
    """Of a type that nobody here wants."""
    if source.rejects_unknown:
        refused = answers.error(422, "unknown_type", "the source takes no events of this type")
        return "unknown_type", refused
    return "ignored", answers.acknowledged(200, "ignored", event.id)


def _stored(kind: str, event_id: str | None, kept: str) -> Settled:
    if kind not in ("accepted", "revived"):
        return _repeat(kind, event_id, kept)
    return kind, answers.acknowledged(202, "accepted", event_id, _ACCEPTED)


def _repeat(kind: str, event_id: str | None, kept: str) -> Settled:
    if kind == "running":
        return "running", answers.later("running", "the same event is being handled")
    return "duplicate", answers.acknowledged(200, "duplicate", event_id, kept)


def _of_all(decision: Decision) -> Settled:
    """One answer for a batch; what failed of it will come again with the rest."""
    settled = decision.settled
    if len(settled) == 1:
        return settled[0]
    word, response = min(settled, key=lambda one: _GRAVEST_FIRST.index(one[0]))
    if response.status >= 400:
        return word, response
    shown = {"revived": "accepted", "discarded": "processed"}.get(word, word)
    kept = _ACCEPTED if response.status == 202 else "null"
    return word, answers.acknowledged(response.status, shown, None, kept)
