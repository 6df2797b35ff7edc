"""Bodies for logs: JSON alone, without what must not be there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from .config import check_list, check_text

REDACTED: Final = "[redacted]"
# Credentials by any provider; whoever reads the log may use them.
ALWAYS: Final = (
    *("access_token", "api_key", "apikey", "authorization", "client_secret", "credentials"),
    *("id_token", "password", "private_key", "refresh_token", "secret", "token"),
    "verification_token",
)
_LONGEST: Final = 16 * 1024
# Reading a longer one would hold an event loop up for more than a millisecond or two.
_LONGEST_READ: Final = 64 * 1024
_FORM: Final = 'must be a list of fields, such as ["card.number", "email"]'


class Redactor:
    """Writes bodies again without the values of some fields, wherever they stand.

    Args:
        fields: Names of members, in any case: ``email`` at any depth, ``card.number`` as
            ``number`` inside ``card``. Arrays on the way make no difference. A member that
            is an object or array goes as a whole.

    Raises:
        ConfigError: What is no name.
    """

    def __init__(self, fields: Sequence[str] = ()) -> None:
        listed = check_list("redact", fields, _FORM)
        for position, one in enumerate(listed):
            check_text(f"redact[{position}]", one, most=256)
        self._names = {f".{one.lower()}" for one in (*ALWAYS, *listed)}
        # One look decides for nearly every member.
        self._last = {name.rpartition(".")[2] for name in self._names}

    def text(self, body: bytes) -> str | None:
        """The body as ASCII JSON, at most 16 KiB of it; None where it is no JSON or too long."""
        if len(body) > _LONGEST_READ:
            return None
        try:
            found = json.dumps(self._without(json.loads(body), ""), separators=(",", ":"))
        except (ValueError, RecursionError):
            return None
        return found if len(found) <= _LONGEST else f"{found[:_LONGEST]}..."

    def _without(self, value: Any, path: str) -> Any:
        if isinstance(value, dict):
            return {name: self._member(name, inside, path) for name, inside in value.items()}
        if isinstance(value, list):
            return [self._without(inside, path) for inside in value]
        return value

    def _member(self, name: str, value: Any, path: str) -> Any:
        here = f"{path}.{name.lower()}"
        if here.rpartition(".")[2] in self._last and any(map(here.endswith, self._names)):
            return REDACTED
        return self._without(value, here)
