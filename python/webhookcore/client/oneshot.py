"""``send()`` to one URL, for scripts: no store, no client to keep."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..config import LONGEST_WAIT, Breaker, Retry, check_seconds, retry_schedule
from ..errors import ConfigError
from ..hidden_secrets import HiddenSecret
from ..schemes import Scheme
from ..urls import UrlPolicy
from .client import Client
from .endpoint_options import HeaderOption, SchemeOption
from .rows import Attempt

# Seconds, for what is neither waiting nor HTTP.
_SPARE = 3.0


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
    scheme: SchemeOption = "standard",
    retry: Retry = "fast",
    policy: UrlPolicy | None = None,
    timeout: float = 10.0,
    headers: HeaderOption = None,
) -> SendResult:
    """Sign and send one message, and wait until it is delivered or given up.

    A failing receiver is no exception: look at ``success``. Nothing is stored; what
    must survive this process goes through a ``Client``.

    Args:
        retry: As for ``endpoints.create()``; ``"fast"`` gives up after about 31 s, and
            ``[]`` tries once. A receiver's Retry-After may delay an attempt, but not
            beyond the time that the schedule itself may take.

    Raises:
        ConfigError: Names the argument at fault.
        InvalidUrlError, BlockedAddressError: The URL may not be called.
    """
    hidden = HiddenSecret(secret)
    del secret
    # None would have one made, which the receiver could not know.
    if hidden.text is None:
        raise ConfigError("must be the secret that the receiver has", "secret")
    waits = retry_schedule(retry)
    check_seconds("timeout", timeout, 1, 300)
    # Jitter stretches a wait by a fifth; every attempt may use up its timeout.
    longest = min(sum(waits) * 1.2 + (len(waits) + 1) * timeout + _SPARE, LONGEST_WAIT)
    with Client("memory://", policy=policy, breaker=Breaker(failures=0)) as client:
        try:
            client.endpoints.create(
                url,
                events=["*"],
                secret=hidden.text,
                schemes=scheme,
                retry=retry,
                timeout=timeout,
                headers=headers,
            )
        except ConfigError as error:
            raise _named_here(error, scheme) from None
        message = client.send(type, data)
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


def _named_here(error: ConfigError, scheme: SchemeOption) -> ConfigError:
    """An endpoint has ``schemes``; here it is ``scheme``, one of them or a list."""
    if not error.field.startswith("schemes"):
        return error
    field = "scheme" + error.field.removeprefix("schemes")
    if isinstance(scheme, (str, Scheme)):
        field = "scheme"
    return ConfigError(str(error).removeprefix(f"{error.field}: "), field)
