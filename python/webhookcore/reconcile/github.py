"""GitHub's deliveries of a webhook.

Source: docs.github.com/en/rest/repos/webhooks, "List deliveries" and "Get a delivery": newest first,
pages by the cursor of the Link header; a redelivery has an id of its own and the GUID of the first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from ..config import check_text
from ..errors import ConfigError, ProviderApiError
from ..exchange import Headers
from .api import ProviderApi, is_plain
from .missed import Missed, Pages

BASE_URL: Final = "https://api.github.com"
HEADERS: Final = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
_PAGE: Final = 100
_AT_ONCE: Final = 20
_HOOK: Final = re.compile(
    r"(?:repos/[\w.-]{1,100}/[\w.-]{1,100}/hooks/[0-9]{1,18}"
    r"|orgs/[\w.-]{1,100}/hooks/[0-9]{1,18}|app/hook)",
    re.ASCII,
)
_NEXT: Final = re.compile(r'<([^>]*)>[^,]*;\s*rel="?next"?')
# Above this, the transport may have dropped the Link header among others.
_HEADERS_KEPT: Final = 3000
# Of the old request: about bytes that are no longer these.
_NOT_TAKEN: Final = re.compile(
    r"x-hub-signature|content-length|content-type|authorization|host|accept|cookie", re.IGNORECASE
)


def check_hook(hook: Any) -> str:
    """``repos/OWNER/REPO/hooks/ID``, ``orgs/ORG/hooks/ID`` or ``app/hook``.

    Raises:
        ConfigError: It is none of these.
    """
    text = check_text("hook", hook, most=300).strip("/")
    if _HOOK.fullmatch(text) is None or ".." in text:
        raise ConfigError("must be like repos/OWNER/REPO/hooks/ID, or app/hook", "hook")
    return text


def github_deliveries(
    api: ProviderApi, hook: str, since: float, until: float, everything: bool
) -> Pages:
    """Those that no attempt delivered, oldest first; with ``everything`` all.

    Raises:
        ProviderApiError, UnreachableError: As ``ProviderApi.get()``.
    """
    newest: dict[str, int] = {}  # By GUID, the attempt that is asked for; newest events first.
    delivered: set[str] = set()
    for row in _listed(api, hook, since, until):
        guid = row["guid"]
        # Of its attempts the newest one, at the place of the oldest.
        newest[guid] = newest.pop(guid, row["id"])
        if 200 <= row["status_code"] < 300:
            delivered.add(guid)
    wanted = [id for guid, id in reversed(newest.items()) if everything or guid not in delivered]
    for place in range(0, len(wanted), _AT_ONCE):
        yield [_fetched(api, hook, id) for id in wanted[place : place + _AT_ONCE]]


def _listed(api: ProviderApi, hook: str, since: float, until: float) -> Iterator[dict[str, Any]]:
    query: dict[str, str | int] = {"per_page": _PAGE}
    seen: set[str] = set()
    while True:
        rows, response = api.get(f"{hook}/deliveries", query)
        if not isinstance(rows, list):
            raise ProviderApiError("what GitHub answered is no list of deliveries")
        for row in map(_checked_row, rows):
            if row["at"] < since:
                return
            if row["at"] <= until:
                yield row
        cursor = _next_cursor(response.headers, len(rows))
        if cursor is None:
            return
        if cursor in seen:
            raise ProviderApiError("the pages of the list go round in a circle")
        seen.add(cursor)
        query["cursor"] = cursor


def _checked_row(row: Any) -> dict[str, Any]:
    try:
        moment = datetime.fromisoformat(str(row["delivered_at"]).replace("Z", "+00:00"))
        status = row["status_code"]
        found = {"id": int(row["id"]), "guid": row["guid"], "at": moment.timestamp()}
    except (KeyError, TypeError, ValueError, OverflowError):
        found = {"guid": None}
        status = None
    if not is_plain(found["guid"]) or moment.tzinfo is None:
        raise ProviderApiError("a delivery in GitHub's list is not as it is documented")
    # Of a delivery that reached nobody there is no status, or one of 0.
    return {**found, "status_code": status if isinstance(status, int) else 0}


def _next_cursor(headers: Headers, count: int) -> str | None:
    """Only the cursor is taken of the Link's URL: the key goes nowhere else."""
    link = ", ".join(headers.get_all("Link"))
    match = _NEXT.search(link)
    if match is None:
        size = sum(len(name) + len(value) for name, value in headers.pairs())
        if not link and count >= _PAGE and size > _HEADERS_KEPT:
            raise ProviderApiError("the answer's headers are too long to find the next page in")
        return None
    try:
        found = parse_qs(urlsplit(match[1]).query, max_num_fields=50).get("cursor", [])
    except ValueError:
        found = []
    if len(found) != 1:
        raise ProviderApiError("the link to the next page has no cursor")
    return found[0]


def _fetched(api: ProviderApi, hook: str, id: int) -> Missed:
    told, _ = api.get(f"{hook}/deliveries/{id}")
    request = told.get("request") if isinstance(told, dict) else None
    payload = request.get("payload") if isinstance(request, dict) else None
    guid, event = (told.get(name) for name in ("guid", "event")) if request else (None, None)
    if not isinstance(payload, dict) or not is_plain(guid) or not is_plain(event):
        raise ProviderApiError(f"GitHub's delivery {id} is not as it is documented")
    assert isinstance(request, dict)
    assert isinstance(guid, str)
    assert isinstance(event, str)
    body = json.dumps(payload, separators=(",", ":"), ensure_ascii=True).encode("ascii")
    sent = request.get("headers")
    kept = [
        (name, value)
        for name, value in (sent.items() if isinstance(sent, Mapping) else ())
        if isinstance(value, str) and _is_plain(name, value) and not _NOT_TAKEN.match(name)
    ]
    # Of the delivery itself, whatever the headers said.
    own = {"x-github-delivery", "x-github-event"}
    return Missed(
        body,
        [
            ("Content-Type", "application/json"),
            ("X-GitHub-Event", event),
            ("X-GitHub-Delivery", guid),
            *((name, value) for name, value in kept if name.lower() not in own),
        ],
    )


def _is_plain(name: str, value: str) -> bool:
    return name.isascii() and name.isprintable() and len(value) <= 8192 and value.isprintable()
