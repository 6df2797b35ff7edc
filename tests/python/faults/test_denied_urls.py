"""Through the whole engine no connection is ever made to an address the policy denies."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

import webhookcore as wh
from faults.receiver import Answer, Receiver

STRICT = wh.UrlPolicy(allow_http=True)  # Not the scheme but the address is what is refused.
LOOPBACK = wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"])

# Each leads to this machine for some parser or resolver.
SPELLINGS = [
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "0",
    "0.0.0.0",
    "0x7f.1",
    "0x7f000001",
    "0X7F.0.0.1",
    "2130706433",
    "017700000001",
    "0177.0.0.1",
    "00000177.0.0.1",
    "127.000.000.001",
    "127.0.0.0x1",
    "0x0.0",
    "4294967295",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "a.localhost",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[::ffff:0:127.0.0.1]",
    "[fe80::1]",
    "[::1%25lo]",
    "\uff11\uff12\uff17.0.0.1",
    "127。0。0。1",
    "①②⑦.0.0.1",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "127.0.0.1%00.example.com",
    "127%2e0%2e0%2e1",
    "example.com@127.0.0.1",
    "127.0.0.1\\@example.com",
    "169.254.169.254",
    "10.0.0.1",
    "192.168.0.1",
]


@pytest.fixture
def listener() -> Iterator[Receiver]:
    """Listens on every address of this machine, so on all of 127.0.0.0/8."""
    with Receiver(host="0.0.0.0") as receiver:
        yield receiver


def client_of(store: Path, policy: wh.UrlPolicy) -> wh.Client:
    return wh.Client(f"sqlite:///{store}", policy=policy, breaker=wh.Breaker(failures=0))


@pytest.mark.parametrize("host", SPELLINGS)
def test_an_endpoint_on_this_machine_is_refused(store: Path, listener: Receiver, host: str) -> None:
    with client_of(store, STRICT) as client:
        with pytest.raises((wh.BlockedAddressError, wh.InvalidUrlError)):
            client.endpoints.create(f"http://{host}:{listener.port}/hook", events=["*"])
        assert not client.endpoints.list()
        client.send("order.created", {})
        client.run_until_idle()
    assert listener.connections == 0


@pytest.mark.parametrize("policy", [STRICT, wh.UrlPolicy()], ids=["http allowed", "default"])
def test_an_endpoint_made_under_a_looser_policy_is_not_dialled(
    store: Path, listener: Receiver, policy: wh.UrlPolicy
) -> None:
    hosts = ("127.0.0.1", "127.9.8.7", "[::ffff:127.0.0.1]")
    with client_of(store, wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8", "::/0"])) as loose:
        for host in hosts:
            loose.endpoints.create(f"http://{host}:{listener.port}/hook", events=["*"])
    with client_of(store, policy) as client:
        message = client.send("order.created", {})
        client.run_until_idle(wait=1)
        found = {(delivery.state, delivery.last_error) for delivery in message.deliveries}
    assert found == {("dead", "blocked_address")} if policy is STRICT else len(found) == 1
    assert {state for state, _error in found} == {"dead"}
    assert listener.connections == 0


def test_a_connection_that_is_kept_alive_is_not_used_under_a_stricter_policy(
    store: Path, listener: Receiver
) -> None:
    with client_of(store, LOOPBACK) as loose, client_of(store, STRICT) as strict:
        loose.endpoints.create(listener.url, events=["*"])
        loose.send("order.created", {})
        loose.run_until_idle()
        message = strict.send("order.created", {})
        strict.run_until_idle(wait=1)
        assert [delivery.state for delivery in message.deliveries] == ["dead"]
    assert len(listener.requests) == 1


def test_a_name_of_this_machine_is_refused_when_it_is_dialled(
    store: Path, listener: Receiver
) -> None:
    name = socket.gethostname()
    try:
        found = socket.getaddrinfo(name, None, proto=socket.IPPROTO_TCP)
    except OSError:
        pytest.skip("this machine does not know its own name")
    if any(ipaddress.ip_address(entry[4][0]).is_global for entry in found) or "." in name:
        pytest.skip("this machine's name is public")
    # No name is resolved before it is dialled, so the looser policy matters for nothing here.
    with client_of(store, LOOPBACK) as loose:
        try:
            loose.endpoints.create(f"http://{name}:{listener.port}/hook", events=["*"])
        except (wh.BlockedAddressError, wh.InvalidUrlError):
            return
    with client_of(store, STRICT) as client:
        message = client.send("order.created", {})
        client.run_until_idle(wait=1)
        found_states = [delivery.state for delivery in message.deliveries]
    assert found_states == ["dead"]
    assert listener.connections == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(store: Path, listener: Receiver, status: int) -> None:
    target = f"http://127.0.0.2:{listener.port}/stolen"
    with (
        Receiver(lambda _request: Answer(status, headers={"Location": target})) as redirecting,
        client_of(store, LOOPBACK) as client,
    ):
        client.endpoints.create(redirecting.url, events=["*"], retry=[])
        message = client.send("order.created", {})
        client.run_until_idle(wait=1)
        (delivery,) = message.deliveries
    assert (delivery.state, delivery.last_status) == ("dead", status)
    assert len(redirecting.requests) == 1
    assert listener.connections == 0


VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@pytest.mark.parametrize("scheme", ["http", "socks5h"])
def test_proxy_variables_are_not_followed(
    store: Path, listener: Receiver, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    for variable in VARIABLES:
        monkeypatch.setenv(variable, f"{scheme}://127.0.0.3:{listener.port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with Receiver() as receiver:
        with client_of(store, LOOPBACK) as client:
            client.endpoints.create(receiver.url, events=["*"], uid="one")
            message = client.send("order.created", {})
            client.run_until_idle(wait=1)
            assert [delivery.state for delivery in message.deliveries] == ["delivered"]
        with client_of(store, STRICT) as client:
            message = client.send("order.created", {})
            client.run_until_idle(wait=1)
            assert [delivery.state for delivery in message.deliveries] == ["dead"]
        assert len(receiver.requests) == 1
    assert listener.connections == 0
