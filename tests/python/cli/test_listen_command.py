"""`webhookcore listen`: a real process, real requests."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager

import pytest

from support.command import COMMAND, environment, rows, run
from webhookcore.testing import WebhookServer, read_recordings, sample, tamper

SECRET = "whsec_of_a_test_0123456789"
ENV = {"WEBHOOKCORE_SECRET": SECRET}


@contextmanager
def listening(*arguments, stdout=subprocess.PIPE, **variables):
    process = subprocess.Popen(
        [*COMMAND, "listen", "--port", "0", *map(str, arguments)],
        env=environment(**{**ENV, **variables}),
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        found = re.search(r"http://[0-9.:]+", process.stderr.readline())
        yield process, found[0]
    finally:
        process.kill()
        process.communicate()


def send(url, request):
    asked = urllib.request.Request(url, request.body, dict(request.headers), method=request.method)
    try:
        with urllib.request.urlopen(asked, timeout=20) as response:
            return response.status
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def test_it_tells_records_and_saves_what_arrives(tmp_path):
    record, tests = tmp_path / "file.jsonl", tmp_path / "tests"
    given = ["--provider", "stripe", "--record", record, "--save-tests", tests, "--count", 2]
    with listening(*given) as (process, url):
        genuine = sample("stripe", secret=SECRET)
        assert send(f"{url}/hooks", genuine) == 200
        assert send(f"{url}/hooks", tamper(genuine, "reserialised")) == 401
        told, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors
    first, second = map(json.loads, told.splitlines())
    assert (first["verified"], first["id"]) == (True, genuine.id)
    assert (second["verified"], second["reason"]) == (False, "signature_mismatch")
    assert "re-serialised" in second["hint"]
    assert next(one.body for one in read_recordings(record)) == genuine.body
    assert record.stat().st_mode & 0o077 == 0
    assert SECRET not in record.read_text() + told + errors
    (saved,) = tests.iterdir()
    assert saved.name == "test_stripe_invoice_paid.py"
    passed = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", saved],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "1 passed" in passed.stdout


def drained(terminal):
    """All that was written to it; the other side is closed."""
    told = b""
    with contextlib.suppress(OSError):  # EIO is its end.
        while piece := os.read(terminal, 65536):
            told += piece
    os.close(terminal)
    return told.decode()


@pytest.mark.parametrize("no_color", ["", "1"])
def test_people_at_a_terminal_get_lines_without_anything_that_hurts_it(no_color):
    ours, its = pty.openpty()
    given = ["--provider", "github", "--count", "3", "--body"]
    with listening(*given, stdout=its, NO_COLOR=no_color, TERM="xterm") as (process, url):
        genuine = sample("github", "push", {"ref": "\x1b[2J\u202e"}, secret=SECRET)
        for request in (genuine, genuine, tamper(genuine, "secret")):
            send(f"{url}/hooks", request)
        assert process.wait(20) == 0
    os.close(its)
    told = drained(ours)
    for line in ("-> 200 processed", "-> 200 duplicate", "-> 401"):
        assert line in told
    assert "refused: signature_mismatch" in told
    assert "No secret matches" in told
    assert ("\x1b[32mvalid" in told) == (not no_color)
    assert "[2J" not in told.replace("\\x1b[2J", "").replace("\\u001b[2J", "")


def test_meta_is_answered_for_the_token_that_was_entered_there():
    with listening("--provider", "meta", "--verify-token", "env:TOKEN", TOKEN="entered") as (
        process,
        url,
    ):
        query = "hub.mode=subscribe&hub.challenge=4711&hub.verify_token"
        with urllib.request.urlopen(f"{url}/hooks?{query}=entered", timeout=20) as response:
            assert response.read() == b"4711"
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(f"{url}/hooks?{query}=wrong", timeout=20)
        process.send_signal(signal.SIGTERM)
        told, _ = process.communicate(timeout=20)
    assert [json.loads(line)["verified"] for line in told.splitlines()] == [None, False]


def test_the_secret_that_asana_tells_is_kept_in_a_file_and_used_the_next_time(tmp_path):
    file, record = tmp_path / "asana.secret", tmp_path / "file.jsonl"
    given = ["--source", "asana=asana", "--secret-to", file, "--record", record, "--count"]
    secret = "told-by-asana-0123456789"
    told = urllib.request.Request("http://x", b"", {"X-Hook-Secret": secret}, method="POST")
    with listening(*given, 2) as (process, url):
        told.full_url = f"{url}/asana"
        with urllib.request.urlopen(told, timeout=20) as response:
            assert response.headers["X-Hook-Secret"] == secret
        assert send(f"{url}/asana", sample("asana", secret=secret)) == 200
        shown, errors = process.communicate(timeout=20)
    assert (file.read_text(), file.stat().st_mode & 0o077) == (f"{secret}\n", 0)
    with listening(*given, 1) as (process, url):
        assert send(f"{url}/asana", sample("asana", secret=secret)) == 200
        again, _ = process.communicate(timeout=20)
    found = [json.loads(line)["verified"] for line in (shown + again).splitlines()]
    assert found == [None, True, True]
    assert secret not in shown + again + errors + record.read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_0(number):
    secret = f"whsec_{'A' * 43}="
    with listening("--source", "shop=standard=env:SHOP", SHOP=secret) as (process, _):
        process.send_signal(number)
        assert process.wait(20) == 0


def test_a_reader_that_leaves_ends_it_and_the_sender_is_answered():
    with listening("--provider", "stripe") as (process, url):
        process.stdout.close()
        assert send(f"{url}/hooks", sample("stripe", secret=SECRET)) == 200
        assert process.wait(20) == 0
        assert "Traceback" not in process.stderr.read()
        process.stdout = None


@pytest.fixture
def recorded(tmp_path):
    from webhookcore.testing import Listener, ListenSource

    lines = []
    listener = Listener(
        [ListenSource("*", "stripe", [SECRET])], lambda one, _: lines.append(one.as_json())
    )
    requests = [sample("stripe", secret=SECRET, at=1_700_000_000 + n) for n in range(3)]
    for request in requests:
        listener(request)
    listener.close()
    file = tmp_path / "file.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file, requests


@pytest.fixture
def server():
    with WebhookServer() as made:
        yield made


def test_recorded_requests_are_sent_again_as_they_were(recorded, server):
    file, requests = recorded
    assert len(rows(run("listen", "--replay", file, "--to", server.url, "--json"))) == 3
    assert [came.body for came in server.requests] == [one.body for one in requests]
    assert run("listen", "2", "--replay", file, "--to", server.url).exit_code == 0
    assert server.requests[3].body == requests[1].body
    headers = dict(server.requests[3].headers)
    assert headers["Stripe-Signature"] == requests[1].headers["Stripe-Signature"]


def test_with_a_secret_they_are_signed_anew(recorded, server):
    file, requests = recorded
    given = ["--secret", "env:WEBHOOKCORE_SECRET"]
    result = run("listen", "1", "--replay", file, "--to", server.url, *given, env=ENV)
    assert result.exit_code == 0, result.output
    assert server.event("stripe", [SECRET]).id == requests[0].id


def test_what_is_not_answered_with_2xx_ends_with_1(recorded, server):
    server.answer(200, 500, 200)
    result = run("listen", "--replay", recorded[0], "--to", server.url)
    assert (result.exit_code, result.output) == (1, "1: 200\n2: 500\n3: 200\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--replay", "/nowhere", "--to", "http://localhost/"], "No such file"),
        (["--replay", "FILE"], "give --to"),
        (["4", "--replay", "FILE", "--to", "http://localhost/"], "3 recordings"),
        (["--replay", "FILE", "--to", "http://10.0.0.7/"], ""),
        (["1"], "go with --replay"),
        (["--to", "http://localhost/"], "go with --replay"),
        (["--provider", "strip"], "did you mean stripe"),
        (["--source", "stripe"], "must be like"),
        (["--source", "a/b=stripe"], "name"),
        (["--source", "a=stripe", "--source", "a=github"], "already"),
        (["--secret", "env:WEBHOOKCORE_SECRET"], "goes with"),
        (["--port", "70000"], "--port"),
        (["--host", "192.0.2.1"], "cannot listen"),
        (["--forward-to", "https://10.0.0.7/"], "url"),
        (["--record", "/nowhere/file"], "No such file"),
        (["--save-tests", "/dev/null/x"], "Not a directory"),
        (["--public-url", "x"], "public_url"),
    ],
    ids=str,
)
def test_a_wrong_option_ends_with_2(arguments, said, recorded):
    given = [str(recorded[0]) if one == "FILE" else one for one in arguments]
    result = run("listen", *given, env=ENV)
    assert (result.exit_code, said in result.output) == (2, True), result.output
