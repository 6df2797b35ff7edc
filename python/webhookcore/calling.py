"""One HTTP request over the guarded transport, for what is no delivery."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from . import _core
from .config import check_seconds, check_text
from .errors import ConfigError, KeyUnavailableError, UnreachableError
from .exchange import Headers, HeadersLike
from .urls import UrlPolicy, check_policy, normal_url, transport_options

_USER_AGENT: Final = "webhookcore/0.1.0"
# What belongs to one connection (RFC 9110, section 7.6.1) or to its framing.
_OF_THE_CONNECTION: Final = frozenset(
    {
        *("connection", "content-length", "expect", "host", "keep-alive", "proxy-connection"),
        *("te", "trailer", "transfer-encoding", "upgrade"),
    }
)


class HiddenHeaders(list[tuple[str, str]]):
    """Pairs of which no traceback with local variables shows the values."""

    def __repr__(self) -> str:
        return f"<{len(self)} headers>"


@dataclass(frozen=True, slots=True)
class CallResponse:
    """The whole answer. Headers beyond 4 KiB of them are not kept."""

    status: int
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)


def call(
    url: str,
    *,
    method: str = "POST",
    headers: HeadersLike = (),
    body: bytes = b"",
    policy: UrlPolicy | None = None,
    timeout: float = 10.0,
    max_bytes: int = 64 * 1024,
) -> CallResponse:
    """Make one request, with exactly these bytes; a redirect is an answer like any other.

    Args:
        headers: Those of the connection and of its framing are left out.
        timeout: For all of it, in seconds.
        max_bytes: Of the answer's body; a longer one is a failure.

    Raises:
        InvalidUrlError, BlockedAddressError: The URL may not be called.
        UnreachableError: No whole answer came.
        ConfigError: A method or a header that cannot be sent.
    """
    known = check_policy(policy)
    check_seconds("timeout", timeout, 0.05, 300)
    check_text("method", method, most=32)
    try:
        status, pairs, content = _core.fetch(
            normal_url(url, known),
            transport=transport_options(known, _USER_AGENT),
            method=method,
            headers=passed_on(headers),
            body=bytes(body),
            max_bytes=max_bytes,
            timeout=timeout,
        )
    except KeyUnavailableError as error:  # What the core calls every failed fetch.
        if str(error).startswith("invalid_request: "):
            raise ConfigError(str(error).partition(": ")[2], "headers") from None
        raise UnreachableError(str(error)) from error
    return CallResponse(status, Headers(pairs), content)


def passed_on(headers: HeadersLike) -> list[tuple[bytes, bytes]]:
    """The headers that go on to the next hop, as the bytes that came."""
    pairs = Headers(headers).pairs()
    named = ",".join(value for name, value in pairs if name.lower() == "connection")
    dropped = _OF_THE_CONNECTION | {name.strip().lower() for name in named.split(",")}
    return [
        (name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
        for name, value in pairs
        if name.lower() not in dropped
    ]
