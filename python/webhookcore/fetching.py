"""The verifier of schemes whose keys are fetched."""

from __future__ import annotations

import functools
import threading
import time
from collections import OrderedDict
from typing import Final, cast

from . import _core
from .errors import ConfigError, VerificationError
from .events import Event
from .exchange import HeadersLike
from .hidden_secrets import Secrets
from .https_keys import HttpsKeyFetcher
from .keys import KeyFetcher, KeyReference, ask, key_texts
from .schemes import SchemeLike, find_scheme
from .signatures import Verifier, refusal_of

# Providers have one key in use, and two while they change it.
_VERIFIERS: Final = 8


class FetchingVerifier(Verifier):
    """Asks a ``KeyFetcher`` once everything is right that can be judged without a key."""

    def __init__(
        self,
        provider: SchemeLike,
        secrets: Secrets | None = None,
        tolerance: float | None = None,
        *,
        source: str | None = None,
        keys: KeyFetcher | None = None,
    ) -> None:
        del secrets  # There are none, or this would be another verifier.
        scheme, self.provider = find_scheme(provider)
        self._keys = _chosen(scheme, keys)
        self._options = (provider, tolerance, source)
        self._lock = threading.Lock()
        self._verifiers: OrderedDict[tuple[str, str], Verifier] = OrderedDict()
        _core.VerifierBase.__init__(
            self,
            scheme,
            None,
            tolerance,
            self.provider,
            source or self.provider.name,
            Event,
            refusal_of,
        )

    def verify(
        self,
        body: bytes,
        headers: HeadersLike,
        url: str | None = None,
        method: str = "POST",
        now: float | None = None,
    ) -> Event:
        if now is None:
            now = time.time()  # The same before and after the fetch.
        key_url, key_id = self._key_reference(body, headers, url, method, now)
        text = ask(self._keys, KeyReference(self.provider.name, key_url, key_id))
        verifier = self._verifier_for(text, key_id)
        return cast(Event, verifier.verify(body, headers, url, method, now))

    def close(self) -> None:
        super().close()
        with self._lock:
            kept = list(self._verifiers.values())
            self._verifiers.clear()
        for verifier in kept:
            verifier.close()

    def _verifier_for(self, text: str, key_id: str) -> Verifier:
        name = (text, key_id)
        with self._lock:
            found = self._verifiers.get(name)
            if found is not None:
                self._verifiers.move_to_end(name)
                return found
        made = self._made(key_texts(text, key_id))
        with self._lock:
            self._verifiers[name] = made
            while len(self._verifiers) > _VERIFIERS:
                # Not closed: another thread may be verifying with it.
                self._verifiers.popitem(last=False)
        return made

    def _made(self, texts: list[str]) -> Verifier:
        provider, tolerance, source = self._options
        # A set may hold keys of other kinds.
        usable = [text for text in texts if is_key(provider, text)]
        if not usable:
            why = "There is no key in what was fetched that the request can mean."
            raise VerificationError("untrusted_key", explain=lambda: why)
        return Verifier(provider, usable, tolerance, source=source)


def is_key(provider: SchemeLike, text: str) -> bool:
    """Whether the text is a key that the provider's requests can be verified with."""
    try:
        Verifier(provider, [text]).close()
    except ConfigError:
        return False
    return True


def _chosen(scheme: _core.SchemeBase, keys: KeyFetcher | None) -> KeyFetcher:
    if keys is not None:
        if not callable(getattr(keys, "fetch", None)):
            raise ConfigError("must be a KeyFetcher, with a method fetch(reference)", "keys")
        return keys
    fields = scheme.fields()
    if scheme.key_source != "url":
        raise ConfigError(
            f"{fields['name']} names its keys by an id alone: give its key as secrets=[...], or "
            "keys=, a KeyFetcher that knows whom to ask",
            "secrets",
        )
    return _shared_fetcher(fields["name"], fields["settings"].get("keys_url", ""))


@functools.lru_cache(maxsize=16)
def _shared_fetcher(provider: str, url: str) -> HttpsKeyFetcher:
    """One for a provider's verifiers, so that what it keeps outlives them.

    Forged requests of one provider spend the budget of no other.
    """
    del provider
    return HttpsKeyFetcher(urls=[url] if url else [])
