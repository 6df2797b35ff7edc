"""``messages send --priority --deliver-at --expires-at`` and ``endpoints … --ordering``."""

from __future__ import annotations

import pytest

from support.command import row, run
from support.loopback import POLICY_OPTIONS

URL = "https://93.184.216.34/hook"


@pytest.fixture
def endpoint(db) -> dict:
    return row(run("endpoints", "create", URL, "--ordering", "fifo", "--db", db, "--json"))


def send(db, *options):
    return run("messages", "send", "a", *options, "--db", db, "--json")


@pytest.mark.parametrize(
    "moment", ["2030-01-31T12:00:00Z", "2030-01-31T13:00:00+01:00", "1896091200"]
)
def test_a_message_is_sent_with_its_priority_and_times(db, endpoint, moment):
    options = ("--priority", "high", "--deliver-at", moment, "--expires-at", "2031-01-01T00:00:00Z")
    [id] = row(send(db, *options))["deliveries"]
    shown = row(run("deliveries", "show", id, "--db", db, "--json"))
    shown = shown.get("delivery", shown)
    assert shown["priority"] == "high"
    assert shown["next_attempt_at"] == "2030-01-31T12:00:00.000Z"
    assert shown["expires_at"] == "2031-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    "options",
    [
        ("--priority", "urgent"),
        ("--deliver-at", "2030-01-31T12:00:00"),
        ("--deliver-at", "tomorrow"),
        ("--expires-at", ""),
    ],
)
def test_what_is_no_priority_and_no_time_is_a_wrong_option(db, endpoint, options):
    result = send(db, *options)
    assert result.exit_code == 2
    assert options[0] in result.output


def test_a_span_instead_of_a_time_is_refused(db, endpoint):
    result = send(db, "--expires-at", "60")
    assert result.exit_code == 2
    assert "expires_at" in result.output


def test_an_endpoint_is_put_in_order_and_taken_out_of_it(db, endpoint):
    assert endpoint["ordering"] == "fifo"
    command = ("endpoints", "update", endpoint["id"], *POLICY_OPTIONS, "--db", db, "--json")
    assert row(run(*command, "--ordering", "none"))["ordering"] is None
    assert row(run(*command, "--description", "x"))["ordering"] is None
    assert row(run(*command, "--ordering", "fifo"))["ordering"] == "fifo"
    assert run(*command, "--ordering", "lifo").exit_code == 2
