"""Makes methods of the blocking classes awaitable, with the same arguments and the same text.

There is one copy of the logic: an async class names the methods that it takes over.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, cast

from ..door import Threads
from ..store import Listing

P = ParamSpec("P")
R = TypeVar("R")
Row = TypeVar("Row")


class Part:
    """Something of the async client: the blocking object behind it, and where that may wait."""

    def __init__(self, blocking: Any, threads: Threads) -> None:
        self._blocking = blocking
        self._threads = threads


class AsyncListing(Generic[Row]):
    """Rows of a store, fetched a page at a time while they are looked at.

    ``async for row in listing`` goes through them, ``await listing`` gives all as a list.
    """

    def __init__(self, listing: Listing[Row], threads: Threads) -> None:
        self._listing = listing
        self._threads = threads

    @property
    def cursor(self) -> Any:
        """Give it to the same ``list()`` call to go on after the rows seen so far; None at the end."""
        return self._listing.cursor

    async def __aiter__(self) -> AsyncIterator[Row]:
        position = 0
        while True:
            page, has_more = self._listing.loaded(position)
            for row in page:
                yield row
            position += len(page)
            if not has_more:
                return
            await self._threads.run(self._listing.load_page)

    def __await__(self) -> Generator[Any, None, list[Row]]:
        return self._threads.run(functools.partial(list, self._listing)).__await__()


class _Call(functools.partial[R]):
    """A call whose arguments no traceback with local variables shows."""

    def __repr__(self) -> str:
        return f"<call of {getattr(self.func, '__name__', 'a method')}>"


def awaited(
    method: Callable[Concatenate[Any, P], R],
) -> Callable[Concatenate[Any, P], Coroutine[Any, Any, R]]:
    """The method, run on a thread of the client's. Cancelling the await does not stop it."""

    @functools.wraps(method)
    async def call(self: Any, *args: P.args, **options: P.kwargs) -> R:
        threads: Threads = self._threads
        job = _Call(method, self._blocking, *args, **options)
        del args, options  # There may be a secret among them.
        return await threads.run(job)

    return cast(Callable[Concatenate[Any, P], Coroutine[Any, Any, R]], call)


def listed(
    method: Callable[Concatenate[Any, P], Listing[Row]],
) -> Callable[Concatenate[Any, P], AsyncListing[Row]]:
    """The method, whose rows are fetched on a thread of the client's."""

    @functools.wraps(method)
    def call(self: Any, *args: P.args, **options: P.kwargs) -> AsyncListing[Row]:
        return AsyncListing(method(self._blocking, *args, **options), self._threads)

    return cast(Callable[Concatenate[Any, P], AsyncListing[Row]], call)


def same_arguments(
    method: Callable[Concatenate[Any, P], Any],
) -> Callable[[Callable[..., R]], Callable[Concatenate[Any, P], R]]:
    """For a method of its own that takes what the blocking one takes."""

    def take_over(function: Callable[..., R]) -> Callable[Concatenate[Any, P], R]:
        return functools.wraps(method)(function)

    return take_over
