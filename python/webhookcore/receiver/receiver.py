"""The receiving side: a request becomes a verified event, is stored or handled, and answered."""

from __future__ import annotations

import asyncio
import functools
import time
import weakref
from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from .. import _core
from ..config import (
    Durability,
    Priority,
    check_days,
    check_seconds,
    check_whole,
    size_in_bytes,
)
from ..door import Door
from ..errors import ConfigError, NotFoundError, StoreUnavailableError
from ..exchange import HttpRequest, HttpResponse
from ..hidden_secrets import HiddenSecret, Secrets, shade
from ..keys import KeyFetcher
from ..redaction import Redactor
from ..runner import (
    LONGEST_WAIT,
    BatchRule,
    Handler,
    HandlerRun,
    Handlers,
    InboxCounts,
    Outcome,
    WorkerThread,
    refuse_inside_a_loop,
)
from ..schemes import SchemeLike
from ..sinks.hand_off import Forward, as_sink
from ..store import open_store
from ..urls import UrlPolicy
from .client_address import ClientAddresses
from .handshake_options import Confirm, OnSecret, hide_token
from .health import PATIENCE, PROBE_METHODS, Health, Readiness, answer_probe
from .inbox import Inbox
from .intake import Decision, Intake
from .plain import PlainEvents
from .reception import Reception
from .request_log import RequestLog
from .sources import (
    DEFAULT_MAX_BODY,
    EventKey,
    Mode,
    Source,
    UnknownTypes,
    check_name,
    check_pattern,
    make_source,
    rate_limits,
)
from .working import Work

if TYPE_CHECKING:
    from ..reconcile import Reconciled

Function = TypeVar("Function", bound=Callable[..., Any])

_DAY: Final = 24 * 3600.0
_MOST_WORKERS: Final = 1000
_MOST_IN_BATCH: Final = 1000
_LARGEST_BACKLOG: Final = 1_000_000_000
# Of rate limits; about 10 MB.
_MOST_CLIENTS: Final = 65_536


class Receiver:
    """Receives events of any number of sources, each handled once.

    Opening it starts no thread. Share one receiver between threads; processes that
    open the same store share its events. Close it, or use it as a context manager.

    Args:
        url: The store: ``sqlite:///relative.db``, ``sqlite:////absolute.db`` or
            ``memory://``.
        durability: ``"full"`` or ``"normal"``; see ``open_store``.
        lease: Seconds after which an event whose handler still runs is given to
            another process; longer than any handler takes. A handler whose process died
            is found out at once.
        workers: How many handlers ``start()`` runs at once at most (1 to 1000), sync ones on
            threads, async ones on one event loop. With 1 they run one after the other.
        max_retries: How often a handler that failed is tried again (1 to 10), after
            1, 2, 4, … seconds.
        idempotency_ttl: Seconds for which a repeat is recognised; longer than any
            sender goes on repeating (a day to 30 days).
        retention_days: How long events that were handled or are dead are kept, 7 to 90 days;
            None: for ever.
        quota: Such as ``"2 GiB"``: while the store holds more, requests are answered with 503.
        max_backlog: While so many events or more wait for their handlers, or run, new ones are
            answered with 503 and Retry-After. About: others' events are seen in a tenth of a
            second. None: no bound.
        trusted_proxies: Networks of your own proxies, such as ``["10.0.0.0/8"]``, and
            ``"unix"`` for whoever comes through a Unix socket. The client is then the
            right-most address of their header that is none of them. Empty: whoever connects.
        proxy_header: ``"X-Forwarded-For"`` or ``"Forwarded"`` (RFC 7239), the one that they
            set; None takes either, and where both are they must agree.
        client_rate_limit: Such as ``"20/s"``: what one address (of IPv6 one /64) may ask of
            all sources together. Counted in this process.
        log_bodies: Whether the log line of a verified request has its body, as ``body`` among
            the fields: JSON alone, without ``redact`` and what is called password, secret,
            token and the like.
        redact: Fields that are left out, at any depth: ``["card.number", "email"]``.
        probes: Whether ``GET healthz`` and ``readyz`` beside the sources are answered, in every
            framework; see ``handle_health()``.
        clock: Unix time in seconds; rate limits follow it where it is not the system's.

    Raises:
        ConfigError: An option that can never work.
        StoreError: The store cannot be opened; it is left as it is.
    """

    def __init__(
        self,
        url: str,
        *,
        durability: Durability = "full",
        lease: float = 300.0,
        workers: int = 4,
        max_retries: int = 5,
        idempotency_ttl: float = 7 * _DAY,
        retention_days: float | None = 30,
        quota: int | str | None = None,
        max_backlog: int | None = None,
        trusted_proxies: Sequence[str] = (),
        proxy_header: str | None = None,
        client_rate_limit: str | None = None,
        log_bodies: bool = False,
        redact: Sequence[str] = (),
        probes: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        number = isinstance(max_retries, int) and not isinstance(max_retries, bool)
        if not number or not 1 <= max_retries <= 10:
            raise ConfigError("must be 1 to 10", "max_retries")
        self._lease = lease = check_seconds("lease", lease, 1, _DAY)
        check_whole("workers", workers, 1, _MOST_WORKERS)
        if max_backlog is not None:
            check_whole("max_backlog", max_backlog, 1, _LARGEST_BACKLOG)
        kept = check_seconds("idempotency_ttl", idempotency_ttl, _DAY, 30 * _DAY)
        redactor = Redactor(redact)
        for option, value in (("log_bodies", log_bodies), ("probes", probes)):
            if not isinstance(value, bool):
                raise ConfigError("must be True or False", option)
        if not callable(clock):
            raise ConfigError("must be a callable that gives Unix seconds", "clock")
        addresses = ClientAddresses(trusted_proxies, proxy_header)
        client_limit = (
            None
            if client_rate_limit is None
            else rate_limits("client_rate_limit", client_rate_limit, _MOST_CLIENTS)
        )
        self._clock, self._idempotency_ttl = clock, kept
        self._sources: dict[str, Source] = {}
        self._handlers = Handlers()
        retention = (
            None if retention_days is None else _DAY * check_days("retention_days", retention_days)
        )
        self._store = open_store(url, durability, quota=quota)
        if max_backlog is not None:
            self._store.set_max_inbox(max_backlog)
        # Nothing here holds the receiver itself, so that dropping it closes the store.
        self._work = Work(
            store=self._store,
            handlers=self._handlers,
            sources=self._sources,
            clock=clock,
            lease=lease,
            schedule=[2.0**failure for failure in range(max_retries)],
            retention=retention,
            workers=workers,
        )
        self._thread = self._work.thread()
        self._door = Door(self._store)
        bytes_held = None if quota is None else size_in_bytes("quota", quota)
        self._readiness = Readiness(self._store, clock, bytes_held)
        requests = RequestLog(redactor if log_bodies else None)
        ttl_ms = round(kept * 1000)
        self._intake = Intake(
            self._sources,
            self._handlers.of,
            clock,
            lease_ms=round(lease * 1000),
            ttl_ms=ttl_ms,
            on_stored=self._thread.wake,
            addresses=addresses,
            client_limit=client_limit,
            # The system's time may jump, and would open or shut the buckets.
            ticks=time.monotonic if clock is time.time else clock,
            requests=requests,
            probe=functools.partial(_probe, self._readiness) if probes else None,
        )
        plain = PlainEvents(
            self._sources,
            self._store,
            self._door,
            requests,
            clock,
            ttl_ms=ttl_ms,
            on_stored=self._thread.wake,
            any_client=client_limit is None,
        )
        # What adapters give requests to.
        self.reception = Reception(
            self._intake, plain, self._sources, self._handlers, self._store, self._door
        )
        self.inbox = Inbox(self._store, clock, self._thread.wake)
        # Also at interpreter exit: a thread inside the store while Python ends would abort.
        self._finalizer = weakref.finalize(
            self, _shut_down, self._thread, self._door, self._readiness, self._store
        )

    # ---- Configuration ----------------------------------------------------------

    def add_source(
        self,
        name: str,
        provider: SchemeLike | None = None,
        *,
        secrets: Secrets | None = None,
        types: Sequence[str] | None = None,
        mode: Mode = "background",
        public_url: str | None = None,
        event_key: EventKey | None = None,
        tolerance: float | None = None,
        max_body: int = DEFAULT_MAX_BODY,
        verify_token: str | None = None,
        on_secret: OnSecret | None = None,
        topics: Sequence[str] | None = None,
        confirm_subscriptions: bool | Confirm = False,
        keys: KeyFetcher | None = None,
        allowed_ips: Sequence[str] | None = None,
        rate_limit: str | None = None,
        unknown_types: UnknownTypes = "accept",
        priority: Priority = "normal",
        concurrency: int | None = None,
    ) -> None:
        """Let a provider in, at the path that ends in ``name``.

        Args:
            name: 1 to 64 of ``A-Z a-z 0-9 _ . -``, the first of them no dot.
            provider: A built-in name (see ``providers()``), or a ``Scheme``; the source's name
                when omitted.
            secrets: As the provider shows them, newest first, or a callable that
                returns them. May be omitted where keys are fetched (see ``Verifier``).
            types: Patterns of the event types to take; others are acknowledged and
                dropped. None takes all.
            mode: ``"background"``: stored, answered with 202, handled by a worker with
                retries. ``"inline"``: handled first; the answer has the handler's
                result, and a failure is left to the provider's own retries.
            public_url: Scheme, host and prefix as the provider sees them, where the
                URL is signed (Twilio) and a proxy changes it.
            event_key: Gives what marks sameness, for providers without an id; None
                makes the request an event of its own.
            tolerance: Allowed age of a signature in seconds; the scheme's own when omitted.
            max_body: In bytes; a larger body is refused with 413 unread.
            verify_token: Meta: the token that was entered there. Without it the GET that
                proves the endpoint is refused.
            on_secret: Asana, Notion: stores the secret that the provider tells once, while
                the callable ``secrets`` returns none. Later ones are refused.
            topics: Amazon SNS: ARNs of the topics whose messages are taken. Every AWS
                account can sign for topics of its own: name yours.
            confirm_subscriptions: Amazon SNS: True, or a function that fetches a URL, to
                confirm subscriptions to ``topics``. When False they are ordinary events.
            keys: Fetches the keys of a provider that has public ones, in place of the
                default, an ``HttpsKeyFetcher``. While a key cannot be had the provider is
                answered with 503.
            allowed_ips: The only networks that requests are taken from, and names of presets
                (``"stripe"``, ``"github"``; see ``webhookcore ip-ranges``); others get 403.
            rate_limit: Such as ``"50/s"``, ``"600/m"`` or ``"1000/h"``: more signed requests
                get 429. Up to one second's worth may come at once. Counted in this process.
            unknown_types: What a type gets that is not among ``types`` or (inline) that no
                handler is for: ``"accept"`` acknowledges and drops it, ``"reject"`` answers 422.
            priority: ``"high"``, ``"normal"`` or ``"low"``: whose events workers take first. The
                lower ones keep a share.
            concurrency: How many handler runs of it all workers of the store have under way at
                once (1 to 1000); a batch is one. None: no bound but the workers' own.

        Raises:
            ConfigError: An unknown provider, a secret that cannot be a key, a name that
                is taken, or any other option that can never work.
            StoreUnavailableError: The receiver was closed.
        """
        token = hide_token(verify_token)
        verify_token = None  # No traceback with local variables shows it.
        secrets = shade(secrets)
        self._check_open()
        source = make_source(
            name,
            provider,
            secrets,
            types=types,
            mode=mode,
            public_url=public_url,
            event_key=event_key,
            tolerance=tolerance,
            max_body=max_body,
            verify_token=token,
            on_secret=on_secret,
            topics=topics,
            confirm_subscriptions=confirm_subscriptions,
            keys=keys,
            allowed_ips=allowed_ips,
            rate_limit=rate_limit,
            unknown_types=unknown_types,
            priority=priority,
            concurrency=concurrency,
        )
        if name in self._sources:
            raise ConfigError(f"there is a source {name} already", "name")
        self._sources[name] = source

    def on(self, source: str, pattern: str = "*") -> Callable[[Function], Function]:
        """Register a handler, sync or async, for a source's events; ``*`` matches dots too.

        Handlers run in the order of registration and do not stop each other. The
        source may be added later, or not at all in a process that only works.

        Raises:
            ConfigError: What is no source's name, no pattern or no callable.
            StoreUnavailableError: The receiver was closed.
        """
        return self._register(source, pattern, None)

    def on_batch(
        self,
        source: str,
        pattern: str = "*",
        *,
        max_events: int = 100,
        max_wait: float = 0.5,
    ) -> Callable[[Function], Function]:
        """Register a handler, sync or async, that takes a list of a source's events.

        A worker calls it with what is due, once ``max_events`` are, or ``max_wait`` seconds
        after the first was. ``run_until_idle()`` does not wait. What the handler raises is the
        outcome of each event in the list: a failure retries each by itself, in whatever batch
        it comes into then, ``Snooze`` and ``Discard`` are for all. What it returns is the result
        of each. An inline source gives it lists of one.

        Args:
            max_events: 1 to 1000.
            max_wait: 0 to 60 seconds, and at most half the lease, which runs meanwhile.

        Raises:
            ConfigError: What is no source's name, no pattern, no callable, or out of bounds.
            StoreUnavailableError: The receiver was closed.
        """
        check_whole("max_events", max_events, 1, _MOST_IN_BATCH)
        check_seconds("max_wait", max_wait, 0, min(LONGEST_WAIT, self._lease / 2))
        return self._register(source, pattern, (max_events, float(max_wait)))

    def _register(
        self, source: str, pattern: str, batch: tuple[int, float] | None
    ) -> Callable[[Function], Function]:
        self._check_open()
        check_name(source, "source")
        check_pattern(pattern, "pattern")
        rule = None if batch is None else BatchRule(pattern, *batch)

        def register(function: Function) -> Function:
            if not callable(function):
                raise ConfigError("a handler must be callable", "handler")
            handler = Handler(source, pattern, function, rule)
            if handler.is_generator:
                raise ConfigError("has a yield: calling it would run nothing of it", "handler")
            self._handlers.add(handler)
            return function

        return register

    def forward(self, source: str, pattern: str = "*", *, to: Any) -> None:
        """Hand a source's events to a task queue or a broker, as a handler would.

        At least once: what cannot be handed over is tried again as a handler is, and is dead
        in the end. Other handlers of the event run as well, and again with it.

        Args:
            to: A Celery task or a Dramatiq actor, called with the event's id in the inbox; a
                sink of ``webhookcore.sinks``; or an object with a method ``put(hand_off)``.

        Raises:
            ConfigError: What is no source's name, no pattern or no sink.
            StoreUnavailableError: The receiver was closed.
        """
        self.on(source, pattern)(Forward(as_sink(to)))

    def body_limit(self, source: str) -> int:
        """How many bytes of a body to read before ``begin()``; 0 for an unknown source."""
        found = self._sources.get(source)
        return 0 if found is None else found.max_body

    def methods(self, source: str) -> tuple[str, ...]:
        """The methods that a source answers; GET where its provider's handshake is one."""
        found = self._sources.get(source)
        if found is None:
            return PROBE_METHODS if self._intake.is_probe(source) else ("POST",)
        return found.handshake.methods

    @property
    def sources(self) -> dict[str, str]:
        """Names of the sources and their providers."""
        return {source.name: source.provider.name for source in self._sources.values()}

    def header_names(self) -> dict[str, list[str]]:
        """The headers that the sources' providers put on requests, and who does."""
        found: dict[str, list[str]] = {}
        for source in list(self._sources.values()):
            for name in source.headers:
                titles = found.setdefault(name, [])
                if source.provider.title not in titles:
                    titles.append(source.provider.title)
        return found

    # ---- Requests ---------------------------------------------------------------

    def handle(self, request: HttpRequest, source: str) -> HttpResponse:
        """Receive one request without a framework."""
        return self.reception.handle(request, source)

    async def handle_async(self, request: HttpRequest, source: str) -> HttpResponse:
        """Receive one request on an event loop, which never waits for the store.

        What requests of one tick store is one commit. A long body, and a source that may
        have to fetch something before it can verify, are verified in a thread.
        """
        return await self.reception.handle_async(request, source)

    def begin(self, request: HttpRequest, source: str) -> Decision:
        """Everything before the handlers.

        As long as the decision has no ``response``, run its handlers with its event and
        ``finish()``; a batch takes a round for each item.
        """
        return self.reception.begin(request, source)

    def finish(self, decision: Decision, outcome: Outcome) -> HttpResponse | None:
        """Record what the handlers of an inline source did; None while items wait."""
        return self.reception.finish(decision, outcome)

    def reconcile(
        self,
        source: str,
        *,
        api_key: str | Callable[[], str],
        hook: str | None = None,
        account: str | None = None,
        since: float | datetime | None = None,
        until: float | datetime | None = None,
        everything: bool = False,
        limit: int = 10_000,
        policy: UrlPolicy | None = None,
        base_url: str | None = None,
        wait: float = 60.0,
        timeout: float = 30.0,
    ) -> Reconciled:
        """Fetch what a provider sent in vain, and store it like what was received.

        Stripe's events that an endpoint did not take, and GitHub's deliveries that failed. They
        are stored under the same keys, so what had been received is a duplicate and is not
        handled twice, whichever comes first. A worker handles them, those of an inline source
        too; ``InboxEvent.reconciled`` says where they came from. May be repeated at any time.

        Args:
            source: Its name; its provider is Stripe or GitHub.
            api_key: Stripe: a secret or restricted key that may read events. GitHub: a token
                that may read the hook. Or a callable that returns it.
            hook: GitHub: ``repos/OWNER/REPO/hooks/ID``, ``orgs/ORG/hooks/ID``, or ``app/hook``.
            account: Stripe: the connected account whose events are meant.
            since: Unix seconds or an aware ``datetime``; when omitted, as far back as repeats
                are recognised (``idempotency_ttl``), and never further.
            until: The same; now when omitted.
            everything: Whether to look at what was delivered as well.
            limit: Of how many events at most.
            policy: How the API is reached.
            base_url: Of another API, such as that of GitHub Enterprise.
            wait: Seconds that waiting for rate limits and passing failures may take together.
            timeout: Of one request, in seconds.

        Raises:
            ProviderApiError: The API refused, or answered something else than documented. What
                was stored before that stays.
            UnreachableError: It did not answer.
            NotFoundError: There is no such source.
            ConfigError: An option that can never work.
            StoreError: The store refused; what was stored before stays.
        """
        key = HiddenSecret(api_key)
        del api_key
        from ..reconcile import Request, reconcile  # noqa: PLC0415  # It imports this package.

        self._check_open()
        found = self._sources.get(source) if isinstance(source, str) else None
        if found is None:
            raise NotFoundError(f"no source {source!r}")
        request = Request(
            api_key=key,
            hook=hook,
            account=account,
            since=since,
            until=until,
            everything=everything,
            limit=limit,
            policy=policy,
            base_url=base_url,
            wait=wait,
            timeout=timeout,
        )
        return reconcile(
            found,
            self._store,
            request,
            clock=self._clock,
            ttl=self._idempotency_ttl,
            wake=self._thread.wake,
        )

    # ---- The worker -----------------------------------------------------------------

    def run_until_idle(self, wait: float = 0) -> InboxCounts:
        """Handle here and now what is due, and what becomes due within ``wait`` seconds.

        Ctrl-C passes through, and the event under way is given back. Whatever else a
        handler raises, SystemExit too, is a failed run of its event.

        Raises:
            StoreError: The store cannot be worked; nothing is lost.
        """
        check_seconds("wait", wait, 0, 30 * _DAY)
        if self._handlers.any_async():
            refuse_inside_a_loop("run_until_idle()", "asyncio.to_thread(receiver.run_until_idle)")
        return self._work.run_until_idle(wait)

    def start(self) -> None:
        """Handle stored events on threads of this process until ``stop()``.

        Raises:
            StoreUnavailableError: The receiver was closed.
        """
        self._check_open()
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> bool:
        """Take no more events and let those under way end.

        Returns:
            False when they had not ended after ``timeout`` seconds; they go on.
        """
        return self._thread.stop(check_seconds("timeout", timeout, 0, 3600))

    def running(self) -> list[HandlerRun]:
        """What the handlers that ``start()`` runs in this process are at work on, oldest first.

        One that is ``overdue`` has outlived its lease and may never return.
        """
        return self._thread.running()

    # ---- Watching it ----------------------------------------------------------------

    def health(self, timeout: float = 2.0) -> Health:
        """Whether the store takes events, found out by writing to it.

        Args:
            timeout: Seconds to wait for the store; above that it is not ready.
        """
        timeout = check_seconds("timeout", timeout, 0.001, 60)
        if not self._finalizer.alive:
            return Health(True, False, "closed", "the receiver was closed")
        return self._readiness.look(timeout)

    def handle_health(self, path: str, timeout: float = 2.0) -> HttpResponse:
        """The answer to a probe: of ``/healthz`` 200, of ``/readyz`` 200 or 503, else 404.

        Only the last part of the path counts, so that they may be mounted anywhere.
        """
        return answer_probe(path, lambda: self.health(timeout))

    async def handle_health_async(self, path: str, timeout: float = 2.0) -> HttpResponse:
        """``handle_health()`` for an event loop, which goes on meanwhile."""
        return await asyncio.to_thread(self.handle_health, path, timeout)

    def counts(self) -> dict[str, int]:
        """How many requests had which outcome since this process began."""
        return self._intake.counts()

    def close(self, timeout: float = 10.0) -> None:
        """``stop()``, then close the store. The receiver cannot be used afterwards."""
        if self._finalizer.alive:
            self.stop(timeout)
            self._finalizer()

    def _check_open(self) -> None:
        if not self._finalizer.alive:
            raise StoreUnavailableError("the receiver was closed")

    def __enter__(self) -> Receiver:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Receiver sources={sorted(self._sources)}>"


def _probe(readiness: Readiness, name: str) -> HttpResponse:
    return answer_probe(name, lambda: readiness.look(PATIENCE))


def _shut_down(thread: WorkerThread, door: Door, readiness: Readiness, store: _core.Store) -> None:
    thread.stop(1.0)
    door.close(1.0)
    readiness.close(1.0)
    store.close()
