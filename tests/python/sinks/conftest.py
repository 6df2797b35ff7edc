"""Brokers, each started once, and a receiver that hands over to them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import webhookcore as wh
from support.brokers import RedisServer, rabbitmq
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
