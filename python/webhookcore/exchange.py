"""Requests and responses without a framework, and headers in any form."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from .errors import ConfigError
from .lambda_requests import request_fields

Text: TypeAlias = str | bytes
HeaderPairs: TypeAlias = Sequence[tuple[Text, Text]]
HeadersLike: TypeAlias = Mapping[str, str] | Mapping[bytes, bytes] | HeaderPairs


def _check_body(body: object) -> None:
    if not isinstance(body, (bytes, bytearray, memoryview)):
        raise ConfigError(
            f"must be the bytes that came, not a {type(body).__name__}: signatures are over bytes",
            "body",
        )


def _folded(name: str) -> str:
    """ASCII letters in lower case and no others: U+212A is no k."""
    return name.lower() if name.isascii() else name


class Headers(Mapping[str, str]):
    """Request headers, looked up without regard to case; repeats are kept.

    ``headers[name]`` is the first value of that name, ``get_all(name)`` are all.
    Bytes are shown as Latin-1, which is what HTTP/1.1 carries (RFC 9110, section 5.5).
    """

    __slots__ = ("_pairs",)

    def __init__(self, headers: HeadersLike = ()) -> None:
        self._pairs = tuple(_pairs_of(headers))

    def __getitem__(self, name: str) -> str:
        wanted = _folded(name)
        for key, value in self._pairs:
            if _folded(key) == wanted:
                return value
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        seen: set[str] = set()
        for key, _ in self._pairs:
            if _folded(key) not in seen:
                seen.add(_folded(key))
                yield key

    def __len__(self) -> int:
        return len({_folded(key) for key, _ in self._pairs})

    def __repr__(self) -> str:
        # Values are left out: a header may be a credential.
        return f"Headers({', '.join(self)})"

    def get_all(self, name: str) -> list[str]:
        wanted = _folded(name)
        return [value for key, value in self._pairs if _folded(key) == wanted]

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """All headers in their order, repeats included."""
        return self._pairs


def _text(value: Text) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _pairs_of(headers: HeadersLike) -> Iterator[tuple[str, str]]:
    items: Iterable[tuple[Text, object]]
    items = headers.items() if hasattr(headers, "items") else headers
    for name, value in items:
        values = value if isinstance(value, (list, tuple)) else (value,)
        for one in values:
            yield _text(name), _text(one)


def values_of(headers: HeadersLike, name: str) -> list[str]:
    """All values of one header, in their order, without making a ``Headers`` of them."""
    items: Iterable[tuple[Text, object]]
    items = headers.items() if hasattr(headers, "items") else headers
    wanted, length = _folded(name), len(name)
    found: list[str] = []
    for key, value in items:
        # Most names have another length, and are not looked at.
        if len(key) == length and _folded(_text(key)) == wanted:
            values = value if isinstance(value, (list, tuple)) else (value,)
            found += map(_text, values)
    return found


def byte_pairs(headers: HeadersLike) -> Sequence[tuple[bytes, bytes]] | None:
    """The headers themselves where they are pairs of bytes, as an ASGI server has them."""
    if type(headers) is not list:
        return None
    for name, value in headers:
        if type(name) is not bytes or type(value) is not bytes:
            return None
    return headers


def read_length(said: str) -> int | None:
    """The number of a Content-Length; None where it is none."""
    # Longer than any real length, and Python refuses to read numbers of 4300 digits.
    return int(said) if said.isascii() and said.isdecimal() and len(said) <= 18 else None


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """What a framework received, before anything has parsed it.

    Args:
        path: Path and query as sent; the receiver reads the query of handshakes.
        body: The exact bytes.
        client_ip: Address of the peer, for allow-lists and rate limits.
        url: Full URL as the provider called it, for schemes that sign it; built
            from the source's ``public_url`` when that is set.

    Raises:
        ConfigError: A body that is no bytes, which nothing could be verified over; no headers.
    """

    method: str
    path: str
    headers: HeadersLike = field(repr=False)
    body: bytes = field(repr=False)
    client_ip: str | None = None
    url: str | None = None

    def __post_init__(self) -> None:
        if type(self.body) is not bytes:
            _check_body(self.body)
        if self.headers is None:
            raise ConfigError("must be a mapping or pairs", "headers")

    @classmethod
    def from_lambda(cls, event: Mapping[str, Any]) -> HttpRequest:
        """The request in an event of AWS Lambda.

        Args:
            event: Of API Gateway (REST or HTTP API, formats 1.0 and 2.0), an Application Load
                Balancer, or a function URL. A load balancer does not say ``client_ip``.

        Raises:
            ConfigError: It is no HTTP request; ``field`` says where that shows.
        """
        return cls(**request_fields(event))

    @property
    def content_length(self) -> int | None:
        """What the sender said the body's length is; None when it did not say a number."""
        said = values_of(self.headers, "Content-Length")
        return read_length(said[0]) if said else None

    @property
    def is_encoded(self) -> bool:
        """Whether the body is compressed, or otherwise not what was signed."""
        said = values_of(self.headers, "Content-Encoding")
        return any(one.strip().lower() not in ("", "identity") for one in said)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What to answer; ``headers`` hold the content type."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def to_lambda(self) -> dict[str, Any]:
        """What a Lambda function returns, for whatever called it over HTTP."""
        try:
            body, is_encoded = self.body.decode("utf-8"), False
        except UnicodeDecodeError:
            body, is_encoded = base64.b64encode(self.body).decode("ascii"), True
        return {
            "statusCode": self.status,
            "headers": dict(self.headers),
            # A load balancer that sends several values of a header takes only this one.
            "multiValueHeaders": {name: [value] for name, value in self.headers.items()},
            "body": body,
            "isBase64Encoded": is_encoded,
        }
