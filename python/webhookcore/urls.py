"""Which URLs may be called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Final

import idna

from . import _core, environment
from .config import check_list, check_text
from .errors import ConfigError, InvalidUrlError

# Seconds that creating an endpoint waits for DNS.
_RESOLVE_WAIT: Final = 2.0
_PORTS_FORM: Final = "must be a list of ports, or None"


@dataclass(frozen=True, repr=False)
class UrlPolicy:
    """What an endpoint's URL may be, and how it is reached.

    Without options: https, public addresses, any port that browsers allow.

    Args:
        allow_http: Let ``http://`` through as well.
        allow: Networks in CIDR form that are allowed although they are private,
            such as ``"127.0.0.0/8"``. Cloud metadata addresses stay refused.
        ports: The only ports allowed; None for all but those of other protocols.
        ca_file: PEM file of certificate authorities instead of the system's.
        client_cert: PEM file of the certificate that is shown to receivers that ask for
            one (mutual TLS), with what is needed of its chain behind it.
        client_key: PEM file of its private key, without a password; None when
            ``client_cert`` holds it too.
        proxy: URL of an HTTP proxy; then the proxy dials, and guarding addresses is
            its job. Proxy variables of the environment are never followed.
        interface: Local interface or address to send from.

    Raises:
        ConfigError: A network that is none, a port out of range, a ``ca_file`` that
            cannot be read or holds no certificate, a client certificate that is no
            pair with its key or is not valid now.
    """

    allow_http: bool = False
    allow: Sequence[str] = ()
    ports: Sequence[int] | None = None
    ca_file: str | None = None
    proxy: str | None = None
    interface: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    _core: _core.AddressPolicy = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.allow_http, bool):
            raise ConfigError("must be True or False", "allow_http")
        networks = check_list("allow", self.allow, "must be a list of networks")
        for position, network in enumerate(networks):
            _check_network(f"allow[{position}]", network)
        ports = [] if self.ports is None else check_list("ports", self.ports, _PORTS_FORM)
        for port in ports:
            if isinstance(port, bool) or not isinstance(port, int) or not 1 <= port <= 65535:
                raise ConfigError(f"{port!r} is no port (1 to 65535)", "ports")
        if self.ports is not None and not ports:
            raise ConfigError("an empty list allows nothing; None allows all", "ports")
        self._check_ways()
        policy = _core.AddressPolicy(allow_http=self.allow_http, allow=networks, ports=ports)
        object.__setattr__(self, "_core", policy)

    def __repr__(self) -> str:
        shown = {one.name: getattr(self, one.name) for one in fields(self) if one.repr}
        if isinstance(self.proxy, str):
            shown["proxy"] = _without_password(self.proxy)
        told = ", ".join(f"{name}={value!r}" for name, value in shown.items())
        return f"{type(self).__name__}({told})"

    def _check_ways(self) -> None:
        """What is used when a connection is made, checked now and not at the first one."""
        for name in ("ca_file", "proxy", "interface", "client_cert", "client_key"):
            if getattr(self, name) is not None:
                check_text(name, getattr(self, name), most=4096)
        if self.ca_file is not None:
            environment.ca_file(self.ca_file)
        if self.client_cert is not None:
            _core.check_client_certificate(self.client_cert, self.client_key or self.client_cert)
        elif self.client_key is not None:
            raise ConfigError("a key without a certificate; name it too", "client_cert")


def _check_network(name: str, network: str) -> None:
    check_text(name, network)
    try:
        _core.AddressPolicy(allow_http=False, allow=[network], ports=[])
    except ConfigError as error:
        raise ConfigError(str(error), name) from None


def _without_password(proxy: str) -> str:
    """Neither the user: a token may stand in either place."""
    before, at, host = proxy.rpartition("@")
    scheme, separator, _ = before.partition("://")
    return f"{scheme}{separator}***@{host}" if at and separator else f"***@{host}" if at else proxy


def check_url(url: str, policy: UrlPolicy | None = None) -> None:
    """Judge a URL by its text; a name is never resolved.

    Raises:
        InvalidUrlError: Not an absolute http(s) URL, userinfo, a fragment, a host or
            port that cannot be.
        BlockedAddressError: The host is an address, or ``localhost``, that the policy
            forbids.
    """
    normal_url(url, check_policy(policy))


def check_policy(policy: UrlPolicy | None) -> UrlPolicy:
    """The policy, or the default one for None."""
    if policy is not None and not isinstance(policy, UrlPolicy):
        raise ConfigError("must be a UrlPolicy", "policy")
    return policy or UrlPolicy()


def transport_options(policy: UrlPolicy, user_agent: str) -> _core.TransportOptions:
    """How connections are made under the policy."""
    before, after = environment.ca_places()
    return _core.TransportOptions(
        policy=policy._core,
        ca_file=policy.ca_file or "",
        ca_before=before,
        ca_after=after,
        client_cert=policy.client_cert or "",
        client_key=policy.client_key or "",
        proxy=policy.proxy or "",
        interface=policy.interface or "",
        user_agent=user_agent,
    )


def normal_url(url: str, policy: UrlPolicy) -> str:
    """The URL as it is stored and dialled, its host in ASCII."""
    if not isinstance(url, str):
        raise InvalidUrlError(f"must be a str, not {type(url).__name__}", "url")
    return _core.check_url(policy._core, url if url.isascii() else _ascii_host(url))


def registered_url(url: str, policy: UrlPolicy) -> str:
    """``normal_url()`` of an endpoint, whose name is resolved and judged as well.

    One denied address among the answers refuses it. A name that does not resolve now
    passes: what it is dialled at is judged again at every attempt. Behind a proxy the
    names are the proxy's to resolve.

    Raises:
        InvalidUrlError, BlockedAddressError: The URL may not be called.
    """
    normal = normal_url(url, policy)
    if policy.proxy is None:
        _core.judge_registration(policy._core, normal, _RESOLVE_WAIT)
    return normal


def _ascii_host(url: str) -> str:
    """The URL with its host in punycode (UTS 46, as browsers do)."""
    scheme, separator, rest = url.partition("://")
    end = min((rest.find(mark) for mark in "/?#" if mark in rest), default=len(rest))
    authority, tail = rest[:end], rest[end:]
    if not separator or not scheme.isascii() or not tail.isascii() or "[" in authority:
        raise InvalidUrlError("only the host may hold other than ASCII characters", "url")
    host, colon, port = authority.partition(":")
    try:
        normal = idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise InvalidUrlError(f"the host is no internationalised name: {error}", "url") from None
    return f"{scheme}://{normal}{colon}{port}{tail}"
