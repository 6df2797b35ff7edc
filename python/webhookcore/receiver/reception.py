"""Requests in, answers out: the store calls of an intake, made in a thread or on an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from .. import _core
from ..door import Door, run_blocking, run_on_loop
from ..exchange import HeadersLike, HttpRequest, HttpResponse
from ..runner import Handlers, Outcome, OwnLoop, refuse_inside_a_loop, run_async, run_here
from . import answers
from .intake import Decision, Intake
from .plain import PlainEvents, Ready
from .sources import Source


class Reception:
    """Answers requests, the ordinary ones on the short way.

    For those who have a request in parts: ``take()`` and ``take_async()`` ask for the whole of
    it only where the short way cannot answer.
    """

    def __init__(
        self,
        intake: Intake,
        plain: PlainEvents,
        sources: Mapping[str, Source],
        handlers: Handlers,
        store: _core.Store,
        door: Door,
    ) -> None:
        self._intake = intake
        self._plain = plain
        self._sources = sources
        self._handlers = handlers
        self._store = store
        self._door = door
        self._inline_runs: set[asyncio.Task[HttpResponse]] = set()

    # ---- Blocking -----------------------------------------------------------------

    def take(
        self,
        source: str,
        method: str,
        body: bytes,
        headers: HeadersLike,
        request: Callable[[], HttpRequest],
    ) -> Ready | HttpResponse:
        """The answer to a request, of which ``request`` makes the whole."""
        if self._handlers.any_async(source):
            refuse_inside_a_loop("handle()", "await receiver.handle_async()")
        if method == "POST":
            now = self._plain.now()
            try:
                found = self._plain.accept(source, body, headers, now)
            except Exception as error:  # noqa: BLE001  # The long way knows what it means.
                return self._intake.conclude(request(), source, error, now)
            if found is not None:
                ready = self._plain.finish(found)
                return ready or self._intake.conclude(request(), source, found, now)
        return self._handle(request(), source)

    def handle(self, request: HttpRequest, source: str) -> HttpResponse:
        """The same of a request that is there as a whole."""
        body, headers = request.body, request.headers
        return _response(self.take(source, request.method, body, headers, lambda: request))

    def begin(self, request: HttpRequest, source: str) -> Decision:
        """Everything before the handlers."""
        return run_blocking(self._intake.begin(request, source), self._store)

    def finish(self, decision: Decision, outcome: Outcome) -> HttpResponse | None:
        """Record what the handlers did; None while items wait."""
        return run_blocking(self._intake.finish(decision, outcome), self._store)

    def _handle(self, request: HttpRequest, source: str) -> HttpResponse:
        decision = self.begin(request, source)
        while decision.response is None:
            assert decision.event is not None
            try:
                with OwnLoop() as loop:
                    outcome = run_here(decision.handlers, decision.event, loop.await_)
            except BaseException:
                run_blocking(self._intake.release(decision), self._store)
                raise
            self.finish(decision, outcome)
        return decision.response

    # ---- On an event loop ---------------------------------------------------------

    async def take_async(
        self,
        source: str,
        method: str,
        body: bytes,
        headers: HeadersLike,
        request: Callable[[], HttpRequest],
    ) -> Ready | HttpResponse:
        """The answer to a request, of which ``request`` makes the whole."""
        if method == "POST":
            now = self._plain.now()
            future = self._plain.begin(source, body, headers, now)
            if future is not None:
                # What was handed to the store is stored, whatever becomes of this task.
                try:
                    found = await future
                except Exception as error:  # noqa: BLE001  # The long way knows what it means.
                    return self._intake.conclude(request(), source, error, now)
                ready = self._plain.finish(found)
                return ready or self._intake.conclude(request(), source, found, now)
        return await self._handle_async(request(), source)

    async def handle_async(self, request: HttpRequest, source: str) -> HttpResponse:
        """The same of a request that is there as a whole."""
        body, headers = request.body, request.headers
        answer = await self.take_async(source, request.method, body, headers, lambda: request)
        return _response(answer)

    async def _handle_async(self, request: HttpRequest, source: str) -> HttpResponse:
        found = self._sources.get(source)
        if found is None or found.mode == "background":
            return await self._run_async(request, source)
        # Shielded: a client that hangs up must not leave a claim that nobody works.
        run = asyncio.ensure_future(self._run_async(request, source))
        self._inline_runs.add(run)
        run.add_done_callback(self._inline_runs.discard)
        return await asyncio.shield(run)

    async def _run_async(self, request: HttpRequest, source: str) -> HttpResponse:
        decision = await run_on_loop(
            self._intake.begin(request, source),
            self._door,
            starts_in_thread=not self._intake.is_quick(request, source),
        )
        while decision.response is None:
            assert decision.event is not None
            try:
                outcome = await run_async(decision.handlers, decision.event)
            except BaseException:
                # Blocks: the loop may be ending, and then nobody would be left to release it.
                run_blocking(self._intake.release(decision), self._store)
                raise
            steps = self._intake.finish(decision, outcome)
            await run_on_loop(steps, self._door, starts_in_thread=False)
        return decision.response


def _response(answer: Ready | HttpResponse) -> HttpResponse:
    if isinstance(answer, HttpResponse):
        return answer
    return answers.ready(*answer)
