"""What is said of each request that arrives, and what is kept of it."""

from __future__ import annotations

import json

import pytest

import webhookcore as wh
from webhookcore.testing import (
    Answer,
    Listener,
    ListenSource,
    Recording,
    WebhookServer,
    read_recordings,
    sample,
    tamper,
)
from webhookcore.testing.recordings import source_of_test

NOW = 1_700_000_000.0


class Heard(list):
    def __call__(self, recording, response):
        self.append(recording)


@pytest.fixture
def heard():
    return Heard()


@pytest.fixture
def listen(heard):
    made = []

    def make(*names, **options):
        sources = [
            ListenSource(path, sample(provider).scheme, sample(provider).secrets)
            for path, provider in (name.split("=") for name in names)
        ]
        made.append(Listener(sources, heard, clock=lambda: NOW, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_valid_request_is_named_and_answered_as_a_receiver_does(listen, heard):
    request = sample("stripe", at=NOW)
    listener = listen("stripe=stripe")
    assert json.loads(listener(request).body)["status"] == "processed"
    assert json.loads(listener(request).body)["status"] == "duplicate"
    assert (heard[0].verified, heard[0].id, heard[0].type) == (True, request.id, request.type)
    assert (heard[0].at, heard[0].body, heard[0].status) == (NOW, request.body, 200)


@pytest.mark.parametrize(
    ("how", "reason", "said"),
    [
        ("reserialised", "signature_mismatch", "re-serialised"),
        ("old", "timestamp_too_old", "3900"),
        ("no-header", "missing_header", ""),
    ],
)
def test_a_refused_request_says_why(listen, heard, how, reason, said):
    request = tamper(sample("stripe", at=NOW), how)
    assert listen("*=stripe")(request).status in (400, 401)
    assert (heard[0].verified, heard[0].reason) == (False, reason)
    assert said in heard[0].hint


def test_the_last_part_of_the_path_says_whose_it_is(listen, heard):
    listener = listen("stripe=stripe", "*=github")
    for provider in ("stripe", "github"):
        listener(sample(provider, at=NOW))
    assert [(one.source, one.verified) for one in heard] == [("stripe", True), ("*", True)]


def test_nobodys_request_is_not_judged(listen, heard):
    assert listen()(sample("stripe")).status == 200
    assert heard[0].verified is None


def test_handshakes_are_answered(listen):
    body = b'{"type":"url_verification","challenge":"4711"}'
    request = sample("slack", body=body, at=NOW)
    assert b"4711" in listen("slack=slack")(request).body


def test_metas_get_is_answered_for_its_token_alone(heard):
    source = ListenSource("*", "meta", ["a-secret-of-an-app-0123"], verify_token="entered-there")
    listener = Listener([source], heard)
    for token, status in (("entered-there", 200), ("another", 403)):
        path = f"/hooks?hub.mode=subscribe&hub.challenge=4711&hub.verify_token={token}"
        response = listener(wh.HttpRequest("GET", path, {}, b""))
        assert response.status == status
        assert (response.body == b"4711") == (status == 200)
    listener.close()
    assert [one.verified for one in heard] == [None, False]
    assert "handshake" in heard[0].hint
    assert "entered-there" not in repr(source)


@pytest.mark.parametrize(
    ("provider", "headers", "body"),
    [
        ("asana", {"X-Hook-Secret": "told-secret-0123456789"}, b""),
        ("notion", {}, b'{"verification_token":"told-secret-0123456789"}'),
    ],
    ids=["asana", "notion"],
)
def test_a_secret_that_is_told_is_taken_once_and_recorded_nowhere(heard, provider, headers, body):
    kept = []
    source = ListenSource("*", provider, lambda: kept, on_secret=kept.append)
    listener = Listener([source], heard)
    for status in (200, 403):
        response = listener(wh.HttpRequest("POST", "/hooks", headers, body))
        assert response.status == status
    event = sample(provider, secret="told-secret-0123456789")
    assert listener(event).status == 200
    listener.close()
    assert kept == ["told-secret-0123456789"]
    assert [one.verified for one in heard] == [None, False, True]
    assert "told-secret" not in json.dumps([one.as_json() for one in heard])
    assert heard[2].body == event.body


def test_what_is_forwarded_arrives_byte_for_byte(listen, heard):
    request = sample("stripe", at=NOW, headers={"Authorization": "Bearer of-somebody"})
    with WebhookServer(Answer(418, b"tea", {"Content-Type": "text/tea"})) as app:
        response = listen("*=stripe", forward_to=app.base_url, policy=app.policy)(request)
        (came,) = app.requests
    assert (response.status, response.body) == (418, b"tea")
    assert response.headers == {"Content-Type": "text/tea"}
    assert (came.body, came.path) == (request.body, "/hooks/stripe")
    headers = wh.Headers(came.headers)
    assert headers["Authorization"] == "Bearer of-somebody"
    assert headers["Stripe-Signature"] == request.headers["Stripe-Signature"]
    assert heard[0].status == 418


def test_a_path_of_the_apps_own_is_kept(listen):
    with WebhookServer() as app:
        listen(forward_to=f"{app.base_url}/mine?x=1", policy=app.policy)(sample("stripe"))
        assert app.requests[0].path == "/mine?x=1"


def test_an_app_that_is_not_there_is_an_answer_of_502(listen, heard):
    with WebhookServer() as app:
        url, policy = app.url, app.policy
    assert listen(forward_to=url, policy=policy)(sample("stripe")).status == 502
    assert heard[0].status == 502


def test_headers_of_the_hop_stay_behind(listen):
    request = sample("stripe", headers={"Connection": "x-mine", "X-Mine": "1", "TE": "trailers"})
    with WebhookServer() as app:
        listen(forward_to=app.url, policy=app.policy)(request)
        headers = wh.Headers(app.requests[0].headers)
    assert "X-Mine" not in headers
    assert "TE" not in headers


@pytest.mark.parametrize("provider", wh.providers())
def test_no_secret_is_recorded(listen, heard, provider):
    request = sample(provider, at=NOW, headers={"Cookie": "session=abcdef"})
    listen(f"x={provider}")(wh.HttpRequest("POST", "/x", request.headers, request.body))
    line = json.dumps(heard[0].as_json())
    assert "abcdef" not in line
    assert not any(str(secret) in line for secret in request.secrets)


def test_a_recording_comes_back_from_its_line(listen, heard, tmp_path):
    for body in (b'{"a":"\xc3\xa9"}', b"\xff\x00"):
        listen("*=github")(sample("github", "push", body=body, at=NOW))
    file = tmp_path / "file.jsonl"
    file.write_text("".join(json.dumps(one.as_json()) + "\n\n" for one in heard))
    assert list(read_recordings(file)) == heard


@pytest.mark.parametrize(
    "line",
    ["{", "[]", "{}", '{"at":"x","method":"POST","path":"/","headers":[],"body":""}', "[" * 10**5]
    + [
        json.dumps({**Recording(0, "POST", "/", (), b"").as_json(), **change})
        for change in (
            {"body": 7},
            {"body_base64": "!"},
            {"headers": {"a": 1}},
            {"headers": [["a"]]},
            {"headers": None},
            {"at": "9999999-01-01T00:00:00Z"},
            {"method": None},
            {"url": 1},
        )
    ],
    ids=range(13),
)
def test_what_is_no_recording_is_named_by_its_line(line, tmp_path):
    file = tmp_path / "file.jsonl"
    file.write_text(f"\n{line}\n")
    with pytest.raises(wh.ConfigError, match="line 2"):
        list(read_recordings(file))


@pytest.mark.parametrize("provider", wh.providers())
def test_a_test_that_is_made_of_a_recording_passes(listen, heard, provider):
    request = sample(provider, at=NOW)
    listen(f"x={provider}")(
        wh.HttpRequest("POST", "/x", request.headers, request.body, url=request.url)
    )
    assert heard[0].verified
    name, text = source_of_test(heard[0])
    names = {}
    exec(compile(text, f"test_{name}.py", "exec"), names)
    names[f"test_{name}"]()


def test_of_what_was_not_verified_no_test_is_made(listen, heard):
    listen("*=stripe")(tamper(sample("stripe", at=NOW), "secret"))
    with pytest.raises(wh.ConfigError, match="only what was verified"):
        source_of_test(heard[0])


@pytest.mark.parametrize(
    "make",
    [
        lambda heard: Listener([ListenSource("x", "strip", ["s"])], heard),
        lambda heard: Listener([ListenSource("x", "stripe", [""])], heard),
        lambda heard: Listener([ListenSource("x/y", "stripe", ["s" * 20])], heard),
        lambda heard: Listener([ListenSource("x", "stripe", ["s" * 20])] * 2, heard),
        lambda heard: Listener([], heard, public_url="example.com"),
    ],
)
def test_a_wrong_option_is_refused(make, heard):
    with pytest.raises(wh.ConfigError):
        make(heard)


def test_a_url_that_may_not_be_called_is_refused_at_once(heard):
    with pytest.raises(wh.BlockedAddressError):
        Listener([], heard, forward_to="https://169.254.169.254/")
    with pytest.raises(wh.InvalidUrlError):
        Listener([], heard, forward_to="http://example.com/")


HOSTILE = [
    ("POST", "http://elsewhere.example/x", [], b""),
    ("POST", "//elsewhere.example/x", [], b""),
    ("POST", "/x?\xe9#fragment", [], b""),
    ("POST", "no slash", [], b""),
    ("POST", "", [], b""),
    ("CONNECT", "/x", [], b""),
    ("P\xd6ST", "/x", [], b""),
    ("POST", "/x", [("X", "a\x01b"), ("\xe9", "\xff")], b""),
    ("POST", "/x", [("Stripe-Signature", "\xff" * 9000)], b""),
    ("POST", "/x", [("Stripe-Signature", "t=1,v1=" + "0" * 64)] * 3, b"\xff" * 100),
]


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_comes_is_recorded_and_answered(listen, heard, hostile):
    method, path, headers, body = hostile
    request = wh.HttpRequest(method, path, headers, body, url=f"http://127.0.0.1{path}")
    with WebhookServer() as app:
        answers = [
            listen("*=stripe")(request),
            listen("*=twilio")(request),
            listen(forward_to=app.base_url, policy=app.policy)(request),
        ]
    assert all(200 <= answer.status < 600 for answer in answers)
    assert len(heard) == 3
    for one in heard:
        assert Recording.from_json(json.loads(json.dumps(one.as_json()))) == one
        assert one.verified is not True
