"""An event loop for async handlers on a thread that has none."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Awaitable
from types import TracebackType
from typing import Any

from ..errors import ConfigError

_log = logging.getLogger("webhookcore.runner")


class OwnLoop:
    """Made at the first await and kept until it is closed; one thread uses it.

    Like ``asyncio.Runner``, which Python 3.10 does not have.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None

    def await_(self, awaitable: Awaitable[Any]) -> Any:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        return self._loop.run_until_complete(_as_coroutine(awaitable))

    def close(self) -> None:
        loop, self._loop = self._loop, None
        if loop is None:
            return
        try:
            loop.run_until_complete(_end_tasks(asyncio.all_tasks(loop)))
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
        finally:
            loop.close()

    def __enter__(self) -> OwnLoop:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


async def _end_tasks(left: set[asyncio.Task[Any]]) -> None:
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


async def _as_coroutine(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


class SharedLoop:
    """A loop on a thread of its own; any number of threads await on it at once."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._closing = False
        self._asked_at: float | None = None  # Monotonic; None: it has answered.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def await_(self, awaitable: Awaitable[Any]) -> Any:
        run = asyncio.run_coroutine_threadsafe(_caught(awaitable), self._loop)
        value, error = run.result()
        if error is not None:
            raise error
        return value

    def runs_in(self, thread: threading.Thread) -> bool:
        return thread is self._thread

    def is_stuck(self, seconds: float) -> bool:
        """Whether something has held the loop for so long; asked now and then, by one thread."""
        now = time.monotonic()
        if self._asked_at is None:
            self._asked_at = now
            self._loop.call_soon_threadsafe(self._answer)
            return False
        return now - self._asked_at >= seconds

    def where(self) -> str:
        """The line that the loop's thread is at, of whoever's code it is."""
        frame = sys._current_frames().get(self._thread.ident or 0)
        return "" if frame is None else f"{frame.f_code.co_filename}:{frame.f_lineno}"

    def close(self, timeout: float) -> None:
        """End what is left on it; one that is stuck is left to the end of the process."""
        self._closing = True
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout)

    def _answer(self) -> None:
        self._asked_at = None

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        while not self._closing:
            try:
                self._loop.run_forever()
            except BaseException:  # noqa: BLE001, PERF203  # A task of a handler's own, an exit.
                _log.exception("a task on the handlers' event loop raised what ends a loop")
        own = OwnLoop()
        own._loop = self._loop
        own.close()


async def _caught(awaitable: Awaitable[Any]) -> tuple[Any, BaseException | None]:
    """An exit must end neither the loop nor the other tasks on it."""
    try:
        return await awaitable, None
    except BaseException as error:  # noqa: BLE001  # Raised again where it is waited for.
        return None, error


def refuse_inside_a_loop(call: str, instead: str) -> None:
    """Raise ConfigError where a loop runs in this thread: a second one could not."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise ConfigError(f"{call} cannot run async handlers inside an event loop; use {instead}")
