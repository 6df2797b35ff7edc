"""`check_url` decides by text and literal address alone; it never asks a resolver."""

from __future__ import annotations

import socket

import pytest

import webhookcore as wh
from support.vectors import url_rows

ROWS = url_rows()
TEXT_LAYERS = {
    "scheme",
    "parse",
    "charset",
    "host",
    "userinfo",
    "zone",
    "port",
    "fragment",
    "host-percent",
    "length",
}
# Text that means an address; either error says it truly.
NEARLY_ADDRESSES = {"localhost", "host-numeric"}
DECIDED_HERE = TEXT_LAYERS | NEARLY_ADDRESSES | {"address"}
DECIDED_LATER = {"resolve", "dns", "connect", "redirect"}


@pytest.fixture(scope="module")
def policy() -> wh.UrlPolicy:
    return wh.UrlPolicy(allow_http=True)


@pytest.fixture(autouse=True)
def _no_resolver(monkeypatch):
    def resolve(*args, **kwargs):
        raise AssertionError("check_url asked a resolver")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


def _rows(layers: set[str], expect: set[str]):
    rows = [row for row in ROWS if row.layer in layers and row.expect in expect]
    assert rows
    return pytest.mark.parametrize("row", rows, ids=str)


@_rows(TEXT_LAYERS, {"deny"})
def test_a_url_that_cannot_be_dialled_safely_is_invalid(row, policy):
    with pytest.raises(wh.InvalidUrlError):
        wh.check_url(row.url, policy)


@_rows(NEARLY_ADDRESSES, {"deny"})
def test_a_name_that_means_an_address_is_refused(row, policy):
    with pytest.raises((wh.InvalidUrlError, wh.BlockedAddressError)):
        wh.check_url(row.url, policy)


@_rows({"address"}, {"deny"})
def test_a_private_or_special_address_is_blocked_in_every_spelling(row, policy):
    with pytest.raises(wh.BlockedAddressError):
        wh.check_url(row.url, policy)


@_rows(DECIDED_HERE, {"allow"})
def test_a_public_address_passes(row, policy):
    assert wh.check_url(row.url, policy) is None


@_rows(DECIDED_LATER, {"allow", "deny"})
def test_what_only_the_network_can_decide_passes_here(row, policy):
    assert wh.check_url(row.url, policy) is None


def test_every_row_is_decided_by_one_of_these_tests():
    assert len(ROWS) == 231
    assert {row.layer for row in ROWS} == DECIDED_HERE | DECIDED_LATER


def test_without_a_policy_only_https_passes():
    assert wh.check_url("https://hooks.example.com/in") is None
    with pytest.raises(wh.InvalidUrlError):
        wh.check_url("http://hooks.example.com/in")


def test_an_allowed_network_opens_exactly_that_network():
    policy = wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8", "10.1.0.0/16", "fd00:1::/32"])
    for url in (
        "http://127.0.0.1:8080/hook",
        "http://127.9.9.9/hook",
        "https://10.1.255.1/hook",
        "https://[fd00:1::5]/hook",
    ):
        assert wh.check_url(url, policy) is None
    for url in ("http://10.2.0.1/hook", "http://[::1]/hook", "http://[fd00:2::5]/hook"):
        with pytest.raises(wh.BlockedAddressError):
            wh.check_url(url, policy)


@pytest.mark.parametrize("network", ["169.254.0.0/16", "0.0.0.0/0"])
def test_metadata_services_stay_blocked_in_an_allowed_network(network):
    policy = wh.UrlPolicy(allow_http=True, allow=[network])
    with pytest.raises(wh.BlockedAddressError):
        wh.check_url("http://169.254.169.254/latest/meta-data/", policy)


def test_only_the_listed_ports_pass():
    policy = wh.UrlPolicy(ports=[443, 8443])
    assert wh.check_url("https://hooks.example.com/in", policy) is None
    assert wh.check_url("https://hooks.example.com:8443/in", policy) is None
    with pytest.raises(wh.InvalidUrlError):
        wh.check_url("https://hooks.example.com:9443/in", policy)


@pytest.mark.parametrize("network", ["", "nonsense", "10.0.0.0/33", "10.0.0.0/-1", "::/129"])
def test_a_network_that_is_none_is_refused_where_it_is_configured(network):
    with pytest.raises(wh.ConfigError):
        wh.UrlPolicy(allow=[network])


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_that_is_none_is_refused_where_it_is_configured(port):
    with pytest.raises(wh.ConfigError):
        wh.UrlPolicy(ports=[port])


@pytest.mark.parametrize(
    ("proxy", "shown"),
    [
        ("http://user:pw-secret@proxy:3128", "'http://***@proxy:3128'"),
        ("http://user:pw/secret@x@proxy", "'http://***@proxy'"),
        ("user:pw-secret@proxy:3128", "'***@proxy:3128'"),
        ("http://proxy:3128", "'http://proxy:3128'"),
        (None, "None"),
    ],
)
def test_a_policy_shows_its_proxy_without_the_password(proxy, shown):
    policy = wh.UrlPolicy(proxy=proxy)
    assert f"proxy={shown}" in repr(policy)
    assert "secret" not in repr(policy)
    assert policy == wh.UrlPolicy(proxy=proxy)


@pytest.mark.parametrize("network", ["x", "10.0.0.0/99", "1.2.3.4/8/8"])
def test_a_network_that_is_refused_is_named(network):
    with pytest.raises(wh.ConfigError) as refused:
        wh.UrlPolicy(allow=["10.0.0.0/8", network])
    assert refused.value.field == "allow[1]"
