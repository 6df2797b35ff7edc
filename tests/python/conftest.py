"""What every Python test can use; kept small on purpose."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

# Test modules are imported by path (importmode importlib), so the helpers beside them need a name.
sys.path.insert(0, str(Path(__file__).parent))

# Whoever runs the tests in the background lets them ignore Ctrl-C, and all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

NOW = 1_700_000_000


@pytest.fixture
def now() -> int:
    """The literal moment at which the samples are signed and judged."""
    return NOW


@pytest.fixture
def body() -> bytes:
    return b'{"id":"evt_1","type":"invoice.paid","data":{"amount":1200}}'
