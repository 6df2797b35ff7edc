"""A store, and a receiver of HTTP requests, for the commands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.loopback import Loopback, loopback


@pytest.fixture
def db(tmp_path: Path) -> str:
    """The URL of a store that nobody has made yet."""
    return f"sqlite:///{tmp_path / 'webhooks.db'}"


@pytest.fixture
def server() -> Iterator[Loopback]:
    with loopback() as told:
        yield told
