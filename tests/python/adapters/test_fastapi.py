"""The FastAPI router and dependency, in process and behind a real uvicorn."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import fastapi
import pytest
from fastapi.testclient import TestClient

import webhookcore as wh
import webhookcore.fastapi
from support.receiving import SECRET, STANDARD_SECRET, request, stripe
from support.serving import exchange, free_port, serving

GitHubEvent = Annotated[
    wh.Event,
    fastapi.Depends(webhookcore.fastapi.verified("github", secrets=[SECRET], max_body=1000)),
]


@pytest.fixture
def client(receiver):
    app = fastapi.FastAPI()
    app.include_router(webhookcore.fastapi.router(receiver), prefix="/hooks")
    with TestClient(app) as client:
        yield client


def post(client, request, path="/hooks/stripe", **options):
    return client.post(path, content=request.body, headers=dict(request.headers), **options)


def test_an_event_is_accepted_and_its_repeat_is_a_duplicate(client, receiver):
    first = post(client, stripe())
    assert (first.status_code, first.json()["status"]) == (202, "accepted")
    assert first.headers["content-type"] == "application/json"
    assert post(client, stripe()).json()["status"] == "duplicate"
    (event,) = receiver.inbox.list()
    assert event.event.body == stripe().body


@pytest.mark.parametrize("body", [b"not json", b"\xff\x00", b'{"a":', b"a=1&b=%ff"])
@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/x-www-form-urlencoded", "multipart/form-data", "x/y"],
)
def test_the_signature_is_judged_before_anything_parses_the_body(client, body, content_type):
    forged = request("stripe", body, secret="not-the-secret-of-this-source")
    headers = {**forged.headers, "Content-Type": content_type}
    response = client.post("/hooks/stripe", content=body, headers=headers)
    assert response.status_code == 401
    assert response.json()["error"]["reason"] == "signature_mismatch"


def test_unknown_sources_and_other_methods(client):
    assert post(client, stripe(), "/hooks/acme").status_code == 404
    for method in ("GET", "PUT", "PATCH", "DELETE", "OPTIONS"):
        refused = client.request(method, "/hooks/stripe")
        assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
        assert refused.json()["error"]["reason"] == "method_not_allowed"
    assert client.head("/hooks/stripe").status_code == 405
    assert client.get("/hooks/acme").json()["error"]["reason"] == "unknown_source"


def test_another_method_of_the_path_may_be_a_route_of_the_app(receiver):
    app = fastapi.FastAPI()
    app.include_router(webhookcore.fastapi.router(receiver))
    app.get("/{page}")(lambda page: page)
    with TestClient(app) as client:
        assert client.get("/stripe").json() == "stripe"


def test_a_handshake_by_get_is_answered_where_the_provider_has_one(client, receiver):
    receiver.add_source("dropbox", secrets=[SECRET])
    answered = client.get("/hooks/dropbox?challenge=aB3_-x")
    assert (answered.status_code, answered.content) == (200, b"aB3_-x")
    assert answered.headers["content-type"] == "text/plain"
    assert answered.headers["x-content-type-options"] == "nosniff"
    page = client.get("/hooks/dropbox?challenge=%3Cscript%3Ealert(1)%3C/script%3E")
    assert page.status_code == 400
    assert page.headers["content-type"] == "application/json"
    assert b"script" not in page.content
    refused = client.put("/hooks/dropbox")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, POST")


def test_a_handshake_is_not_left_to_a_page_that_takes_every_path(receiver):
    receiver.add_source("dropbox", secrets=[SECRET])
    app = fastapi.FastAPI()
    app.include_router(webhookcore.fastapi.router(receiver), prefix="/hooks")
    app.get("/{path:path}")(lambda path: "the page")
    with TestClient(app) as client:
        assert client.get("/hooks/dropbox?challenge=abc").text == "abc"
        assert client.get("/hooks/stripe").json() == "the page"


def test_an_empty_answer_is_no_page(client, receiver):
    receiver.add_source("xero", secrets=[SECRET])
    answered = post(client, request("xero", b'{"events":[]}'), "/hooks/xero")
    assert (answered.status_code, answered.content) == (200, b"")
    assert answered.headers["content-type"] == "text/plain"


def test_an_inline_source_awaits_its_handler_on_the_servers_loop(client, receiver):
    @receiver.on("inline")
    async def paid(event: wh.Event) -> dict:
        await asyncio.sleep(0)  # Really suspends: it needs a loop.
        return {"loop": asyncio.get_running_loop().is_running()}

    response = post(client, stripe(), "/hooks/inline")
    assert response.status_code == 200
    assert response.json() == {"status": "processed", "event_id": "evt_1", "result": {"loop": True}}


def test_an_inline_source_runs_a_sync_handler_off_the_loop(client, receiver):
    @receiver.on("inline")
    def paid(event: wh.Event) -> bool:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return True
        return False

    assert post(client, stripe(), "/hooks/inline").json()["result"] is True


def test_a_failing_inline_handler_is_500_and_the_server_goes_on(client, receiver):
    receiver.on("inline")(lambda event: 1 / 0)
    response = post(client, stripe(), "/hooks/inline")
    assert response.status_code == 500
    assert response.json()["error"]["reason"] == "handler_failed"


def test_a_store_that_is_away_is_503_with_retry_after(client, receiver):
    receiver._store.close()
    response = post(client, stripe())
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) > 0


def test_the_signed_url_is_the_one_that_was_sent(client):
    path = "/hooks/%74wilio?name=O%27Neil&x=%2f"
    address = f"http://testserver{path}"
    sent = request("twilio", b"", url=address)
    assert post(client, sent, path).status_code == 202


class TestTheCap:
    def test_a_body_over_it_is_413(self, client, receiver):
        over = request("stripe", b'{"id":"b"}'.ljust(101))
        assert post(client, over, "/hooks/small").status_code == 413
        fits = request("stripe", b'{"id":"a"}'.ljust(100))
        assert post(client, fits, "/hooks/small").status_code == 202

    @pytest.mark.parametrize("announced", [True, False])
    def test_the_rest_of_it_is_not_read(self, receiver, announced):
        taken = []

        async def receive():
            taken.append(b"x" * 60)
            return {"type": "http.request", "body": taken[-1], "more_body": True}

        sent = []

        async def send(message):
            sent.append(message)

        app = fastapi.FastAPI()
        app.include_router(webhookcore.fastapi.router(receiver), prefix="/hooks")
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/hooks/small",
            "raw_path": b"/hooks/small",
            "query_string": b"",
            "root_path": "",
            "headers": [(b"content-length", b"100000000")] if announced else [],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        asyncio.run(app(scope, receive, send))
        assert sent[0]["status"] == 413
        assert len(taken) == (0 if announced else 2)


def test_openapi_shows_the_route(client):
    schema = client.get("/openapi.json").json()
    operation = schema["paths"]["/hooks/{source}"]["post"]
    assert operation["tags"] == ["webhooks"]
    assert "*/*" in operation["requestBody"]["content"]
    assert {"200", "202", "401", "503"} <= set(operation["responses"])


def test_openapi_shows_what_the_sources_providers_send(receiver):
    app = fastapi.FastAPI()
    app.include_router(webhookcore.fastapi.router(receiver), prefix="/hooks")
    receiver.add_source("shop", "standard", secrets=[STANDARD_SECRET])
    receiver.add_source("okta", secrets=[SECRET])  # Its header is one that OpenAPI ignores.
    operation = app.openapi()["paths"]["/hooks/{source}"]["post"]
    shown = {one["name"]: one for one in operation["parameters"]}
    assert shown["source"]["in"] == "path"
    assert shown["Stripe-Signature"]["description"] == "From Stripe"
    assert {"webhook-id", "webhook-timestamp", "webhook-signature", "X-Twilio-Signature"} <= set(
        shown
    )
    assert "Authorization" not in shown


def refuse():
    raise fastapi.HTTPException(403, "not you")


@pytest.mark.parametrize("where", ["app", "include", "router"])
def test_a_dependency_of_the_app_or_the_router_guards_the_route(receiver, where):
    guard = {"dependencies": [fastapi.Depends(refuse)]}
    app = fastapi.FastAPI(**(guard if where == "app" else {}))
    routes = webhookcore.fastapi.router(receiver, **(guard if where == "router" else {}))
    app.include_router(routes, prefix="/hooks", **(guard if where == "include" else {}))
    assert post(TestClient(app), stripe()).status_code == 403
    app.dependency_overrides[refuse] = lambda: None
    assert post(TestClient(app), stripe()).status_code == 202


def test_a_middleware_that_only_looks_at_the_body_does_no_harm(receiver):
    app = fastapi.FastAPI()
    app.include_router(webhookcore.fastapi.router(receiver), prefix="/hooks")

    @app.middleware("http")
    async def look(request, call_next):
        assert await request.body()
        return await call_next(request)

    assert post(TestClient(app), stripe()).status_code == 202


def test_a_middleware_that_takes_the_body_away_is_told(receiver):
    app = fastapi.FastAPI()
    app.include_router(webhookcore.fastapi.router(receiver), prefix="/hooks")

    @app.middleware("http")
    async def take(request, call_next):
        assert [chunk async for chunk in request.stream()]
        return await call_next(request)

    with pytest.raises(wh.ConfigError, match="a middleware in front"):
        post(TestClient(app), stripe())


class TestTheDependency:
    @pytest.fixture
    def light(self):
        app = fastapi.FastAPI()

        @app.post("/light")
        async def light(event: GitHubEvent, request: fastapi.Request):
            return {"id": event.id, "type": event.type, "length": len(await request.body())}

        async def look(request: fastapi.Request):
            return [chunk async for chunk in request.stream()]

        @app.post("/late", dependencies=[fastapi.Depends(look)])
        async def late(event: GitHubEvent):
            return {"id": event.id}

        return TestClient(app, raise_server_exceptions=False)

    def test_it_gives_the_event_and_leaves_the_body_readable(self, light):
        headers = {"X-GitHub-Event": "push", "X-GitHub-Delivery": "d1"}
        response = post(light, request("github", b'{"a": 1}', headers=headers), "/light")
        assert response.json() == {"id": "d1", "type": "push", "length": 8}

    def test_a_refusal_has_its_status_and_reason_and_no_hint(self, light):
        forged = request("github", b"{}", secret="not-the-secret-of-this-source")
        response = post(light, forged, "/light")
        assert response.status_code == 401
        assert response.json()["detail"]["error"]["reason"] == "signature_mismatch"
        assert set(response.json()["detail"]["error"]) == {"reason", "message"}

    def test_bad_json_is_not_refused_before_the_signature(self, light):
        assert post(light, request("github", b'{"a":'), "/light").status_code == 200

    def test_a_compressed_body_is_refused(self, light):
        sent = request("github", b"{}", headers={"Content-Encoding": "gzip"})
        response = post(light, sent, "/light")
        assert response.status_code == 415
        assert response.json()["detail"]["error"]["reason"] == "unsupported_encoding"

    def test_a_body_over_the_cap_is_413(self, light):
        response = post(light, request("github", b"x" * 1001), "/light")
        assert response.status_code == 413
        assert response.json()["detail"]["error"]["reason"] == "body_too_large"

    def test_who_read_the_body_before_is_named(self, light):
        light = TestClient(light.app)
        with pytest.raises(wh.ConfigError, match=r"request\.stream"):
            post(light, request("github", b"{}"), "/late")

    def test_what_can_never_work_is_refused_where_it_is_made(self):
        for options in (
            {"provider": "githu", "secrets": [SECRET]},
            {"provider": "github", "secrets": []},
            {"provider": "github", "secrets": [SECRET], "public_url": "x"},
        ):
            with pytest.raises(wh.ConfigError):
                webhookcore.fastapi.verified(**options)


APP = f"""
import fastapi
import webhookcore as wh

receiver = wh.Receiver("sqlite:///hooks.db")
receiver.add_source("github", secrets=[{SECRET!r}], max_body=1000)

@receiver.on("github", "push")
async def pushed(event):
    open("handled.txt", "a").write(event.id + "\\n")

app = fastapi.FastAPI()
app.include_router(wh.fastapi.router(receiver), prefix="/hooks")
receiver.start()
"""


def test_behind_uvicorn_an_event_is_stored_handled_and_dropped_when_repeated(tmp_path):
    (tmp_path / "served.py").write_text(APP)
    port = free_port()
    one = request(
        "github", b'{"n":1}', headers={"X-GitHub-Event": "push", "X-GitHub-Delivery": "d1"}
    )
    head = "POST /hooks/github HTTP/1.1\nHost: 127.0.0.1\n" + "".join(
        f"{name}: {value}\n" for name, value in one.headers.items()
    )
    with serving(["uvicorn", "served:app", "--port", str(port)], port, tmp_path):
        sized = f"{head}Content-Length: {len(one.body)}\n"
        status, body = exchange(port, sized, one.body)
        assert (status, json.loads(body)["event_id"]) == (202, "d1")
        status, body = exchange(port, sized, one.body)
        assert (status, json.loads(body)["status"]) == (200, "duplicate")
        # 413 comes although the announced gigabyte never does, and mid-way in a chunked body.
        status, _ = exchange(port, f"{head}Content-Length: 1000000000\n", b"x")
        assert status == 413
        chunk = b"190\r\n" + b"x" * 0x190 + b"\r\n"
        status, _ = exchange(port, f"{head}Transfer-Encoding: chunked\n", chunk * 3)
        assert status == 413
        # A chunked body within the cap.
        two = request(
            "github", b'{"n":2}', headers={"X-GitHub-Event": "push", "X-GitHub-Delivery": "d2"}
        )
        head = "POST /hooks/github HTTP/1.1\nHost: 127.0.0.1\nTransfer-Encoding: chunked\n"
        head += "".join(f"{name}: {value}\n" for name, value in two.headers.items())
        status, _ = exchange(
            port,
            head,
            b"4\r\n" + two.body[:4] + b"\r\n",
            b"3\r\n" + two.body[4:] + b"\r\n0\r\n\r\n",
        )
        assert status == 202
    with wh.Receiver(f"sqlite:///{tmp_path}/hooks.db") as receiver:
        receiver.on("github", "push")(
            lambda event: (tmp_path / "handled.txt").open("a").write(event.id + "\n")
        )
        receiver.run_until_idle()  # What the server's worker had not come to.
        assert [event.state for event in receiver.inbox.list()] == ["done", "done"]
    assert (tmp_path / "handled.txt").read_text() == "d1\nd2\n"
