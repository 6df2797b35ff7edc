"""D3: an endpoint can be tested, also a url that was not saved yet."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys

import pytest

import webhookcore as wh

SECRET = wh.generate_secret()


def verified(request, secret, scheme="standard"):
    return wh.verify(scheme, body=request.body, headers=request.headers, secrets=[secret])


def test_a_test_of_an_endpoint_is_signed_and_sent_like_a_delivery(client, receiver):
    endpoint = client.endpoints.create(receiver.url, events=["order.*"], headers={"X-Team": "a"})
    attempt = client.endpoints.test(endpoint)
    assert (attempt.status, attempt.outcome, attempt.trigger) == (200, "delivered", "test")
    assert attempt.number == 1
    assert attempt.response_body == b"thanks"
    assert attempt.phases["connect"] is not None
    [request] = receiver.requests
    event = verified(request, endpoint.secret)
    assert event.type == "webhookcore.test"
    assert request.headers["X-Team"] == "a"


def test_a_test_leaves_no_trace_in_the_store(client, receiver):
    receiver.statuses = [500]
    endpoint = client.endpoints.create(receiver.url, events=["*"])
    for _ in range(6):  # More than open the breaker.
        assert client.endpoints.test(endpoint).status == 500
    assert client.messages.list() == []
    assert client.deliveries.list() == []
    receiver.statuses = [200]
    client.send("a", {})
    assert client.run_until_idle().delivered == 1


def test_a_url_that_is_not_saved_is_tested_with_the_options_it_would_get(client, receiver):
    attempt = client.endpoints.test(
        url=receiver.url, secret=SECRET, schemes=["github"], type="ping", data={"zen": 1}
    )
    assert attempt.status == 200
    [request] = receiver.requests
    verified(request, SECRET, "github")
    assert request.headers["X-GitHub-Event"] == "ping"
    assert json.loads(request.body)["data"] == {"zen": 1}
    assert client.endpoints.list() == []


def test_a_disabled_endpoint_can_be_tested(client, receiver):
    endpoint = client.endpoints.create(receiver.url, events=["*"])
    client.endpoints.disable(endpoint)
    assert client.endpoints.test(endpoint).status == 200


def test_a_test_goes_where_deliveries_may_go_and_nowhere_else(tmp_path, receiver):
    policy = wh.UrlPolicy(allow_http=True)
    with (
        wh.Client(f"sqlite:///{tmp_path}/w.db", policy=policy) as strict,
        pytest.raises(wh.BlockedAddressError),
    ):
        strict.endpoints.test(url=receiver.url)
    assert receiver.requests == []


def test_what_is_wrong_with_the_receiver_is_in_the_attempt(client):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
    attempt = client.endpoints.test(url=f"http://127.0.0.1:{port}/", timeout=2)
    assert (attempt.status, attempt.error) == (None, "connect")


@pytest.mark.parametrize(
    "arguments",
    [{}, {"endpoint": "ep_1", "url": "http://127.0.0.1/"}, {"endpoint": "ep_1", "secret": SECRET}],
)
def test_a_test_is_of_one_thing(client, arguments):
    with pytest.raises(wh.ConfigError) as refused:
        client.endpoints.test(**arguments)
    assert refused.value.field == "url"


def test_a_test_of_nothing_says_so(client):
    with pytest.raises(wh.NotFoundError):
        client.endpoints.test("ep_1")
    with pytest.raises(wh.ConfigError) as refused:
        client.endpoints.test(url="http://127.0.0.1/", schemes=["standart"])
    assert "standard" in str(refused.value)


SILENT_TEST = """
import sys
import webhookcore as wh

policy = wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"])
with wh.Client("memory://", policy=policy) as client:
    try:
        client.endpoints.test(url=sys.argv[1], timeout=300)
    except KeyboardInterrupt:
        print("interrupted")
"""


def test_ctrl_c_ends_a_test_of_a_silent_endpoint():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with subprocess.Popen(
            [sys.executable, "-c", SILENT_TEST, url], stdout=subprocess.PIPE, text=True
        ) as process:
            connection, _ = silent.accept()
            with connection:
                process.send_signal(signal.SIGINT)
                # The attempt itself would take five minutes.
                said, _ = process.communicate(timeout=60)
    assert said == "interrupted\n"
