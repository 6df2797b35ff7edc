"""Requests that were recorded, a line of JSON for each, without anybody's credentials."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

from .. import _core
from ..errors import ConfigError
from ..exchange import Headers, HttpRequest
from ..provider_rules import Provider
from ..providers import PROVIDERS
from ..schemes import scheme as scheme_of
from .samples import signature_headers

REDACTED: Final = "[redacted]"

# By X-Hook-Secret Asana tells the secret of all that comes later.
_CREDENTIALS: Final = frozenset({"authorization", "cookie", "proxy-authorization", "x-hook-secret"})
# Headers that are the secret itself: whoever sends the request, they are not written down.
_SECRETS: Final = frozenset(
    row.secret_header.lower() for row in PROVIDERS.values() if row.secret_header
)
_WORD: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Recording:
    """One request and what became of it.

    Attributes:
        at: When it came, in Unix seconds.
        source: Whose it is; None: nobody's.
        verified: None: nobody knew a secret for it.
        reason: Why it was refused, a ``VerificationError.reason``; empty when it was not.
        hint: The same in a sentence.
        status: What it was answered.
    """

    at: float
    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = field(repr=False)
    url: str | None = None
    source: str | None = None
    provider: str | None = None
    verified: bool | None = None
    reason: str = ""
    hint: str = ""
    id: str | None = None
    type: str | None = None
    status: int | None = None

    def request(self) -> HttpRequest:
        """The request as it came; what was redacted is left out."""
        headers = [pair for pair in self.headers if pair[1] != REDACTED]
        return HttpRequest(self.method, self.path, headers, self.body, url=self.url)

    def as_json(self) -> dict[str, Any]:
        """One line of a file; a body that is no UTF-8 is ``body_base64``."""
        at = datetime.fromtimestamp(self.at, timezone.utc).isoformat(timespec="microseconds")
        told: dict[str, Any] = {"at": at.replace("+00:00", "Z")}
        for name in ("source", "provider", "method", "path", "url", "verified", "reason", "hint"):
            told[name] = getattr(self, name)
        told |= {"id": self.id, "type": self.type, "status": self.status}
        told["headers"] = [list(pair) for pair in self.headers]
        try:
            told["body"] = self.body.decode("utf-8")
        except UnicodeDecodeError:
            told["body_base64"] = base64.b64encode(self.body).decode("ascii")
        return told

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Recording:
        """What ``as_json()`` gave.

        Raises:
            ConfigError: It is something else.
        """
        try:
            texts = {name: _text(told.get(name)) for name in ("url", "source", "provider")}
            return cls(
                at=datetime.fromisoformat(str(told["at"]).replace("Z", "+00:00")).timestamp(),
                method=_needed(told["method"]),
                path=_needed(told["path"]),
                headers=tuple((_needed(name), _needed(value)) for name, value in told["headers"]),
                body=_body(told),
                verified=_flag(told.get("verified")),
                reason=_text(told.get("reason")) or "",
                hint=_text(told.get("hint")) or "",
                id=_text(told.get("id")),
                type=_text(told.get("type")),
                status=told.get("status") if isinstance(told.get("status"), int) else None,
                **texts,
            )
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ConfigError(f"is no recording: {error}", "recording") from None


def redacted(request: HttpRequest) -> tuple[tuple[str, str], ...]:
    """The headers of a request, without the values that are credentials."""
    hidden = _CREDENTIALS | _SECRETS
    return tuple(
        (name, REDACTED if name.lower() in hidden else value)
        for name, value in Headers(request.headers).pairs()
    )


def without_told_secret(provider: Provider, body: bytes) -> bytes:
    """The body, but of the one by which Notion tells its secret."""
    if provider.handshake != "verification_token":
        return body
    token, kind = _core.event_fields(body, ["verification_token", "type"])
    if token is None or kind is not None:
        return body
    return json.dumps({"verification_token": REDACTED}).encode()


def read_recordings(path: str | Path) -> Iterator[Recording]:
    """The recordings of a file, in their order.

    Raises:
        ConfigError: A line is none; the message has its number.
        OSError: The file cannot be read.
    """
    with Path(path).open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                told = json.loads(line)
                if not isinstance(told, dict):
                    raise ConfigError("is no object", "recording")
                found = Recording.from_json(told)
            except (ValueError, RecursionError) as error:
                raise ConfigError(f"line {number} is no recording: {error}", "file") from None
            yield found


def source_of_test(recording: Recording) -> tuple[str, str]:
    """A name and the text of a pytest module that sends the request anew.

    It signs with a made-up secret, at the time of the recording, so it needs no secret of
    yours and never grows old.

    Raises:
        ConfigError: The request was not verified.
    """
    provider = recording.provider
    if recording.verified is not True or provider not in PROVIDERS:
        raise ConfigError("only what was verified becomes a test", "recording")
    dropped = {name.lower() for name in signature_headers(scheme_of(provider))}
    headers = [
        (name, value)
        for name, value in recording.headers
        if value != REDACTED and name.lower() not in dropped
    ]
    name = _WORD.sub("_", f"{provider} {recording.type or 'event'}".lower()).strip("_")
    return name, _TEST.format(
        name=name,
        provider=provider,
        body=recording.body,
        headers="".join(f"    ({one!r}, {value!r}),\n" for one, value in headers),
        at=recording.at,
        id=recording.id,
        type=recording.type,
        url=recording.url,
        method=recording.method,
    )


_TEST: Final = '''"""A request that `webhookcore listen` recorded. It is signed anew with a made-up secret."""

import webhookcore as wh
from webhookcore.testing import recorded, verified

BODY = {body!r}
HEADERS = [
{headers}]


def test_{name}():
    request = recorded(
        {provider!r},
        body=BODY,
        headers=HEADERS,
        at={at!r},
        id={id!r},
        type={type!r},
        url={url!r},
        method={method!r},
    )
    with wh.Receiver("memory://", clock=lambda: request.at) as receiver:
        receiver.add_source({provider!r}, request.scheme, secrets=request.secrets)
        # Register your handlers here, and look below at what they did.
        response = receiver.handle(request, {provider!r})
        receiver.run_until_idle()
        assert response.status < 300, response.body
    event = verified(request)
    assert (event.id, event.type) == ({id!r}, {type!r})
'''


def _needed(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _text(value: Any) -> str | None:
    return None if value is None else _needed(value)


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _body(told: Mapping[str, Any]) -> bytes:
    if "body_base64" in told:
        try:
            return base64.b64decode(told["body_base64"], validate=True)
        except binascii.Error as error:
            raise ValueError(str(error)) from None
    return _needed(told["body"]).encode("utf-8")
