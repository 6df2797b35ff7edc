"""Where the events of a batch stand in a body.

JSON is not written again: an item is the bytes between two places of the body.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Final, NoReturn

from .errors import VerificationError
from .provider_rules import ALONE, LINES

MAX_ITEMS: Final = 10_000

_SPACE: Final = re.compile(r"[ \t\n\r]*")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


# Numbers are passed over: only where they end is asked for.
_DECODER: Final = json.JSONDecoder(parse_int=len, parse_float=len, parse_constant=_refuse)

Child = tuple[str | None, int, int]


def cut_items(body: bytes, layouts: Sequence[str]) -> list[bytes]:
    """The events in a body of the first of these layouts (``Provider.batch``) that it has.

    Raises:
        VerificationError: ``malformed_body``: it has none of them, is no JSON, has nothing or
            more than 10,000 items in it, or a name on the path twice.
    """
    try:
        text = body.decode("utf-8")  # Strictly, so that encoding gives the same bytes.
        found = _find_any(text, layouts)
    except (ValueError, RecursionError):
        raise VerificationError("malformed_body") from None
    return [text[begin:end].encode("utf-8") for _, begin, end in found]


def _find_any(text: str, layouts: Sequence[str]) -> list[Child]:
    for layout in layouts:
        found = _find(text, layout)
        if found:
            return found
    raise ValueError("no batch")


def _find(text: str, layout: str) -> list[Child] | None:
    """The items; None where the body is laid out in another way."""
    if layout == LINES:
        return _lines(text)
    if layout == ALONE:
        return [_object(text, 0, len(text))] if text[_skip(text, 0) :][:1] == "{" else None
    return _find_items(text, layout.split(".") if layout else [])


def _find_items(text: str, steps: Sequence[str]) -> list[Child] | None:
    at = _skip(text, 0)
    if text[at : at + 1] != ("{" if steps else "["):
        return None
    whole_end: int | None = None
    for number, step in enumerate(steps):
        members, end = _children(text, at, "{}")
        named = [begin for name, begin, _ in members if name == step]
        if not named and number == 0:
            return None
        if len(named) != 1:
            raise ValueError(f"{step} is there {len(named)} times")
        whole_end = end if whole_end is None else whole_end
        at = named[0]
    items, end = _children(text, at, "[]")
    if _skip(text, end if whole_end is None else whole_end) != len(text):
        raise ValueError("something stands behind the JSON")
    if not items:
        raise ValueError("an empty batch")
    return items


def _lines(text: str) -> list[Child]:
    items: list[Child] = []
    at = 0
    while (at := _skip(text, at)) < len(text):
        if len(items) == MAX_ITEMS:
            raise ValueError("too many items")
        newline = text.find("\n", at)
        end = len(text) if newline < 0 else newline
        items.append(_object(text, at, end))
        at = end
    return items


def _object(text: str, at: int, end: int) -> Child:
    """The one object that stands between two places."""
    begin = _skip(text, at)
    _, behind = _children(text, begin, "{}")
    if min(_skip(text, behind), end) != end:
        raise ValueError("something stands behind the JSON")
    return None, begin, behind


def _children(text: str, at: int, brackets: str) -> tuple[list[Child], int]:
    """Name, begin and end of each value in an object or array, and the end of it all."""
    if text[at : at + 1] != brackets[0]:
        raise ValueError(f"no {brackets} where one is needed")
    children: list[Child] = []
    at = _skip(text, at + 1)
    if text[at : at + 1] == brackets[1]:
        return children, at + 1
    while len(children) < MAX_ITEMS:
        name = None
        if brackets == "{}":
            name, at = _name(text, at)
        end = _DECODER.raw_decode(text, at)[1]
        children.append((name, at, end))
        at = _skip(text, end)
        if text[at : at + 1] == brackets[1]:
            return children, at + 1
        if text[at : at + 1] != ",":
            raise ValueError("a value without a comma behind it")
        at = _skip(text, at + 1)
    raise ValueError("too many items")


def _name(text: str, at: int) -> tuple[str, int]:
    """An object's next name, and where its value begins."""
    name, at = _DECODER.raw_decode(text, at)
    at = _skip(text, at)
    if not isinstance(name, str) or text[at : at + 1] != ":":
        raise ValueError("a member without a name")
    return name, _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return at if match is None else match.end()
