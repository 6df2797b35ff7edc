"""The examples of the pages on frameworks, run as they stand."""

from __future__ import annotations

import contextlib

import flask
import pytest
from django.test import Client
from fastapi.testclient import TestClient

import webhookcore as wh
from support import django_site
from support.pages import DOCS, examples
from support.receiving import SECRET

django_site.set_up()

BODY = b'{"id":"evt_1","type":"invoice.paid"}'


@pytest.fixture
def ran(tmp_path, monkeypatch):
    """Runs a page's examples one after the other, in one namespace that it gives back."""
    monkeypatch.chdir(tmp_path)
    namespaces = []

    def run(page: str, **given) -> dict:
        namespace = {"__name__": "page", "secret": SECRET, **given}
        namespaces.append(namespace)
        for example in examples(DOCS / "frameworks" / page):
            code = example.code.replace("/var/lib/shop", str(tmp_path))
            exec(compile(code, str(example), "exec"), namespace)
        return namespace

    yield run
    for namespace in namespaces:
        with contextlib.suppress(KeyError):
            namespace["receiver"].close()


def signed(provider: str = "stripe") -> dict:
    headers = wh.sign(provider, body=BODY, secret=SECRET, id=None)
    return {"Content-Type": "application/json", **headers}


def test_fastapi(ran):
    with TestClient(ran("fastapi.md")["app"]) as client:
        assert client.post("/hooks/stripe", content=BODY, headers=signed()).status_code == 202
        found = client.post(
            "/light", content=BODY, headers={"X-GitHub-Event": "push", **signed("github")}
        )
        assert found.json() == {"type": "push"}


def test_flask(ran):
    app = ran("flask.md")["app"]
    assert isinstance(app, flask.Flask)
    client = app.test_client()
    assert client.post("/hooks/stripe", data=BODY, headers=signed()).status_code == 202
    assert client.post("/in/stripe", data=BODY, headers=signed()).json["status"] == "duplicate"
    found = client.post("/light", data=BODY, headers={"X-GitHub-Event": "push", **signed("github")})
    assert found.json == {"type": "push"}


def test_django(ran, monkeypatch):
    import types

    from django.test.utils import override_settings
    from django.urls import path

    found = ran("django.md", INSTALLED_APPS=[])
    assert found["INSTALLED_APPS"] == ["webhookcore.django"]
    assert found["WEBHOOKCORE_RECEIVER"] == "shop.webhooks.receiver"
    urls = types.ModuleType("urls_of_the_page")
    urls.urlpatterns = [*found["urlpatterns"], path("light", found["light"])]
    kind = "application/json"
    with override_settings(ROOT_URLCONF=urls):
        client = Client(enforce_csrf_checks=True)
        stored = client.post("/hooks/stripe", BODY, kind, headers=signed())
        assert stored.status_code == 202
        headers = {"X-GitHub-Event": "push", **signed("github")}
        assert client.post("/light", BODY, kind, headers=headers).json() == {"type": "push"}


def test_asgi_and_wsgi(ran):
    client = TestClient(ran("asgi.md")["app"])  # Its page has no lifespan.
    assert client.post("/hooks/stripe", content=BODY, headers=signed()).status_code == 202
    page = flask.Flask(__name__)
    page.wsgi_app = ran("wsgi.md")["app"]
    found = page.test_client().post("/hooks/stripe", data=BODY, headers=signed())
    assert found.json["status"] == "duplicate"


def test_lambda(ran, capsys, tmp_path):
    secret = wh.generate_secret()
    with wh.Receiver(f"sqlite:///{tmp_path}/lambda.db") as receiver:
        receiver.add_source("shop", "standard", secrets=[secret])
        found = ran("lambda.md", secret=secret, receiver=receiver)
        event = {
            "rawPath": "/shop",
            "headers": wh.sign("standard", body=BODY, secret=secret, id="msg_1"),
            "requestContext": {"http": {"method": "POST"}},
            "body": BODY.decode(),
        }
        assert found["handler"](event, None)["statusCode"] == 202
        assert found["handler"]({**event, "body": ""}, None)["statusCode"] == 401
        assert found["receiving"](event, None)["statusCode"] == 202
    assert "msg_1 invoice.paid" in capsys.readouterr().out


def test_without_a_framework(ran, capsys):
    found = ran("plain.md", headers=signed(), body=BODY)
    assert found["event"].id == "evt_1"
    assert capsys.readouterr().out.startswith("202 application/json")


@pytest.mark.parametrize("page", sorted((DOCS / "frameworks").glob("*.md")), ids=lambda p: p.stem)
def test_every_page_is_in_the_index(page):
    index = (DOCS / "frameworks" / "index.md").read_text()
    assert page.stem == "index" or f"\n{page.stem}\n" in index
