"""Today's networks, from the provider itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import Final

from .. import _core
from ..errors import ConfigError, KeyUnavailableError, WebhookError
from ..urls import UrlPolicy, transport_options
from .presets import Preset, check_networks

# GitHub's document has the networks of all that it runs.
_MAX_BYTES: Final = 8 * 1024 * 1024
_TIMEOUT: Final = 30.0
_USER_AGENT: Final = "webhookcore"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a provider's list is, and what its member is called."""

    url: str
    member: str


ADDRESSES: Final = {
    "github": Address("https://api.github.com/meta", "hooks"),
    "stripe": Address("https://stripe.com/files/ips/ips_webhooks.json", "WEBHOOKS"),
}


def fetch_preset(name: str, policy: UrlPolicy, today: date, url: str | None = None) -> Preset:
    """The provider's list as it is now, over the guarded transport.

    Args:
        url: A mirror of the provider's list; None: the provider's own.

    Raises:
        ConfigError: There is no such preset, or what came is no list of networks.
        WebhookError: It cannot be fetched.
    """
    if name not in ADDRESSES:
        raise ConfigError(f"must be one of {', '.join(ADDRESSES)}", "preset")
    address = ADDRESSES[name]
    asked = address.url if url is None else url
    try:
        status, _, body = _core.fetch(
            asked,
            transport=transport_options(policy, _USER_AGENT),
            method="GET",
            headers=[("Accept", "application/json")],
            body=b"",
            max_bytes=_MAX_BYTES,
            timeout=_TIMEOUT,
        )
    except KeyUnavailableError as error:
        raise WebhookError(f"{asked}: {error}") from error
    if status != 200:
        raise WebhookError(f"{asked} answered {status}")
    try:
        found = json.loads(body)[address.member]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise WebhookError(f"{asked} has no list {address.member!r}") from None
    try:
        return Preset(name, today.isoformat(), asked, check_networks(address.member, found))
    except ConfigError as error:
        raise WebhookError(f"what {asked} gives is not to be believed: {error}") from None
