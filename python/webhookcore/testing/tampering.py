"""What forgers, proxies and mistakes make of a signed request."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, Literal, TypeAlias, get_args

from ..errors import ConfigError
from ..exchange import Headers
from ..hidden_secrets import HiddenSecret
from .samples import SIGNS_IN_BODY, SampleRequest, signature_headers, signed_again, unsigned_of
from .sender_keys import sender_keys

Tampering: TypeAlias = Literal[
    "body", "old", "early", "secret", "no-header", "two-headers", "garbage", "reserialised"
]
TAMPERINGS: Final[tuple[str, ...]] = get_args(Tampering)

_BODY_UNSIGNED: Final = frozenset(
    {"mailomat", "mailgun", "gitlab", "telegram", "auth0", "okta", "jws-es256"}
)
_WRONG_WAY: Final = 3600.0  # Seconds beyond the tolerance.


def tamper(request: SampleRequest, how: Tampering) -> SampleRequest:
    """The request with one thing wrong, which a receiver has to refuse.

    Args:
        how: ``body``: a member was put into it after it was signed. ``old``, ``early``: signed
            an hour more than the tolerance ago, or in the future. ``secret``: signed with
            another one. ``no-header``: the signature is missing. ``two-headers``: it came
            twice. ``garbage``: it is something else. ``reserialised``: the JSON was parsed and
            written again, which is what a framework may do before your code sees it.

    Raises:
        ConfigError: No such word; or the provider's signature cannot tell, such as ``old``
            where there is no time in it.
    """
    if not isinstance(how, str) or how not in _WAYS:
        raise ConfigError(f"must be one of {', '.join(TAMPERINGS)}", "how")
    unsigned_of(request)
    return _WAYS[how](request)


def _changed_body(request: SampleRequest) -> SampleRequest:
    name, body = request.provider, request.body
    if name in _BODY_UNSIGNED:
        raise _cannot(request, "does not cover the body")
    if name == "adyen":  # Signs some of the members, and no other.
        body = body.replace(b'"success":"true"', b'"success":"false"')
    elif name == "aws-sns":
        body = body.replace(b'"Message":"', b'"Message":"tampered ')
    elif body.lstrip()[:1] in (b"{", b"["):
        where = body.index(b"{") + 1 if b"{" in body else len(body)
        comma = b"" if body[where:].lstrip()[:1] == b"}" else b","
        body = body[:where] + b'"tampered":true' + comma + body[where:]
    else:
        body += b"&tampered=true"
    return replace(request, body=body)


def _old(request: SampleRequest) -> SampleRequest:
    return _moved(request, -1)


def _early(request: SampleRequest) -> SampleRequest:
    return _moved(request, 1)


def _moved(request: SampleRequest, direction: int) -> SampleRequest:
    fields = unsigned_of(request).scheme.describe()
    if not fields["timestamp"]:
        raise _cannot(request, "has no time")
    if request.provider == "linear":
        # Its time stands in the body, which is signed as it is.
        body = _parsed(unsigned_of(request).content.body)
        if not isinstance(body, dict):
            raise ConfigError("its body is no JSON object", "how")
        moved = request.at + direction * (fields["tolerance"] + _WRONG_WAY)
        body["webhookTimestamp"] = int(moved * 1000)
        return _with_content(request, json.dumps(body).encode("ascii"))
    other = signed_again(request, request.at + direction * (fields["tolerance"] + _WRONG_WAY))
    return replace(other, at=request.at)


def _with_content(request: SampleRequest, body: bytes) -> SampleRequest:
    unsigned = unsigned_of(request)
    unsigned = replace(unsigned, content=replace(unsigned.content, body=body))
    body, headers = unsigned.signed(request.at)
    return replace(request, body=body, headers=headers)


def _wrong_secret(request: SampleRequest) -> SampleRequest:
    unsigned = unsigned_of(request)
    other = sender_keys(unsigned.scheme, 2).signing
    if other == unsigned.key.text:
        other = sender_keys(unsigned.scheme, 3).signing
    body, headers = unsigned.signed(request.at, HiddenSecret(other))
    return replace(request, body=body, headers=headers)


def _without_signature(request: SampleRequest) -> SampleRequest:
    unsigned = unsigned_of(request)
    if request.provider in SIGNS_IN_BODY:
        return replace(request, body=unsigned.content.body)
    names = _names(request)
    pairs = Headers(request.headers).pairs()
    return replace(request, headers=[pair for pair in pairs if pair[0].lower() not in names])


def _twice(request: SampleRequest) -> SampleRequest:
    _check_in_headers(request)
    pairs = list(Headers(request.headers).pairs())
    twice = [pair for pair in pairs if pair[0].lower() in _names(request)]
    return replace(request, headers=[*pairs, *twice])


def _garbage(request: SampleRequest) -> SampleRequest:
    _check_in_headers(request)
    names = _names(request)
    pairs = [
        (name, "garbage" if name.lower() in names else value)
        for name, value in Headers(request.headers).pairs()
    ]
    return replace(request, headers=pairs)


def _reserialised(request: SampleRequest) -> SampleRequest:
    if request.provider in _BODY_UNSIGNED | SIGNS_IN_BODY:
        raise _cannot(request, "does not cover the bytes of the body")
    parsed = _parsed(request.body)
    body = json.dumps(parsed).encode("ascii")
    if body == request.body:
        body = json.dumps(parsed, separators=(",", ":")).encode("ascii")
    return replace(request, body=body)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise ConfigError("its body is no JSON", "how") from None


def _names(request: SampleRequest) -> set[str]:
    return {name.lower() for name in signature_headers(unsigned_of(request).scheme)}


def _check_in_headers(request: SampleRequest) -> None:
    if request.provider in SIGNS_IN_BODY:
        raise _cannot(request, "stands in the body, not in a header")


def _cannot(request: SampleRequest, why: str) -> ConfigError:
    return ConfigError(f"the signature of {request.provider} {why}", "how")


_WAYS: Final[dict[str, Callable[[SampleRequest], SampleRequest]]] = {
    "body": _changed_body,
    "old": _old,
    "early": _early,
    "secret": _wrong_secret,
    "no-header": _without_signature,
    "two-headers": _twice,
    "garbage": _garbage,
    "reserialised": _reserialised,
}
