"""Sources: who may send us events, and how each one's requests are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, cast
from urllib.parse import urlsplit

from .. import _core
from ..config import Priority, check_list, check_priority, check_whole, rate_per_second
from ..errors import ConfigError, VerificationError
from ..events import Event, provider_key
from ..exchange import HttpRequest
from ..hidden_secrets import Secrets
from ..ip_ranges import preset, preset_names
from ..keys import KeyFetcher
from ..provider_rules import Provider
from ..schemes import SchemeLike, find_scheme, header_names
from ..signatures import Verifier
from .client_address import address_set
from .handshake_options import (
    AwaitedVerifier,
    Confirm,
    HandshakeOptions,
    HiddenToken,
    OnSecret,
    make_options,
)
from .handshakes import HANDSHAKES, Handshake

Mode: TypeAlias = Literal["background", "inline"]
UnknownTypes: TypeAlias = Literal["accept", "reject"]
EventKey: TypeAlias = Callable[[Event], "str | None"]

DEFAULT_MAX_BODY: Final = 1024 * 1024
# A MAC over so many bytes takes a tenth of a millisecond; a thread costs about as much.
LONGEST_ON_LOOP: Final = 64 * 1024
_MOST_AT_ONCE: Final = 1000
_LARGEST_MAX_BODY: Final = 1024 * 1024 * 1024
# No dot at its front: in a path `.` and `..` are other places, and never get here.
_NAME: Final = re.compile(r"[A-Za-z0-9_\-][A-Za-z0-9_.\-]{0,63}")
# In a URL. Backslashes are slashes to some readers; surrogates cannot be encoded.
_NOT_IN_URL: Final = re.compile(r"[\x00-\x20\x7f\\?#@\ud800-\udfff]")
# Wider than the types that we send: Shopify's topics have slashes, others have spaces.
_PATTERN: Final = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,256}")


@dataclass(frozen=True, slots=True)
class Source:
    """One inbound configuration, checked. Holds keys through its verifier."""

    name: str
    provider: Provider
    verifier: Verifier | AwaitedVerifier
    types: tuple[str, ...] | None
    mode: Mode
    public_url: str | None
    event_key: EventKey | None
    max_body: int
    options: HandshakeOptions
    headers: tuple[str, ...]  # What the provider puts on a request.
    allowed: _core.AddressSet | None = None  # None: from everywhere.
    limit: _core.RateLimits | None = None
    rejects_unknown: bool = False
    priority: Priority = "normal"
    concurrency: int | None = None

    @property
    def handshake(self) -> Handshake:
        return HANDSHAKES[self.provider.handshake]

    def take_secret(self, secret: str) -> bool:
        """Whether the source waits for its provider to tell one; it is stored then."""
        return isinstance(self.verifier, AwaitedVerifier) and self.verifier.take(secret)

    def takes(self, type: str | None) -> bool:
        """Whether events of this type are wanted."""
        return self.types is None or any(
            _core.matches_event_pattern(pattern, type or "") for pattern in self.types
        )

    def key_of(self, event: Event) -> str | None:
        """What marks sameness; None: the request is an event of its own.

        Raises:
            TypeError: The user's ``event_key`` gave neither text nor None.
        """
        if self.event_key is not None:
            key = self.event_key(event)
            if key is not None and not isinstance(key, str):
                raise TypeError(f"event_key gave a {type(key).__name__}, not a str")
            return key or None
        return provider_key(event)


def make_source(
    name: str,
    provider: SchemeLike | None,
    secrets: Secrets | None,
    *,
    types: Sequence[str] | None,
    mode: Mode,
    public_url: str | None,
    event_key: EventKey | None,
    tolerance: float | None,
    max_body: int,
    verify_token: HiddenToken | None = None,
    on_secret: OnSecret | None = None,
    topics: Sequence[str] | None = None,
    confirm_subscriptions: bool | Confirm = False,
    keys: KeyFetcher | None = None,
    allowed_ips: Sequence[str] | None = None,
    rate_limit: str | None = None,
    unknown_types: UnknownTypes = "accept",
    priority: Priority = "normal",
    concurrency: int | None = None,
) -> Source:
    """The source, once every option was found to be possible.

    Raises:
        ConfigError: The first option that is not.
    """
    check_name(name, "name")
    if mode not in ("background", "inline"):
        raise ConfigError('must be "background" or "inline"', "mode")
    if event_key is not None and not callable(event_key):
        raise ConfigError("must be a callable that takes the event", "event_key")
    check_priority(priority)
    if concurrency is not None:
        if mode == "inline":
            raise ConfigError(
                "an inline source has as many runs as its server has requests; use rate_limit=, or"
                ' mode="background"',
                "concurrency",
            )
        check_whole("concurrency", concurrency, 1, _MOST_AT_ONCE)
    rules = name if provider is None else provider
    options = make_options(
        find_scheme(rules)[1].handshake,
        verify_token=verify_token,
        on_secret=on_secret,
        topics=topics,
        confirm_subscriptions=confirm_subscriptions,
    )
    verifier: Verifier | AwaitedVerifier
    if on_secret is None:
        verifier = Verifier(rules, secrets, tolerance, source=name, keys=keys)
    elif keys is not None:
        raise ConfigError("a provider that tells its secret has no keys that are fetched", "keys")
    else:
        verifier = AwaitedVerifier(rules, secrets or (), tolerance, name, on_secret)
    return Source(
        name=name,
        provider=verifier.provider,
        verifier=verifier,
        types=None if types is None else tuple(_check_types(types)),
        mode=mode,
        public_url=check_public_url(public_url),
        event_key=event_key,
        max_body=check_max_body(max_body),
        options=options,
        headers=header_names(rules),
        allowed=None if allowed_ips is None else _check_allowed(allowed_ips),
        limit=None if rate_limit is None else rate_limits("rate_limit", rate_limit, 1),
        rejects_unknown=_check_unknown(unknown_types, types, mode),
        priority=priority,
        concurrency=concurrency,
    )


def check_name(name: str, field: str) -> str:
    """The name of a source; raises ConfigError for what is none."""
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        raise ConfigError("must be 1 to 64 of A-Z a-z 0-9 _ . -, the first no dot", field)
    return name


def check_pattern(pattern: str, field: str) -> str:
    """A pattern for types of any provider; ``*`` stands for any characters."""
    if not isinstance(pattern, str) or _PATTERN.fullmatch(pattern) is None:
        raise ConfigError("must be 1 to 256 characters, such as invoice.*", field)
    return pattern


def check_public_url(url: str | None) -> str | None:
    """The URL without a slash at its end.

    Raises:
        ConfigError: It is not scheme, host and prefix alone.
    """
    if url is None:
        return None
    message = "must be like https://example.com or https://example.com/prefix"
    if not isinstance(url, str) or _NOT_IN_URL.search(url) is not None:
        raise ConfigError(message, "public_url")
    try:
        parts = urlsplit(url)
        port = parts.port  # Raises where it is no number or above 65535.
    except ValueError:
        raise ConfigError(message, "public_url") from None
    possible = parts.scheme in ("http", "https") and parts.hostname and port != 0
    if not possible or parts.netloc.endswith(":"):
        raise ConfigError(message, "public_url")
    return url.rstrip("/")


def check_size(request: HttpRequest, max_body: int) -> None:
    """Raises VerificationError for a body that is, or was announced to be, too large."""
    if max(len(request.body), request.content_length or 0) > max_body:
        raise VerificationError("body_too_large")


def verify_request(
    verifier: Verifier | AwaitedVerifier,
    request: HttpRequest,
    *,
    public_url: str | None,
    max_body: int,
    now: float | None = None,
) -> Event:
    """The event of a request.

    Raises:
        VerificationError: The body is, or was announced to be, too large, or the
            signature is refused.
    """
    check_size(request, max_body)
    return verify_sized(verifier, request, public_url=public_url, now=now)


def verify_sized(
    verifier: Verifier | AwaitedVerifier,
    request: HttpRequest,
    *,
    public_url: str | None,
    now: float | None = None,
) -> Event:
    """The same of a request whose size was looked at before."""
    # The URL as the provider called it: no part of it is parsed and written again.
    url = request.url if public_url is None else public_url + request.path
    return cast(Event, verifier.verify(request.body, request.headers, url, request.method, now))


def verifies_quickly(verifier: Verifier | AwaitedVerifier, size: int) -> bool:
    """Whether a body of so many bytes may be verified on an event loop.

    Not where a key is fetched, where a callable gives the secrets, or where it takes long.
    """
    return type(verifier) is Verifier and size <= LONGEST_ON_LOOP


def rate_limits(field: str, rate: str, keys: int) -> _core.RateLimits:
    """Buckets for at most so many keys, such as clients; raises ConfigError."""
    return _core.RateLimits(rate_per_second(rate, field), keys)


def _check_allowed(allowed_ips: Sequence[str]) -> _core.AddressSet:
    form = 'must be a list of networks and presets, such as ["203.0.113.0/24", "stripe"]'
    listed = check_list("allowed_ips", allowed_ips, form)
    if not listed:
        raise ConfigError("an empty list lets nobody in; None lets all", "allowed_ips")
    networks: list[str] = []
    for position, one in enumerate(listed):
        field = f"allowed_ips[{position}]"
        if isinstance(one, str) and one in preset_names():
            networks += preset(one).networks
        else:
            try:
                address_set(field, [one])
            except ConfigError as error:
                known = ", ".join(preset_names())
                raise ConfigError(f"is no network, and no preset ({known})", field) from error
            networks.append(one)
    return _core.AddressSet(networks)


def _check_unknown(policy: str, types: Sequence[str] | None, mode: Mode) -> bool:
    if policy not in ("accept", "reject"):
        raise ConfigError('must be "accept" or "reject"', "unknown_types")
    if policy == "reject" and types is None and mode == "background":
        raise ConfigError(
            "needs types=: only the worker knows which types have handlers", "unknown_types"
        )
    return policy == "reject"


def _check_types(types: Sequence[str]) -> list[str]:
    if isinstance(types, str):
        raise ConfigError('must be a list of patterns, such as ["order.*"]', "types")
    listed = list(types)
    if not listed:
        raise ConfigError("an empty list takes nothing; None takes all", "types")
    return [check_pattern(one, f"types[{position}]") for position, one in enumerate(listed)]


def check_max_body(max_body: int) -> int:
    """The limit; raises ConfigError for what is none."""
    number = isinstance(max_body, int) and not isinstance(max_body, bool)
    if not number or not 1 <= max_body <= _LARGEST_MAX_BODY:
        raise ConfigError(f"must be 1 to {_LARGEST_MAX_BODY} bytes", "max_body")
    return max_body
