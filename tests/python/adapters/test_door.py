"""Every framework tells the receiver who asks, and lets its probes through."""

from __future__ import annotations

import asyncio
import io
import types

import pytest
from django.test import Client, override_settings
from django.urls import include, path as route
from fastapi import FastAPI
from flask import Flask

import webhookcore as wh
import webhookcore.asgi
import webhookcore.django
import webhookcore.fastapi
import webhookcore.flask
import webhookcore.wsgi
from support.receiving import SECRET, stripe

HERE, ELSEWHERE, PROXY = "203.0.113.7", "198.51.100.9", "10.0.0.1"


def over_asgi(app, method, path, headers, body, client_ip):
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "root_path": "",
        "query_string": b"",
        "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
        "client": None if client_ip is None else (client_ip, 50_000),
    }
    sent = []

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent[0]["status"]


def over_wsgi(app, method, path, headers, body, client_ip):
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "REMOTE_ADDR": client_ip or "",
        **{"HTTP_" + name.upper().replace("-", "_"): text for name, text in headers.items()},
    }
    found = []
    app(environ, lambda status, _: found.append(int(status.split()[0])))
    return found[0]


def asgi(receiver, *asked):
    return over_asgi(webhookcore.asgi.app(receiver), *asked)


def wsgi(receiver, *asked):
    return over_wsgi(webhookcore.wsgi.app(receiver), *asked)


def fastapi(receiver, *asked):
    app = FastAPI()
    app.include_router(webhookcore.fastapi.router(receiver), prefix="/hooks")
    return over_asgi(app, *asked)


def flask(receiver, *asked):
    app = Flask(__name__)
    webhookcore.flask.Webhooks(receiver).init_app(app)
    method, path, headers, body, client_ip = asked
    answer = app.test_client().open(
        path, method=method, headers=headers, data=body,
        environ_base={"REMOTE_ADDR": client_ip or ""},
    )  # fmt: skip
    return answer.status_code


def django(receiver, *asked):
    urls = types.ModuleType("urls_of_a_test")
    urls.urlpatterns = [route("hooks/", include(webhookcore.django.urls(receiver)))]
    method, path, headers, body, client_ip = asked
    rest = {name: text for name, text in headers.items() if name != "Content-Type"}
    with override_settings(ROOT_URLCONF=urls):
        answer = Client(headers=rest).generic(
            method, path, body, "application/json", REMOTE_ADDR=client_ip or ""
        )
    return answer.status_code


@pytest.fixture
def receiver(tmp_path, clock):
    with wh.Receiver(
        f"sqlite:///{tmp_path / 'door.db'}",
        clock=clock,
        trusted_proxies=[PROXY, "unix"],
        probes=True,
    ) as receiver:
        receiver.add_source("stripe", secrets=[SECRET], allowed_ips=[HERE])
        yield receiver


every_framework = pytest.mark.parametrize("through", [asgi, wsgi, fastapi, flask, django])


@every_framework
def test_the_peer_is_the_client_and_proxies_are_looked_through(receiver, through):
    def post(id, client_ip, **headers):
        asked = stripe(id, headers=headers)
        return through(
            receiver, "POST", "/hooks/stripe", dict(asked.headers), asked.body, client_ip
        )

    assert post("evt_1", HERE) == 202
    assert post("evt_2", ELSEWHERE) == 403
    assert post("evt_3", ELSEWHERE, **{"X-Forwarded-For": HERE}) == 403
    assert post("evt_4", PROXY, **{"X-Forwarded-For": f"{ELSEWHERE}, {HERE}"}) == 202
    assert post("evt_5", PROXY, **{"X-Forwarded-For": f"{HERE}, {ELSEWHERE}"}) == 403
    assert post("evt_6", None, **{"X-Forwarded-For": HERE}) == 202  # A Unix socket.
    assert post("evt_7", None) == 403


@every_framework
def test_probes_are_answered_beside_the_sources(receiver, through):
    def get(path, method="GET"):
        return through(receiver, method, path, {}, b"", HERE)

    assert [get("/hooks/healthz"), get("/hooks/readyz"), get("/hooks/readyz", "HEAD")] == [200] * 3
    assert get("/hooks/readyz", "POST") == 404
    assert get("/hooks/statusz") == 404
    assert receiver.counts() == {"unknown_source": 2}


@every_framework
def test_probes_are_nobody_s_business_unless_asked_for(tmp_path, through):
    with wh.Receiver(f"sqlite:///{tmp_path / 'door.db'}") as receiver:
        assert through(receiver, "GET", "/hooks/readyz", {}, b"", HERE) == 404


def test_a_source_of_that_name_is_a_source(receiver):
    receiver.add_source("readyz", "stripe", secrets=[SECRET])
    assert asgi(receiver, "GET", "/hooks/readyz", {}, b"", HERE) == 405
