"""Missed events go into the inbox as if they had come, under the same keys."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from .. import _core
from ..config import check_seconds, check_text, check_whole
from ..errors import ConfigError, ProviderApiError
from ..events import RECONCILED, Event
from ..hidden_secrets import HiddenSecret
from ..receiver.inbox import inbox_row
from ..receiver.sources import Source
from ..urls import UrlPolicy, check_policy, normal_url
from . import github, stripe
from .api import ProviderApi
from .missed import Missed, Pages

PROVIDERS: Final = ("stripe", "github", "github-sha1")

_ACCEPTED: Final = '"accepted"'
_BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What came of it.

    Attributes:
        seen: Events that the provider listed as missed.
        stored: Those that we did not have; they wait for the worker now.
        duplicates: Those that had been received, or are being handled.
        ignored: Those of types that the source does not take.
        more: Whether ``limit`` ended it, so that there may be more.
    """

    source: str
    seen: int = 0
    stored: int = 0
    duplicates: int = 0
    ignored: int = 0
    more: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask for, checked by ``reconcile()``. See ``Receiver.reconcile()``."""

    api_key: HiddenSecret = field(repr=False)
    hook: str | None = None
    account: str | None = None
    since: float | datetime | None = None
    until: float | datetime | None = None
    everything: bool = False
    limit: int = 10_000
    policy: UrlPolicy | None = None
    base_url: str | None = None
    wait: float = 60.0
    timeout: float = 30.0


def reconcile(
    source: Source,
    store: _core.Store,
    request: Request,
    *,
    clock: Callable[[], float],
    ttl: float,
    wake: Callable[[], None],
    sleep: Callable[[float], None] = time.sleep,
) -> Reconciled:
    """Ask a source's provider for what was missed, and store what is new.

    Args:
        clock: Unix seconds.
        ttl: Seconds for which a repeat is recognised: nothing older is asked for.
        wake: Called when an event waits for a worker.

    Raises:
        ConfigError, ProviderApiError, UnreachableError, StoreError: See ``Receiver.reconcile()``.
    """
    pages = _pages(source, request, clock(), ttl, clock, sleep)
    limit = check_whole("limit", request.limit, 1, 1_000_000)
    counts = {"seen": 0, "stored": 0, "duplicates": 0, "ignored": 0}
    more = False
    for page in pages:
        taken = page[: limit - counts["seen"]]
        for name, count in _take(source, store, taken, round(clock() * 1000), ttl, wake).items():
            counts[name] += count
        if counts["seen"] >= limit:
            more = True
            break
    return Reconciled(source.name, **counts, more=more)


def _pages(
    source: Source,
    request: Request,
    now: float,
    ttl: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> Pages:
    name = source.provider.name
    if name not in PROVIDERS:
        raise ConfigError(
            f"{name} lists nothing that can be fetched; {' and '.join(PROVIDERS[:2])} do", "source"
        )
    oldest = now - ttl
    since = oldest if request.since is None else _moment("since", request.since)
    until = now if request.until is None else _moment("until", request.until)
    if since < oldest:
        raise ConfigError(
            f"a repeat is recognised for {ttl / 86400:g} days, and what is older could be handled "
            "twice; raise the receiver's idempotency_ttl before",
            "since",
        )
    if not isinstance(request.everything, bool):
        raise ConfigError("must be True or False", "everything")
    is_stripe = name == "stripe"
    hook = _checked_hook(request.hook, is_stripe)
    api = ProviderApi(
        _checked_base(request, stripe.BASE_URL if is_stripe else github.BASE_URL),
        _checked_key(request.api_key),
        _stripe_headers(request.account) if is_stripe else github.HEADERS,
        policy=check_policy(request.policy),
        timeout=check_seconds("timeout", request.timeout, 0.05, 300),
        wait=check_seconds("wait", request.wait, 0, 86400),
        clock=clock,
        sleep=sleep,
    )
    if is_stripe:
        return stripe.stripe_events(api, since, until, request.everything)
    if request.account is not None:
        raise ConfigError("is Stripe's alone", "account")
    return github.github_deliveries(api, hook, since, until, request.everything)


def _take(
    source: Source,
    store: _core.Store,
    page: list[Missed],
    now: int,
    ttl: float,
    wake: Callable[[], None],
) -> dict[str, int]:
    events = [_event(source, missed) for missed in page]
    wanted = [event for event in events if source.takes(event.type)]
    rows = [(_row(event, now, source), source.key_of(event)) for event in wanted]
    kinds: list[str] = []
    for place in range(0, len(rows), _BATCH):
        batch = rows[place : place + _BATCH]
        found = store.accept_many(batch, _ACCEPTED, now, round(ttl * 1000))
        kinds += [kind for kind, *_ in found]
    stored = sum(kind in ("accepted", "revived") for kind in kinds)
    if stored:
        wake()
    return {
        "seen": len(page),
        "stored": stored,
        "duplicates": len(kinds) - stored,
        "ignored": len(events) - len(wanted),
    }


def _event(source: Source, missed: Missed) -> Event:
    provider = source.provider
    event = Event(missed.body, missed.headers, provider, source.name, None, 0)
    # Without an id it would be another event at every call.
    if not event.id:
        raise ProviderApiError("an event in the provider's list has no id")
    return event


def _row(event: Event, now: int, source: Source) -> dict[str, Any]:
    row = inbox_row(event, now, priority=source.priority)
    row["headers"].append((RECONCILED.encode("ascii"), event.provider.encode("utf-8")))
    return row


def _moment(name: str, value: float | datetime) -> float:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ConfigError("must have a time zone", name)
        return value.timestamp()
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not 0 <= value <= 253_402_300_799.0:
        raise ConfigError("must be Unix seconds or an aware datetime", name)
    return float(value)


def _checked_key(key: HiddenSecret) -> HiddenSecret:
    text: Any = key.text() if callable(key.text) else key.text
    visible = isinstance(text, str) and text.isascii() and text.isprintable() and " " not in text
    if not visible or not 1 <= len(text) <= 4096:
        raise ConfigError("must be a str of visible ASCII characters", "api_key")
    return HiddenSecret(text)


def _checked_hook(hook: str | None, is_stripe: bool) -> str:
    if is_stripe:
        if hook is not None:
            raise ConfigError("is GitHub's alone", "hook")
        return ""
    return github.check_hook("" if hook is None else hook)


def _checked_base(request: Request, usual: str) -> str:
    if request.base_url is None:
        return usual
    normal = normal_url(request.base_url, check_policy(request.policy))
    if "?" in normal or "#" in normal:
        raise ConfigError("must be scheme, host and prefix alone", "base_url")
    return normal


def _stripe_headers(account: str | None) -> dict[str, str]:
    if account is None:
        return {}
    if not check_text("account", account, most=128).isascii():
        raise ConfigError("must be like acct_...", "account")
    return {"Stripe-Account": account}
