"""`webhookcore sign` and `webhookcore keys`."""

from __future__ import annotations

import json

import pytest

import webhookcore as wh
from support.command import row, run, run_process
from support.senders import SENDERS, sender


@pytest.mark.parametrize("sample", SENDERS, ids=str)
def test_sign_prints_what_the_library_signs(sample, now):
    url = [] if sample.url is None else ["--url", sample.url]
    given = ["--provider", sample.provider, "--id", "msg_1", "--timestamp", now, *url]
    result = run("sign", *given, stdin=sample.body, env={"WEBHOOKCORE_SECRET": sample.secret})
    expected = wh.sign(
        sample.provider,
        body=sample.body,
        secret=sample.secret,
        id="msg_1",
        timestamp=now,
        url=sample.url,
    )
    assert result.exit_code == 0
    assert dict(line.split(": ", 1) for line in result.stdout.splitlines()) == expected


def test_two_secrets_sign_twice(now):
    standard = sender("standard")
    given = ["--id", "msg_1", "--secret", "env:A", "--secret", "env:B", "--json"]
    env = {"A": standard.secret, "B": standard.other_secret}
    headers = row(run("sign", *given, stdin=b"{}", env=env))
    assert len(headers["webhook-signature"].split()) == 2


@pytest.mark.parametrize(
    ("given", "secret"),
    [
        (["--id", "msg_1"], "whsec_no*base64"),
        ([], sender("standard").secret),  # The scheme signs an id, and none was given.
        (["--id", "two\nlines"], sender("standard").secret),
        (["--provider", "nobody"], "x"),
    ],
)
def test_what_cannot_be_signed_ends_with_2_without_the_secret(given, secret):
    result = run("sign", *given, stdin=b"{}", env={"WEBHOOKCORE_SECRET": secret})
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert secret == "x" or secret not in result.output


def test_a_new_secret_is_one_that_signs():
    secret = run("keys", "new").stdout.strip()
    assert secret.startswith("whsec_")
    assert row(run("keys", "new", "--json"))["secret"] != secret
    assert wh.sign("standard", body=b"{}", secret=secret, id="msg_1")


def test_a_new_key_pair_signs_and_verifies(now):
    pair = row(run("keys", "new", "--kind", "keypair", "--json"))
    headers = wh.sign("standard", body=b"{}", secret=pair["signing_key"], id="msg_1", timestamp=now)
    event = wh.verify(
        "standard", body=b"{}", headers=headers, secrets=[pair["verification_key"]], now=now
    )
    assert event.id == "msg_1"
    text = run("keys", "new", "--kind", "keypair").stdout
    assert "whsk_" in text
    assert "whpk_" in text


def test_json_is_one_line():
    assert json.loads(run("keys", "new", "--json").stdout)
    assert run("keys", "new", "--json").stdout.count("\n") == 1


def test_a_warning_of_the_library_is_one_line_without_the_secret():
    signed = wh.sign("github", body=b"{}", secret="sesame")
    headers = [part for pair in signed.items() for part in ("--header", ": ".join(pair))]
    env = {"WEBHOOKCORE_SECRET": "sesame"}
    result = run_process("verify", "--provider", "github", *headers, stdin=b"{}", env=env)
    assert result.returncode == 0
    assert result.stderr.startswith(b"webhookcore: warning: ")
    assert result.stderr.count(b"\n") == 1
    assert b"sesame" not in result.stderr + result.stdout
