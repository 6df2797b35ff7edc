"""Where the events of a batch stand in a JSON body.

JSON is not written again: an item is the bytes between two places of the body.
"""

from __future__ import annotations

import json
import re
from typing import Final, NoReturn

from .errors import VerificationError

MAX_ITEMS: Final = 10_000

_SPACE: Final = re.compile(r"[ \t\n\r]*")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


# Numbers are passed over: only where they end is asked for.
_DECODER: Final = json.JSONDecoder(parse_int=len, parse_float=len, parse_constant=_refuse)

Child = tuple[str | None, int, int]


def cut_items(body: bytes, path: str) -> list[bytes]:
    """The items of the array that a dotted path leads to; an empty path is the body.

    Raises:
        VerificationError: ``malformed_body``: no JSON, no such array, an empty one, one
            of more than 10,000 items, or a name on the path that comes twice.
    """
    try:
        text = body.decode("utf-8")  # Strictly, so that encoding gives the same bytes.
        found = _find_items(text, path)
    except (ValueError, RecursionError):
        raise VerificationError("malformed_body") from None
    return [text[begin:end].encode("utf-8") for _, begin, end in found]


def _find_items(text: str, path: str) -> list[Child]:
    at = _skip(text, 0)
    steps = path.split(".") if path else []
    whole_end: int | None = None
    for step in steps:
        members, end = _children(text, at, "{}")
        whole_end = end if whole_end is None else whole_end
        named = [begin for name, begin, _ in members if name == step]
        if len(named) != 1:
            raise ValueError(f"{step} is there {len(named)} times")
        at = named[0]
    items, end = _children(text, at, "[]")
    if _skip(text, end if whole_end is None else whole_end) != len(text):
        raise ValueError("something stands behind the JSON")
    if not items:
        raise ValueError("an empty batch")
    return items


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
