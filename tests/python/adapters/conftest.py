from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import webhookcore as wh
from support import django_site
from support.receiving import SECRET, Clock

django_site.set_up()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def receiver(tmp_path: Path, clock: Clock) -> Iterator[wh.Receiver]:
    """`stripe` in the background and inline, `twilio`, and `small` with a cap of 100 bytes."""
    with wh.Receiver(f"sqlite:///{tmp_path / 'webhooks.db'}", clock=clock) as receiver:
        receiver.add_source("stripe", secrets=[SECRET])
        receiver.add_source("inline", "stripe", secrets=[SECRET], mode="inline")
        receiver.add_source("twilio", secrets=[SECRET])
        receiver.add_source("small", "stripe", secrets=[SECRET], max_body=100)
        yield receiver
