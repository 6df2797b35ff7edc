"""Opening a store, and reading it page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar, overload

from . import _core
from .config import (
    Durability,
    check_seconds,
    check_text,
    check_whole,
    encryption_keys,
    parse_store_url,
    size_in_bytes,
)
from .errors import ConfigError
from .once import remember_store

Row = TypeVar("Row")

_PAGE = 100
# SQLite's largest integer.
HIGHEST_KEY: Final = 2**63 - 1


def open_store(
    url: str,
    durability: Durability = "full",
    *,
    busy_timeout: float = 5.0,
    create: bool = True,
    quota: int | str | None = None,
) -> _core.Store:
    """The store at a URL; a file is made, with mode 0600, when there is none.

    Args:
        durability: ``"full"``: what was acknowledged survives a power cut.
            ``"normal"``: a power cut may take the last commits; nothing else does.
        busy_timeout: How long to wait for another process, in seconds.
        quota: Bytes, or such as ``"2 GiB"``, above which nothing new is taken in through this
            object; deliveries and handlers go on.

    With ``WEBHOOKCORE_ENCRYPTION_KEY``, secrets and static headers of endpoints are sealed in
    the file.

    Raises:
        ConfigError: The URL is none.
        StoreUnavailableError, StoreCorruptError, SchemaTooNewError: The file cannot be
            used; it is left as it is.
        StoreKeyError: Its secrets are sealed with a key that was not given.
    """
    if durability not in ("full", "normal"):
        raise ConfigError('must be "full" or "normal"', "durability")
    check_seconds("busy_timeout", busy_timeout, 0, 3600)
    most = None if quota is None else size_in_bytes("quota", quota)
    path = parse_store_url(url).path
    if path is None:
        store = _core.open_memory_store()
    else:
        store = _core.open_sqlite_store(
            path=str(path),
            durable=durability == "full",
            busy_timeout=busy_timeout,
            create=create,
            encryption_keys=encryption_keys(),
        )
        remember_store(str(path.absolute()))
    store.set_quota(most)
    return store


class Listing(Sequence[Row], Generic[Row]):
    """Rows of a store, fetched a page at a time while they are looked at.

    Attributes:
        cursor: Give it to the same ``list()`` call to go on after the rows seen so
            far; None when there are no more.
    """

    def __init__(
        self,
        fetch: Callable[[dict[str, Any]], list[dict[str, Any]]],
        make: Callable[[dict[str, Any]], Row],
        filters: Mapping[str, Any],
        *,
        cursor_field: str,
        cursor: Any = None,
        limit: int | None = None,
    ) -> None:
        if limit is not None:
            check_whole("limit", limit, 1, HIGHEST_KEY)
        if cursor is not None and cursor_field == "key":
            check_whole("cursor", cursor, 0, HIGHEST_KEY)
        elif cursor is not None:
            check_text("cursor", cursor)
        self._fetch = fetch
        self._make = make
        self._filters = dict(filters)
        self._cursor_field = cursor_field
        self._limit = limit
        self._rows: list[Row] = []
        self._more = True
        self.cursor = cursor

    def loaded(self, position: int) -> tuple[list[Row], bool]:
        """The rows from a position on that were fetched, and whether there may be more."""
        return self._rows[position:], self._more

    def load_page(self) -> None:
        """Fetch the next rows; blocks for a read."""
        left = _PAGE if self._limit is None else min(_PAGE, self._limit - len(self._rows))
        if left <= 0:
            self._more = False
            return
        # One more than is wanted tells whether another page follows.
        found = self._fetch({**self._filters, "cursor": self.cursor, "limit": left + 1})
        page, self._more = found[:left], len(found) > left
        self._rows.extend(self._make(row) for row in page)
        self.cursor = page[-1][self._cursor_field] if page and self._more else None
        if self._limit is not None and len(self._rows) >= self._limit:
            self._more = False

    def _load_all(self) -> list[Row]:
        while self._more:
            self.load_page()
        return self._rows

    def __iter__(self) -> Iterator[Row]:
        position = 0
        while True:
            while position < len(self._rows):
                yield self._rows[position]
                position += 1
            if not self._more:
                return
            self.load_page()

    def __len__(self) -> int:
        return len(self._load_all())

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        return self._load_all()[index]

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (list, tuple, Listing)):
            return list(self) == list(other)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self._load_all())
