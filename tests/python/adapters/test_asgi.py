"""The ASGI app and middleware, called as a server calls them."""

from __future__ import annotations

import asyncio
import json

import pytest

import webhookcore as wh
import webhookcore.asgi
from support.receiving import SECRET, request, stripe


def scope_of(asked: wh.HttpRequest, path: str = "/hooks/stripe", **changes) -> dict:
    where, _, query = path.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": asked.method,
        "scheme": "http",
        "path": where,
        "raw_path": where.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [
            (b"host", b"testserver"),
            *((name.lower().encode(), value.encode()) for name, value in asked.headers.items()),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        **changes,
    }


def run(app, scope: dict, *messages: dict) -> list[dict]:
    """What the app sends; after the messages it would wait for ever, so it must not ask."""
    waiting = list(messages)
    sent: list[dict] = []

    async def receive():
        return waiting.pop(0)

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent


def chunk(body: bytes, more: bool = False) -> dict:
    return {"type": "http.request", "body": body, "more_body": more}


def post(app, asked: wh.HttpRequest, path: str = "/hooks/stripe", **changes) -> tuple[int, dict]:
    start, body = run(app, scope_of(asked, path, **changes), chunk(asked.body))
    assert dict(start["headers"])[b"content-length"] == str(len(body["body"])).encode()
    return start["status"], json.loads(body["body"])


@pytest.fixture
def app(receiver):
    return webhookcore.asgi.app(receiver)


def test_the_source_is_the_last_segment_wherever_the_app_is_mounted(app):
    assert post(app, stripe("a"), "/stripe")[0] == 202
    assert post(app, stripe("b"), "/in/hooks/stripe")[0] == 202
    assert post(app, stripe("c"), "/in/stripe", root_path="/in")[0] == 202
    assert post(app, stripe("d"), "/stripe", root_path="/in")[0] == 202  # Old servers.
    assert post(app, stripe("e"), "/in/stripe", root_path="/in/")[0] == 202


@pytest.mark.parametrize("path", ["/stripe", "/stripe/", ""])
def test_where_the_app_is_mounted_is_no_source_itself(app, path):
    status, content = post(app, stripe(), path, root_path="/stripe")
    assert (status, content["error"]["reason"]) == (404, "unknown_source")


def test_a_repeat_is_a_duplicate_and_other_methods_are_refused(app, receiver):
    assert post(app, stripe())[1]["status"] == "accepted"
    assert post(app, stripe())[1]["status"] == "duplicate"
    start, body = run(app, scope_of(wh.HttpRequest("PUT", "", {}, b"")))
    assert (start["status"], dict(start["headers"])[b"allow"]) == (405, b"POST")
    receiver.add_source("dropbox", secrets=[SECRET])
    asked = wh.HttpRequest("GET", "", {}, b"")
    start, body = run(app, scope_of(asked, "/hooks/dropbox?challenge=aB3"))
    assert (start["status"], body["body"]) == (200, b"aB3")


def test_the_answer_to_head_has_no_body(app):
    start, body = run(app, scope_of(wh.HttpRequest("HEAD", "", {}, b"")))
    assert (start["status"], body["body"]) == (405, b"")


def test_a_body_may_come_in_pieces(app):
    asked = stripe()
    pieces = [chunk(asked.body[:5], True), chunk(b"", True), chunk(asked.body[5:])]
    start, _ = run(app, scope_of(asked), *pieces)
    assert start["status"] == 202


def test_a_message_without_a_body_is_an_empty_one(app):
    sent = run(app, scope_of(stripe()), {"type": "http.request"})
    assert sent[0]["status"] == 401


def test_of_a_body_above_the_cap_the_rest_is_not_read(app):
    start, _ = run(
        app, scope_of(stripe(), "/small"), chunk(b"x" * 60, True), chunk(b"x" * 60, True)
    )
    assert start["status"] == 413
    huge = wh.HttpRequest("POST", "", {"Content-Length": "1000000000"}, b"")
    assert run(app, scope_of(huge))[0]["status"] == 413


def test_a_client_that_has_gone_is_answered_nothing_and_nothing_is_stored(app, receiver):
    asked = stripe()
    gone = {"type": "http.disconnect"}
    assert run(app, scope_of(asked), chunk(asked.body[:5], True), gone) == []
    assert list(receiver.inbox.list()) == []


def test_a_client_that_sends_too_slowly_is_408_and_nothing_is_stored(
    app, receiver, monkeypatch, caplog
):
    monkeypatch.setattr("webhookcore.adapters.asgi.BODY_SECONDS", 0.0)
    sent = []

    async def talk():
        async def receive():
            await asyncio.get_running_loop().create_future()

        async def send(message):
            sent.append(message)

        await app(scope_of(stripe()), receive, send)
        await asyncio.sleep(0)  # Nobody cancels the task afterwards.

    asyncio.run(talk())
    assert (sent[0]["status"], receiver.counts()) == (408, {})
    # The server never gives a body again that a middleware has taken.
    assert "source stripe" in caplog.text
    assert "a middleware in front has read it" in caplog.text


def test_a_server_that_ends_the_task_is_obeyed(app):
    async def talk():
        async def receive():
            await asyncio.get_running_loop().create_future()

        run = asyncio.ensure_future(app(scope_of(stripe()), receive, receive))
        await asyncio.sleep(0)
        run.cancel()
        await run

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(talk())


def test_what_is_no_receiver_is_refused_where_it_is_given(receiver):
    for given in (None, "receiver", wh.Receiver):
        for make in (webhookcore.asgi.app, wh.wsgi.app, wh.fastapi.router):
            with pytest.raises(wh.ConfigError, match="receiver"):
                make(given)
        with pytest.raises(wh.ConfigError, match="receiver"):
            webhookcore.asgi.middleware(lambda *_: None, given)


@pytest.mark.parametrize("framework", ["fastapi", "flask", "django"])
@pytest.mark.parametrize("most", [0, -1, 1.5, "1", None, True, float("nan"), 2**40])
def test_a_cap_that_is_none_is_refused_where_it_is_given(framework, most):
    with pytest.raises(wh.ConfigError, match="max_body"):
        getattr(wh, framework).verified("github", secrets=[SECRET], max_body=most)


def test_who_consumed_the_body_in_front_is_named(app):
    asked = stripe(headers={"Content-Length": "10"})
    with pytest.raises(wh.ConfigError, match="a middleware in front"):
        run(app, scope_of(asked), chunk(b""))


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "br", "identity, gzip", "\xe9"])
def test_a_compressed_body_is_refused_and_never_inflated(app, encoding):
    headers = [*scope_of(stripe())["headers"], (b"content-encoding", encoding.encode("latin-1"))]
    status, content = post(app, stripe(), headers=headers)
    assert (status, content["error"]["reason"]) == (415, "unsupported_encoding")


def test_a_body_that_says_it_is_not_compressed_is_taken(app):
    assert post(app, stripe(headers={"Content-Encoding": "identity"}))[0] == 202


def test_the_signed_url_is_the_one_that_was_sent(app):
    path = "/hooks/%74wilio?name=O%27Neil&x=%2f"
    sent = request("twilio", b"", url=f"http://testserver{path}")
    scope = {**scope_of(sent, path), "path": "/hooks/twilio"}
    assert run(app, scope, chunk(b""))[0]["status"] == 202


def test_a_server_that_tells_only_the_decoded_path_is_quoted_again(app):
    sent = request("twilio", b"", url="http://testserver/caf%C3%A9%20x/twilio")
    assert post(app, sent, path="/caf\u00e9 x/twilio", raw_path=None)[0] == 202


def test_a_request_without_a_client_address_or_host_is_received(app):
    assert post(app, stripe(), client=None, headers=scope_of(stripe())["headers"][1:])[0] == 202


def test_a_closed_receiver_is_503(app, receiver):
    receiver.close()
    assert post(app, stripe())[0] == 503


def test_the_lifespan_is_answered_and_a_websocket_is_closed(app):
    asked = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    assert [message["type"] for message in run(app, {"type": "lifespan"}, *asked)] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
    scope = {"type": "websocket", "path": "/stripe"}
    assert run(app, scope, {"type": "websocket.connect"})[0]["type"] == "websocket.close"
    with pytest.raises(wh.ConfigError, match="carrier pigeon"):
        run(app, {"type": "carrier pigeon"})


class TestTheMiddleware:
    @pytest.fixture
    def passed(self):
        return []

    @pytest.fixture
    def app(self, receiver, passed):
        async def inner(scope, receive, send):
            passed.append(scope.get("path", scope["type"]))

        return webhookcore.asgi.middleware(inner, receiver, prefix="/hooks/")

    def test_only_what_is_below_the_prefix_goes_to_the_receiver(self, app, passed):
        assert post(app, stripe(), "/hooks/stripe")[0] == 202
        assert post(app, stripe(), "/hooks/")[0] == 404
        for path in ("/", "/hooks", "/hooksy/stripe", "/in/hooks/stripe", "/HOOKS/stripe", ""):
            assert run(app, scope_of(stripe(), path)) == []
            assert passed.pop() == path

    def test_the_prefix_is_below_where_the_app_is_mounted(self, app, passed):
        assert post(app, stripe(), "/in/hooks/stripe", root_path="/in")[0] == 202
        assert passed == []

    def test_lifespan_and_websockets_are_the_apps(self, app, passed):
        run(app, {"type": "lifespan"})
        run(app, {"type": "websocket", "path": "/hooks/stripe"})
        assert passed == ["lifespan", "/hooks/stripe"]

    @pytest.mark.parametrize("prefix", ["", "/", "hooks", "/a b", "/a?b", "/%41", "//", None, 7])
    def test_a_prefix_that_is_none_is_refused(self, receiver, prefix):
        with pytest.raises(wh.ConfigError, match="prefix"):
            webhookcore.asgi.middleware(lambda *_: None, receiver, prefix=prefix)

    def test_an_app_that_is_none_is_refused(self, receiver):
        with pytest.raises(wh.ConfigError, match="app"):
            webhookcore.asgi.middleware(None, receiver)
