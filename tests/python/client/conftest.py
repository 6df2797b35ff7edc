"""A client on a real SQLite file that may call loopback."""

from __future__ import annotations

import pytest

import webhookcore as wh
from support.loopback import loopback

URL = "http://127.0.0.1:8999/hook"


@pytest.fixture
def policy():
    return wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"])


@pytest.fixture
def client(tmp_path, policy):
    with wh.Client(f"sqlite:///{tmp_path}/webhooks.db", policy=policy) as opened:
        yield opened


@pytest.fixture
def endpoint(client):
    return client.endpoints.create(URL, events=["*"])


@pytest.fixture
def receiver():
    with loopback() as told:
        yield told
