"""What a source is told about its provider's handshake."""

from __future__ import annotations

import hashlib
import hmac
import inspect
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

from .. import _core
from ..errors import ConfigError, VerificationError
from ..events import Event
from ..exchange import HeadersLike
from ..hidden_secrets import Secrets, hide
from ..provider_rules import Provider
from ..schemes import SchemeLike, find_scheme
from ..signatures import Verifier
from ..urls import check_policy, transport_options

OnSecret: TypeAlias = Callable[[str], Any]
Confirm: TypeAlias = Callable[[str], Any]

_MARK_KEY: Final = os.urandom(32)
_LONGEST_TOKEN: Final = 256
_LOCK_SECONDS: Final = 10.0

# The handshakes that each option is for.
_USED_BY: Final = {
    "verify_token": ("hub.challenge",),
    "on_secret": ("X-Hook-Secret", "verification_token"),
    "topics": ("SubscriptionConfirmation",),
    "confirm_subscriptions": ("SubscriptionConfirmation",),
}


class HiddenToken:
    """A token that can be compared with another and not be read."""

    __slots__ = ("_digest",)

    def __init__(self, text: str) -> None:
        self._digest = _digest(text)

    def matches(self, text: str) -> bool:
        """In a time that tells nothing of the token."""
        return hmac.compare_digest(self._digest, _digest(text))


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=_MARK_KEY).digest()


@dataclass(frozen=True, slots=True)
class HandshakeOptions:
    """What a source's handshake needs to know.

    Attributes:
        topics: Of SNS; None takes messages of every one.
        confirm: Fetches the URL that confirms a subscription.
    """

    verify_token: HiddenToken | None = None
    topics: frozenset[str] | None = None
    confirm: Confirm | None = None


def make_options(
    kind: str | None,
    *,
    verify_token: HiddenToken | None,
    on_secret: OnSecret | None,
    topics: Sequence[str] | None,
    confirm_subscriptions: bool | Confirm,
) -> HandshakeOptions:
    """The options, once each was found to be of use to this handshake.

    Raises:
        ConfigError: The first that is not, or that is impossible.
    """
    given = {
        "verify_token": verify_token is not None,
        "on_secret": on_secret is not None,
        "topics": topics is not None,
        "confirm_subscriptions": confirm_subscriptions is not False,
    }
    for option, is_given in given.items():
        if is_given and kind not in _USED_BY[option]:
            raise ConfigError("this provider has no use for it", option)
    if on_secret is not None and (
        not callable(on_secret) or inspect.iscoroutinefunction(on_secret)
    ):
        raise ConfigError("must be a function, not async, that stores the secret", "on_secret")
    checked = None if topics is None else _check_topics(topics)
    return HandshakeOptions(verify_token, checked, _confirmer(confirm_subscriptions, checked))


def hide_token(verify_token: str | None) -> HiddenToken | None:
    """Raises ConfigError for what cannot be one."""
    if verify_token is None:
        return None
    is_text = isinstance(verify_token, str)
    if not is_text or not verify_token.strip() or len(verify_token) > _LONGEST_TOKEN:
        raise ConfigError(f"must be a text of 1 to {_LONGEST_TOKEN} characters", "verify_token")
    return HiddenToken(verify_token)


def _check_topics(topics: Sequence[str]) -> frozenset[str]:
    listed = [] if isinstance(topics, str) else list(topics)
    if not listed or not all(isinstance(one, str) and one.startswith("arn:") for one in listed):
        raise ConfigError('must be a list of ARNs, such as ["arn:aws:sns:…"]', "topics")
    return frozenset(listed)


def _confirmer(wanted: bool | Confirm, topics: frozenset[str] | None) -> Confirm | None:
    if wanted is False:
        return None
    if topics is None:
        raise ConfigError(
            "needs topics=: else anybody's topic is subscribed", "confirm_subscriptions"
        )
    if wanted is not True and not callable(wanted):
        raise ConfigError(
            "must be True, or a function that fetches a URL and raises when that fails",
            "confirm_subscriptions",
        )
    return _get if wanted is True else wanted


def _get(url: str) -> None:
    """Over the guarded transport: public addresses alone, and no redirect is followed."""
    status, _, _ = _core.fetch(
        url,
        transport=transport_options(check_policy(None), "webhookcore"),
        method="GET",
        headers=[],
        body=b"",
        max_bytes=64 * 1024,
        timeout=10.0,
    )
    if status != 200:
        raise ConnectionError(f"Amazon SNS answered {status}")


class AwaitedVerifier:
    """Verifies for a source whose secret its provider tells in a handshake.

    Until ``secrets()`` gives one nothing verifies, and the first secret that comes is
    taken. Once this process has seen one none is taken any more, even if ``secrets()``
    should fail to give it.
    """

    def __init__(
        self,
        provider: SchemeLike,
        secrets: Secrets,
        tolerance: float | None,
        source: str,
        on_secret: OnSecret,
    ) -> None:
        _, self.provider = find_scheme(provider)
        if not callable(secrets):
            raise ConfigError(
                "must be a callable where on_secret= stores what it returns", "secrets"
            )
        self._make: Callable[[], Verifier] = lambda: Verifier(
            provider, secrets, tolerance, source=source
        )
        self._secrets = secrets
        self._on_secret = on_secret
        self._lock = threading.Lock()
        self._verifier: Verifier | None = None
        self._known()

    provider: Provider

    def verify(
        self,
        body: bytes,
        headers: HeadersLike,
        url: str | None = None,
        method: str = "POST",
        now: float | None = None,
    ) -> Event:
        verifier = self._known()
        if verifier is None:
            raise VerificationError("untrusted_key", "the provider has not told its secret yet")
        return cast(Event, verifier.verify(body, headers, url, method, now))

    def take(self, secret: str) -> bool:
        """Whether this was the one that is waited for; it is stored then."""
        if not self._lock.acquire(timeout=_LOCK_SECONDS):
            return False
        try:
            if self._known() is not None:
                return False
            self._on_secret(secret)
            if self._known() is None:
                raise ConfigError("secrets() does not give what on_secret() was given", "secrets")
            return True
        finally:
            self._lock.release()

    def _mac(self, content: bytes, secret_index: int = 0) -> bytes:
        verifier = self._known()
        if verifier is None:
            raise ConfigError("there is none yet", "secrets")
        return verifier._mac(content, secret_index)

    def _known(self) -> Verifier | None:
        if self._verifier is None and hide(self._secrets):
            self._verifier = self._make()
        return self._verifier
