"""For consumers that fetch their messages, because nobody can call them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from .. import _core
from ..config import check_whole
from ..errors import ConfigError
from ..store import HIGHEST_KEY
from .rows import Message

MOST_POLLED: Final = 1000
_CURSOR: Final = re.compile(r"pos_([0-9]{1,19})")


@dataclass(frozen=True, slots=True)
class PollResult:
    """Messages in the order in which they were sent.

    Attributes:
        messages: None of them: there is nothing new for now.
        cursor: For the next call. Keep it when the messages are worked, not before.
    """

    messages: list[Message] = field(repr=False)
    cursor: str


def cursor_key(cursor: Any) -> int:
    """Where a poll goes on.

    Raises:
        ConfigError: No poll returned that.
    """
    if cursor is None:
        return 0
    match = _CURSOR.fullmatch(cursor) if isinstance(cursor, str) else None
    if match is None or int(match[1]) > HIGHEST_KEY:
        raise ConfigError("must be the cursor of an earlier poll()", "cursor")
    return int(match[1])


def poll_rows(
    store: _core.Store, filter: dict[str, Any], cursor: Any, limit: int
) -> tuple[list[dict[str, Any]], str]:
    """The next rows, at least one as long as there are any, and the cursor behind them."""
    check_whole("limit", limit, 1, MOST_POLLED)
    after = cursor_key(cursor)
    while True:
        rows, next_key = store.poll_messages({**filter, "after": after, "limit": limit})
        # The store looks at so many rows at once and no more; none of them may match.
        if rows or next_key == after:
            return rows, f"pos_{next_key}"
        after = next_key
