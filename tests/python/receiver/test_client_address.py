"""Whose request it is: the right-most hop that is none of our own proxies (fault row F39)."""

from __future__ import annotations

import pytest

import webhookcore as wh
from support.receiving import SECRET
from webhookcore.receiver.client_address import ClientAddresses, address_text, limit_key

PROXY = "10.0.0.1"
CLIENT = "198.51.100.7"
SPOOFED = "203.0.113.66"
OURS = ["10.0.0.0/8", "fd00::/8"]


def client_of(
    *headers: tuple[str, str], peer: str | None = PROXY, trusted=OURS, header: str | None = None
) -> str | None:
    asked = wh.HttpRequest("POST", "/hooks/stripe", list(headers), b"", client_ip=peer)
    return address_text(ClientAddresses(trusted, header).of(asked))


def xff(*lines: str) -> list[tuple[str, str]]:
    return [("X-Forwarded-For", line) for line in lines]


def forwarded(*lines: str) -> list[tuple[str, str]]:
    return [("Forwarded", line) for line in lines]


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        # None, or nothing in it: the proxy itself asks, for its health checks.
        ([], PROXY),
        (xff(""), PROXY),
        (xff(" "), PROXY),
        (xff("", ""), PROXY),
        # One hop, and what the client wrote left of it.
        (xff(CLIENT), CLIENT),
        (xff(f"{SPOOFED}, {CLIENT}"), CLIENT),
        (xff(f"{SPOOFED},{SPOOFED},{CLIENT}"), CLIENT),
        (xff(f"10.0.0.9, {CLIENT}"), CLIENT),
        (xff(f"127.0.0.1, {CLIENT}"), CLIENT),
        (xff(f"unknown, {CLIENT}"), CLIENT),
        (xff(f", ,{CLIENT}"), CLIENT),
        (xff(f"<script>, ';--, {CLIENT}"), CLIENT),
        # Two hops of our own.
        (xff(f"{CLIENT}, 10.0.0.2"), CLIENT),
        (xff(f"{SPOOFED}, {CLIENT}, 10.0.0.2, 10.0.0.3"), CLIENT),
        (xff("10.0.0.5, 10.0.0.2"), "10.0.0.5"),
        # IPv6, ports, IPv4 in IPv6 clothes.
        (xff("2001:db8::7"), "2001:db8::7"),
        (xff("[2001:db8::7]"), "2001:db8::7"),
        (xff("[2001:DB8::7]:443"), "2001:db8::7"),
        (xff(f"{CLIENT}:51234"), CLIENT),
        (xff(f"::ffff:{CLIENT}"), CLIENT),
        (xff(f"{CLIENT}, ::ffff:10.0.0.2"), CLIENT),
        (xff(f"{CLIENT}, fd00::2"), CLIENT),
        # What our own proxy could not tell is not guessed.
        (xff("unknown"), None),
        (xff(f"{CLIENT}, unknown"), None),
        (xff(f"{CLIENT},"), None),
        (xff(f"{CLIENT}, , 10.0.0.2"), None),
        (xff("example.com"), None),
        (xff("256.1.1.1"), None),
        (xff("010.1.1.1"), None),
        (xff("1.2.3"), None),
        (xff("2001:db8::7%eth0"), None),
        (xff("[2001:db8::7"), None),
        (xff(f"{CLIENT}:"), None),
        (xff(f"{CLIENT}\x00"), None),
        (xff("\u0661.1.1.1"), None),
        # Two lines are one list, in their order; names in any case.
        (xff(SPOOFED, CLIENT), CLIENT),
        (xff(CLIENT, "10.0.0.2"), CLIENT),
        ([("x-FORWARDED-for", CLIENT)], CLIENT),
        # A thousand hops.
        (xff(", ".join([SPOOFED] * 1000 + [CLIENT])), CLIENT),
        (xff(", ".join([CLIENT] + ["10.0.0.2"] * 1000)), None),
        # RFC 7239.
        (forwarded(f"for={CLIENT}"), CLIENT),
        (forwarded(f"For={SPOOFED}, FOR={CLIENT};proto=https;by=10.0.0.1"), CLIENT),
        (forwarded(f'for={SPOOFED}, for="{CLIENT}:4711"'), CLIENT),
        (forwarded('proto=http; for="[2001:db8:cafe::17]:4711"'), "2001:db8:cafe::17"),
        (forwarded(f"for={CLIENT}, for=10.0.0.2"), CLIENT),
        (forwarded(f"for={SPOOFED}", f"for={CLIENT}"), CLIENT),
        (forwarded(f"for={CLIENT}:4711"), CLIENT),
        (forwarded(r'for="198.51.100\.7"'), CLIENT),
        (forwarded(f'secret="a, for={SPOOFED}";for={CLIENT}'), CLIENT),
        (forwarded("for=unknown"), None),
        (forwarded("for=_hidden"), None),
        (forwarded("proto=https"), None),
        (forwarded(f"for={CLIENT};for={SPOOFED}"), None),
        (forwarded(f"for={CLIENT},"), None),
        (forwarded('for="198.51.100.7'), None),
        (forwarded(f'for="x, for={CLIENT}'), None),
        (forwarded("for=" + '"\\' * 5000), None),
        (forwarded("for = 198.51.100.7"), None),
        (forwarded("a=b," * 5000 + f"for={CLIENT}"), None),
    ],
    ids=lambda value: str(value)[:60].encode("ascii", "replace").decode(),
)
def test_behind_our_proxies_the_client_is_the_right_most_stranger(headers, found):
    assert client_of(*headers) == found


@pytest.mark.parametrize("headers", [xff(SPOOFED), forwarded(f"for={SPOOFED}")])
def test_a_peer_that_is_no_proxy_of_ours_is_believed_nothing(headers):
    assert client_of(*headers, peer=CLIENT) == CLIENT
    assert client_of(*headers, peer="::ffff:198.51.100.7") == CLIENT
    assert client_of(*headers, trusted=[]) == PROXY
    assert client_of(*headers, peer=None) is None
    assert client_of(*headers, peer="") is None
    assert client_of(*headers, peer="testclient") is None


def test_a_proxy_on_a_unix_socket_has_no_address_and_a_word_of_its_own():
    for peer in (None, "", "unix:"):
        assert client_of(*xff(CLIENT), peer=peer, trusted=["unix"]) == CLIENT
        assert client_of(*xff(f"{CLIENT}, 10.0.0.2"), peer=peer, trusted=["unix"]) == "10.0.0.2"
        assert client_of(peer=peer, trusted=["unix"]) is None
    assert client_of(*xff(SPOOFED), peer=CLIENT, trusted=["unix"]) == CLIENT


def test_a_link_local_peer_is_known_without_its_zone():
    assert client_of(peer="fe80::1%eth0", trusted=[]) == "fe80::1"


def test_a_client_that_adds_the_other_header_is_not_believed():
    both = [*xff(CLIENT), *forwarded(f"for={SPOOFED}")]
    assert client_of(*both) is None
    assert client_of(*xff(CLIENT), *forwarded(f"for={CLIENT}")) == CLIENT
    assert client_of(*xff(CLIENT), *forwarded("")) == CLIENT


def test_the_header_that_our_proxies_set_can_be_named():
    both = [*xff(CLIENT), *forwarded(f"for={SPOOFED}")]
    assert client_of(*both, header="X-Forwarded-For") == CLIENT
    assert client_of(*both, header="forwarded") == SPOOFED
    assert client_of(*xff(SPOOFED), header="Forwarded") == PROXY


def test_of_ipv6_a_whole_64_is_one_client():
    one, same, other = (
        ClientAddresses().of(wh.HttpRequest("POST", "/", [], b"", client_ip=address))
        for address in ("2001:db8::1", "2001:db8::2:1", "2001:db8:0:1::1")
    )
    assert limit_key(one) == limit_key(same) != limit_key(other)
    assert limit_key(None) == b""


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"trusted_proxies": "10.0.0.0/8"}, "trusted_proxies"),
        ({"trusted_proxies": ["10.0.0.0/8", "*"]}, "trusted_proxies[1]"),
        ({"trusted_proxies": ["10.0.0.1/8"]}, "trusted_proxies[0]"),
        ({"trusted_proxies": ["10.0.0.0/8", "0.0.0.0/0"]}, "trusted_proxies[1]"),
        ({"trusted_proxies": ["::/0"]}, "trusted_proxies[0]"),
        ({"trusted_proxies": [7]}, "trusted_proxies[0]"),
        ({"trusted_proxies": ["\ud800"]}, "trusted_proxies[0]"),
        ({"trusted_proxies": None}, "trusted_proxies"),
        ({"proxy_header": "X-Real-IP"}, "proxy_header"),
        ({"proxy_header": 7}, "proxy_header"),
        ({"client_rate_limit": "fast"}, "client_rate_limit"),
        ({"client_rate_limit": 20}, "client_rate_limit"),
        ({"client_rate_limit": "0/s"}, "client_rate_limit"),
    ],
    ids=str,
)
def test_a_receiver_refuses_what_can_never_work_by_name(tmp_path, options, field):
    path = tmp_path / "webhooks.db"
    with pytest.raises(wh.ConfigError) as refused:
        wh.Receiver(f"sqlite:///{path}", **options)
    assert refused.value.field == field
    assert not path.exists()


def test_the_client_behind_a_proxy_is_the_one_that_the_list_judges(url, clock):
    from support.receiving import stripe

    with wh.Receiver(url, clock=clock, trusted_proxies=["203.0.113.7"]) as receiver:
        receiver.add_source("stripe", secrets=[SECRET], allowed_ips=[CLIENT])
        behind = {"X-Forwarded-For": f"{SPOOFED}, {CLIENT}"}
        assert receiver.handle(stripe(headers=behind), "stripe").status == 202
        spoofing = {"X-Forwarded-For": f"{CLIENT}, {SPOOFED}"}
        assert receiver.handle(stripe(headers=spoofing), "stripe").status == 403
        assert receiver.handle(stripe(), "stripe").status == 403
