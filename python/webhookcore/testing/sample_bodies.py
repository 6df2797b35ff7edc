"""The unsigned part of a sample: its body and the headers that tell its id and type."""

from __future__ import annotations

import copy
import json
import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Final
from urllib.parse import urlencode

from ..config import check_unicode
from ..errors import ConfigError
from ..provider_rules import ARRAY, LINES, Body, Form, Header, OtherMember, Place, Provider
from ..providers import find_provider
from .sample_events import DATA_PLACES, EVENTS

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"

_PLAIN_TYPE: Final = "order.created"
_PLAIN: Final[dict[str, Any]] = {"data": {"id": "order_7", "total": 1200}}
_FORMS: Final = frozenset({"twilio", "mandrill"})
_NUMERIC_IDS: Final = frozenset({"telegram", "hubspot-v1", "hubspot-v2", "hubspot-v3"})
_ID_PREFIXES: Final = {"stripe": "evt_", "slack": "Ev", "twilio": "SM", "paddle": "evt_"}
# What some providers send beside what tells id and type.
_HEADERS: Final[dict[str, dict[str, str]]] = {
    "fal": {"X-Fal-Webhook-User-Id": "sample"},
    "twitch": {"Twitch-Eventsub-Message-Type": "notification"},
    "shopify": {"X-Shopify-Shop-Domain": "example.myshopify.com"},
    "github": {"User-Agent": "GitHub-Hookshot/sample", "X-GitHub-Hook-ID": "1"},
}


@dataclass(frozen=True, slots=True)
class Content:
    """A request before its signature.

    Attributes:
        word: The type without the part that stands elsewhere in the body (GitHub's action).
    """

    id: str
    type: str | None
    word: str | None
    body: bytes
    headers: dict[str, str]


def sample_types(provider: str) -> list[str]:
    """The event types that there is a realistic body for; any other gets a plain one.

    Raises:
        ConfigError: There is no such provider.
    """
    find_provider(provider)
    return [type for type in EVENTS.get(provider, {}) if type]


def new_id(provider: str) -> str:
    """An id that no other sample has, of the provider's form where it has a striking one."""
    if provider in _NUMERIC_IDS:
        return str(random.randrange(10**8, 10**12))  # noqa: S311  # Only to be another each time.
    prefix = _ID_PREFIXES.get(provider)
    if prefix is not None:
        return prefix + uuid.uuid4().hex
    return str(uuid.uuid4())


def check_type(row: Provider, type: str | None) -> str | None:
    """The type that a sample has: the given one, or the provider's usual one.

    Raises:
        ConfigError: The provider's requests name none.
    """
    if type is not None and (not row.type or not check_unicode("type", type)):
        raise ConfigError(f"requests of {row.name} name no type, or it is empty", "type")
    if not row.type:
        return None
    return type or next(iter(EVENTS.get(row.name, {})), _PLAIN_TYPE)


def make_content(
    row: Provider, type: str | None, id: str, at: float, data: Mapping[str, Any] | None
) -> Content:
    """A body of that type, with ``data`` put over what the sample says."""
    word, suffix = split_type(row, type)
    item = _filled(_template(row, type, word), id, type, at)
    headers = dict(_HEADERS.get(row.name, {}))
    _put(row, "id", _own(row.id), id, item, headers)
    if word is not None:
        _put(row, "type", _own(row.type), word, item, headers)
    if suffix is not None and row.type_suffix:
        _set(item, row.type_suffix, suffix)
    if data is not None:
        _merge(item, DATA_PLACES.get(row.name, ""), data)
    body, content_type = _encoded(row, item)
    return Content(id, type, word, body, {"Content-Type": content_type, **headers})


def split_type(row: Provider, type: str | None) -> tuple[str | None, str | None]:
    """``pull_request.opened`` of GitHub is a header's value and a member of the body."""
    if type is None or not row.type_suffix or "." not in type:
        return type, None
    word, _, suffix = type.rpartition(".")
    return word, suffix


def _own(places: tuple[Place, ...]) -> Place | None:
    """The place that the provider itself uses first for ordinary events."""
    return next((place for place in places if getattr(place, "only", None) is None), None)


def _template(row: Provider, type: str | None, word: str | None) -> dict[str, Any]:
    known = EVENTS.get(row.name)
    if not known:
        return copy.deepcopy(_PLAIN)
    first = next(iter(known))
    content: dict[str, Any] = copy.deepcopy(known.get(type or "", known[first]))
    if isinstance(_own(row.type), OtherMember) and word is not None and first in content:
        content = {word: content[first]}
    return content


def _filled(value: Any, id: str, type: str | None, at: float) -> Any:
    if isinstance(value, dict):
        return {name: _filled(item, id, type, at) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, id, type, at) for item in value]
    if not isinstance(value, str) or not value.startswith("$"):
        return value
    moment = datetime.fromtimestamp(at, timezone.utc).isoformat(timespec="milliseconds")
    words = {"$id": id, "$type": type, "$now": int(at), "$now_ms": int(at * 1000)}
    return {**words, "$iso": moment.replace("+00:00", "Z")}.get(value, value)


def _put(
    row: Provider,
    what: str,
    place: Place | None,
    value: str,
    item: dict[str, Any],
    headers: dict[str, str],
) -> None:
    if isinstance(place, Header):
        headers[place.name] = value
    elif isinstance(place, Body):
        is_number = what == "id" and row.name in _NUMERIC_IDS and value.isdecimal()
        _set(item, place.path, int(value) if is_number else value)
    elif isinstance(place, Form):
        item[place.name] = value
    # A header may be what is looked at first, and the form field what is always there.


def _set(item: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for name in parents:
        inner = item.get(name)
        if not isinstance(inner, dict):
            inner = item[name] = {}
        item = inner
    item[last] = value


def _merge(item: dict[str, Any], place: str, data: Mapping[str, Any]) -> None:
    """``data`` over the part that is the event's own; mappings in both are merged."""
    for name in filter(None, place.split(".")):
        inner = item.get(name)
        if not isinstance(inner, dict):
            inner = item[name] = {}
        item = inner
    _merge_into(item, data)


def _merge_into(item: dict[str, Any], data: Mapping[str, Any]) -> None:
    for name, value in data.items():
        if isinstance(value, Mapping) and isinstance(item.get(name), dict):
            _merge_into(item[name], value)
        else:
            item[name] = value


def _encoded(row: Provider, item: dict[str, Any]) -> tuple[bytes, str]:
    if row.name in _FORMS:
        return urlencode(item, errors="replace").encode("ascii"), FORM
    whole: Any = item
    for layout in row.batch[:1]:
        if layout == ARRAY:
            whole = [item]
        elif layout != LINES:
            whole = {"live": "false"} if row.name == "adyen" else {}
            _set(whole, layout, [item])
    if row.name == "okta":
        whole["eventId"] = item["uuid"]
    try:
        text = json.dumps(whole, separators=(",", ":"), allow_nan=False, ensure_ascii=True)
    except (TypeError, ValueError, RecursionError) as error:
        raise ConfigError(f"cannot be written as JSON: {error}", "data") from None
    return text.encode("ascii"), JSON
