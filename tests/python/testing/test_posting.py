"""One call posts a sample to every kind of app."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

import webhookcore as wh
import webhookcore.fastapi
import webhookcore.flask
from webhookcore.testing import post, sample, tamper

URL = "http://testserver/hooks/twilio"


@pytest.fixture
def receiver():
    with wh.Receiver("memory://") as made:
        for name in ("stripe", "github"):
            made.add_source(name, secrets=sample(name).secrets)
        made.add_source("twilio", secrets=sample("twilio").secrets)
        yield made


def fastapi_app(receiver):
    from fastapi import FastAPI

    app = FastAPI()
    app.include_router(webhookcore.fastapi.router(receiver), prefix="/hooks")
    return app


def starlette(receiver):
    from fastapi.testclient import TestClient

    return TestClient(fastapi_app(receiver))


def flask(receiver):
    import flask

    app = flask.Flask("app")
    webhookcore.flask.Webhooks(receiver).init_app(app, url_prefix="/hooks")
    return app.test_client()


CLIENTS = (starlette, flask)


def status_of(response) -> int:
    return getattr(response, "status_code", None) or response.status


@pytest.mark.parametrize("client", CLIENTS)
def test_a_sample_is_taken_and_a_forged_one_is_not(client, receiver):
    app = client(receiver)
    for name in ("stripe", "github"):
        request = sample(name)
        assert status_of(post(app, f"/hooks/{name}", request)) == 202
        assert status_of(post(app, f"/hooks/{name}", request)) == 200
        assert status_of(post(app, f"/hooks/{name}", tamper(request, "body"))) == 401
        assert status_of(post(app, f"/hooks/{name}", tamper(request, "no-header"))) == 401
    assert len(receiver.inbox.list()) == 2


@pytest.mark.parametrize(("client", "host"), [(starlette, "testserver"), (flask, "localhost")])
def test_a_signed_url_is_the_one_that_the_app_sees(client, host, receiver):
    request = sample("twilio", url=f"http://{host}/hooks/twilio")
    assert status_of(post(client(receiver), "/hooks/twilio", request)) == 202


def test_a_header_that_comes_twice_arrives_twice(receiver):
    twice = tamper(sample("stripe"), "two-headers")
    assert status_of(post(starlette(receiver), "/hooks/stripe", twice)) == 400


def test_an_asynchronous_client_gives_something_to_await(receiver):
    import httpx2 as httpx

    async def run():
        transport = httpx.ASGITransport(app=fastapi_app(receiver))
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            return await post(client, "/hooks/stripe", sample("stripe"))

    assert asyncio.run(run()).status_code == 202


DJANGO = """
from django.conf import settings
settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF="__main__", SECRET_KEY="x")
import django
from django.http import JsonResponse
from django.test import Client
from django.urls import path
from webhookcore.testing import post, sample, tamper

def view(request):
    names = ("Stripe-Signature", "Content-Type")
    return JsonResponse({"body": request.body.decode(), **{n: request.headers[n] for n in names}})

urlpatterns = [path("hooks/stripe", view)]
django.setup()
request = sample("stripe")
seen = post(Client(), "/hooks/stripe", tamper(request, "two-headers")).json()
signature = request.headers["Stripe-Signature"]
assert seen["body"] == request.body.decode()
assert seen["Content-Type"] == "application/json"
assert seen["Stripe-Signature"] == f"{signature},{signature}", seen
"""


def test_django_gets_the_bytes_and_the_headers(tmp_path):
    # In a process of its own: its settings are made once for all.
    script = tmp_path / "app.py"
    script.write_text(DJANGO)
    result = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr


def test_a_receiver_takes_it_by_the_last_part_of_the_path(receiver):
    assert post(receiver, "/hooks/stripe", sample("stripe")).status == 202
    assert post(receiver, "stripe", sample("stripe")).status == 202
    assert post(receiver, "/hooks/nobody", sample("stripe")).status == 404


@pytest.mark.parametrize("client", [None, object(), "http://localhost"])
def test_what_is_no_client_is_refused(client):
    with pytest.raises(wh.ConfigError) as refused:
        post(client, "/", sample("stripe"))
    assert refused.value.field == "client"
