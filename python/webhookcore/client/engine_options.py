"""What the engine is told, out of the options of a client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..config import (
    Alerts,
    Breaker,
    Retention,
    check_auto_disable,
    check_list,
    check_whole,
)
from ..errors import ConfigError
from ..urls import UrlPolicy, transport_options

_USER_AGENT: Final = "webhookcore/0.1.0"
_CONCURRENCY_FORM: Final = "must be two numbers: in all, and to one endpoint"
_MOST_IN_FLIGHT: Final = 100_000


def engine_options(
    policy: UrlPolicy,
    breaker: Breaker | None,
    concurrency: tuple[int, int],
    auto_disable_after: float | None,
    alerts: Alerts,
    retention: Retention | None,
) -> Mapping[str, Any]:
    """All that ``_core.Engine()`` takes beside its store.

    Raises:
        ConfigError: Names the option at fault.
    """
    if breaker is not None and not isinstance(breaker, Breaker):
        raise ConfigError("must be a Breaker", "breaker")
    breaker = breaker or Breaker()
    at_once = check_list("concurrency", concurrency, _CONCURRENCY_FORM)
    if len(at_once) != 2:
        raise ConfigError(_CONCURRENCY_FORM, "concurrency")
    for position, most in enumerate(at_once):
        check_whole(f"concurrency[{position}]", most, 1, _MOST_IN_FLIGHT)
    if retention is not None and not isinstance(retention, Retention):
        raise ConfigError("must be a Retention, or None", "retention")
    kept = (None, None, None) if retention is None else retention.kept_ms()
    return {
        "transport": transport_options(policy, _USER_AGENT),
        "breaker_failures": breaker.failures,
        "breaker_open_for": breaker.open_for,
        "max_in_flight": at_once[0],
        "max_in_flight_per_endpoint": at_once[1],
        "auto_disable_after": check_auto_disable(auto_disable_after),
        "watch": alerts.watch(),
        "keep_messages": kept[0],
        "keep_attempts": kept[1],
        "keep_inbox": kept[2],
    }
