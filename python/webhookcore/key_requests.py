"""One request for a key over the guarded transport, and its bounds."""

from __future__ import annotations

from typing import Final

from . import _core
from .errors import BlockedAddressError, ConfigError, InvalidUrlError, KeyUnavailableError
from .keys import untrusted
from .urls import UrlPolicy, transport_options

MAX_BYTES: Final = 64 * 1024
# Seconds for which a key is kept: the bounds, and what counts where nothing is said.
SHORTEST: Final = 300.0
LONGEST: Final = 24 * 3600.0
UNSAID: Final = 3600.0
# Seconds for one fetch, and how much longer other threads wait for it.
TIMEOUT: Final = 5.0
SPARE: Final = 2.0
_USER_AGENT: Final = "webhookcore/0.1.0"


def request_key(
    url: str, policy: UrlPolicy, timeout: float, body: bytes | None = None
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    try:
        return _core.fetch(
            url,
            transport=transport_options(policy, _USER_AGENT),
            method="GET" if body is None else "POST",
            headers=[] if body is None else [("Content-Type", "application/json")],
            body=body or b"",
            max_bytes=MAX_BYTES,
            timeout=timeout,
        )
    except (BlockedAddressError, InvalidUrlError, ConfigError) as error:
        # A resolver that lies, a CA file that is gone: not the request's fault.
        raise KeyUnavailableError(f"the key cannot be fetched: {error}") from error


def text_of(body: bytes) -> str:
    try:
        return body.decode("utf-8").strip()
    except UnicodeDecodeError:
        raise untrusted("What was fetched is no text.") from None


def https_url(url: str) -> str:
    if not isinstance(url, str) or not url.startswith("https://"):
        raise ConfigError("keys come from https URLs only", "urls")
    return url
