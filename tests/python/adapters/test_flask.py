"""The Flask extension and decorator, in process and behind a real gunicorn."""

from __future__ import annotations

import io
import json

import flask
import pytest

import webhookcore as wh
import webhookcore.flask
from support.receiving import SECRET, request, stripe
from support.serving import exchange, free_port, serving

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def app(receiver):
    app = flask.Flask(__name__)
    webhookcore.flask.Webhooks(receiver).init_app(app, url_prefix="/hooks")
    return app


@pytest.fixture
def client(app):
    return app.test_client()


def post(client, request, path="/hooks/stripe"):
    return client.post(path, data=request.body, headers=dict(request.headers))


class TestTheExtension:
    def test_an_event_is_accepted_and_its_repeat_is_a_duplicate(self, client, receiver):
        first = post(client, stripe())
        assert (first.status_code, first.json["status"]) == (202, "accepted")
        assert first.headers["Content-Type"] == "application/json"
        assert post(client, stripe()).json["status"] == "duplicate"
        (event,) = receiver.inbox.list()
        assert event.event.body == stripe().body

    def test_refusals(self, client, receiver):
        forged = stripe(secret="not-the-secret-of-this-source")
        assert post(client, forged).status_code == 401
        assert post(client, stripe(), "/hooks/acme").status_code == 404
        for method in ("GET", "PUT", "PATCH", "DELETE", "OPTIONS"):
            refused = client.open("/hooks/stripe", method=method)
            assert (refused.status_code, refused.headers["Allow"]) == (405, "POST")
            assert refused.json["error"]["reason"] == "method_not_allowed"
        assert client.head("/hooks/stripe").status_code == 405
        over = request("stripe", b'{"id":"b"}'.ljust(101))
        assert post(client, over, "/hooks/small").status_code == 413
        fits = request("stripe", b'{"id":"a"}'.ljust(100))
        assert post(client, fits, "/hooks/small").status_code == 202
        assert len(receiver.inbox.list()) == 1

    def test_a_handshake_by_get_is_answered_where_the_provider_has_one(self, client, receiver):
        receiver.add_source("dropbox", secrets=[SECRET])
        answered = client.get("/hooks/dropbox?challenge=aB3_-x")
        assert (answered.status_code, answered.data) == (200, b"aB3_-x")
        assert answered.headers["Content-Type"] == "text/plain"
        assert answered.headers["X-Content-Type-Options"] == "nosniff"
        page = client.get("/hooks/dropbox?challenge=%3Cscript%3Ealert(1)%3C/script%3E")
        assert page.status_code == 400
        assert page.headers["Content-Type"] == "application/json"
        assert b"script" not in page.data
        refused = client.put("/hooks/dropbox")
        assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, POST")

    def test_an_empty_answer_is_no_page(self, client, receiver):
        receiver.add_source("xero", secrets=[SECRET])
        answered = post(client, request("xero", b'{"events":[]}'), "/hooks/xero")
        assert (answered.status_code, answered.data) == (200, b"")
        assert answered.headers["Content-Type"] == "text/plain"

    def test_an_inline_source_runs_sync_and_async_handlers(self, client, receiver):
        @receiver.on("inline", "invoice.*")
        async def paid(event: wh.Event) -> str:
            return "async"

        @receiver.on("inline", "charge.*")
        def failed(event: wh.Event) -> str:
            return "sync"

        assert post(client, stripe("e1"), "/hooks/inline").json["result"] == "async"
        charge = stripe("e2", "charge.failed")
        assert post(client, charge, "/hooks/inline").json["result"] == "sync"

    def test_the_signed_url_is_the_one_that_was_sent(self, client):
        path = "/hooks/%74wilio?name=O%27Neil&x=%2f"
        sent = request("twilio", b"", url=f"http://localhost{path}")
        assert post(client, sent, path).status_code == 202

    def test_a_form_body_keeps_its_bytes(self, client, receiver):
        body = b"b=%7e&a=1&a=%C3%A9+x"
        receiver.add_source("generic", secrets=[SECRET])
        sent = request("generic", body, headers=FORM)
        assert post(client, sent, "/hooks/generic").status_code == 202
        assert receiver.inbox.list()[0].event.body == body

    def test_the_receiver_of_an_app_is_in_its_extensions_and_nowhere_else(self, app, receiver):
        assert app.extensions["webhookcore"] is receiver

    def test_it_can_be_made_before_the_app_and_the_receiver(self, receiver):
        webhooks = webhookcore.flask.Webhooks()
        app = flask.Flask(__name__)
        app.config["WEBHOOKCORE_RECEIVER"] = receiver
        webhooks.init_app(app, url_prefix="/in")
        assert post(app.test_client(), stripe(), "/in/stripe").status_code == 202
        bare = flask.Flask(__name__)
        with pytest.raises(wh.ConfigError, match="WEBHOOKCORE_RECEIVER"):
            webhooks.init_app(bare)

    @pytest.mark.parametrize("reader", ["form", "data", "files", "values"])
    def test_who_read_a_form_before_is_told(self, app, reader):
        app.testing = True

        @app.before_request
        def look():
            getattr(flask.request, reader)

        with pytest.raises(wh.ConfigError, match=r"request\.form"):
            post(app.test_client(), request("stripe", b"a=1", headers=FORM))

    def test_who_read_the_stream_before_is_told(self, app):
        app.testing = True

        @app.before_request
        def look():
            flask.request.stream.read()

        with pytest.raises(wh.ConfigError, match=r"request\.stream"):
            post(app.test_client(), stripe())

    def test_a_client_that_hung_up_is_no_error_of_the_app(self, app, receiver):
        app.testing = True
        asked = stripe()
        cut = {
            "wsgi.input": io.BytesIO(asked.body[:-1]),
            "wsgi.input_terminated": True,
            "CONTENT_LENGTH": str(len(asked.body)),
        }
        headers = dict(asked.headers)
        found = app.test_client().post("/hooks/stripe", headers=headers, environ_overrides=cut)
        assert (found.status_code, receiver.counts()) == (400, {})

    def test_a_body_that_is_still_in_flasks_cache_is_fine(self, app):
        @app.before_request
        def look():
            flask.request.get_data()

        assert post(app.test_client(), stripe()).status_code == 202


class TestTheDecorator:
    @pytest.fixture
    def client(self):
        app = flask.Flask(__name__)

        @app.post("/light")
        @webhookcore.flask.verified("github", secrets=[SECRET], max_body=1000)
        def light(event: wh.Event):
            return {"id": event.id, "form": dict(flask.request.form)}

        @app.post("/first/<place>")
        @webhookcore.flask.verified("github", secrets=[SECRET])
        def first(sent, place):
            return {"id": sent.id, "place": place}

        return app.test_client()

    def test_the_view_gets_the_event_by_name_or_first(self, client):
        sent = request("github", b"a=1", headers={"X-GitHub-Delivery": "d1", **FORM})
        assert post(client, sent, "/light").json == {"id": "d1", "form": {"a": "1"}}
        assert post(client, sent, "/first/here").json == {"id": "d1", "place": "here"}

    def test_a_refusal_does_not_reach_the_view(self, client):
        forged = request("github", b"{}", secret="not-the-secret-of-this-source")
        response = post(client, forged, "/light")
        assert response.status_code == 401
        assert response.json["error"]["reason"] == "signature_mismatch"
        assert set(response.json["error"]) == {"reason", "message"}

    def test_a_compressed_body_is_refused(self, client):
        sent = request("github", b"{}", headers={"Content-Encoding": "gzip"})
        assert post(client, sent, "/light").status_code == 415

    def test_a_body_over_the_cap_is_413(self, client):
        assert post(client, request("github", b"x" * 1001), "/light").status_code == 413

    def test_what_can_never_work_is_refused_where_it_is_made(self):
        with pytest.raises(wh.ConfigError):
            webhookcore.flask.verified("github", secrets=[])


APP = f"""
import flask
import webhookcore as wh

receiver = wh.Receiver("sqlite:///hooks.db")
receiver.add_source("github", secrets=[{SECRET!r}], max_body=1000)
app = flask.Flask(__name__)
wh.flask.Webhooks(receiver).init_app(app)
"""


def test_behind_gunicorn_events_are_stored_by_two_forked_workers(tmp_path):
    (tmp_path / "served.py").write_text(APP)
    port = free_port()
    command = ["gunicorn", "--preload", "-w", "2", "--threads", "2", "-b", f"127.0.0.1:{port}"]
    with serving([*command, "served:app"], port, tmp_path):
        for number in range(20):
            one = request(
                "github",
                b'{"n":1}',
                headers={"X-GitHub-Event": "push", "X-GitHub-Delivery": f"d{number}"},
            )
            head = "POST /hooks/github HTTP/1.1\nHost: 127.0.0.1\n" + "".join(
                f"{name}: {value}\n" for name, value in one.headers.items()
            )
            sized = f"{head}Content-Length: {len(one.body)}\n"
            assert exchange(port, sized, one.body)[0] == 202
            status, body = exchange(port, sized, one.body)
            assert (status, json.loads(body)["status"]) == (200, "duplicate")
        assert exchange(port, f"{head}Content-Length: 1000000000\n", b"x")[0] == 413
        chunk = b"190\r\n" + b"x" * 0x190 + b"\r\n"
        assert exchange(port, f"{head}Transfer-Encoding: chunked\n", chunk * 3)[0] == 413
        chunked = [b"4\r\n" + one.body[:4] + b"\r\n", b"3\r\n" + one.body[4:] + b"\r\n0\r\n\r\n"]
        status, body = exchange(port, f"{head}Transfer-Encoding: chunked\n", *chunked)
        assert (status, json.loads(body)["status"]) == (200, "duplicate")
    with wh.Receiver(f"sqlite:///{tmp_path}/hooks.db") as receiver:
        assert len(receiver.inbox.list(state="pending")) == 20
