"""The WSGI app and middleware, called as a server calls them."""

from __future__ import annotations

import io
import json
from wsgiref.validate import validator

import flask
import pytest

import webhookcore as wh
import webhookcore.wsgi
from support.receiving import SECRET, request, stripe


def environ_of(asked: wh.HttpRequest, path: str = "/hooks/stripe", **changes) -> dict:
    where, _, query = path.partition("?")
    headers = {name.upper().replace("-", "_"): value for name, value in asked.headers.items()}
    content_type = headers.pop("CONTENT_TYPE", "")
    return {
        "REQUEST_METHOD": asked.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": where,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "testserver",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(asked.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(asked.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **{f"HTTP_{name}": value for name, value in headers.items()},
        **changes,
    }


def run(app, environ: dict) -> tuple[int, dict[str, str], bytes]:
    started: list = []
    found = app(environ, lambda status, headers, *_: started.append((status, headers)))
    body = b"".join(found)
    if hasattr(found, "close"):
        found.close()
    ((status, headers),) = started
    return int(status[:3]), dict(headers), body


def post(app, asked: wh.HttpRequest, path: str = "/hooks/stripe", **changes) -> tuple[int, dict]:
    status, headers, body = run(app, environ_of(asked, path, **changes))
    assert headers["Content-Length"] == str(len(body))
    return status, json.loads(body)


@pytest.fixture
def app(receiver):
    return webhookcore.wsgi.app(receiver)


def test_it_keeps_the_rules_of_wsgi(app):
    assert run(validator(app), environ_of(stripe()))[0] == 202
    refused = environ_of(wh.HttpRequest("HEAD", "", {}, b""))
    assert run(validator(app), refused)[0] == 405


def test_the_source_is_the_last_segment_wherever_the_app_is_mounted(app):
    assert post(app, stripe("a"), "/stripe")[0] == 202
    assert post(app, stripe("b"), "/in/hooks/stripe")[0] == 202
    assert post(app, stripe("c"), "/stripe", SCRIPT_NAME="/in")[0] == 202
    for path in ("", "/", "/nobody/"):
        assert post(app, stripe(), path, SCRIPT_NAME="/stripe")[0] == 404


def test_a_repeat_is_a_duplicate_and_other_methods_are_refused(app, receiver):
    assert post(app, stripe())[1]["status"] == "accepted"
    assert post(app, stripe())[1]["status"] == "duplicate"
    status, headers, _ = run(app, environ_of(wh.HttpRequest("PUT", "", {}, b"")))
    assert (status, headers["Allow"]) == (405, "POST")
    receiver.add_source("dropbox", secrets=[SECRET])
    asked = environ_of(wh.HttpRequest("GET", "", {}, b""), "/hooks/dropbox?challenge=aB3")
    assert run(app, asked)[0::2] == (200, b"aB3")


def test_the_answer_to_head_has_no_body(app):
    assert run(app, environ_of(wh.HttpRequest("HEAD", "", {}, b"")))[0::2] == (405, b"")


def test_a_chunked_body_is_read_where_the_server_ends_it(app):
    asked = environ_of(stripe(), CONTENT_LENGTH="")
    assert run(app, asked)[0] == 401  # Nobody says where it ends: nothing is read.
    assert run(app, {**asked, "wsgi.input_terminated": True})[0] == 202


def test_of_a_body_above_the_cap_the_rest_is_not_read(app):
    huge = io.BytesIO(b"x" * 1000)
    found = post(app, stripe(), "/small", CONTENT_LENGTH="1000", **{"wsgi.input": huge})
    assert (found[0], huge.tell()) == (413, 0)
    chunked = {"wsgi.input": huge, "wsgi.input_terminated": True}
    assert post(app, stripe(), "/small", CONTENT_LENGTH="", **chunked)[0] == 413
    assert huge.tell() == 101


def test_a_client_that_hung_up_stores_nothing_and_is_no_forgery(app, receiver):
    cut = {"wsgi.input": io.BytesIO(stripe().body[:-1])}
    assert run(app, environ_of(stripe(), **cut))[0::2] == (400, b"")
    assert receiver.counts() == {}


def test_who_consumed_the_body_in_front_is_named(app):
    with pytest.raises(wh.ConfigError, match="a middleware in front"):
        run(app, environ_of(stripe(), **{"wsgi.input": io.BytesIO()}))


def test_a_compressed_body_is_refused_and_never_inflated(app):
    status, content = post(app, stripe(headers={"Content-Encoding": "gzip"}))
    assert (status, content["error"]["reason"]) == (415, "unsupported_encoding")


@pytest.mark.parametrize("told", ["RAW_URI", "REQUEST_URI"])
@pytest.mark.parametrize("start", ["", "http://proxy.example"])
def test_the_signed_url_is_the_one_that_was_sent(app, told, start):
    path = "/hooks/%74wilio?name=O%27Neil&x=%2f&to=http://x"
    sent = request("twilio", b"", url=f"http://testserver{path}")
    assert post(app, sent, "/hooks/twilio?no", **{told: start + path})[0] == 202


def test_a_server_that_tells_only_the_decoded_path_is_quoted_again(app):
    sent = request("twilio", b"", url="http://testserver/in/caf%C3%A9%20x/twilio?a=%20b")
    decoded = "/caf\u00e9 x/twilio".encode().decode("latin-1")
    assert post(app, sent, f"{decoded}?a=%20b", SCRIPT_NAME="/in")[0] == 202


def test_a_closed_receiver_is_503(app, receiver):
    receiver.close()
    assert post(app, stripe())[0] == 503


class TestTheMiddleware:
    @pytest.fixture
    def app(self, receiver):
        page = flask.Flask(__name__)
        page.get("/<path:path>")(lambda path: f"the page {path}")
        page.wsgi_app = webhookcore.wsgi.middleware(page.wsgi_app, receiver, prefix="/hooks")
        return page

    def test_only_what_is_below_the_prefix_goes_to_the_receiver(self, app):
        asked = stripe()
        client = app.test_client()
        found = client.post("/hooks/stripe", data=asked.body, headers=dict(asked.headers))
        assert found.status_code == 202
        assert client.get("/hooks/stripe").status_code == 405
        for path in ("/hooks", "/hooksy/stripe", "/in/hooks/stripe", "/HOOKS/stripe"):
            assert client.get(path).text == f"the page {path[1:]}"

    @pytest.mark.parametrize("prefix", ["", "/", "hooks", None])
    def test_a_prefix_that_is_none_is_refused(self, app, receiver, prefix):
        with pytest.raises(wh.ConfigError, match="prefix"):
            webhookcore.wsgi.middleware(app, receiver, prefix=prefix)
