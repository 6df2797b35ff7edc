"""Database connections around handlers: what the server closes around requests."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from asgiref.sync import sync_to_async
from django.db import close_old_connections


def with_fresh_connections(handler: Callable[..., Any]) -> Callable[..., Any]:
    """The handler, with connections closed before and after that are broken or too old.

    A worker lives for weeks, a database ends idle connections: without this its next event fails.
    """
    if inspect.iscoroutinefunction(handler):

        @functools.wraps(handler)
        async def awaited(*args: Any) -> Any:
            close = sync_to_async(close_old_connections)  # In the thread that queries run in.
            await close()
            try:
                return await handler(*args)
            finally:
                await close()

        return awaited

    @functools.wraps(handler)
    def called(*args: Any) -> Any:
        close_old_connections()
        try:
            return handler(*args)
        finally:
            close_old_connections()

    return called
