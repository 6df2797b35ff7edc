"""D11: where a webhook may not go.

Thoroughly: faults/test_denied_urls.py, core/test_url_check.py, tests/cpp/core (the corpus of 374
URLs), tests/cpp/transport/address_guard_test.cpp.
"""

from __future__ import annotations

import pytest

import webhookcore as wh
from webhookcore.testing import Answer

from .conftest import ids

PUBLIC = "1.1.1.1"
DENIED = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.0.1",
    "169.254.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "0.0.0.0",
    "[::1]",
    "[::]",
    "[fc00::1]",
    "[fe80::1]",
    "[ff02::1]",
    "[::ffff:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:53aa:64c:0:0:80ff:fffe]",
    "localhost",
    "2130706433",
    "0x7f.1",
]


@pytest.mark.parametrize("host", DENIED)
def test_a_private_or_special_address_is_refused_in_every_form(host):
    with pytest.raises((wh.BlockedAddressError, wh.InvalidUrlError)):
        wh.check_url(f"https://{host}/hook")
    wh.check_url(f"https://{PUBLIC}/hook")


def test_https_only_unless_allowed(policy):
    with pytest.raises(wh.InvalidUrlError):
        wh.check_url(f"http://{PUBLIC}/hook")
    wh.check_url(f"http://{PUBLIC}/hook", policy)


def test_no_user_and_password_in_a_url():
    with pytest.raises(wh.InvalidUrlError):
        wh.check_url(f"https://user:password@{PUBLIC}/hook")


def test_networks_that_are_named_are_allowed_and_no_others():
    inside = wh.UrlPolicy(allow=["10.20.0.0/16"])
    wh.check_url("https://10.20.1.1/hook", inside)
    with pytest.raises(wh.BlockedAddressError):
        wh.check_url("https://10.21.1.1/hook", inside)
    with pytest.raises(wh.BlockedAddressError):  # Metadata, whatever is allowed around it.
        wh.check_url("https://169.254.169.254/", wh.UrlPolicy(allow=["169.254.0.0/16"]))


def test_the_address_that_is_dialled_is_judged_and_not_only_the_registration(store, policy, server):
    with wh.Client(store, policy=policy) as loose:
        loose.endpoints.create(server.url, events=["*"])
        message = loose.send("a", {})
    with wh.Client(store, policy=wh.UrlPolicy(allow_http=True)) as strict:
        strict.run_until_idle()
        [delivery] = strict.messages.get(message.id).deliveries
    assert (delivery.last_error, server.requests) == ("blocked_address", [])


def test_a_connection_that_was_kept_is_judged_again(store, policy, server):
    with wh.Client(store, policy=policy) as loose:
        loose.endpoints.create(server.url, events=["*"])
        first = loose.send("a", {})
        loose.run_until_idle()
        with wh.Client(store, policy=wh.UrlPolicy(allow_http=True)) as strict:
            strict.send("a", {})
            strict.run_until_idle()
    assert ids(server) == [first.id]


def test_a_redirect_leads_nowhere(client, server):
    server.answer(Answer.redirect("https://169.254.169.254/latest"))
    client.endpoints.create(server.url, events=["*"], retry=[])
    [delivery] = client.send("a", {}).deliveries
    client.run_until_idle()
    [attempt] = client.deliveries.attempts(delivery)
    assert (attempt.status, attempt.address.partition(":")[0]) == (302, "127.0.0.1")


def test_the_same_guard_for_test_sends_one_shots_and_alerts(client, tmp_path):
    metadata = "https://169.254.169.254/"
    for refused in (
        lambda: client.endpoints.test(url=metadata),
        lambda: wh.send(metadata, "a", {}, secret=wh.generate_secret()),
        lambda: wh.Client(f"sqlite:///{tmp_path}/other.db", alerts=metadata),
    ):
        with pytest.raises(wh.BlockedAddressError):
            refused()
