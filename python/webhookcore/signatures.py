"""Verification without a store."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Final, cast

from . import _core
from .errors import ConfigError, ShortSecretWarning, VerificationError
from .events import Event
from .exchange import HeadersLike
from .hidden_secrets import HiddenSecrets, Secrets, check_secrets, hide, mark_of
from .provider_rules import Provider
from .schemes import SchemeLike, find_scheme

if TYPE_CHECKING:
    from .keys import KeyFetcher

_SHORT: Final = 16
_SHORT_WARNING: Final = "a text secret of under 16 bytes can be guessed from one signed request"


class Verifier(_core.VerifierBase):
    """Checks requests of one provider; keeps the keyed contexts until it is closed.

    This is the fast path: make one when the program starts and share it between
    threads.

    Args:
        provider: A built-in name (see ``providers()``), or a ``Scheme``.
        secrets: As the provider shows them, newest first; any match passes, which is
            how a secret is rotated without refusing requests. A callable is asked at
            every request (for secret managers; let it cache). May be omitted where keys
            are fetched: Amazon SNS, PayPal, fal, and with ``keys`` also Plaid, a JWS or
            an RFC 9421 signature with a public key.
        tolerance: Largest distance between the signed time and now, in seconds,
            either way; the scheme's own (300) when omitted. Above zero.
        source: Name that the events carry; the provider's when omitted.
        keys: Fetches keys in place of the default, an ``HttpsKeyFetcher``.

    Raises:
        ConfigError: Unknown provider, no secret, a secret that cannot be a key, a
            tolerance that is not above zero, ``keys`` where none are fetched.
    """

    provider = Provider("?", "?")

    # The same parameters as __init__, because this is where help() reads them.
    def __new__(
        cls,
        provider: SchemeLike,
        secrets: Secrets | None = None,
        tolerance: float | None = None,  # noqa: ARG004
        *,
        source: str | None = None,  # noqa: ARG004
        keys: KeyFetcher | None = None,  # noqa: ARG004
    ) -> Verifier:
        chosen = cls
        if cls is Verifier and callable(secrets):
            chosen = _RotatingVerifier
        elif cls is Verifier and _is_nothing(secrets) and _fetches_keys(provider):
            chosen = _fetching_verifier()
        return super().__new__(chosen)

    def __init__(
        self,
        provider: SchemeLike,
        secrets: Secrets | None = None,
        tolerance: float | None = None,
        *,
        source: str | None = None,
        keys: KeyFetcher | None = None,
    ) -> None:
        secrets = hide(() if secrets is None else secrets)
        scheme, self.provider = find_scheme(provider)
        name = self.provider.name
        _refuse_keys(keys, scheme)
        check_secrets(secrets)
        super().__init__(
            scheme, secrets, tolerance, self.provider, source or name, Event, refusal_of
        )
        if _has_short_text(scheme, secrets):
            warnings.warn(_SHORT_WARNING, ShortSecretWarning, stacklevel=2)

    def __repr__(self) -> str:
        return f"<{type(self).__name__.lstrip('_')} {self.provider.name}>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        raise TypeError("a Verifier holds keys and cannot be pickled")


class _RotatingVerifier(Verifier):
    """A verifier whose secrets come from a callable; it keeps no text of them."""

    def __init__(
        self,
        provider: SchemeLike,
        secrets: Secrets | None = None,
        tolerance: float | None = None,
        *,
        source: str | None = None,
        keys: KeyFetcher | None = None,
    ) -> None:
        assert secrets is not None
        scheme, self.provider = find_scheme(provider)
        _refuse_keys(keys, scheme)
        self._options = (provider, tolerance, source)
        self._fetch = secrets
        self._current = self._renewed(hide(secrets))

    def verify(
        self,
        body: bytes,
        headers: HeadersLike,
        url: str | None = None,
        method: str = "POST",
        now: float | None = None,
    ) -> Event:
        return cast(Event, self._fresh().verify(body, headers, url, method, now))

    def _mac(self, content: bytes, secret_index: int = 0, /) -> bytes:
        return self._fresh()._mac(content, secret_index)

    def close(self) -> None:
        self._current[1].close()

    def _fresh(self) -> Verifier:
        try:
            fresh = hide(self._fetch)
        except SystemExit as error:  # On an event loop it would end the server.
            raise ConfigError(f"the callable that gives them exited: {error}", "secrets") from error
        # One reference, read once: another thread may renew it meanwhile.
        current = self._current
        if mark_of(fresh) != current[0]:
            self._current = current = self._renewed(fresh)
        return current[1]

    def _renewed(self, secrets: HiddenSecrets) -> tuple[bytes, Verifier]:
        provider, tolerance, source = self._options
        return mark_of(secrets), Verifier(provider, secrets, tolerance, source=source)


def _is_nothing(secrets: Secrets | None) -> bool:
    return secrets is None or (isinstance(secrets, (list, tuple)) and not secrets)


def _fetches_keys(provider: SchemeLike) -> bool:
    return find_scheme(provider)[0].key_source != "configured"


def _fetching_verifier() -> type[Verifier]:
    from .fetching import FetchingVerifier  # noqa: PLC0415  # It is a Verifier itself.

    return FetchingVerifier


def _refuse_keys(keys: KeyFetcher | None, scheme: _core.SchemeBase) -> None:
    if keys is None:
        return
    if scheme.key_source == "configured":
        raise ConfigError(f"{scheme.fields()['name']} has no keys that are fetched", "keys")
    raise ConfigError("give secrets, or keys that fetches them, not both", "keys")


def _has_short_text(scheme: _core.SchemeBase, secrets: HiddenSecrets) -> bool:
    for secret in secrets:
        if len(secret) < _SHORT:
            return scheme.has_text_key
    return False


def refusal_of(
    reason: str,
    header: str,
    verifier: Any,
    body: bytes,
    headers: HeadersLike,
    url: bytes,
    method: bytes,
    now: float,
) -> VerificationError:
    def explain() -> str:
        try:
            text: str = verifier._explain(reason, header, body, headers, url, method, now)
        except ConfigError:  # The verifier was closed: its keys are gone.
            return ""
        return text

    return VerificationError(reason, header=header, explain=explain)


def verify(
    provider: SchemeLike,
    *,
    body: bytes,
    headers: HeadersLike,
    secrets: Secrets | None = None,
    url: str | None = None,
    method: str = "POST",
    now: float | None = None,
    tolerance: float | None = None,
    keys: KeyFetcher | None = None,
) -> Event:
    """Check a request's signature and age, and return the event it carries.

    Args:
        provider: A built-in name (see ``providers()``), or a ``Scheme``.
        body: The exact bytes received; JSON that was parsed and written again
            will not verify.
        headers: Any mapping or list of pairs, of ``str`` or ``bytes``, in any case.
        secrets: Newest first. Any match passes, which is how a secret is
            rotated without refusing requests. Empty is an error, not "trust", but
            where keys are fetched (see ``Verifier``).
        url: The full public URL, for the schemes that sign it (Twilio).
        method: The request's method, for the schemes that sign it.
        now: Unix time in seconds; the system clock when omitted.
        tolerance: Largest distance between the signed timestamp and ``now``,
            in seconds, either way; the scheme's own (300) when omitted. Above zero.
        keys: Fetches keys in place of the default, an ``HttpsKeyFetcher``.

    Raises:
        VerificationError: ``reason`` says what was refused, ``http_status``
            what to answer.
        KeyUnavailableError: The key cannot be fetched now: answer 503.
        ConfigError: Unknown provider, or a secret that cannot be a key.

    Source: Standard Webhooks 1.0, section "Verifying signatures"; the other schemes'
    sources are in the docs.
    """
    secrets = hide(() if secrets is None else secrets)
    scheme, row = find_scheme(provider)
    if keys is not None or not secrets:
        fetching = Verifier(provider, secrets, tolerance, keys=keys)
        return cast(Event, fetching.verify(body, headers, url, method, now))
    # What Verifier.__init__ does, without the cost of an object that nobody keeps.
    check_secrets(secrets)
    once = _core.VerifierBase(scheme, secrets, tolerance, row, row.name, Event, refusal_of)
    if _has_short_text(scheme, secrets):
        warnings.warn(_SHORT_WARNING, ShortSecretWarning, stacklevel=2)
    event: Event = once.verify(body, headers, url, method, now)
    return event
