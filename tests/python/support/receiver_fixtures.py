"""Fixtures of a receiver that stands still in time; a conftest imports those that it wants."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import webhookcore as wh
from support.receiving import SECRET, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'webhooks.db'}"


@pytest.fixture
def receiver(url: str, clock: Clock) -> Iterator[wh.Receiver]:
    """With the source `stripe`, in the background."""
    with wh.Receiver(url, clock=clock) as receiver:
        receiver.add_source("stripe", secrets=[SECRET])
        yield receiver


@pytest.fixture
def inline(url: str, clock: Clock) -> Iterator[wh.Receiver]:
    """With the source `stripe`, inline."""
    with wh.Receiver(url, clock=clock) as receiver:
        receiver.add_source("stripe", secrets=[SECRET], mode="inline")
        yield receiver
