"""The fixtures, as a user's project has them: pytest in a process and a folder of its own."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata

from support.command import environment

HANDLERS = """
import webhookcore as wh

paid = []

def wire(receiver):
    @receiver.on("stripe", "invoice.*")
    def on_paid(event):
        paid.append(event.json()["data"]["object"]["amount_paid"])
"""
PASSING = """
import pytest
import webhookcore as wh
from shop import paid, wire


def test_a_paid_invoice_is_booked_once(webhook_receiver, webhook_sample, webhook_post):
    paid.clear()
    request = webhook_sample("stripe", "invoice.paid", {"amount_paid": 7})
    webhook_receiver.add_source("stripe", secrets=request.secrets)
    wire(webhook_receiver)
    assert webhook_post(webhook_receiver, "/hooks/stripe", request).status == 202
    assert webhook_post(webhook_receiver, "/hooks/stripe", request).status == 200
    webhook_receiver.run_until_idle()
    assert paid == [7]


@pytest.mark.parametrize("how", ["body", "old", "secret", "no-header"])
def test_a_forged_one_is_not(webhook_receiver, webhook_sample, webhook_tamper, how):
    request = webhook_sample("stripe")
    webhook_receiver.add_source("stripe", secrets=request.secrets)
    assert webhook_receiver.handle(webhook_tamper(request, how), "stripe").status in (400, 401)


def test_the_clock_is_that_of_the_receiver(webhook_receiver, webhook_sample, webhook_clock):
    request = webhook_sample("slack")
    webhook_receiver.add_source("slack", secrets=request.secrets)
    webhook_clock.advance("10m")
    assert webhook_receiver.handle(request, "slack").status == 400
    assert webhook_receiver.handle(webhook_sample("slack"), "slack").status == 202


def test_a_handler_is_called_with_an_event(webhook_event):
    assert webhook_event("github", "push").json()["ref"] == "refs/heads/main"


def test_what_is_sent_arrives(webhook_client, webhook_server):
    endpoint = webhook_client.endpoints.create(webhook_server.url, events=["order.*"])
    webhook_client.send("order.created", {"id": 7})
    webhook_client.run_until_idle(wait=5)
    assert webhook_server.event("standard", [endpoint.secret]).type == "order.created"
"""
STARTS_LIGHT = """
import sys

def test_nothing_of_it_is_imported_before_a_fixture_is_used():
    assert "pytest_webhookcore" in sys.modules
    assert "webhookcore" not in sys.modules
"""


def run_pytest(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "pytest_webhookcore", "-q", *arguments],
        cwd=folder,
        env=environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", PYTHONPATH=str(folder)),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_users_project_tests_its_handlers(tmp_path):
    (tmp_path / "shop.py").write_text(HANDLERS)
    (tmp_path / "test_shop.py").write_text(PASSING)
    result = run_pytest(tmp_path, "-W", "error")
    assert "8 passed" in result.stdout, result.stdout + result.stderr


def test_pytest_starts_without_importing_webhookcore(tmp_path):
    (tmp_path / "test_light.py").write_text(STARTS_LIGHT)
    result = run_pytest(tmp_path)
    assert "1 passed" in result.stdout, result.stdout + result.stderr


def test_every_fixture_says_what_it_is(tmp_path):
    listed = run_pytest(tmp_path, "--fixtures").stdout
    ours = listed.partition("fixtures defined from pytest_webhookcore")[2].partition("\n---")[0]
    names = ("clock", "receiver", "client", "server", "sample", "event", "tamper", "post")
    for name in names:
        assert f"webhook_{name} --" in ours
    assert "no docstring" not in ours


def test_pytest_finds_it_by_itself():
    found = metadata.entry_points(group="pytest11")
    assert [one.value for one in found if "webhookcore" in one.name] == ["pytest_webhookcore"]
