"""Looks at every request that arrives: whether it verifies, and if not, why."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ..calling import call
from ..errors import (
    BlockedAddressError,
    ConfigError,
    InvalidUrlError,
    KeyUnavailableError,
    UnreachableError,
    VerificationError,
)
from ..events import Event
from ..exchange import HttpRequest, HttpResponse
from ..hidden_secrets import HiddenSecrets, Secret
from ..receiver import Receiver, check_public_url
from ..receiver.handshake_options import AwaitedVerifier, OnSecret
from ..schemes import SchemeLike, find_scheme
from ..signatures import Verifier
from ..urls import UrlPolicy, check_policy, normal_url
from .recordings import Recording, redacted, without_told_secret

_ANSWERED: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ListenSource:
    """Somebody whose requests are expected.

    Attributes:
        name: The last part of the path; ``*`` takes what no other source takes.
        secrets: A callable where ``on_secret`` stores what it returns.
        verify_token: As of ``Receiver.add_source()``, for the handshake of Meta.
        on_secret: The same, for those of Asana and Notion.
    """

    name: str
    provider: SchemeLike
    secrets: Sequence[Secret] | Callable[[], Sequence[Secret]] = field(default=(), repr=False)
    verify_token: str | None = field(default=None, repr=False)
    on_secret: OnSecret | None = None


class Listener:
    """A function from request to response that tells about each.

    Requests are answered as a ``Receiver`` does, handshakes too, or by the app that they are
    forwarded to. Nothing is kept here.

    Args:
        sources: Who is expected; a request of nobody's is not verified.
        tell: Called with each recording and its answer, by the thread of its connection.
        forward_to: URL of an app that gets each request, byte for byte; what it answers is
            the answer. The path of the request is put behind it where it has none itself.
        policy: Which URLs may be called.
        public_url: Scheme, host and prefix as the providers see them, where they sign the URL.
        timeout: For a forwarded request, in seconds.
        clock: Unix seconds.

    Raises:
        ConfigError: An unknown provider, a secret that cannot be a key, another wrong option.
        InvalidUrlError, BlockedAddressError: ``forward_to`` may not be called.
    """

    def __init__(
        self,
        sources: Sequence[ListenSource],
        tell: Callable[[Recording, HttpResponse], None],
        *,
        forward_to: str | None = None,
        policy: UrlPolicy | None = None,
        public_url: str | None = None,
        timeout: float = 30.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._policy = check_policy(policy)
        self._forward_to = None if forward_to is None else normal_url(forward_to, self._policy)
        self._public_url = check_public_url(public_url)
        self._tell, self._timeout, self._clock = tell, timeout, clock
        self._receiver = Receiver("memory://", clock=clock)
        self._sources: dict[str, Verifier | AwaitedVerifier] = {}
        try:
            for source in sources:
                self._add(source)
        except BaseException:
            self._receiver.close()
            raise

    def __call__(self, request: HttpRequest) -> HttpResponse:
        recording = self._judge(request)
        response = self._answer(request, recording)
        if recording.verified is False and response.status < 300 and self._forward_to is None:
            # Of what is refused a receiver answers handshakes alone like that.
            text = "a handshake, which is not signed, was answered"
            recording = replace(recording, verified=None, reason="", hint=text)
        self._tell(replace(recording, status=response.status), response)
        return response

    def close(self) -> None:
        """What it holds in memory goes."""
        self._receiver.close()

    def _add(self, source: ListenSource) -> None:
        if source.name in self._sources:
            raise ConfigError(f"there is a source {source.name} already", "source")
        given = source.secrets
        secrets = given if callable(given) else HiddenSecrets(given)
        # Of the receiver it is a source of another name where it takes every path.
        name = _name_of(source.name)
        self._receiver.add_source(
            name,
            source.provider,
            secrets=secrets,
            mode="inline",
            public_url=self._public_url,
            verify_token=source.verify_token,
            on_secret=source.on_secret,
        )
        self._receiver.on(name)(_ignore)
        self._sources[source.name] = (
            Verifier(source.provider, secrets, source=name)
            if source.on_secret is None
            else AwaitedVerifier(source.provider, secrets, None, name, source.on_secret)
        )

    def _source_of(self, request: HttpRequest) -> str | None:
        last = request.path.partition("?")[0].rstrip("/").rpartition("/")[2]
        if last in self._sources:
            return last
        return "*" if "*" in self._sources else None

    def _judge(self, request: HttpRequest) -> Recording:
        name = self._source_of(request)
        recording = Recording(
            at=self._clock(),
            method=request.method,
            path=request.path,
            headers=redacted(request),
            body=request.body,
            url=request.url if self._public_url is None else self._public_url + request.path,
        )
        if name is None:
            return recording
        verifier = self._sources[name]
        body = without_told_secret(verifier.provider, request.body)
        recording = replace(recording, source=name, provider=verifier.provider.name, body=body)
        try:
            event: Event = verifier.verify(
                request.body, request.headers, recording.url, request.method, recording.at
            )
        except VerificationError as refused:
            return replace(recording, verified=False, reason=refused.reason, hint=refused.hint)
        except KeyUnavailableError as missing:
            return replace(recording, reason="key_unavailable", hint=str(missing))
        except ConfigError as impossible:  # No URL where the URL is signed.
            return replace(recording, reason="misconfigured", hint=str(impossible))
        return replace(recording, verified=True, id=event.id, type=event.type)

    def _answer(self, request: HttpRequest, recording: Recording) -> HttpResponse:
        if self._forward_to is not None:
            return self._forward(request, self._forward_to)
        if recording.source is None:
            return _json(200, {"status": "unverified"})
        return self._receiver.handle(request, _name_of(recording.source))

    def _forward(self, request: HttpRequest, url: str) -> HttpResponse:
        try:
            answered = call(
                _joined(url, request.path),
                method=request.method,
                headers=request.headers,
                body=request.body,
                policy=self._policy,
                timeout=self._timeout,
                max_bytes=_ANSWERED,
            )
        except (UnreachableError, BlockedAddressError, InvalidUrlError, ConfigError) as error:
            return _json(502, {"error": {"reason": "unreachable", "message": str(error)}})
        kind = answered.headers.get("Content-Type")
        headers: Mapping[str, str] = {} if kind is None else {"Content-Type": kind}
        return HttpResponse(max(answered.status, 200), answered.body, headers)


def _joined(url: str, path: str) -> str:
    """The app's URL; where it names no path, the request's is put behind it."""
    scheme, _, rest = url.partition("://")
    host, slash, there = rest.partition("/")
    if slash and there:
        return url
    return f"{scheme}://{host}{path if path.startswith('/') else '/'}"


def _json(status: int, content: Mapping[str, Any]) -> HttpResponse:
    body = json.dumps(content).encode("ascii")
    return HttpResponse(status, body, {"Content-Type": "application/json"})


def _name_of(source: str) -> str:
    return "_any_path" if source == "*" else source


def _ignore(event: Event) -> None:
    """A handler, so that a repeat is known as one."""


def provider_fetches_keys(provider: SchemeLike) -> bool:
    """Whether its requests can be verified without a secret."""
    return find_scheme(provider)[0].key_source == "url"
