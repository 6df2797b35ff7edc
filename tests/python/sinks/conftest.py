"""Brokers, each started once, and a receiver that hands over to them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.brokers import RedisServer, rabbitmq
from support.receiver_fixtures import clock, receiver, url  # noqa: F401


@pytest.fixture
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """Of one test: it may stop it."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def rabbitmq_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with rabbitmq(tmp_path_factory.mktemp("rabbitmq")) as port:
        yield port
