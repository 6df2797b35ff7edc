"""Certificates and key sets over https: which URLs are asked, and what is believed."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from . import _core, environment
from .config import check_list, check_seconds
from .errors import ConfigError, KeyUnavailableError
from .key_cache import KeyCache
from .key_requests import (
    LONGEST,
    SHORTEST,
    SPARE,
    TIMEOUT,
    UNSAID,
    https_url,
    request_key,
    text_of,
)
from .keys import KeyReference, untrusted
from .urls import UrlPolicy, check_policy

_MAX_AGE: Final = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?([0-9]{1,9})", re.IGNORECASE)
# Statuses that say nothing about the key.
_LATER: Final = frozenset({408, 425, 429})


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
        max_age: float = LONGEST,
        timeout: float = TIMEOUT,
        intermediates: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._policy = check_policy(policy)
        self._urls = frozenset(check_list("urls", urls, "must be a list of URLs"))
        for url in self._urls:
            _core.check_url(self._policy._core, https_url(url))
        self._max_age = check_seconds("max_age", max_age, SHORTEST, LONGEST)
        self._timeout = check_seconds("timeout", timeout, 0.05, 60.0)
        self._intermediates = _checked_pem("intermediates", intermediates)
        self._clock = clock
        self._cache = KeyCache(clock, self._timeout + SPARE)

    def fetch(self, reference: KeyReference) -> str:
        rule = self._rule_of(reference)
        if rule is None:
            raise untrusted("The URL of the key is not one of the provider's.")
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
        status, headers, body = request_key(url, self._policy, self._timeout)
        if status >= 500 or status in _LATER:
            raise KeyUnavailableError(f"the key's host answered {status}")
        if status != 200:
            raise untrusted(f"The key's host answered {status}; redirects are not followed.")
        text = text_of(body)
        lifetime = _lifetime(headers, self._max_age)
        is_certificate = text.startswith("-----BEGIN CERTIFICATE-----")
        if rule.certificate is not None and not is_certificate:
            raise untrusted("What was fetched is no PEM certificate.")
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
            raise untrusted(
                f"The certificate is not to be trusted: {error}. Where one between it and its "
                "authority is missing, give that as intermediates= of HttpsKeyFetcher."
            ) from error
        if not begins <= now * 1000 < ends:
            raise untrusted("The certificate is not valid at this time.")
        pattern = rule.certificate
        if pattern is not None and not any(pattern.fullmatch(name) for name in names):
            raise untrusted("The certificate is made out to somebody else.")
        return ends / 1000 - now

    def _authorities(self) -> bytes:
        try:
            return _core.read_ca_bundle(environment.ca_file(self._policy.ca_file or ""))
        except ConfigError as error:
            raise KeyUnavailableError(f"the CA bundle cannot be read: {error}") from error


def _lifetime(headers: list[tuple[bytes, bytes]], longest: float) -> float:
    said = ",".join(
        value.decode("latin-1") for name, value in headers if name.lower() == b"cache-control"
    )
    match = _MAX_AGE.search(said)
    seconds = float(match[1]) if match else UNSAID
    if re.search(r"\bno-(?:store|cache)\b", said, re.IGNORECASE):
        seconds = 0.0
    return min(max(seconds, SHORTEST), longest)


def _checked_pem(field: str, text: str) -> str:
    if not isinstance(text, str):
        raise ConfigError("must be a str of PEM certificates", field)
    try:
        if text:
            _core.read_certificate(text)
    except ConfigError as error:
        raise ConfigError(str(error), field) from None
    return text
