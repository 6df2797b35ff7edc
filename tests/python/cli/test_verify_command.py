"""`webhookcore verify`: its verdicts are exit codes, and its secrets stay secret."""

from __future__ import annotations

import json

import pytest

from support.command import row, run, run_process
from support.senders import SENDERS, TEXT_SECRET, sender

STRIPE = sender("stripe")


@pytest.fixture
def secret_file(tmp_path):
    file = tmp_path / "secret.txt"
    file.write_text(TEXT_SECRET + "\n")
    return file


def options(sample, now, tmp_path, *, body=None):
    """The options for a genuine request of the sample sender, without a secret."""
    file = tmp_path / "body"
    file.write_bytes(sample.body if body is None else body)
    found = ["--provider", sample.provider, "--body-file", file, "--now", now]
    for name, value in sample.headers(now=now).items():
        found += ["--header", f"{name}: {value}"]
    return [*found, *([] if sample.url is None else ["--url", sample.url])]


@pytest.mark.parametrize("sample", SENDERS, ids=str)
def test_a_genuine_request_of_every_provider_ends_with_0(sample, now, tmp_path):
    env = {"WEBHOOKCORE_SECRET": sample.secret}
    told = row(run("verify", *options(sample, now, tmp_path), "--json", env=env))
    assert told["valid"] is True
    assert told["provider"] == sample.provider


@pytest.mark.parametrize("sample", SENDERS, ids=str)
def test_a_changed_body_ends_with_1_and_the_reason_on_stderr(sample, now, tmp_path):
    changed = sample.body.replace(b"1", b"2", 1)
    result = run(
        "verify",
        *options(sample, now, tmp_path, body=changed),
        env={"WEBHOOKCORE_SECRET": sample.secret},
    )
    assert result.exit_code == 1
    assert result.stderr.startswith("refused: signature_mismatch: ")
    assert result.stdout == ""


def test_a_refusal_as_json_has_what_the_exception_has(now, tmp_path):
    given = options(STRIPE, now, tmp_path)
    given[given.index("--now") + 1] = now + 1000
    result = run("verify", *given, "--json", env={"WEBHOOKCORE_SECRET": STRIPE.secret})
    told = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (told["valid"], told["reason"], told["http_status"]) == (False, "timestamp_too_old", 400)
    assert told["hint"]
    assert f"hint: {told['hint']}" in result.stderr


def test_tolerance_lets_an_older_request_through(now, tmp_path):
    given = options(STRIPE, now, tmp_path)
    given[given.index("--now") + 1] = now + 1000
    env = {"WEBHOOKCORE_SECRET": STRIPE.secret}
    assert run("verify", *given, "--tolerance", 2000, env=env).exit_code == 0


def test_a_secret_comes_from_a_file_the_environment_or_the_argument(now, tmp_path, secret_file):
    given = options(STRIPE, now, tmp_path)
    for secret, env in (
        (["--secret", f"@{secret_file}"], {}),
        (["--secret", "env:MINE"], {"MINE": TEXT_SECRET}),
        ([], {"WEBHOOKCORE_SECRET": TEXT_SECRET}),
    ):
        result = run("verify", *given, *secret, env=env)
        assert (result.exit_code, result.stderr) == (0, "")
    result = run("verify", *given, "--secret", TEXT_SECRET)
    assert result.exit_code == 0
    assert "warning: a secret in an argument" in result.stderr


def test_any_of_several_secrets_may_match(now, tmp_path, secret_file):
    other = tmp_path / "other"
    other.write_text(STRIPE.other_secret)
    result = run(
        "verify",
        *options(STRIPE, now, tmp_path),
        *("--secret", f"@{other}", "--secret", f"@{secret_file}", "--json"),
    )
    assert row(result)["matched_secret"] == 1


@pytest.mark.parametrize(
    "change",
    [
        ["--provider", "strype"],
        ["--secret", "@/no/such/file"],
        ["--secret", "env:NOT_SET_ANYWHERE"],
        ["--secret", "@/dev/null"],
        ["--secret", "@/dev/zero"],
        ["--header", "no colon in it"],
        ["--now", "nan"],
        ["--now", "soon"],
        ["--tolerance", "-1"],
        ["--tolerance", "inf"],
        ["--body-file", "/no/such/file"],
        ["--no-such-option"],
    ],
    ids=" ".join,
)
def test_a_wrong_option_ends_with_2(change, now, tmp_path):
    env = {"WEBHOOKCORE_SECRET": STRIPE.secret}
    result = run("verify", *options(STRIPE, now, tmp_path), *change, env=env)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr


def test_without_any_secret_it_ends_with_2_and_names_the_ways(now, tmp_path):
    result = run("verify", *options(STRIPE, now, tmp_path))
    assert result.exit_code == 2
    assert "WEBHOOKCORE_SECRET" in result.stderr


@pytest.mark.parametrize("change", [[], ["--now", "1"], ["--provider", "standard"]], ids=str)
def test_no_outcome_prints_the_secret(change, now, tmp_path):
    secret = "whsec_not*base64*at*all"
    result = run("verify", *options(STRIPE, now, tmp_path), *change, "--secret", secret)
    assert secret not in result.output
    assert "not*base64" not in result.output


def test_a_refusal_cannot_paint_the_terminal(now, tmp_path):
    file = tmp_path / "body"
    file.write_bytes(b"{}")
    header = "Stripe-Signature: t=1,v1=\x1b[31m\u202e"
    given = ["--provider", "stripe", "--body-file", file, "--header", header, "--now", now]
    result = run("verify", *given, env={"WEBHOOKCORE_SECRET": STRIPE.secret})
    assert result.exit_code == 1
    assert "\x1b" not in result.output
    assert "\u202e" not in result.output


def test_what_sign_prints_verify_accepts_as_two_real_processes(tmp_path):
    env = {"WEBHOOKCORE_SECRET": STRIPE.secret}
    signed = run_process("sign", "--provider", "stripe", stdin=STRIPE.body, env=env)
    assert (signed.returncode, signed.stderr) == (0, b"")
    headers = [part for line in signed.stdout.decode().splitlines() for part in ("--header", line)]
    good = run_process("verify", "--provider", "stripe", *headers, stdin=STRIPE.body, env=env)
    assert (good.returncode, good.stderr) == (0, b"")
    assert b"valid: provider stripe, id evt_1, type invoice.paid" in good.stdout
    bad = run_process("verify", "--provider", "stripe", *headers, stdin=b"{}", env=env)
    assert bad.returncode == 1
    assert bad.stderr.startswith(b"refused: signature_mismatch")
