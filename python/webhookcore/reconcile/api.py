"""A provider's API: one GET after the other, within a budget of waiting."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from ..calling import CallResponse, HiddenHeaders, call
from ..errors import ProviderApiError, UnreachableError
from ..exchange import Headers
from ..hidden_secrets import HiddenSecret
from ..urls import UrlPolicy

# A page of a hundred events, each with a large object in it.
_MOST_BYTES: Final = 64 * 1024 * 1024
# Seconds to wait where the provider does not say, and what an error of its own is worth.
_UNSAID: Final = 1.0
_LONGEST_SAID: Final = 24 * 3600.0
_SHOWN: Final = 200


class ProviderApi:
    """Asks with a Bearer key; a page that is refused for now is asked for again.

    Args:
        base_url: Scheme and host, and a prefix where there is one.
        key: The API key; it is in no error and no log.
        headers: What every request has beside it.
        timeout: Of one request, in seconds.
        wait: How long, in seconds, all waiting together may take.
        sleep: Waits.
        clock: Unix seconds, to read ``X-RateLimit-Reset`` by.
    """

    def __init__(
        self,
        base_url: str,
        key: HiddenSecret,
        headers: Mapping[str, str],
        *,
        policy: UrlPolicy | None,
        timeout: float,
        wait: float,
        clock: Callable[[], float],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._key, self._headers = key, headers
        self._policy, self._timeout = policy, timeout
        self._patience = wait
        self._clock, self._sleep = clock, sleep

    def get(self, path: str, query: Mapping[str, str | int] = {}) -> tuple[Any, CallResponse]:
        """The parsed answer, and the whole one.

        Raises:
            ProviderApiError: It was refused, or is no JSON.
            UnreachableError: None came.
        """
        url = f"{self._base_url}/{path.lstrip('/')}" + (f"?{urlencode(query)}" if query else "")
        while True:
            try:
                response = self._ask(url)
            except UnreachableError:
                if not self._wait(_UNSAID):
                    raise
                continue
            if 200 <= response.status < 300:
                return _parsed(response), response
            pause = self._pause(response)
            if pause is None or not self._wait(pause):
                raise _refusal(response, pause)

    def _ask(self, url: str) -> CallResponse:
        return call(
            url,
            method="GET",
            headers=HiddenHeaders(
                [*self._headers.items(), ("Authorization", f"Bearer {self._key.text}")]
            ),
            policy=self._policy,
            timeout=self._timeout,
            max_bytes=_MOST_BYTES,
        )

    def _wait(self, seconds: float) -> bool:
        if seconds > self._patience:
            return False
        self._patience -= seconds
        self._sleep(seconds)
        return True

    def _pause(self, response: CallResponse) -> float | None:
        """Seconds until it may be asked again; None where that would change nothing."""
        said = _number(response.headers, "Retry-After")
        if said is not None:
            return min(max(said, _UNSAID), _LONGEST_SAID)  # Never at once, whatever it says.
        if response.status >= 500:
            return _UNSAID
        # GitHub says 403 as well as 429 where the hour's requests are used up.
        used_up = _number(response.headers, "X-RateLimit-Remaining") == 0
        resets = _number(response.headers, "X-RateLimit-Reset")
        if response.status in (403, 429) and used_up and resets is not None:
            return min(max(resets - self._clock(), _UNSAID), _LONGEST_SAID)
        return _UNSAID if response.status == 429 else None


def is_plain(text: Any) -> bool:
    """Whether it is what an id or a name of a provider looks like."""
    plain = isinstance(text, str) and text.isascii() and text.isprintable()
    return plain and 1 <= len(text) <= 256


def _parsed(response: CallResponse) -> Any:
    try:
        return json.loads(response.body)
    except (ValueError, RecursionError):
        raise ProviderApiError("what the provider's API answered is no JSON") from None


def _refusal(response: CallResponse, pause: float | None) -> ProviderApiError:
    said = _message(response.body)
    text = f"the provider's API answered {response.status}" + (f": {said}" if said else "")
    return ProviderApiError(text, response.status, pause)


def _message(body: bytes) -> str:
    """What Stripe and GitHub say for people; short, and safe to print."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    inner = told.get("error", told) if isinstance(told, dict) else None
    text = inner.get("message") if isinstance(inner, dict) else None
    if not isinstance(text, str):
        return ""
    return "".join(one if one.isprintable() else "?" for one in text[:_SHOWN])


def _number(headers: Headers, name: str) -> float | None:
    value = headers.get(name, "").strip()
    return float(value) if value.isascii() and value.isdecimal() and len(value) <= 12 else None
