from __future__ import annotations

import pytest

from support.key_server import Authority, key_server


@pytest.fixture(scope="session")
def authority():
    return Authority()


@pytest.fixture
def server(tmp_path, authority):
    with key_server(tmp_path, authority) as running:
        yield running
