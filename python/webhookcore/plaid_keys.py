"""Plaid's keys, which are asked for with credentials."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from . import _core
from .config import check_seconds, check_text
from .errors import KeyUnavailableError
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
from .keys import KeyReference, parse_object, untrusted
from .urls import UrlPolicy, check_policy


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
        max_age: float = LONGEST,
        timeout: float = TIMEOUT,
        clock: Callable[[], float] = time.time,
    ) -> None:
        secret = _Hidden(secret)
        self._credentials = {
            "client_id": check_text("client_id", client_id),
            "secret": check_text("secret", secret),
        }
        self._policy = check_policy(policy)
        self._url = https_url(base_url).rstrip("/") + "/webhook_verification_key/get"
        _core.check_url(self._policy._core, self._url)
        self._max_age = check_seconds("max_age", max_age, SHORTEST, LONGEST)
        self._timeout = check_seconds("timeout", timeout, 0.05, 60.0)
        self._cache = KeyCache(clock, self._timeout + SPARE)

    def fetch(self, reference: KeyReference) -> str:
        return self._cache.get(reference.id, lambda: self._load(reference.id))

    def __repr__(self) -> str:
        return "<PlaidKeyFetcher>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        raise TypeError("a PlaidKeyFetcher holds a secret and cannot be pickled")

    def _load(self, key_id: str) -> tuple[str, float]:
        status, _, body = request_key(
            self._url,
            self._policy,
            self._timeout,
            _HiddenBytes(json.dumps({**self._credentials, "key_id": key_id}).encode()),
        )
        answer = parse_object(text_of(body))
        if answer.get("error_code") == "INVALID_WEBHOOK_VERIFICATION_KEY_ID":
            raise untrusted("Plaid knows no key of this id.")
        key = answer.get("key")
        if status != 200 or not isinstance(key, dict):
            code = str(answer.get("error_code", ""))[:64]
            raise KeyUnavailableError(f"Plaid answered {status} {code!a}")
        if key.get("expired_at") is not None:
            raise untrusted("Plaid has withdrawn the key.")
        return json.dumps(key), min(UNSAID, self._max_age)
