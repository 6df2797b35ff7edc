"""`webhookcore trigger`: a provider's request, by a real socket."""

from __future__ import annotations

import json

import pytest

import webhookcore as wh
from support.command import row, rows, run, run_process
from webhookcore.testing import Answer, WebhookServer, sample
from webhookcore.testing.sender_keys import sender_keys

SECRET = "whsec_of_a_test_0123456789"
ENV = {"WEBHOOKCORE_SECRET": SECRET}


@pytest.fixture
def server():
    with WebhookServer(Answer(202, b'{"status":"accepted"}')) as made:
        yield made


def test_a_sample_arrives_signed(server):
    result = run_process("trigger", "stripe", "invoice.paid", "--to", server.url, env=ENV)
    assert (result.returncode, result.stderr) == (0, b"")
    assert b"stripe invoice.paid evt_" in result.stdout
    assert b"202 in" in result.stdout
    assert server.event("stripe", [SECRET]).type == "invoice.paid"


def test_json_says_what_was_sent_and_answered(server):
    told = row(run("trigger", "github", "push", "--to", server.url, "--json", env=ENV))
    assert (told["provider"], told["type"], told["status"]) == ("github", "push", 202)
    assert told["response"] == '{"status":"accepted"}'
    assert server.event("github", [SECRET]).id == told["id"]


def test_several_are_several_events(server):
    result = run("trigger", "stripe", "--to", server.url, "--count", 3, "--json", env=ENV)
    assert len({told["id"] for told in rows(result)}) == 3


def test_data_headers_and_an_id_of_ones_own_are_taken(server):
    given = ["--data", '{"metadata": {"order": "7"}}', "-H", "X-Env: test", "--id", "evt_mine"]
    assert run("trigger", "stripe", "--to", server.url, *given, env=ENV).exit_code == 0
    event = server.event("stripe", [SECRET])
    assert event.json()["data"]["object"]["metadata"] == {"order": "7"}
    assert (event.id, event.headers["X-Env"]) == ("evt_mine", "test")


def test_a_body_from_a_file_is_sent_byte_for_byte(server, tmp_path):
    (tmp_path / "body").write_bytes(b'{"a" :1}\n')
    given = ["--body-file", tmp_path / "body"]
    assert run("trigger", "github", "push", "--to", server.url, *given, env=ENV).exit_code == 0
    assert server.requests[0].body == b'{"a" :1}\n'
    assert server.event("github", [SECRET]).type == "push"


def test_what_is_refused_ends_with_1(server):
    server.answer(Answer(401, b"no\x1b[2J"))
    result = run("trigger", "stripe", "--to", server.url, "--tamper", "body", env=ENV)
    assert result.exit_code == 1
    assert "401" in result.output
    assert "\x1b" not in result.output
    with pytest.raises(wh.VerificationError):
        server.event("stripe", [SECRET])


def test_what_nobody_answers_ends_with_1(server):
    server.answer(Answer(fault="reset"))
    result = run("trigger", "stripe", "--to", server.url, "--json", env=ENV)
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["status"] is None
    assert told["error"]


def test_a_redirect_is_not_followed(server):
    with WebhookServer() as elsewhere:
        server.answer(Answer.redirect(elsewhere.url))
        assert run("trigger", "stripe", "--to", server.url, env=ENV).exit_code == 1
        assert elsewhere.requests == []


def test_only_loopback_needs_no_permission():
    for url in ("http://example.com/", "https://169.254.169.254/", "https://10.0.0.7/"):
        result = run("trigger", "stripe", "--to", url, env=ENV)
        assert result.exit_code == 2, url


def test_the_secret_is_never_printed(server):
    for how in ([], ["--json"]):
        result = run("trigger", "gitlab", "--to", server.url, *how, env=ENV)
        assert SECRET not in result.output


def test_a_provider_with_a_key_pair_signs_with_its_private_key(server, tmp_path):
    private, public = wh.generate_keypair()
    (tmp_path / "key").write_text(private)
    given = ["--secret", f"@{tmp_path / 'key'}"]
    assert run("trigger", "standard", "--to", server.url, *given).exit_code == 0
    assert server.event("standard", [public])


@pytest.mark.parametrize("provider", wh.providers())
def test_a_request_of_every_provider_verifies_where_it_arrives(server, tmp_path, provider):
    keys, scheme = sender_keys(wh.scheme(provider)), sample(provider).scheme
    (tmp_path / "key").write_text(keys.signing)
    given = ["--to", server.url, "--secret", f"@{tmp_path / 'key'}"]
    result = run("trigger", provider, *given)
    assert (result.exit_code, result.stderr) == (0, "")
    assert server.event(scheme, [keys.verifying]).body == server.requests[0].body


def test_the_url_that_is_signed_may_be_the_public_one(server):
    given = ["--public-url", "https://example.com/hooks/twilio"]
    assert run("trigger", "twilio", "--to", server.url, *given, env=ENV).exit_code == 0
    (request,) = server.requests
    wh.verify(
        "twilio",
        body=request.body,
        headers=request.headers,
        secrets=[SECRET],
        url="https://example.com/hooks/twilio",
    )


def test_the_types_with_a_body_are_listed():
    assert "invoice.paid" in run("trigger", "stripe", "--list-types").output
    assert row(run("trigger", "twilio", "--list-types", "--json"))["types"] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["strip", "--to", "http://localhost/"], "did you mean stripe"),
        (["strip", "--list-types"], "did you mean stripe"),
        (["stripe"], "give --to"),
        (["twilio", "a.b", "--to", "http://localhost/"], "name no type"),
        (["stripe", "--to", "localhost"], "url"),
        (["stripe", "--to", "http://localhost/", "--data", "[]"], "JSON object"),
        (["stripe", "--to", "http://localhost/", "--data", "{"], "is no JSON"),
        (["stripe", "--to", "http://localhost/", "--timeout", "nan"], "must be a number"),
        (["stripe", "--to", "http://localhost/", "--timeout", "-1"], "timeout"),
        (["github", "--to", "http://localhost/", "--tamper", "old"], "has no time"),
        (["stripe", "--to", "http://localhost/", "--tamper", "x"], "--tamper"),
        (["stripe", "--to", "http://localhost/", "--body-file", "/nowhere"], "No such file"),
        (["discord", "--to", "http://localhost/"], "secret"),
    ],
    ids=str,
)
def test_a_wrong_option_ends_with_2_before_anything_is_sent(arguments, said):
    result = run("trigger", *arguments, env=ENV)
    assert (result.exit_code, said in result.output) == (2, True), result.output


def test_a_header_that_cannot_be_sent_ends_with_2(server):
    for header in ("a b: c", "X: a\x01b"):
        result = run("trigger", "stripe", "--to", server.url, "-H", header, env=ENV)
        assert result.exit_code == 2, header
    assert server.requests == []
