"""Handlers: what a user registers, and what comes of calling them with an event."""

from __future__ import annotations

import asyncio
import functools
import inspect
import json
import logging
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple, TypeAlias

from .. import _core
from ..config import check_seconds
from ..events import Event

_log = logging.getLogger("webhookcore.runner")
_log.addHandler(logging.NullHandler())

# Takes an event, or a list of them where the handler wants batches.
HandlerFunction: TypeAlias = Callable[[Any], Any]

MAX_RESULT_BYTES: Final = 64 * 1024
_LONGEST_SNOOZE: Final = 30 * 24 * 3600.0
_MAX_ERROR_TEXT: Final = 200

# What a framework puts around every handler of the process, such as the closing of connections.
WRAPPERS: Final[list[Callable[[HandlerFunction], HandlerFunction]]] = []

Failures: TypeAlias = tuple[type[BaseException], ...]
# In the main thread an exit may be the server's own: gunicorn ends a worker with SystemExit.
REQUEST_FAILURES: Final[Failures] = (Exception, asyncio.CancelledError)
# On a loop it is a handler's, and passing through it would end the loop and its server with it.
_LOOP_FAILURES: Final[Failures] = (*REQUEST_FAILURES, SystemExit)


class Snooze(Exception):  # noqa: N818  # It says when, not what went wrong.
    """Raised by a handler to get the event again in ``seconds``; not counted as a failure."""

    def __init__(self, seconds: float, reason: str = "") -> None:
        self.seconds = check_seconds("seconds", seconds, 0, _LONGEST_SNOOZE)
        super().__init__(reason or f"again in {seconds:g} s")


class Discard(Exception):  # noqa: N818
    """Raised by a handler that never wants this event: done, not retried, no dead letter."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason or "no reason given")


@dataclass(frozen=True, slots=True)
class BatchRule:
    """How events become a batch: of one type pattern, so many, after so many seconds at most."""

    pattern: str
    max_events: int
    max_wait: float


@dataclass(frozen=True, slots=True)
class Handler:
    """A function and the events it is for; with a rule it takes a list of them."""

    source: str
    pattern: str
    function: HandlerFunction
    batch: BatchRule | None = None

    def takes(self, source: str, type: str | None) -> bool:
        # An event without a type has an empty one, which only a bare `*` takes.
        return source == self.source and _core.matches_event_pattern(self.pattern, type or "")

    def wrapped(self) -> Handler:
        """The same with the ``WRAPPERS`` around its function."""
        function = self.function
        for wrap in WRAPPERS:
            function = wrap(function)
        return self if function is self.function else replace(self, function=function)

    def call(self, event: Event) -> Any:
        return self.function(event) if self.batch is None else self.function([event])

    @property
    def is_async(self) -> bool:
        function = self.function
        while isinstance(function, functools.partial):
            function = function.func
        call = getattr(function, "__call__", None)  # noqa: B004  # Its kind, not whether it is.
        return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)

    @property
    def is_generator(self) -> bool:
        """Whether calling it runs nothing of it."""
        function = self.function
        while isinstance(function, functools.partial):
            function = function.func
        call = getattr(function, "__call__", None)  # noqa: B004  # As above.
        return any(
            kind(one)
            for kind in (inspect.isgeneratorfunction, inspect.isasyncgenfunction)
            for one in (function, call)
        )

    @property
    def name(self) -> str:
        return getattr(self.function, "__qualname__", None) or repr(self.function)


class Handlers:
    """The registered handlers, in their order. Safe to share between threads."""

    def __init__(self) -> None:
        self._all: tuple[Handler, ...] = ()

    def add(self, handler: Handler) -> None:
        self._all = (*self._all, handler)

    def of(self, source: str, type: str | None) -> list[Handler]:
        return [handler.wrapped() for handler in self._all if handler.takes(source, type)]

    def of_any(self, events: Sequence[tuple[str, str | None]]) -> list[Handler]:
        """Those that take one of the (source, type) at least."""
        return [one.wrapped() for one in self._all if any(one.takes(*event) for event in events)]

    def knows(self, source: str) -> bool:
        return any(one.source == source for one in self._all)

    def any_async(self, source: str | None = None) -> bool:
        return any(one.is_async and source in (None, one.source) for one in self._all)

    def any_batch(self) -> bool:
        return any(one.batch is not None for one in self._all)

    def batch_of(self, source: str, type: str | None) -> BatchRule | None:
        """The rule of the first handler that wants such events in batches."""
        rules = (one.batch for one in self._all if one.batch and one.takes(source, type))
        return next(rules, None)


@dataclass(slots=True)
class Outcome:
    """What the handlers of one event did, all of them together.

    Each is called, whatever the ones before it did. One failure makes the run fail;
    without one, one snooze puts the event off.
    """

    result: Any = None
    errors: list[BaseException] = field(default_factory=list)
    snooze: float | None = None
    discarded: str | None = None

    @property
    def error_text(self) -> str:
        """The first failure in one line that any store can hold."""
        if self.errors:
            text = f"{type(self.errors[0]).__name__}: {_text_of(self.errors[0])}"
        elif self.discarded is not None:
            text = f"discarded: {self.discarded}"
        else:
            text = ""
        return text[:_MAX_ERROR_TEXT].encode("utf-8", "replace").decode("utf-8")

    def keep(self, value: Any) -> None:
        """The result is that of the last handler that gives one."""
        if value is not None:
            self.result = value

    def join(self, other: Outcome) -> None:
        """Add what a batch, of which the event was one, came to."""
        self.keep(other.result)
        self.errors += other.errors
        if other.snooze is not None:
            self.snooze = max(other.snooze, self.snooze or 0.0)
        if other.discarded is not None:
            self.discarded = other.discarded

    @contextmanager
    def recording(
        self, handler: Handler, event: Event, failures: Failures = REQUEST_FAILURES
    ) -> Iterator[None]:
        try:
            yield
        except Snooze as wish:
            self.snooze = max(wish.seconds, self.snooze or 0.0)
        except Discard as wish:
            self.discarded = _text_of(wish)
        except failures as error:
            self.errors.append(error)
            _log.exception(
                "handler %s of source %s raised %s",
                handler.name,
                handler.source,
                type(error).__name__,
                extra={"source": handler.source, "event_id": event.id, "handler": handler.name},
            )


def run_here(
    handlers: Sequence[Handler],
    event: Event,
    await_: Callable[[Awaitable[Any]], Any],
) -> Outcome:
    """Call them in this thread; ``await_`` finishes what an async handler returns.

    In the main thread an exit passes through. In others it would end a server's thread, and
    nobody but the handler can have raised it.
    """
    is_main = threading.current_thread() is threading.main_thread()
    failures: Failures = REQUEST_FAILURES if is_main else (BaseException,)
    outcome = Outcome()
    for handler in handlers:
        with outcome.recording(handler, event, failures):
            outcome.keep(_finished(handler.call(event), await_))
    return outcome


class Member(NamedTuple):
    """One of the events that are run together; the type is the one that was stored."""

    event: Event
    type: str | None
    outcome: Outcome


def run_group(
    handlers: Sequence[Handler],
    group: Sequence[Member],
    await_: Callable[[Awaitable[Any]], Any],
    failures: Failures,
) -> None:
    """Call each with those events that it takes, one by one or as the list that it wants.

    What is among ``failures`` is an outcome, anything else passes through. What a list makes
    a handler raise is the outcome of each event in it.
    """
    for handler in handlers:
        taken = [one for one in group if handler.takes(one.event.source, one.type)]
        if handler.batch is None:
            for event, _, outcome in taken:
                with outcome.recording(handler, event, failures):
                    outcome.keep(_finished(handler.function(event), await_))
            continue
        most = handler.batch.max_events
        for start in range(0, len(taken), most):
            part = taken[start : start + most]
            of_all = Outcome()
            with of_all.recording(handler, part[0].event, failures):
                of_all.keep(_finished(handler.function([one.event for one in part]), await_))
            for one in part:
                one.outcome.join(of_all)


def _finished(value: Any, await_: Callable[[Awaitable[Any]], Any]) -> Any:
    return await_(value) if inspect.isawaitable(value) else value


async def run_async(handlers: Sequence[Handler], event: Event) -> Outcome:
    """Await the async ones on this loop; the others run in a thread."""
    outcome = Outcome()
    for handler in handlers:
        value, error = None, None
        if not handler.is_async:
            value, error = await asyncio.to_thread(_caught, handler, event)
        if error is not None:
            with outcome.recording(handler, event, (BaseException,)):
                raise error
            continue
        with outcome.recording(handler, event, _LOOP_FAILURES):
            if handler.is_async:
                value = handler.call(event)
            outcome.keep(await value if inspect.isawaitable(value) else value)
    return outcome


def _caught(handler: Handler, event: Event) -> tuple[Any, BaseException | None]:
    """What it returned or raised: no future takes a StopIteration, and no loop an exit."""
    try:
        return handler.call(event), None
    except BaseException as error:  # noqa: BLE001  # Raised again where it is waited for.
        return None, error


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:  # noqa: BLE001  # The user's code, of which only the text is missed.
        return "<its __str__ raised>"


def kept_result(outcome: Outcome, source: str) -> str:
    """The result as JSON; ``null``, and a log line, when it is none or above 64 KiB."""
    try:
        text = json.dumps(outcome.result, allow_nan=False, separators=(",", ":"))
    except Exception as error:  # noqa: BLE001  # A result's own methods may raise anything.
        text = _text_of(error)
        _log.warning("a result of source %s is no JSON and was not kept: %s", source, text)
        return "null"
    if len(text) > MAX_RESULT_BYTES:
        _log.warning(
            "a result of source %s has %d bytes and was not kept; %d is the most",
            source,
            len(text),
            MAX_RESULT_BYTES,
        )
        return "null"
    return text
