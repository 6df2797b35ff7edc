"""The programs that do the harm live in tests/faults and are imported as `faults`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "messages.db"
