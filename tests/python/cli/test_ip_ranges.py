"""`webhookcore ip-ranges`, against a stand-in for the providers."""

from __future__ import annotations

import json
import threading

import pytest

from support.command import rows, run
from support.http_server import QuietHandler, serving
from webhookcore.ip_ranges import ADDRESSES

STRIPE = {"WEBHOOKS": ["192.0.2.1", "192.0.2.2"]}
GITHUB = {"hooks": ["198.51.100.0/24", "2001:db8::/32"], "actions": ["0.0.0.0/0"]}


@pytest.fixture
def provider():
    """What it answers can be changed: path -> (status, body)."""
    told = {"/stripe": (200, STRIPE), "/github": (200, GITHUB)}

    class Handler(QuietHandler):
        def respond(self) -> None:
            status, content = told[self.path]
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.answer(status, {"Content-Type": "application/json"}, body)

    with serving(Handler, threading.Event()) as address:
        told["mirrors"] = [
            part
            for name in ("stripe", "github")
            for part in ("--mirror", f"{name}=http://{address}/{name}")
        ]
        yield told


def refresh(provider, path, *more, env=None, accept=True):
    """What the stand-in says has nothing in common with what was shipped."""
    allowed = ["--allow-http", "--allow", "127.0.0.0/8"]
    allowed += ["--accept-removals"] if accept else []
    output = [] if path is None else ["--output", path]
    return run("ip-ranges", "refresh", *output, *allowed, *provider["mirrors"], *more, env=env)


def test_refresh_writes_what_the_providers_say_and_of_when_it_is(provider, tmp_path):
    path = tmp_path / "ranges.json"
    result = refresh(provider, path)
    assert result.exit_code == 0, result.output
    written = json.loads(path.read_text())
    assert written["stripe"]["networks"] == STRIPE["WEBHOOKS"]
    assert written["github"]["networks"] == GITHUB["hooks"]
    assert f"set WEBHOOKCORE_IP_RANGES={path}" in result.stderr
    shown = rows(run("ip-ranges", "list", "--json", env={"WEBHOOKCORE_IP_RANGES": str(path)}))
    assert [row["networks"] for row in shown] == [GITHUB["hooks"], STRIPE["WEBHOOKS"]]
    assert {row["as_of"] for row in shown} == {written["stripe"]["as_of"]}


def test_the_file_may_be_named_by_the_environment_and_keeps_presets_of_one_s_own(
    provider, tmp_path
):
    path = tmp_path / "ranges.json"
    mine = {"as_of": "2026-01-01", "source": "us", "networks": ["203.0.113.0/24"]}
    path.write_text(json.dumps({"acme": mine}))
    result = refresh(provider, None, env={"WEBHOOKCORE_IP_RANGES": str(path)})
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    assert sorted(json.loads(path.read_text())) == ["acme", "github", "stripe"]
    again = rows(refresh(provider, path, "--json"))
    assert [row["name"] for row in again] == ["github", "stripe"]


@pytest.mark.parametrize(
    "answer",
    [
        (500, STRIPE),
        (302, STRIPE),
        (200, b""),
        (200, b"[" * 100_000),
        (200, {"WEBHOOKS": []}),
        (200, {"WEBHOOKS": "192.0.2.1"}),
        (200, {"webhooks": ["192.0.2.1"]}),
        (200, {"WEBHOOKS": ["0.0.0.0/0"]}),
        (200, {"WEBHOOKS": ["::/0"]}),
        (200, {"WEBHOOKS": ["192.0.2.1/33"]}),
        (200, {"WEBHOOKS": ["example.com"]}),
        (200, {"WEBHOOKS": [None]}),
        (200, {"WEBHOOKS": ["192.0.2.1"] * 5000}),
    ],
    ids=lambda answer: str(answer)[:60],
)
def test_what_is_not_to_be_believed_leaves_the_file_as_it_was(provider, tmp_path, answer):
    path = tmp_path / "ranges.json"
    path.write_text("as it was")
    provider["/stripe"] = answer
    result = refresh(provider, path)
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert path.read_text() == "as it was"
    assert [one.name for one in tmp_path.iterdir()] == ["ranges.json"]


class TestNetworksThatAreGone:
    """A list that lost most of itself would lock genuine requests out."""

    def test_most_of_what_was_shipped_is_not_dropped_unasked(self, provider, tmp_path):
        path = tmp_path / "ranges.json"
        result = refresh(provider, path, accept=False)
        assert result.exit_code == 1
        assert "no longer has 6 of the 6 networks of github as of 2026-03-12" in result.stderr
        assert "--accept-removals" in result.stderr
        assert not path.exists()

    def test_nor_most_of_what_was_fetched_before(self, provider, tmp_path):
        path = tmp_path / "ranges.json"
        provider["/stripe"] = (200, {"WEBHOOKS": [f"192.0.2.{number}" for number in range(10)]})
        assert refresh(provider, path).exit_code == 0
        before = path.read_text()
        provider["/stripe"] = (200, {"WEBHOOKS": [f"192.0.2.{number}" for number in range(4)]})
        assert refresh(provider, path, accept=False).exit_code == 1
        assert path.read_text() == before
        provider["/stripe"] = (200, {"WEBHOOKS": [f"192.0.2.{number}" for number in range(5)]})
        assert refresh(provider, path, accept=False).exit_code == 0

    def test_networks_that_were_put_together_are_not_gone(self, provider, tmp_path):
        path = tmp_path / "ranges.json"
        provider["/stripe"] = (200, {"WEBHOOKS": ["192.0.2.1", "192.0.2.77"]})
        assert refresh(provider, path).exit_code == 0
        provider["/stripe"] = (200, {"WEBHOOKS": ["192.0.2.0/24"]})
        assert refresh(provider, path, accept=False).exit_code == 0


def test_a_provider_that_cannot_be_reached_is_one_line(provider, tmp_path):
    result = refresh(provider, tmp_path / "x.json", "--mirror", "stripe=http://127.0.0.1:2/")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1


def test_without_a_leave_a_private_address_is_not_asked(tmp_path):
    path = tmp_path / "x.json"
    result = run("ip-ranges", "refresh", "--output", path, "--mirror", "github=https://127.0.0.1/")
    assert result.exit_code == 2
    assert not path.exists()


@pytest.mark.parametrize("mirror", ["stripe", "acme=https://example.com", "=", ""])
def test_a_mirror_that_is_none_is_a_wrong_option(tmp_path, mirror):
    result = run("ip-ranges", "refresh", "--output", tmp_path / "x", "--mirror", mirror)
    assert result.exit_code == 2


def test_there_has_to_be_a_file_to_write(provider, tmp_path):
    assert refresh(provider, None).exit_code == 2
    assert refresh(provider, tmp_path / "no" / "such" / "folder").exit_code == 1


def test_the_shipped_lists_are_shown_with_their_age():
    result = run("ip-ranges", "list")
    assert "github: 6 networks as of 2026-03-12" in result.stdout
    assert "stripe: 15 networks as of 2026-06-14" in result.stdout
    assert "  192.30.252.0/22" in result.stdout


def test_each_provider_is_asked_at_its_own_https_address():
    assert all(address.url.startswith("https://") for address in ADDRESSES.values())
