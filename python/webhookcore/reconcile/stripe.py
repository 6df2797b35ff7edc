"""Stripe's list of events.

Source: docs.stripe.com/webhooks/process-undelivered-events and docs.stripe.com/api/events/list:
newest first, of the last 30 days; ``delivery_success=false`` gives those that at least one of the
account's endpoints did not take.
"""

from __future__ import annotations

from typing import Any, Final

from ..batches import cut_items
from ..errors import ProviderApiError, VerificationError
from .api import ProviderApi, is_plain
from .missed import Missed, Pages

BASE_URL: Final = "https://api.stripe.com"
_PAGE: Final = 100


def stripe_events(api: ProviderApi, since: float, until: float, everything: bool) -> Pages:
    """Page by page, newest first; the oldest of a page first.

    Raises:
        ProviderApiError, UnreachableError: As ``ProviderApi.get()``.
    """
    query: dict[str, str | int] = {
        "limit": _PAGE,
        "created[gte]": int(since),
        "created[lte]": int(until),
    }
    if not everything:
        query["delivery_success"] = "false"
    seen: set[str] = set()
    while True:
        page, response = api.get("v1/events", query)
        ids = _ids(page)
        if ids:
            # As they stand, not written anew: no number and no escape is another afterwards.
            yield [Missed(body, []) for body in reversed(_bodies(response.body))]
        if not ids or not page.get("has_more"):
            return
        if ids[-1] in seen:
            raise ProviderApiError("the pages of the list go round in a circle")
        seen.add(ids[-1])
        query["starting_after"] = ids[-1]


def _ids(page: Any) -> list[str]:
    events = page.get("data") if isinstance(page, dict) else None
    if not isinstance(events, list):
        raise ProviderApiError("what Stripe answered is no list of events")
    ids = [event.get("id") if isinstance(event, dict) else None for event in events]
    if not all(map(is_plain, ids)):
        raise ProviderApiError("an event in Stripe's list has no id")
    return [str(one) for one in ids]


def _bodies(body: bytes) -> list[bytes]:
    try:
        return cut_items(body, ("data",))
    except VerificationError:
        raise ProviderApiError("what Stripe answered is no list of events") from None
