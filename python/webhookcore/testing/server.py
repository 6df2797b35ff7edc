"""A real HTTP server on loopback that answers as it is told, or does worse."""

from __future__ import annotations

import os
import ssl
import threading
from collections import deque
from types import TracebackType
from typing import Final

from ..config import check_seconds, check_text, check_whole
from ..errors import ConfigError
from ..events import Event
from ..exchange import HttpRequest, HttpResponse
from ..hidden_secrets import Secrets, shade
from ..schemes import SchemeLike
from ..signatures import verify
from ..urls import UrlPolicy
from .answers import Answer, Respond, checked_answer
from .connections import Connections

_LARGEST_BODY: Final = 64 * 1024 * 1024
# Seconds that close() gives to answers that are being sent.
_LAST_ANSWERS: Final = 5.0


class WebhookServer:
    """Listens on ``127.0.0.1`` from the moment it is made until ``close()``.

    The answers are used up one a request, and the last one stays::

        with WebhookServer(Answer(500), Answer.rate_limited(1), 200) as server:
            wh.send(server.url, "order.created", {}, secret=SECRET, policy=server.policy)
            assert len(server.requests) == 3

    Args:
        answers: What it does: ``Answer``, a status, or a function that takes an
            ``HttpRequest`` and gives one of these or an ``HttpResponse``. 200 when omitted.
        host: Address to listen on.
        port: To listen on; any free one when 0.
        max_body: In bytes; a longer body is refused with 413 and not kept.
        keep: Of how many requests, the last ones, ``requests`` knows.
        tls: Serves https with it.

    Raises:
        ConfigError: An answer that is none, or another option that cannot be.
        OSError: The port is taken.
    """

    def __init__(
        self,
        *answers: Answer | int | Respond,
        host: str = "127.0.0.1",
        port: int = 0,
        max_body: int = _LARGEST_BODY,
        keep: int = 100_000,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        check_text("host", host)
        check_whole("port", port, 0, 65535)
        self._max_body = check_whole("max_body", max_body, 0, _LARGEST_BODY)
        if tls is not None and not isinstance(tls, ssl.SSLContext):
            raise ConfigError("must be an ssl.SSLContext", "tls")
        self._answers = [checked_answer(one) for one in answers] or [Answer()]
        self._changed = threading.Condition()
        self._requests: deque[HttpRequest] = deque(maxlen=check_whole("keep", keep, 0, 10**9))
        self._came = 0
        self._under_way = 0  # Requests that are being answered.
        self._closing = threading.Event()
        self._tls = tls is not None
        self._server = Connections((host, port), self)
        if tls is not None:
            # The handshake is made by the connection's own thread.
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._host, self._port = host, int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="webhook-server", daemon=True
        )
        self._pid = os.getpid()
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._port

    @property
    def url(self) -> str:
        """Of a hook; any other path below the host is answered as well."""
        return f"{self.base_url}/hook"

    @property
    def base_url(self) -> str:
        """Scheme, host and port."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{'https' if self._tls else 'http'}://{host}:{self._port}"

    @property
    def policy(self) -> UrlPolicy:
        """What a ``Client`` or ``send()`` needs to call it: http and loopback, nothing more."""
        return UrlPolicy(allow_http=True, allow=["127.0.0.0/8", "::1/128"])

    @property
    def requests(self) -> list[HttpRequest]:
        """What came so far, oldest first, with the exact bytes of the bodies; a copy."""
        with self._changed:
            return list(self._requests)

    def answer(self, *answers: Answer | int | Respond) -> None:
        """From now on these, one a request; the last one stays.

        Raises:
            ConfigError: There is none, or one that is no answer.
        """
        if not answers:
            raise ConfigError("give at least one", "answers")
        checked = [checked_answer(one) for one in answers]
        with self._changed:
            self._answers = checked

    def wait_for(self, count: int = 1, timeout: float = 10.0) -> list[HttpRequest]:
        """Block until at least ``count`` requests came; returns all of them.

        Raises:
            TimeoutError: They did not come in ``timeout`` seconds.
        """
        check_whole("count", count, 0, 10**9)
        check_seconds("timeout", timeout, 0, 3600)
        with self._changed:
            if not self._changed.wait_for(lambda: self._came >= count, timeout):
                raise TimeoutError(f"{self._came} of {count} requests came in {timeout:g} s")
            return list(self._requests)

    def event(self, provider: SchemeLike, secrets: Secrets, place: int = -1) -> Event:
        """One of the requests, verified; the last one when ``place`` is omitted.

        Raises:
            VerificationError: Its signature is refused.
            IndexError: There is none.
        """
        secrets = shade(secrets) or ()
        found = self.requests[place]
        return verify(
            provider,
            body=found.body,
            headers=found.headers,
            secrets=secrets,
            url=found.url,
            method=found.method,
        )

    def close(self) -> None:
        """Stop listening and let go whatever it holds back; what it got stays readable."""
        if self._closing.is_set():
            return
        self._closing.set()
        if self._pid != os.getpid():  # The child of a fork has the socket, but not the thread.
            self._server.socket.close()
            return
        self._server.shutdown()
        with self._changed:  # Who was heard is answered; a delay and a hanging have ended by now.
            self._changed.wait_for(lambda: self._under_way == 0, _LAST_ANSWERS)
        self._server.server_close()
        self._thread.join(5)

    def __enter__(self) -> WebhookServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<WebhookServer {self.base_url} requests={len(self.requests)}>"

    def _begin(self, more: int) -> None:
        with self._changed:
            self._under_way += more
            self._changed.notify_all()

    def _take(self, request: HttpRequest) -> Answer | HttpResponse:
        with self._changed:
            self._requests.append(request)
            self._came += 1
            chosen = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
            self._changed.notify_all()
        if isinstance(chosen, Answer):
            return chosen
        made = chosen(request)
        return made if isinstance(made, (Answer, HttpResponse)) else Answer(made)
