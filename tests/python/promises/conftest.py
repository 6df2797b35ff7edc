"""One file for each promise about delivering, D1 to D24, told as a user would see it.

A story goes through the public face alone; what it leaves to the thorough tests it names.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import webhookcore as wh
from support.set_clock import SetClock
from webhookcore.testing import WebhookServer

# The faults that some of the stories need.
sys.path.insert(0, str(Path(__file__).parents[2]))

HOUR = 3600
DAY = 24 * HOUR


# For clock.run(): delivers what is due in the store of its first argument.
DELIVER = """
import sys, webhookcore as wh
policy = wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"])
with wh.Client(sys.argv[1], policy=policy) as client:
    print(client.run_until_idle().delivered)
"""


def header(request: wh.HttpRequest, name: str) -> str:
    """The one value of a header of a request that came."""
    [value] = [value for key, value in request.headers if key.lower() == name]
    return value


def ids(server: WebhookServer) -> list[str]:
    """Of the messages that came, one a request."""
    return [header(request, "webhook-id") for request in server.requests]


@pytest.fixture
def policy():
    return wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"])


@pytest.fixture
def store(tmp_path):
    return f"sqlite:///{tmp_path}/webhooks.db"


@pytest.fixture
def client(store, policy):
    with wh.Client(store, policy=policy) as opened:
        yield opened


@pytest.fixture
def server():
    with WebhookServer() as running:
        yield running


@pytest.fixture(scope="session")
def clock(tmp_path_factory):
    """For processes of their own: this one keeps the system's time."""
    return SetClock(tmp_path_factory.mktemp("clock"))
