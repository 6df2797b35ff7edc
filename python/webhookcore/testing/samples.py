"""Requests as providers send them, signed."""

from __future__ import annotations

import base64
import hashlib
import re
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from ..config import check_text, check_unicode
from ..errors import ConfigError
from ..events import Event
from ..exchange import Headers, HttpRequest
from ..hidden_secrets import HiddenSecret, HiddenSecrets, Secret
from ..provider_rules import Provider
from ..schemes import Scheme, SchemeLike, find_scheme, scheme as scheme_of
from ..signatures import Verifier
from ..signing import sign, sign_body
from .sample_bodies import Content, check_type, make_content, new_id, split_type
from .sender_keys import SenderKeys, sender_keys

SIGNS_IN_BODY: Final = frozenset({"mailgun", "adyen", "aws-sns"})
# Seconds; beyond it no datetime can be written into a body.
_LAST_TIME: Final = 253_402_300_799.0
# What a provider's own configuration has beside the secret.
_SETTINGS: Final[dict[str, dict[str, str]]] = {"paypal": {"webhook_id": "WH-SAMPLE"}}
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2.
_NO_DATA: Final = "must be a mapping of members of the body, or None"


@dataclass(frozen=True, slots=True)
class SampleRequest(HttpRequest):
    """A signed request, and what its receiver has to be told.

    Attributes:
        scheme: For ``add_source(provider=…)`` and ``verify(…)``: the provider's name, or its
            scheme with the settings that a user has to make.
        secrets: For ``secrets=``.
        id: Of the event; None where the provider's requests have none.
        type: Of the event; None where the provider's requests name none.
        at: When it was signed, in Unix seconds.
    """

    scheme: SchemeLike = ""
    secrets: Sequence[Secret] = field(default=(), repr=False)
    id: str | None = None
    type: str | None = None
    at: float = 0.0
    unsigned: Unsigned | None = field(default=None, repr=False, compare=False)

    @property
    def provider(self) -> str:
        """The provider's name, or that of one's own scheme."""
        return find_scheme(self.scheme)[1].name


@dataclass(frozen=True, slots=True)
class Unsigned:
    """All that a signature is made of, to make another one."""

    scheme: Scheme
    row: Provider
    key: HiddenSecret = field(repr=False)
    content: Content
    headers: Mapping[str, str]
    url: str
    method: str
    token: str

    def signed(self, at: float, key: HiddenSecret | None = None) -> tuple[bytes, dict[str, str]]:
        """The body and the headers of a request signed at a time."""
        secret, body = HiddenSecrets([(key or self.key).text]), self.content.body
        headers = {**self.content.headers, **self.headers}
        if self.row.name in SIGNS_IN_BODY:
            token = self.token if self.row.name == "mailgun" else None
            kind = Headers(headers).get("Content-Type")
            made = sign_body(
                self.scheme, body=body, secret=secret, id=token, timestamp=at, content_type=kind
            )
            return made, headers
        if self.row.name == "rfc9421":
            digest = base64.b64encode(hashlib.sha256(body).digest()).decode("ascii")
            headers["Content-Digest"] = f"sha-256=:{digest}:"
        fields = self.scheme.describe()
        # It writes these itself, and refuses to sign one that is there twice.
        own = {fields["id_header"].lower(), fields["type_header"].lower()}
        made_headers = sign(
            self.scheme,
            body=body,
            secret=secret,
            id=self.content.id,
            type=self.content.word,
            timestamp=at,
            url=self.url,
            method=self.method,
            content_type=Headers(headers).get("Content-Type"),
            headers={name: value for name, value in headers.items() if name.lower() not in own},
        )
        taken = {name.lower() for name in made_headers}
        kept = {name: value for name, value in headers.items() if name.lower() not in taken}
        return body, {**kept, **made_headers}


def sample(
    provider: SchemeLike,
    type: str | None = None,
    data: Mapping[str, Any] | None = None,
    *,
    secret: str | SenderKeys | None = None,
    at: float | datetime | None = None,
    id: str | None = None,
    url: str | None = None,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    method: str = "POST",
) -> SampleRequest:
    """A request as the provider sends it: a realistic body, an id of its own, a signature.

    Args:
        provider: A built-in name (see ``providers()``), or a ``Scheme``.
        type: The event's; the provider's usual one when omitted. See ``sample_types()``.
        data: Put over the part of the body that is the event's own (Stripe: ``data.object``,
            Standard Webhooks: ``data``, GitHub: the whole body). Mappings in it are merged.
        secret: What the sender signs with. When omitted, a made-up one; ``.secrets`` has what
            the receiver is to be told then.
        at: When it is signed, Unix seconds or an aware ``datetime``; now when omitted.
        id: The event's.
        url: Where it is sent to, in full; it matters where the URL is signed (Twilio).
        body: The exact bytes, in place of the made-up body.
        headers: Further ones; one that the sample has itself is replaced.
        method: Of the request.

    Raises:
        ConfigError: An unknown provider, a secret that cannot sign, a type where the provider
            names none, ``data`` that is no JSON.
    """
    given = _keys_of(secret)
    del secret
    row = find_scheme(provider)[1]
    known = _configured(provider, row)
    type, when = check_type(row, type), check_time(at)
    if id is not None and not row.id:
        raise ConfigError(f"requests of {row.name} have none", "id")
    event_id = new_id(row.name) if id is None else check_text("id", id)
    if data is not None and not isinstance(data, Mapping):
        raise ConfigError(_NO_DATA, "data")
    content = make_content(row, type, event_id, when, data)
    if body is not None:
        content = replace(content, body=_checked_body(body, data))
    made = _request(known, row, given, content, _checked_headers(headers), url, method, when)
    return replace(made, scheme=known if _needs_settings(provider) else provider)


def signed_again(request: SampleRequest, at: float | datetime | None = None) -> SampleRequest:
    """The same event, sent once more, as providers do: a new time and a new signature.

    For the very same bytes, send the request itself twice.

    Args:
        at: When; now when omitted.
    """
    when, unsigned = check_time(at), unsigned_of(request)
    body, headers = unsigned.signed(when)
    return replace(request, body=body, headers=headers, at=when)


def recorded(
    provider: SchemeLike,
    *,
    body: bytes,
    headers: Mapping[str, str] | Sequence[tuple[str, str]],
    at: float | datetime | None = None,
    id: str | None = None,
    type: str | None = None,
    url: str | None = None,
    method: str = "POST",
    secret: str | SenderKeys | None = None,
) -> SampleRequest:
    """A request that was recorded, signed anew: with a made-up secret, or with yours.

    Recordings hold no secret, and their signatures grow old; this is how a saved test sends
    one all the same. The headers of the old signature are dropped.

    Args:
        at: When it is signed; give the time of the recording where the body tells one.

    Raises:
        ConfigError: As ``sample()``.
    """
    given = _keys_of(secret)
    del secret
    row = find_scheme(provider)[1]
    known = _configured(provider, row)
    dropped = {name.lower() for name in signature_headers(known)}
    kept = {
        name: value for name, value in _recorded_headers(headers) if name.lower() not in dropped
    }
    kept.setdefault("Content-Type", "application/json")
    if type is not None:
        check_unicode("type", type)
    word, _ = split_type(row, type)
    content = Content(id or new_id(row.name), type, word, _checked_body(body, None), {})
    made = _request(known, row, given, content, kept, url, method, check_time(at))
    return replace(made, scheme=known if _needs_settings(provider) else provider)


def event(
    provider: SchemeLike,
    type: str | None = None,
    data: Mapping[str, Any] | None = None,
    **options: Any,
) -> Event:
    """The verified ``Event`` of a ``sample()``, to call a handler with.

    Raises:
        ConfigError: As ``sample()``.
    """
    request = sample(provider, type, data, **options)
    return verified(request)


def verified(request: SampleRequest) -> Event:
    """The event of a sample, verified at the time of its signature.

    Raises:
        VerificationError: It was tampered with.
        ConfigError: It is no sample.
    """
    unsigned_of(request)
    # Not closed: a refusal's hint is computed when it is read.
    verifier = Verifier(request.scheme, HiddenSecrets(request.secrets))
    found: Event = verifier.verify(
        request.body, request.headers, request.url, request.method, request.at
    )
    return found


def signature_headers(known: Scheme) -> list[str]:
    """The headers of a scheme's signature; a name that ends in ``-`` stands for numbered ones."""
    fields = known.describe()
    names = [family[0] + "1" if family[3] else family[0] for family in fields["families"]]
    return [*names, "Signature-Input"] if fields["name"] == "rfc9421" else names


def unsigned_of(request: SampleRequest) -> Unsigned:
    """What it was signed from.

    Raises:
        ConfigError: It is no sample.
    """
    unsigned = getattr(request, "unsigned", None)
    if not isinstance(unsigned, Unsigned):
        raise ConfigError("must be what sample() gave", "request")
    return unsigned


def check_time(at: float | datetime | None) -> float:
    """Unix seconds; now for None."""
    if at is None:
        return time.time()
    if isinstance(at, datetime):
        if at.tzinfo is None:
            raise ConfigError("must have a time zone", "at")
        at = at.timestamp()
    number = isinstance(at, (int, float)) and not isinstance(at, bool)
    if not number or not 0 <= at <= _LAST_TIME:
        raise ConfigError("must be Unix seconds or an aware datetime", "at")
    return float(at)


def _recorded_headers(headers: Any) -> list[tuple[str, str]]:
    try:
        return [
            (
                check_text("headers", name, most=8192),
                check_text("headers", value, least=0, most=2**20),
            )
            for name, value in Headers(headers).items()
        ]
    except (TypeError, ValueError, AttributeError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError("must be a mapping, or a list of pairs", "headers") from None


def _keys_of(secret: str | SenderKeys | None) -> SenderKeys | None:
    """Of a private key given alone, receivers take the public half themselves."""
    if secret is None or isinstance(secret, SenderKeys):
        return secret
    if not isinstance(secret, str):
        raise ConfigError("must be a str", "secret")
    return SenderKeys(secret, secret)


def _configured(provider: SchemeLike, row: Provider) -> Scheme:
    if isinstance(provider, Scheme):
        return provider
    return scheme_of(row.name).replace(**_SETTINGS.get(row.name, {}))


def _needs_settings(provider: SchemeLike) -> bool:
    return isinstance(provider, str) and provider in _SETTINGS


def _request(
    known: Scheme,
    row: Provider,
    given: SenderKeys | None,
    content: Content,
    headers: Mapping[str, str],
    url: str | None,
    method: str,
    at: float,
) -> SampleRequest:
    keys = given or sender_keys(known)
    url = _checked_url(url, row.name)
    content = replace(content, headers=_without(content.headers, headers))
    unsigned = Unsigned(
        known,
        row,
        HiddenSecret(keys.signing),
        content,
        headers,
        url,
        check_text("method", method, most=32),
        uuid.uuid4().hex,
    )
    body, signed = unsigned.signed(at)
    parts = urlsplit(url)
    return SampleRequest(
        method=method,
        path=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        headers=signed,
        body=body,
        client_ip="127.0.0.1",
        url=url,
        scheme=known,
        secrets=HiddenSecrets([keys.verifying]),
        id=content.id if row.id else None,
        type=content.type,
        at=at,
        unsigned=unsigned,
    )


def _without(headers: Mapping[str, str], others: Mapping[str, str]) -> dict[str, str]:
    taken = {name.lower() for name in others}
    return {name: value for name, value in headers.items() if name.lower() not in taken}


def _checked_body(body: bytes, data: Mapping[str, Any] | None) -> bytes:
    if data is not None:
        raise ConfigError("give data, or a whole body", "body")
    if not isinstance(body, (bytes, bytearray, memoryview)):
        raise ConfigError("must be the bytes that will be sent", "body")
    return bytes(body)


def _checked_headers(headers: Mapping[str, str] | None) -> Mapping[str, str]:
    if headers is None:
        return {}
    if not isinstance(headers, Mapping):
        raise ConfigError("must be a mapping of names to values", "headers")
    for name, value in headers.items():
        if _NAME.fullmatch(check_text("headers", name)) is None:
            raise ConfigError(f"{name} cannot be a header's name", "headers")
        check_text(f"headers[{name}]", value, least=0, most=8192)
    return dict(headers)


def _checked_url(url: str | None, provider: str) -> str:
    if url is None:
        return f"https://hooks.example.com/hooks/{provider}"
    check_unicode("url", url)
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ConfigError("must be a full URL, such as https://example.com/hooks/stripe", "url")
    return url
