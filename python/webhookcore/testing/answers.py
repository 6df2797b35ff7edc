"""What the loopback server does with a request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, get_args

from ..config import check_seconds, check_text, check_whole
from ..errors import ConfigError
from ..exchange import HttpRequest, HttpResponse

Fault: TypeAlias = Literal["reset", "close", "truncate", "garbage", "hang"]
Respond: TypeAlias = Callable[[HttpRequest], "Answer | HttpResponse | int"]

_FAULTS: Final = get_args(Fault)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server does with a request.

    Attributes:
        status: Of the response.
        body: Of the response.
        headers: Of the response, beside the framing.
        delay: Seconds until it begins to answer; closing the server ends the wait.
        size: Bytes of the body, made of ``body`` over and over; None: ``body`` as it is.
        fault: Instead of a whole answer. ``reset``: the connection is reset (RST). ``close``: it
            is closed without a byte. ``truncate``: the body ends half-way. ``garbage``: bytes
            that are no HTTP. ``hang``: nothing, until the client or the server gives up.

    Raises:
        ConfigError: A status, fault, size or delay that cannot be.
    """

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    size: int | None = None
    fault: Fault | None = None

    def __post_init__(self) -> None:
        check_whole("status", self.status, 200, 599)
        check_seconds("delay", self.delay, 0, 3600)
        if not isinstance(self.body, (bytes, bytearray)):
            raise ConfigError("must be bytes", "body")
        if self.size is not None:
            check_whole("size", self.size, 0, 2**40)
        if self.fault is not None and self.fault not in _FAULTS:
            raise ConfigError(f"must be one of {', '.join(_FAULTS)}", "fault")
        if not isinstance(self.headers, Mapping):
            raise ConfigError("must be a mapping of names to values", "headers")
        for name, value in self.headers.items():
            check_text("headers", name)
            check_text(f"headers[{name}]", value, least=0, most=8192)

    @classmethod
    def redirect(cls, to: str, status: int = 302) -> Answer:
        """To another URL, which a sender of webhooks must not follow."""
        return cls(status, headers={"Location": to})

    @classmethod
    def rate_limited(cls, retry_after: int = 60) -> Answer:
        """429, and when to come again."""
        return cls(429, headers={"Retry-After": str(retry_after)})

    @classmethod
    def huge(cls, size: int) -> Answer:
        """A body of so many bytes, sent as fast as the client takes it."""
        return cls(body=b"x" * 1024, size=size)


def checked_answer(answer: Answer | int | Respond) -> Answer | Respond:
    """What was given as one; raises ConfigError for what is none."""
    if isinstance(answer, Answer) or callable(answer):
        return answer
    if isinstance(answer, int) and not isinstance(answer, bool):
        return Answer(answer)
    raise ConfigError("must be an Answer, a status or a function", "answers")
