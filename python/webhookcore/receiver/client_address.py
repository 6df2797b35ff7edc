"""Whose request it is: the peer's, or what trusted proxies say.

A proxy adds the address of whoever called it at the right of what came with the request, so
only what our own proxies added can be believed: the client is the right-most hop that is none
of them. Everything left of it may be anybody's invention.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_address
from typing import Final

from .. import _core
from ..config import check_list
from ..errors import ConfigError
from ..exchange import Headers, HttpRequest

X_FORWARDED_FOR: Final = "X-Forwarded-For"
FORWARDED: Final = "Forwarded"
UNIX: Final = "unix"

# More than any chain of proxies has; a longer one is somebody's game.
_MOST_HOPS: Final = 64
# Characters of a Forwarded header, which has to be read from its left.
_LONGEST: Final = 8192
# An address, with or without a port; IPv6 with a port, and in Forwarded always, in brackets.
_NODE: Final = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::[0-9]{1,5})?", re.ASCII)
# RFC 7239, section 4. Unquoted values are taken with a colon too: many send them like that.
_PAIR: Final = re.compile(
    r"""[ \t]*(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)=("(?:[^"\\]|\\.)*"|[^\s;,"]+))?[ \t]*([;,]|\Z)"""
)
_QUOTED: Final = re.compile(r"\\(.)")


class ClientAddresses:
    """Safe to share between threads.

    Args:
        trusted_proxies: Networks of our own proxies; ``"unix"`` stands for peers without an
            address, which come through a Unix socket. Empty: the peer is the client.
        proxy_header: The one that the proxies set. None: whichever is there; where both are,
            they have to agree, because one of them may be the client's own.

    Raises:
        ConfigError: What is no network, or no such header.
    """

    def __init__(
        self, trusted_proxies: Sequence[str] = (), proxy_header: str | None = None
    ) -> None:
        form = 'must be a list of networks, such as ["10.0.0.0/8"]'
        listed = check_list("trusted_proxies", trusted_proxies, form)
        self._trusts_unix = UNIX in listed
        networks = [one for one in listed if one != UNIX]
        self._trusted = address_set("trusted_proxies", networks)
        for position, one in enumerate(listed):
            if one.endswith("/0"):
                text = "trusts everybody, and then every client chooses its address"
                raise ConfigError(text, f"trusted_proxies[{position}]")
        self._trusts = bool(listed)
        self._headers = _check_header(proxy_header)

    def of(self, request: HttpRequest) -> bytes | None:
        """The client's address, 4 or 16 bytes; None: it cannot be known."""
        peer = _peer_address(request.client_ip)
        if not self._trusts:
            return peer
        trusted = self._trusts_unix if peer is None else self._trusted.contains(peer)
        return self._behind(peer, request) if trusted else peer

    def _behind(self, peer: bytes | None, request: HttpRequest) -> bytes | None:
        headers = Headers(request.headers)
        found = []
        for name in self._headers:
            lines = headers.get_all(name)
            if any(line.strip() for line in lines):
                hops = _forwarded(lines) if name == FORWARDED else _x_forwarded_for(lines)
                found.append(self._right_most(peer, hops))
        if not found:
            return peer
        return found[0] if all(one == found[0] for one in found) else None

    def _right_most(self, peer: bytes | None, hops: Iterable[str]) -> bytes | None:
        """The right-most hop that is not trusted; the left-most one where all are."""
        address = peer
        for count, hop in enumerate(hops):
            address = _node_address(hop)
            if address is None or count >= _MOST_HOPS:
                return None
            if not self._trusted.contains(address):
                return address
        return address


def address_set(field: str, networks: Sequence[str]) -> _core.AddressSet:
    """Raises ConfigError for the first that is no address and no network; it names the item."""
    for position, network in enumerate(networks):
        name = f"{field}[{position}]"
        if not isinstance(network, str) or not network.isascii():
            raise ConfigError('must be a str, such as "203.0.113.0/24"', name)
        try:
            _core.AddressSet([network])
        except ConfigError as error:
            raise ConfigError(str(error), name) from None
    return _core.AddressSet(list(networks))


def address_text(address: bytes | None) -> str | None:
    """For logs."""
    return None if address is None else str(ip_address(address))


def limit_key(address: bytes | None) -> bytes:
    """Whoever has one IPv6 address has all of its /64. All that are unknown share one key."""
    return b"" if address is None else address[:8]


def _check_header(name: str | None) -> tuple[str, ...]:
    if name is None:
        return (X_FORWARDED_FOR, FORWARDED)
    for known in (X_FORWARDED_FOR, FORWARDED):
        if isinstance(name, str) and name.lower() == known.lower():
            return (known,)
    raise ConfigError(f'must be "{X_FORWARDED_FOR}" or "{FORWARDED}"', "proxy_header")


def _peer_address(text: str | None) -> bytes | None:
    """As a server tells it: an IPv6 address of a link has a zone."""
    return _core.read_address(text.partition("%")[0]) if isinstance(text, str) else None


def _node_address(text: str) -> bytes | None:
    """None for `unknown`, for obfuscated names and for anything else that is no address."""
    bare = _core.read_address(text)
    if bare is not None:
        return bare
    match = _NODE.fullmatch(text)
    return None if match is None else _core.read_address(match[1] or match[2])


def _x_forwarded_for(lines: list[str]) -> Iterator[str]:
    """From the right. An empty item is a hop that nobody knows."""
    rest, more = ",".join(lines), ","
    while more:
        rest, more, hop = rest.rpartition(",")
        yield hop.strip(" \t")


def _forwarded(lines: list[str]) -> list[str]:
    """From the right: of each element its ``for``; a list that cannot be read is one bad hop."""
    text = ",".join(lines)
    hops, here, at = [], [], 0
    if len(text) > _LONGEST:
        return [""]
    while True:
        match = _PAIR.match(text, at)
        if match is None:
            return [""]
        name, value, end = match.groups()
        if name is not None and name.lower() == "for":
            here.append(_QUOTED.sub(r"\1", value[1:-1]) if value.startswith('"') else value)
        if end != ";":
            hops.append(here[0] if len(here) == 1 else "")
            here = []
        if not end:
            return hops[::-1]
        at = match.end()
