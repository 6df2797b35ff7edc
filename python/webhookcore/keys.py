"""Keys that are fetched: who is asked for them, and what is believed of the answer."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, runtime_checkable
from urllib.parse import urlsplit

from . import _core
from .config import check_list, check_seconds, check_text
from .errors import (
    BlockedAddressError,
    ConfigError,
    InvalidUrlError,
    KeyUnavailableError,
    VerificationError,
)
from .key_cache import KeyCache
from .urls import UrlPolicy, check_policy

MAX_BYTES: Final = 64 * 1024
# Seconds. What a provider says of its answer's age counts within these.
_SHORTEST: Final = 300.0
_LONGEST: Final = 24 * 3600.0
_UNSAID: Final = 3600.0
_TIMEOUT: Final = 5.0
_SPARE: Final = 2.0
_USER_AGENT: Final = "webhookcore/0.1.0"
_MAX_AGE: Final = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?([0-9]{1,9})", re.IGNORECASE)
# Statuses that say nothing about the key.
_LATER: Final = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class KeyReference:
    """Which key a request says that it was signed with.

    Attributes:
        provider: The scheme's name.
        url: Where it is: https, of a host that is the provider's. Empty where the
            request names none.
        id: What the request calls it (a JWS's ``kid``, an RFC 9421 ``keyid``): up to 256
            visible ASCII characters that anybody may have written. Empty where there is none.
    """

    provider: str
    url: str = ""
    id: str = ""


@runtime_checkable
class KeyFetcher(Protocol):
    """Gives keys. Asked only for requests in which everything else is right.

    It is asked for each of these, by several threads at once: it keeps what it has got.
    """

    def fetch(self, reference: KeyReference) -> str:
        """The key: a PEM certificate (or its chain) or public key, a JWK, or a JWK set.

        Raises:
            VerificationError: With ``"untrusted_key"``: there is no such key, or it is
                not to be believed.
            KeyUnavailableError: It cannot be had now. Any other exception is taken for
                the same.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Rule:
    """Whole texts, not parts of them, have to match."""

    url: re.Pattern[str]
    certificate: re.Pattern[str] | None = None  # A name in it.
    chain: bool = False


_RULES: Final = {
    "aws-sns": _Rule(
        re.compile(r"https://sns\.[a-zA-Z0-9-]{3,}\.amazonaws\.com(?:\.cn)?/[!-~]*\.pem"),
        # Served without the certificates between it and its authority.
        re.compile(r"sns(?:\.[a-z0-9-]{3,})?\.amazonaws\.com(?:\.cn)?"),
    ),
    "paypal": _Rule(
        re.compile(
            r"https://api(?:\.sandbox)?\.paypal\.com/v1/notifications/certs/[\w.\-]+", re.ASCII
        ),
        re.compile(r"messageverificationcerts(?:\.[a-z0-9-]+)?\.paypal\.com"),
        chain=True,
    ),
    "fal": _Rule(re.compile(r"https://rest\.alpha\.fal\.ai/\.well-known/jwks\.json")),
}
_PLAIN: Final = _Rule(re.compile(r"https://[!-~]+"))


class HttpsKeyFetcher:
    """Fetches certificates and key sets over https, and keeps them.

    What is asked: only URLs that fit the provider's rule, whole; public addresses alone,
    judged when they are dialled; no redirect, no proxy of the environment, at most 64 KiB.
    What is believed: certificates within their dates and with the provider's name in
    them, PayPal's with a chain to an authority as well.
    What is kept, in memory: a key for as long as its Cache-Control says, within 5 minutes
    and ``max_age``; a failure for a minute. When nothing is kept, one thread asks and the
    others wait for it. Safe to share between threads and sources.

    Args:
        policy: How hosts are reached: ``ca_file``, ``proxy``, ``allow``. Even where it
            allows http, keys are not fetched over it.
        urls: Further URLs that keys may come from, exactly as they stand.
        max_age: Longest time that a key is kept, 300 to 86400 seconds.
        timeout: For one fetch, in seconds.
        intermediates: PEM certificates that complete a chain which is served without.
        clock: Gives Unix seconds; for tests.

    Raises:
        ConfigError: An option that cannot be.
    """

    def __init__(
        self,
        policy: UrlPolicy | None = None,
        *,
        urls: Sequence[str] = (),
        max_age: float = _LONGEST,
        timeout: float = _TIMEOUT,
        intermediates: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._policy = check_policy(policy)
        self._urls = frozenset(check_list("urls", urls, "must be a list of URLs"))
        for url in self._urls:
            _core.check_url(self._policy._core, _https_url(url))
        self._max_age = check_seconds("max_age", max_age, _SHORTEST, _LONGEST)
        self._timeout = check_seconds("timeout", timeout, 0.05, 60.0)
        self._intermediates = _checked_pem("intermediates", intermediates)
        self._clock = clock
        self._cache = KeyCache(clock, self._timeout + _SPARE)

    def fetch(self, reference: KeyReference) -> str:
        rule = self._rule_of(reference)
        if rule is None:
            raise _untrusted("The URL of the key is not one of the provider's.")
        host = urlsplit(reference.url).hostname or ""
        return self._cache.get(reference.url, lambda: self._load(reference.url, rule), host)

    def __repr__(self) -> str:
        return "<HttpsKeyFetcher>"

    def _rule_of(self, reference: KeyReference) -> _Rule | None:
        url = reference.url
        if url in self._urls:
            return _PLAIN
        # A scheme under another name keeps to the rule that its URL fits.
        known = _RULES.get(reference.provider)
        rules = [known] if known is not None else _RULES.values()
        return next((rule for rule in rules if rule.url.fullmatch(url)), None)

    def _load(self, url: str, rule: _Rule) -> tuple[str, float]:
        status, headers, body = _request(url, self._policy, self._timeout)
        if status >= 500 or status in _LATER:
            raise KeyUnavailableError(f"the key's host answered {status}")
        if status != 200:
            raise _untrusted(f"The key's host answered {status}; redirects are not followed.")
        text = _text_of(body)
        lifetime = _lifetime(headers, self._max_age)
        is_certificate = text.startswith("-----BEGIN CERTIFICATE-----")
        if rule.certificate is not None and not is_certificate:
            raise _untrusted("What was fetched is no PEM certificate.")
        if is_certificate:
            lifetime = min(lifetime, self._check_certificate(text, rule))
        return text, lifetime

    def _check_certificate(self, text: str, rule: _Rule) -> float:
        """Seconds for which it still holds."""
        now = self._clock()
        try:
            names, begins, ends = _core.read_certificate(text)
            if rule.chain:
                _core.check_chain(f"{text}\n{self._intermediates}", self._authorities(), now)
        except ConfigError as error:
            raise _untrusted(
                f"The certificate is not to be trusted: {error}. Where one between it and its "
                "authority is missing, give that as intermediates= of HttpsKeyFetcher."
            ) from error
        if not begins <= now * 1000 < ends:
            raise _untrusted("The certificate is not valid at this time.")
        pattern = rule.certificate
        if pattern is not None and not any(pattern.fullmatch(name) for name in names):
            raise _untrusted("The certificate is made out to somebody else.")
        return ends / 1000 - now

    def _authorities(self) -> bytes:
        path = _core.find_ca_bundle(self._policy.ca_file or "")
        try:
            return Path(path).read_bytes()
        except OSError as error:
            raise KeyUnavailableError(f"the CA bundle cannot be read: {error}") from error


class _Hidden(str):
    """A secret that no traceback with local variables shows."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<secret>"


class _HiddenBytes(bytes):
    def __repr__(self) -> str:
        return "<a body with a secret>"


class PlaidKeyFetcher:
    """Asks Plaid for the key of an id, with your credentials, and keeps it.

    Args:
        client_id: As in Plaid's dashboard.
        secret: The same.
        base_url: Of the environment: ``https://sandbox.plaid.com`` for tests.
        policy, max_age, timeout, clock: As for ``HttpsKeyFetcher``.
    """

    def __init__(
        self,
        client_id: str,
        secret: str,
        base_url: str = "https://production.plaid.com",
        *,
        policy: UrlPolicy | None = None,
        max_age: float = _LONGEST,
        timeout: float = _TIMEOUT,
        clock: Callable[[], float] = time.time,
    ) -> None:
        secret = _Hidden(secret)
        self._credentials = {
            "client_id": check_text("client_id", client_id),
            "secret": check_text("secret", secret),
        }
        self._policy = check_policy(policy)
        self._url = _https_url(base_url).rstrip("/") + "/webhook_verification_key/get"
        _core.check_url(self._policy._core, self._url)
        self._max_age = check_seconds("max_age", max_age, _SHORTEST, _LONGEST)
        self._timeout = check_seconds("timeout", timeout, 0.05, 60.0)
        self._cache = KeyCache(clock, self._timeout + _SPARE)

    def fetch(self, reference: KeyReference) -> str:
        return self._cache.get(reference.id, lambda: self._load(reference.id))

    def __repr__(self) -> str:
        return "<PlaidKeyFetcher>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        raise TypeError("a PlaidKeyFetcher holds a secret and cannot be pickled")

    def _load(self, key_id: str) -> tuple[str, float]:
        status, _, body = _request(
            self._url,
            self._policy,
            self._timeout,
            _HiddenBytes(json.dumps({**self._credentials, "key_id": key_id}).encode()),
        )
        answer = _parsed(_text_of(body))
        if answer.get("error_code") == "INVALID_WEBHOOK_VERIFICATION_KEY_ID":
            raise _untrusted("Plaid knows no key of this id.")
        key = answer.get("key")
        if status != 200 or not isinstance(key, dict):
            code = str(answer.get("error_code", ""))[:64]
            raise KeyUnavailableError(f"Plaid answered {status} {code!a}")
        if key.get("expired_at") is not None:
            raise _untrusted("Plaid has withdrawn the key.")
        return json.dumps(key), min(_UNSAID, self._max_age)


def ask(fetcher: KeyFetcher, reference: KeyReference) -> str:
    """What the fetcher gives, or one of the two errors that it may raise."""
    try:
        text = fetcher.fetch(reference)
    except (VerificationError, KeyUnavailableError):
        raise
    except Exception as error:
        raise KeyUnavailableError(f"the KeyFetcher failed: {type(error).__name__}") from error
    if not isinstance(text, str):
        raise ConfigError(f"fetch() gave a {type(text).__name__}, not a str", "keys")
    return text


def key_texts(text: str, key_id: str) -> list[str]:
    """The keys in a fetched text: itself, or those of a JWK set that may be meant.

    Raises:
        VerificationError: It is neither PEM nor JSON.
    """
    stripped = text.strip()
    if stripped.startswith("-----BEGIN "):
        return [stripped]
    if not stripped.startswith("{"):
        raise _untrusted("What was fetched is neither PEM nor a JWK.")
    listed = _parsed(stripped).get("keys")
    if not isinstance(listed, list):
        return [stripped]
    return [json.dumps(key) for key in listed if _may_be_meant(key, key_id)][:32]


def _may_be_meant(key: Any, key_id: str) -> bool:
    if not isinstance(key, Mapping) or key.get("use", "sig") != "sig":
        return False
    return not key_id or key.get("kid") == key_id


def _request(
    url: str, policy: UrlPolicy, timeout: float, body: bytes | None = None
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    try:
        return _core.fetch(
            url,
            policy=policy._core,
            ca_file=policy.ca_file or "",
            proxy=policy.proxy or "",
            interface=policy.interface or "",
            user_agent=_USER_AGENT,
            method="GET" if body is None else "POST",
            headers=[] if body is None else [("Content-Type", "application/json")],
            body=body or b"",
            max_bytes=MAX_BYTES,
            timeout=timeout,
        )
    except (BlockedAddressError, InvalidUrlError, ConfigError) as error:
        # A resolver that lies, a CA file that is gone: not the request's fault.
        raise KeyUnavailableError(f"the key cannot be fetched: {error}") from error


def _lifetime(headers: list[tuple[bytes, bytes]], longest: float) -> float:
    said = ",".join(
        value.decode("latin-1") for name, value in headers if name.lower() == b"cache-control"
    )
    match = _MAX_AGE.search(said)
    seconds = float(match[1]) if match else _UNSAID
    if re.search(r"\bno-(?:store|cache)\b", said, re.IGNORECASE):
        seconds = 0.0
    return min(max(seconds, _SHORTEST), longest)


def _text_of(body: bytes) -> str:
    try:
        return body.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise _untrusted("What was fetched is no text.") from None


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, Mapping):
        raise _untrusted("What was fetched is no JSON object.")
    return parsed


def _checked_pem(field: str, text: str) -> str:
    if not isinstance(text, str):
        raise ConfigError("must be a str of PEM certificates", field)
    try:
        if text:
            _core.read_certificate(text)
    except ConfigError as error:
        raise ConfigError(str(error), field) from None
    return text


def _https_url(url: str) -> str:
    if not isinstance(url, str) or not url.startswith("https://"):
        raise ConfigError("keys come from https URLs only", "urls")
    return url


def _untrusted(hint: str) -> VerificationError:
    return VerificationError("untrusted_key", explain=lambda: hint)
