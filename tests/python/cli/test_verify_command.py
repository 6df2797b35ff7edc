"""`webhookcore verify`: its verdicts are exit codes, and its secrets stay secret."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import webhookcore as wh
from support.command import row, run, run_process
from support.key_server import private_pem, public_jwk
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


class TestKeys:
    """Providers that sign with a private key, and a file of public ones."""

    @pytest.fixture(scope="class")
    def pair(self):
        key = ec.generate_private_key(ec.SECP256R1())
        return private_pem(key), public_jwk(key)

    def request(self, tmp_path, now, private, scheme, **options):
        body = tmp_path / "body"
        body.write_bytes(b"{}")
        headers = wh.sign(scheme, body=b"{}", secret=private, timestamp=now, **options)
        given = ["--provider", scheme.name, "--body-file", body, "--now", now]
        for name, value in headers.items():
            given += ["--header", f"{name}: {value}"]
        return given

    def keys(self, tmp_path, content):
        file = tmp_path / "keys.json"
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        return ["--keys", file]

    def test_a_token_of_plaid_is_verified_by_the_key_that_it_names(self, tmp_path, now, pair):
        private, jwk = pair
        other = public_jwk(ec.generate_private_key(ec.SECP256R1()))
        given = self.request(tmp_path, now, private, wh.scheme("plaid").replace(kid="k-1"))
        both = {"keys": [{**other, "kid": "k-0"}, {**jwk, "kid": "k-1"}]}
        assert run("verify", *given, *self.keys(tmp_path, both)).exit_code == 0
        assert run("verify", *given, *self.keys(tmp_path, jwk)).exit_code == 0
        swapped = {"keys": [{**jwk, "kid": "k-0"}, {**other, "kid": "k-1"}]}
        refused = run("verify", *given, *self.keys(tmp_path, swapped))
        assert (refused.exit_code, refused.stderr.split(":")[1]) == (1, " signature_mismatch")
        unknown = run("verify", *given, *self.keys(tmp_path, {"keys": [{**jwk, "kid": "k-2"}]}))
        assert (unknown.exit_code, unknown.stderr.split(":")[1]) == (1, " untrusted_key")

    def test_a_signature_by_rfc9421_is_verified_by_any_key_of_the_file(self, tmp_path, now, pair):
        private, jwk = pair
        url = "https://example.com/hook"
        given = self.request(tmp_path, now, private, wh.scheme("rfc9421"), url=url)
        given += ["--url", url]
        set_of_kinds = {"keys": [{"kty": "oct", "k": "AAAA"}, {"kty": "RSA"}, jwk]}
        told = row(run("verify", *given, *self.keys(tmp_path, set_of_kinds), "--json"))
        assert told["valid"] is True
        pem = ec.generate_private_key(ec.SECP256R1()).public_key()
        text = pem.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        assert run("verify", *given, *self.keys(tmp_path, text)).exit_code == 1

    @pytest.mark.parametrize(
        ("provider", "content"),
        [
            ("plaid", "no key"),
            ("plaid", "{}"),
            ("plaid", {"keys": []}),
            ("plaid", {"keys": [{"kty": "RSA"}]}),
            ("plaid", ""),
            ("stripe", "jwk"),
            ("strype", "jwk"),
        ],
    )
    def test_a_file_without_a_key_for_the_provider_ends_with_2(
        self, tmp_path, now, pair, provider, content
    ):
        private, jwk = pair
        given = self.request(tmp_path, now, private, wh.scheme("plaid"))
        content = jwk if content == "jwk" else content
        keys = self.keys(tmp_path, content)
        result = run("verify", *given, "--provider", provider, *keys)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr

    def test_keys_and_secrets_are_not_given_together(self, tmp_path, now, pair, secret_file):
        given = self.request(tmp_path, now, pair[0], wh.scheme("plaid"))
        both = [*self.keys(tmp_path, pair[1]), "--secret", f"@{secret_file}"]
        assert run("verify", *given, *both).exit_code == 2
        absent = run("verify", *given, "--keys", tmp_path / "absent")
        assert (absent.exit_code, "absent" in absent.stderr) == (2, True)
