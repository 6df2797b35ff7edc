"""Signing without a store, and keys to sign with."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final, cast

from . import _core
from .config import check_unicode
from .errors import ConfigError
from .exchange import HeadersLike
from .hidden_secrets import HiddenSecrets, Secret, check_secrets, hide
from .schemes import SchemeLike, find_scheme

# Seconds; what lies between the last date that can be signed and this, the core refuses.
_LAST_TIME: Final = 1e18


def sign(
    scheme: SchemeLike,
    *,
    body: bytes,
    secret: Secret | Sequence[Secret],
    id: str | None = None,
    type: str | None = None,
    timestamp: float | None = None,
    url: str | None = None,
    method: str = "POST",
    content_type: str | None = None,
    headers: HeadersLike = (),
) -> dict[str, str]:
    """The headers that a sender puts on a request.

    Args:
        scheme: A built-in name (see ``providers()``), or a ``Scheme``.
        body: The exact bytes that will be sent.
        secret: One secret, or several to sign with all of them (rotation). The private
            key where the scheme has one.
        id: The message's id: 1 to 256 visible ASCII characters. Required where the
            scheme signs it.
        type: The event type, for schemes with a header for it.
        timestamp: Unix time in seconds; the system clock when omitted.
        url: The full URL, where the scheme signs it.
        content_type: Of the body; Twilio signs a form by its fields. When omitted, a
            body that does not begin like JSON is taken for a form.
        headers: Others that will be sent, where the scheme signs some of them.

    Raises:
        ConfigError: Unknown scheme, a secret that cannot sign (a public key), an id or
            URL that the scheme needs, or a scheme whose signature goes into the body
            (``sign_body()``).
    """
    secret = hide([secret] if isinstance(secret, (str, bytes)) else secret)
    signed, changed = _sign(
        scheme, body, secret, id, type, timestamp, url, method, content_type, headers
    )
    if changed is not None:
        raise ConfigError("puts its signature into the body: use sign_body()", "scheme")
    return signed


def sign_body(
    scheme: SchemeLike,
    *,
    body: bytes,
    secret: Secret | Sequence[Secret],
    id: str | None = None,
    timestamp: float | None = None,
    content_type: str | None = None,
) -> bytes:
    """The body with the signature in it, for the schemes that put it there.

    Mailgun, Adyen payments and Amazon SNS do. The arguments are those of ``sign()``;
    ``id`` becomes Mailgun's token.

    Raises:
        ConfigError: As ``sign()``; also for a scheme that signs in headers.
    """
    secret = hide([secret] if isinstance(secret, (str, bytes)) else secret)
    _, changed = _sign(scheme, body, secret, id, None, timestamp, None, "POST", content_type, ())
    if changed is None:
        raise ConfigError("signs in headers: use sign()", "scheme")
    return changed


def _sign(
    scheme: SchemeLike,
    body: bytes,
    secrets: HiddenSecrets,
    id: str | None,
    type: str | None,
    timestamp: float | None,
    url: str | None,
    method: str,
    content_type: str | None,
    headers: HeadersLike,
) -> tuple[dict[str, str], bytes | None]:
    rules, _ = find_scheme(scheme)
    check_secrets(secrets)
    if not isinstance(body, (bytes, bytearray, memoryview)):
        raise TypeError("body must be the bytes that will be sent")
    if url is not None and not isinstance(url, (str, bytes)):
        raise ConfigError("must be a str", "url")
    if timestamp is not None and not _is_time(timestamp):
        raise ConfigError("must be a finite number of seconds", "timestamp")
    return _core.sign(
        scheme=rules,
        secrets=secrets,
        body=bytes(body),
        id="" if id is None else check_unicode("id", id),
        type="" if type is None else check_unicode("type", type),
        timestamp=time.time() if timestamp is None else float(timestamp),
        url=url,
        method=check_unicode("method", method),
        content_type=check_unicode("content_type", content_type or _likely_content_type(body)),
        headers=headers,
    )


def _is_time(value: object) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and abs(cast(float, value)) < _LAST_TIME


def _likely_content_type(body: bytes) -> str:
    is_json = bytes(body[:64]).lstrip().startswith((b"{", b"["))
    return "application/json" if is_json else "application/x-www-form-urlencoded"


def generate_secret() -> str:
    """A new symmetric secret: ``whsec_`` and 32 random bytes in base64."""
    return _core.generate_secret()


def generate_keypair() -> tuple[str, str]:
    """A new Ed25519 pair: the sender's ``whsk_…`` and the receiver's ``whpk_…``."""
    return _core.generate_keypair()
