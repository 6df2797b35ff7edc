"""Keys that are fetched: who is asked for them, and what is taken from the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from .errors import ConfigError, KeyUnavailableError, VerificationError


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
        raise untrusted("What was fetched is neither PEM nor a JWK.")
    listed = parse_object(stripped).get("keys")
    if not isinstance(listed, list):
        return [stripped]
    return [json.dumps(key) for key in listed if _may_be_meant(key, key_id)][:32]


def _may_be_meant(key: Any, key_id: str) -> bool:
    if not isinstance(key, Mapping) or key.get("use", "sig") != "sig":
        return False
    return not key_id or key.get("kid") == key_id


def parse_object(text: str) -> Mapping[str, Any]:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, Mapping):
        raise untrusted("What was fetched is no JSON object.")
    return parsed


def untrusted(hint: str) -> VerificationError:
    return VerificationError("untrusted_key", explain=lambda: hint)
