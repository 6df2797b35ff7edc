"""Calls to this machine, which whoever sits at it may make without further options."""

from __future__ import annotations

import dataclasses
import ipaddress
from urllib.parse import urlsplit

from ..urls import UrlPolicy


def policy_for(url: str, policy: UrlPolicy) -> UrlPolicy:
    """The policy, with http and loopback allowed where the URL itself says loopback.

    Only by its text: a name that resolves to loopback is refused as everywhere else.
    """
    if not _is_loopback(url):
        return policy
    networks = [*policy.allow, "127.0.0.0/8", "::1/128"]
    return dataclasses.replace(policy, allow_http=True, allow=networks)


def _is_loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
