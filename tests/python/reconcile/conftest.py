"""A receiver that stands still in time, and the two APIs."""

from __future__ import annotations

import pytest

import webhookcore as wh
from webhookcore.testing import ManualClock, sample

NOW = 1_700_000_000.0


@pytest.fixture
def clock():
    return ManualClock(NOW)


@pytest.fixture
def receiver(clock):
    with wh.Receiver("memory://", clock=clock) as made:
        made.add_source("stripe", secrets=sample("stripe").secrets)
        made.add_source("github", secrets=sample("github").secrets)
        made.add_source("slack", secrets=sample("slack").secrets)
        yield made
