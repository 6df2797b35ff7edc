"""The fixtures of webhookcore for pytest, which finds them by itself.

Beside the package and not in it: pytest imports its plugins at every start, and this one imports
webhookcore when a fixture is used, not before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import webhookcore
    from webhookcore import testing


@pytest.fixture
def webhook_clock() -> testing.ManualClock:
    """A clock that stands at the real time until it is told to ``advance("5m")``."""
    from webhookcore.testing import ManualClock  # noqa: PLC0415

    return ManualClock()


@pytest.fixture
def webhook_receiver(webhook_clock: testing.ManualClock) -> Iterator[webhookcore.Receiver]:
    """A ``Receiver`` in memory, by ``webhook_clock``; closed when the test ends."""
    from webhookcore import Receiver  # noqa: PLC0415

    with Receiver("memory://", clock=webhook_clock) as receiver:
        yield receiver


@pytest.fixture
def webhook_client() -> Iterator[webhookcore.Client]:
    """A ``Client`` in memory that may call loopback, such as ``webhook_server``."""
    from webhookcore import Client, UrlPolicy  # noqa: PLC0415

    policy = UrlPolicy(allow_http=True, allow=["127.0.0.0/8", "::1/128"])
    with Client("memory://", policy=policy) as client:
        yield client


@pytest.fixture
def webhook_server() -> Iterator[testing.WebhookServer]:
    """A ``WebhookServer``: a real one on loopback that answers, or fails, as it is told."""
    from webhookcore.testing import WebhookServer  # noqa: PLC0415

    with WebhookServer() as server:
        yield server


@pytest.fixture
def webhook_sample(webhook_clock: testing.ManualClock) -> Callable[..., testing.SampleRequest]:
    """``webhookcore.testing.sample``, signed by ``webhook_clock`` unless ``at`` is given."""
    from webhookcore.testing import sample  # noqa: PLC0415

    return partial(_at_the_clock, sample, webhook_clock)


@pytest.fixture
def webhook_event(webhook_clock: testing.ManualClock) -> Callable[..., webhookcore.Event]:
    """``webhookcore.testing.event``: what a handler is called with."""
    from webhookcore.testing import event  # noqa: PLC0415

    return partial(_at_the_clock, event, webhook_clock)


@pytest.fixture
def webhook_tamper() -> Callable[..., testing.SampleRequest]:
    """``webhookcore.testing.tamper``: the sample with one thing wrong."""
    from webhookcore.testing import tamper  # noqa: PLC0415

    return tamper


@pytest.fixture
def webhook_post() -> Callable[..., Any]:
    """``webhookcore.testing.post``: sends a sample with any test client."""
    from webhookcore.testing import post  # noqa: PLC0415

    return post


def _at_the_clock(
    make: Callable[..., Any], clock: testing.ManualClock, *args: Any, **options: Any
) -> Any:
    options.setdefault("at", clock())
    return make(*args, **options)
