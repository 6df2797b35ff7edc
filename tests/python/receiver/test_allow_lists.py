"""Requests are taken from where a source's events come from, and from nowhere else."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

import webhookcore as wh
from support.receiving import SECRET, answer, stripe
from webhookcore.ip_ranges import preset, preset_names


def status_from(receiver: wh.Receiver, client_ip: str | None, id: str = "evt_1") -> int:
    return receiver.handle(replace(stripe(id), client_ip=client_ip), "stripe").status


@pytest.fixture
def bare(url, clock):
    with wh.Receiver(url, clock=clock) as receiver:
        yield receiver


def test_only_the_networks_of_the_list_get_in(bare):
    bare.add_source("stripe", secrets=[SECRET], allowed_ips=["203.0.113.0/24", "2001:db8::/32"])
    assert status_from(bare, "203.0.113.200", "evt_1") == 202
    assert status_from(bare, "::ffff:203.0.113.201", "evt_2") == 202
    assert status_from(bare, "2001:db8::9", "evt_3") == 202
    assert status_from(bare, "203.0.114.1") == 403
    assert status_from(bare, "2001:db9::9") == 403
    refused = bare.handle(replace(stripe(), client_ip="192.0.2.1"), "stripe")
    assert answer(refused)[1]["error"]["reason"] == "address_not_allowed"
    assert bare.counts() == {"accepted": 3, "address_not_allowed": 3}


@pytest.mark.parametrize("client_ip", [None, "", "testclient", "203.0.113.7:80", "\ud800"])
def test_an_address_that_nobody_knows_is_not_on_any_list(bare, client_ip):
    bare.add_source("stripe", secrets=[SECRET], allowed_ips=["0.0.0.0/0", "::/0"])
    assert status_from(bare, client_ip) == 403


def test_presets_and_networks_may_stand_in_one_list(bare):
    bare.add_source("stripe", secrets=[SECRET], allowed_ips=["stripe", "github", "127.0.0.1"])
    for at, client_ip in enumerate(["54.187.216.72", "140.82.115.9", "2a0a:a440::1", "127.0.0.1"]):
        assert status_from(bare, client_ip, f"evt_{at}") == 202
    assert status_from(bare, "54.187.216.73") == 403


def test_presets_say_of_when_and_from_where_they_are():
    assert preset_names() == ["github", "stripe"]
    assert preset("stripe").as_of == "2026-06-14"
    assert preset("github").source == "https://api.github.com/meta"
    assert len(preset("stripe").networks) == 15


class TestOwnFile:
    @pytest.fixture
    def write(self, tmp_path, monkeypatch):
        path = tmp_path / "ranges.json"
        monkeypatch.setenv("WEBHOOKCORE_IP_RANGES", str(path))

        def write(content) -> None:
            path.write_text(content if isinstance(content, str) else json.dumps(content))

        return write

    @staticmethod
    def row(*networks: str, as_of: str = "2026-11-01") -> dict:
        return {"as_of": as_of, "source": "https://example.com", "networks": list(networks)}

    def test_is_preferred_to_what_was_shipped_and_may_have_presets_of_its_own(self, bare, write):
        write({"stripe": self.row("192.0.2.1"), "acme": self.row("198.51.100.0/24")})
        bare.add_source("stripe", secrets=[SECRET], allowed_ips=["stripe", "acme", "github"])
        assert status_from(bare, "192.0.2.1", "evt_1") == 202
        assert status_from(bare, "198.51.100.3", "evt_2") == 202
        assert status_from(bare, "192.30.252.1", "evt_3") == 202
        assert status_from(bare, "54.187.216.72") == 403

    @pytest.mark.parametrize(
        "content",
        [
            "",
            "[]",
            "{",
            "[" * 100_000,
            {"stripe": []},
            {"stripe": {"as_of": "today", "source": "", "networks": ["192.0.2.1"]}},
            {"stripe": {"as_of": 7, "source": "", "networks": ["192.0.2.1"]}},
            {"stripe": {"as_of": "2026-11-01", "source": "", "networks": []}},
            {"stripe": {"as_of": "2026-11-01", "source": "", "networks": "192.0.2.1"}},
            {"stripe": {"as_of": "2026-11-01", "source": "", "networks": [None]}},
            {"stripe": {"as_of": "2026-11-01", "source": "", "networks": ["0.0.0.0/0"]}},
            {"stripe": {"as_of": "2026-11-01", "source": "", "networks": ["::/1"]}},
            {"stripe": {"as_of": "2026-11-01", "source": "", "networks": ["::ffff:0:0/96"]}},
            {"stripe": {"as_of": "2026-11-01", "source": "", "networks": ["10.0.0.0/7"]}},
        ],
        ids=lambda content: str(content)[:70],
    )
    def test_that_makes_no_sense_lets_nobody_in_by_mistake(self, bare, write, content):
        write(content)
        with pytest.raises(wh.ConfigError) as refused:
            bare.add_source("stripe", secrets=[SECRET], allowed_ips=["stripe"])
        assert refused.value.field.startswith("WEBHOOKCORE_IP_RANGES")
        assert bare.sources == {}

    def test_that_is_not_there_is_an_error_and_not_the_shipped_list(self, bare, write):
        with pytest.raises(wh.ConfigError, match="cannot be read"):
            bare.add_source("stripe", secrets=[SECRET], allowed_ips=["stripe"])
