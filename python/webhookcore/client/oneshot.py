"""``send()`` to one URL, for scripts: no store, no client to keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..config import Breaker, Retry, retry_schedule
from ..urls import UrlPolicy
from .client import Client
from .rows import Attempt


@dataclass(frozen=True, slots=True)
class SendResult:
    """How a one-shot send went.

    Attributes:
        attempts: How many HTTP attempts were made.
        status: Of the last attempt; None when no response came.
        log: Each attempt, oldest first.
    """

    success: bool
    attempts: int
    status: int | None
    message_id: str
    log: list[Attempt] = field(repr=False)


def send(
    url: str,
    type: str,
    data: Any,
    *,
    secret: str,
    scheme: str | Sequence[str] = "standard",
    retry: Retry = "fast",
    policy: UrlPolicy | None = None,
    timeout: float = 10.0,
    headers: Mapping[str, str] | None = None,
) -> SendResult:
    """Sign and send one message, and wait until it is delivered or given up.

    A failing receiver is no exception: look at ``success``. Nothing is stored; what
    must survive this process goes through a ``Client``.

    Args:
        retry: As for ``endpoints.create()``; ``"fast"`` gives up after about 31 s, and
            ``[]`` tries once.

    Raises:
        ConfigError: Names the argument at fault.
        InvalidUrlError, BlockedAddressError: The URL may not be called.
    """
    schemes = [scheme] if isinstance(scheme, str) else list(scheme)
    with Client("memory://", policy=policy, breaker=Breaker(failures=0)) as client:
        client.endpoints.create(
            url,
            events=["*"],
            secret=secret,
            schemes=schemes,
            retry=retry,
            timeout=timeout,
            headers=headers,
        )
        message = client.send(type, data)
        # Jitter stretches a wait by a fifth; Retry-After may stretch it to a day.
        longest = sum(retry_schedule(retry)) * 1.2 + 24 * 3600
        client.run_until_idle(wait=longest)
        delivery = message.deliveries[0]
        log = list(client.deliveries.attempts(delivery))
    return SendResult(
        success=delivery.state == "delivered",
        attempts=len(log),
        status=log[-1].status if log else None,
        message_id=message.id,
        log=log,
    )
