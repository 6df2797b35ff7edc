"""`webhookcore send`: one message to one URL, by a real socket."""

from __future__ import annotations

import json

import pytest

import webhookcore as wh
from support.command import row, run, run_process
from support.loopback import POLICY_OPTIONS
from support.senders import sender

SECRET = sender("standard").secret
ENV = {"WEBHOOKCORE_SECRET": SECRET}


def test_a_delivered_message_ends_with_0_and_verifies(server):
    result = run_process(
        "send", server.url, "order.created", "--data", '{"id": 7}', *POLICY_OPTIONS, env=ENV
    )
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.startswith(b"delivered: msg_")
    (request,) = server.requests
    event = wh.verify("standard", body=request.body, headers=request.headers, secrets=[SECRET])
    assert event.type == "order.created"
    assert event.json()["data"] == {"id": 7}


def test_json_has_every_attempt(server):
    server.statuses = [500, 503, 204]
    told = row(
        run("send", server.url, "a.b", "--retry", "0.05,0.05", *POLICY_OPTIONS, "--json", env=ENV)
    )
    assert (told["success"], told["attempts"], told["status"]) == (True, 3, 204)
    assert [attempt["status"] for attempt in told["log"]] == [500, 503, 204]
    assert told["log"][0]["response_body"] == "thanks"


def test_a_message_that_is_given_up_ends_with_1(server):
    server.statuses = [500]
    result = run("send", server.url, "a.b", "--retry", "none", *POLICY_OPTIONS, env=ENV)
    assert result.exit_code == 1
    assert result.stdout.startswith("not delivered: msg_")
    assert len(server.requests) == 1


def test_data_comes_from_a_file_or_from_standard_input(server, tmp_path):
    file = tmp_path / "data.json"
    file.write_text('{"from": "file"}')
    for data, stdin in ((f"@{file}", b""), ("-", b'{"from": "stdin"}')):
        given = ["--data", data, *POLICY_OPTIONS]
        assert run("send", server.url, "a.b", *given, stdin=stdin, env=ENV).exit_code == 0
    found = [json.loads(request.body)["data"]["from"] for request in server.requests]
    assert found == ["file", "stdin"]


def test_raw_bytes_are_sent_as_they_are(server, tmp_path):
    file = tmp_path / "body"
    file.write_bytes(b"\x00\xff not json")
    given = ["--data", f"@{file}", "--raw", "--header", "X-Mine: 1", *POLICY_OPTIONS]
    assert run("send", server.url, "a.b", *given, env=ENV).exit_code == 0
    assert server.requests[0].body == b"\x00\xff not json"
    assert server.requests[0].headers["X-Mine"] == "1"


def test_a_response_cannot_paint_the_terminal(server):
    server.statuses = [500]
    server.response_body = b"\x1b[2J\xe2\x80\xae"
    given = ["--retry", "none", *POLICY_OPTIONS]
    for format in ([], ["--json"]):
        result = run("send", server.url, "a.b", *given, *format, env=ENV)
        assert result.exit_code == 1
        assert "\x1b" not in result.output
        assert "\u202e" not in result.output


@pytest.mark.parametrize(
    "change",
    [
        ["--data", "{not json"],
        ["--data", "@/no/such/file"],
        ["--data", "NaN"],
        ["--retry", "sometimes"],
        ["--retry", "1,-5"],
        ["--retry", "nan"],
        ["--timeout", "0"],
        ["--scheme", "nobody"],
        ["--header", "Webhook-Id: mine"],
        ["--allow", "not a network"],
        ["--ca-file", "/no/such/file"],
    ],
    ids=" ".join,
)
def test_a_wrong_option_ends_with_2_and_sends_nothing(change, server):
    result = run("send", server.url, "a.b", *POLICY_OPTIONS, *change, env=ENV)
    assert result.exit_code == 2
    assert result.stderr
    assert server.requests == []


@pytest.mark.parametrize(
    "policy",
    [(), ("--allow-http",), ("--allow", "127.0.0.0/8"), ("--allow-http", "--allow", "10.0.0.0/8")],
)
def test_a_private_address_needs_the_policy(policy, server):
    result = run("send", server.url, "a.b", *policy, env=ENV)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert server.requests == []


def test_a_bad_type_ends_with_2(server):
    assert run("send", server.url, "two words", *POLICY_OPTIONS, env=ENV).exit_code == 2
