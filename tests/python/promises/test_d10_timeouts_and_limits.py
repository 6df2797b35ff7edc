"""D10: how long an attempt may take, how it is connected, and how much of an answer is read.

Thoroughly: faults/test_hostile_receivers.py, faults/test_denied_urls.py, client/test_http2.py,
client/test_client_certificates.py, tests/cpp/transport.
"""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import ExitStack

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

import webhookcore as wh
from faults.receiver import Receiver
from support.key_server import Authority, private_pem
from webhookcore.testing import Answer, WebhookServer

SECRET = wh.generate_secret()
# A machine under load ends an attempt late, and none ends one early.
LATE = 15.0


def full_port(stack: ExitStack) -> int:
    """Of a listener that takes no connection more: whoever dials it waits for ever."""
    listener = stack.enter_context(socket.socket())
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    for _ in range(4):  # The queue holds one or two; the others only knock.
        waiting = stack.enter_context(socket.socket())
        waiting.setblocking(False)
        waiting.connect_ex(listener.getsockname())
    return int(listener.getsockname()[1])


def test_connecting_takes_5_seconds_and_an_attempt_10_at_most(client):
    """Both at once, so that the test takes no longer than the promise."""
    with ExitStack() as stack:
        silent = stack.enter_context(WebhookServer(Answer(fault="hang")))
        port = full_port(stack)
        ways = {
            "connect": client.endpoints.create(
                f"http://127.0.0.1:{port}/hook", events=["*"], retry=[3600], timeout=60
            ),
            "whole": client.endpoints.create(silent.url, events=["*"], retry=[3600]),
        }
        message = client.send("order.created", {"id": 7})
        client.run_until_idle()
        attempts = {
            row.endpoint_id: client.deliveries.attempts(row)[0] for row in message.deliveries
        }
    connect, whole = attempts[ways["connect"].id], attempts[ways["whole"].id]
    assert (connect.error, connect.phases["connect"]) in {("connect", None), ("timeout", None)}
    assert 4.9 <= connect.duration < 5 + LATE
    assert (whole.error, whole.status) == ("timeout", None)
    assert 9.9 <= whole.duration < 10 + LATE


def test_connections_are_kept_alive(client):
    with Receiver() as receiver:
        client.endpoints.create(receiver.url, events=["*"], ordering="fifo")
        for number in range(5):
            client.send("order.created", number)
        assert client.run_until_idle().delivered == 5
        assert receiver.connections == 1


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2])
def test_tls_is_1_2_at_least_and_verified(tmp_path, newest):
    authority, key = Authority(), ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "ca.pem").write_text(authority.pem)
    (tmp_path / "cert.pem").write_text(authority.issue(key, "127.0.0.1"))
    (tmp_path / "key.pem").write_text(private_pem(key))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = newest
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    trusting = wh.UrlPolicy(allow=["127.0.0.0/8"], ca_file=str(tmp_path / "ca.pem"))
    with WebhookServer(tls=context) as server:
        sent = wh.send(server.url, "a", {}, secret=SECRET, retry=[], policy=trusting)
        new_enough = newest == ssl.TLSVersion.TLSv1_2
        assert (sent.success, len(server.requests)) == (new_enough, int(new_enough))
        assert sent.log[0].error == ("none" if new_enough else "tls")
        strangers = wh.UrlPolicy(allow=["127.0.0.0/8"])
        sent = wh.send(server.url, "a", {}, secret=SECRET, retry=[], policy=strangers)
        assert (sent.success, sent.log[0].error) == (False, "tls")


VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


def test_proxies_are_used_only_when_configured(server, policy, monkeypatch):
    with WebhookServer() as proxy:
        for variable in VARIABLES:
            monkeypatch.setenv(variable, proxy.base_url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert wh.send(server.url, "a", {}, secret=SECRET, policy=policy).success
        assert (len(server.requests), len(proxy.requests)) == (1, 0)

        through = wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"], proxy=proxy.base_url)
        assert wh.send(server.url, "a", {}, secret=SECRET, policy=through).success
        assert (len(server.requests), len(proxy.requests)) == (1, 1)
        assert proxy.requests[0].url == server.url


def second_address() -> str:
    """Of this machine, beside loopback; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("198.51.100.1", 9))
        except OSError:
            pytest.skip("this machine has no address but loopback")
        return str(asking.getsockname()[0])


def test_the_local_interface_is_used_only_when_configured(server, policy):
    wh.send(server.url, "a", {}, secret=SECRET, policy=policy)
    chosen = wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"], interface=second_address())
    wh.send(server.url, "a", {}, secret=SECRET, policy=chosen)
    assert [request.client_ip for request in server.requests] == ["127.0.0.1", second_address()]


def test_an_interface_that_this_machine_has_not_is_named(server):
    unknown = wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"], interface="nosuch0")
    with pytest.raises(wh.ConfigError) as refused:
        wh.send(server.url, "a", {}, secret=SECRET, policy=unknown)
    assert (refused.value.field, server.requests) == ("interface", [])


class CountingServer:
    """Answers one request with a body without end, and counts what its peer takes of it."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/hook"
        self.taken = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> CountingServer:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._thread.join(30)
        self._listener.close()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
            try:
                while self.taken < 10**9:
                    self.taken += connection.send(b"x" * 4096)
            except OSError:
                return  # It has had enough.


def test_64_kib_of_a_response_are_read_and_4_kib_of_them_stored(policy):
    with CountingServer() as endless:
        sent = wh.send(endless.url, "a", {}, secret=SECRET, retry=[], policy=policy)
    [attempt] = sent.log
    assert (attempt.status, sent.success) == (200, True)
    assert attempt.response_body == b"x" * 4096
    # The kernel took what nobody read; without a limit it would have been a gigabyte.
    assert endless.taken < 8 * 2**20


def test_a_response_of_less_is_stored_whole_and_text_of_errors_is_short(policy):
    body = bytes(range(256)) * 16
    with WebhookServer(Answer(200, body)) as server:
        sent = wh.send(server.url, "a", {}, secret=SECRET, policy=policy)
        assert sent.log[0].response_body == body
    name = ".".join(["x" * 60] * 4)
    sent = wh.send(f"https://{name}.invalid/", "a", {}, secret=SECRET, retry=[], timeout=1)
    assert 0 < len(sent.log[0].error_text) <= 200
