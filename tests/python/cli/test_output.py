"""What is printed: safe on any terminal, plain where it is no terminal."""

from __future__ import annotations

import json
import os
import pty
import subprocess

import click
import pytest

from support.command import COMMAND, environment, run
from webhookcore.cli import main
from webhookcore.cli.output import shown
from webhookcore.client import Client


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain é 漢字 ✓", "plain é 漢字 ✓"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\r\nb\tc", "a\\r\\nb\\tc"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("\u200b\u2028\ufeff", "\\u200b\\u2028\\ufeff"),
        ("\x9b31m\x7f", "\\x9b31m\\x7f"),
        ("\U000e0041", "\\U000e0041"),
        ("\ud800", "\\ud800"),
        (b"\xff\x1b", "\\xff\\x1b"),
        (None, "-"),
    ],
)
def test_text_of_others_is_shown_escaped(text, expected):
    assert shown(text) == expected


def on_a_terminal(*arguments: object, **env: str) -> str:
    """What a person sees: the command's standard output is a terminal."""
    mine, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdout=theirs,
        env=environment(TERM="xterm-256color", COLUMNS="160", **env),
    )
    os.close(theirs)
    chunks = []
    while True:
        try:
            chunk = os.read(mine, 4096)
        except OSError:  # Linux says EIO when the other end was closed.
            break
        if not chunk:
            break
        chunks.append(chunk)
    os.close(mine)
    assert process.wait(30) == 0
    return b"".join(chunks).decode()


@pytest.fixture
def filled(db) -> str:
    with Client(db) as client:
        client.endpoints.create("https://example.com/hook", events=["a.*"], description="mine")
        client.send("a.b", {})
    return db


def test_a_terminal_gets_a_coloured_table(filled):
    text = on_a_terminal("deliveries", "list", "--db", filled)
    assert "─" in text
    assert "\x1b[" in text
    assert "pending" in text


def test_no_color_gets_no_escape_sequence(filled):
    text = on_a_terminal("deliveries", "list", "--db", filled, NO_COLOR="1")
    assert "pending" in text
    assert "\x1b" not in text


def test_plain_columns_are_aligned_and_never_cut(filled):
    text = on_a_terminal("endpoints", "list", "--db", filled, NO_COLOR="1")
    header, line = text.splitlines()
    assert header.split() == ["ID", "STATE", "URL", "EVENTS", "SCHEMES", "TENANT", "UID"]
    assert line.split()[1:5] == ["enabled", "https://example.com/hook", "a.*", "standard"]
    assert header.index("URL") == line.index("https://")


@pytest.mark.parametrize("listing", ["endpoints", "messages", "deliveries"])
def test_a_pipe_gets_json_lines(listing, filled):
    piped = run(listing, "list", "--db", filled)
    assert [json.loads(line) for line in piped.stdout.splitlines()]
    assert piped.stdout == run(listing, "list", "--db", filled, "--json").stdout


def test_an_empty_listing_is_no_line(db):
    with Client(db):
        pass
    assert run("messages", "list", "--db", db, "--json").stdout == ""
    assert on_a_terminal("messages", "list", "--db", db, NO_COLOR="1").split()[0] == "ID"


def test_a_stored_response_cannot_paint_the_terminal(db, server):
    import webhookcore as wh

    server.statuses = [410]
    server.response_body = "\x1b]0;owned\x07\u202e".encode()
    policy = wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"])
    with Client(db, policy=policy) as client:
        client.endpoints.create(server.url, events=["*"], retry=[])
        delivery = client.send("a.b", {}).deliveries[0]
        client.run_until_idle()
    result = run("deliveries", "show", delivery.id, "--db", db)
    assert "\\x1b]0;owned\\x07\\u202e" in result.stdout
    for format in ([], ["--json"]):
        output = run("deliveries", "show", delivery.id, "--db", db, *format).output
        assert "\x1b" not in output
        assert "\u202e" not in output


def leaves(group: click.Group, *path: str):
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from leaves(command, *path, name)
        else:
            yield (*path, name), command


LEAVES = dict(leaves(main))


def test_the_commands_are_those_of_the_documentation():
    assert {path[0] for path in LEAVES} == {
        "send",
        "verify",
        "sign",
        "keys",
        "endpoints",
        "event-types",
        "messages",
        "deliveries",
        "dead-letters",
        "operations",
        "worker",
        "prune",
        "ip-ranges",
        "inbox",
        "listen",
        "reconcile",
        "tail",
        "tenants",
        "trigger",
        "doctor",
    }


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_command_has_json_help_and_refuses_what_it_does_not_know(path):
    assert "--json" in [name for one in LEAVES[path].params for name in one.opts]
    helped = run(*path, "--help")
    assert helped.exit_code == 0
    assert LEAVES[path].help
    assert run(*path, "--no-such-option").exit_code == 2


def test_version_and_no_command():
    assert run("--version").stdout.startswith("webhookcore, version ")
    assert run("nonsense").exit_code == 2


def test_a_reader_that_leaves_is_no_error(db):
    with Client(db) as client:
        client.endpoints.create("https://example.com/hook", events=["*"])
        client.send_many({"type": "a.b", "data": {"n": n}} for n in range(500))
    listing = " ".join([*COMMAND, "messages", "list", "--limit", "500", "--json", "--db", db])
    result = subprocess.run(
        ["sh", "-c", f"{listing} | head -n 1"],
        capture_output=True,
        env=environment(),
        timeout=60,
        check=True,
    )
    assert json.loads(result.stdout)["type"] == "a.b"
    assert result.stderr.decode().startswith("more: ") or result.stderr == b""
