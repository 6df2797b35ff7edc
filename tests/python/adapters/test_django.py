"""Django's urls, decorator, checks and command, in process; real servers are in another file."""

from __future__ import annotations

import asyncio
import io
import types

import pytest
import rest_framework.decorators
import rest_framework.response
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.http import HttpResponse, JsonResponse
from django.test import AsyncClient, Client, RequestFactory
from django.test.utils import override_settings
from django.urls import include, path, reverse
from django.utils.decorators import method_decorator
from django.views import View

import webhookcore as wh
import webhookcore.django
from support.receiving import SECRET, request, stripe
from webhookcore.runner import WRAPPERS

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def site(*patterns, **settings):
    urlconf = types.ModuleType("urls_of_a_test")
    urlconf.urlpatterns = list(patterns)
    return override_settings(ROOT_URLCONF=urlconf, **settings)


@pytest.fixture
def client(receiver):
    with site(path("hooks/", include(webhookcore.django.urls(receiver)))):
        yield Client(enforce_csrf_checks=True)


def post(client, asked, where="/hooks/stripe", **options):
    headers = dict(asked.headers)
    content_type = headers.pop("Content-Type")
    return client.post(
        where, data=asked.body, content_type=content_type, headers=headers, **options
    )


class TestTheUrls:
    def test_an_event_is_accepted_and_its_repeat_is_a_duplicate(self, client, receiver):
        first = post(client, stripe())
        assert (first.status_code, first.json()["status"]) == (202, "accepted")
        assert first.headers["Content-Type"] == "application/json"
        assert post(client, stripe()).json()["status"] == "duplicate"
        (event,) = receiver.inbox.list()
        assert event.event.body == stripe().body

    def test_a_slash_at_the_end_is_the_same_source(self, client):
        assert post(client, stripe(), "/hooks/stripe/").status_code == 202
        assert reverse("webhookcore:receive", args=["stripe"]) == "/hooks/stripe"

    def test_unknown_sources_and_other_methods(self, client):
        assert post(client, stripe(), "/hooks/acme").status_code == 404
        for method in ("get", "put", "patch", "delete", "options"):
            refused = getattr(client, method)("/hooks/stripe")
            assert (refused.status_code, refused.headers["Allow"]) == (405, "POST")
        assert client.head("/hooks/stripe").status_code == 405

    def test_a_handshake_by_get_is_answered_where_the_provider_has_one(self, client, receiver):
        receiver.add_source("dropbox", secrets=[SECRET])
        answered = client.get("/hooks/dropbox?challenge=aB3_-x")
        assert (answered.status_code, answered.content) == (200, b"aB3_-x")
        assert answered.headers["Content-Type"] == "text/plain"

    @pytest.mark.parametrize("content_type", ["application/json", *FORM.values(), "multipart/x"])
    def test_the_signature_is_judged_before_anything_parses_the_body(self, client, content_type):
        forged = request("stripe", b"\xff=%ff", secret="not-the-secret-of-this-source")
        headers = {**forged.headers, "Content-Type": content_type}
        refused = post(client, wh.HttpRequest("POST", "", headers, forged.body))
        assert refused.status_code == 401

    def test_a_body_over_the_cap_is_413(self, client):
        over = request("stripe", b'{"id":"b"}'.ljust(101))
        assert post(client, over, "/hooks/small").status_code == 413
        fits = request("stripe", b'{"id":"a"}'.ljust(100))
        assert post(client, fits, "/hooks/small").status_code == 202

    def test_a_body_above_djangos_own_limit_is_413_and_no_page(self, client):
        with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=10):
            refused = post(client, stripe())
        assert refused.status_code == 413
        assert refused.json()["error"]["reason"] == "body_too_large"

    def test_a_chunked_body_is_read_where_the_server_ends_it(self, client):
        asked = stripe()
        environ = {"CONTENT_LENGTH": "", "wsgi.input": io.BytesIO(asked.body)}
        found = post(client, asked, **environ, **{"wsgi.input_terminated": True})
        assert found.status_code == 202

    def test_a_client_that_hung_up_is_no_forgery(self, client, receiver):
        found = post(client, stripe(), **{"wsgi.input": io.BytesIO(stripe().body[:-1])})
        assert (found.status_code, receiver.counts()) == (400, {})

    def test_a_compressed_body_is_refused(self, client):
        assert post(client, stripe(headers={"Content-Encoding": "gzip"})).status_code == 415

    def test_the_signed_url_is_the_one_that_was_sent(self, client):
        where = "/hooks/%74wilio?name=O%27Neil&x=%2f"
        sent = request("twilio", b"", url=f"https://testserver{where}")
        proxy = {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")}
        with override_settings(**proxy):
            told = {"REQUEST_URI": where, "HTTP_X_FORWARDED_PROTO": "https"}
            assert post(client, sent, "/hooks/twilio", **told).status_code == 202

    def test_a_form_body_keeps_its_bytes(self, client, receiver):
        receiver.add_source("generic", secrets=[SECRET])
        sent = request("generic", b"b=%7e&a=1&a=%C3%A9+x", headers=FORM)
        assert post(client, sent, "/hooks/generic").status_code == 202
        assert receiver.inbox.list()[0].event.body == sent.body

    @pytest.mark.parametrize("take", [lambda r: r.read(), lambda r: next(iter(r))])
    def test_who_read_the_body_before_is_told(self, receiver, take):
        asked = RequestFactory().post("/hooks/stripe", b"{}", content_type="application/json")
        take(asked)
        (pattern,), _ = webhookcore.django.urls(receiver)
        with pytest.raises(wh.ConfigError, match=r"request\.read"):
            pattern.callback(asked, "stripe")

    def test_a_middleware_that_only_looks_at_the_body_does_no_harm(self, receiver):
        asked = stripe()
        headers = {f"HTTP_{k.upper().replace('-', '_')}": v for k, v in asked.headers.items()}
        sent = RequestFactory().post("/x", asked.body, content_type="a/b", **headers)
        assert sent.body
        (pattern,), _ = webhookcore.django.urls(receiver)
        assert pattern.callback(sent, "stripe").status_code == 202

    def test_no_login_no_csrf_token_and_no_transaction_is_asked_for(self, receiver):
        (pattern,), _ = webhookcore.django.urls(receiver)
        for view in (pattern.callback, pattern._on_a_loop):
            assert view.csrf_exempt
            assert view.login_required is False
            assert view._non_atomic_requests == {"default"}

    def test_the_receiver_may_be_that_of_the_settings(self, receiver):
        with site(path("in/", include(webhookcore.django.urls())), WEBHOOKCORE_RECEIVER=receiver):
            assert post(Client(), stripe(), "/in/stripe").status_code == 202
        unset = pytest.raises(wh.ConfigError, match="WEBHOOKCORE_RECEIVER")
        with site(path("in/", include(webhookcore.django.urls()))), unset:
            post(Client(), stripe(), "/in/stripe")
        with pytest.raises(wh.ConfigError, match="receiver"):
            webhookcore.django.urls("shop.webhooks.receiver")

    def test_on_an_event_loop_the_receiver_is_awaited(self, client, receiver, monkeypatch):
        monkeypatch.setattr(receiver, "handle", None)

        async def talk():
            return [await post(AsyncClient(), stripe()) for _ in range(2)]

        first, second = asyncio.run(talk())
        assert (first.status_code, first.json()["status"]) == (202, "accepted")
        assert second.json()["status"] == "duplicate"
        long = request("stripe", b"x" * 101)
        assert asyncio.run(post(AsyncClient(), long, "/hooks/small")).status_code == 413

    def test_a_closed_receiver_is_503(self, client, receiver):
        receiver.close()
        assert post(client, stripe()).status_code == 503


class TestTheDecorator:
    @pytest.fixture
    def light(self):
        verified = webhookcore.django.verified("github", secrets=[SECRET], max_body=1000)

        @verified
        def view(asked, event):
            return JsonResponse({"id": event.id, "form": dict(asked.POST)})

        @verified
        def second(asked, found, place):
            return JsonResponse({"id": found.id, "place": place})

        @verified
        async def on_a_loop(asked, event):
            return JsonResponse({"id": event.id, "length": len(asked.body)})

        @method_decorator(verified, name="dispatch")
        class AView(View):
            def post(self, asked, event):
                return HttpResponse(event.id)

        @verified
        @rest_framework.decorators.api_view(["POST"])
        def rest(asked, event):
            return rest_framework.response.Response({"id": event.id, "data": asked.data})

        @rest_framework.decorators.api_view(["POST"])
        @verified
        def below(asked, event):
            return rest_framework.response.Response({"id": event.id, "data": asked.data})

        with site(
            path("light", view),
            path("second/<place>", second),
            path("loop", on_a_loop),
            path("class", AView.as_view()),
            path("rest", rest),
            path("below", below),
            REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": [], "UNAUTHENTICATED_USER": None},
        ):
            yield Client(enforce_csrf_checks=True)

    def sent(self, body=b"a=1", **headers):
        return request("github", body, headers={"X-GitHub-Delivery": "d1", **FORM, **headers})

    def test_the_view_gets_the_event_by_name_or_second(self, light):
        assert post(light, self.sent(), "/light").json() == {"id": "d1", "form": {"a": ["1"]}}
        assert post(light, self.sent(), "/second/here").json() == {"id": "d1", "place": "here"}
        assert post(light, self.sent(), "/class").content == b"d1"

    def test_an_async_view_is_awaited(self, light):
        found = asyncio.run(post(AsyncClient(), self.sent(), "/loop"))
        assert found.json() == {"id": "d1", "length": 3}
        forged = self.sent(**{"X-Hub-Signature-256": "sha256=" + "0" * 64})
        assert asyncio.run(post(AsyncClient(), forged, "/loop")).status_code == 401

    @pytest.mark.parametrize("where", ["/rest", "/below"])
    def test_a_view_of_the_rest_framework_still_has_its_data(self, light, where):
        json = self.sent(b'{"n": 1}', **{"Content-Type": "application/json"})
        assert post(light, json, where).json() == {"id": "d1", "data": {"n": 1}}

    def test_a_refusal_does_not_reach_the_view(self, light):
        forged = self.sent(**{"X-Hub-Signature-256": "sha256=" + "0" * 64})
        response = post(light, forged, "/light")
        assert response.status_code == 401
        assert response.json()["error"]["reason"] == "signature_mismatch"
        assert post(light, self.sent(b"x" * 1001), "/light").status_code == 413
        assert post(light, self.sent(**{"Content-Encoding": "gzip"}), "/light").status_code == 415

    def test_what_can_never_work_is_refused_where_it_is_made(self):
        with pytest.raises(wh.ConfigError):
            webhookcore.django.verified("github", secrets=[])


class TestTheChecks:
    def found(self, **settings):
        from django.core.checks import run_checks

        with override_settings(**settings):
            return {message.id: message.msg for message in run_checks(tags=["webhookcore"])}

    def test_without_the_setting_there_is_nothing_to_check(self):
        assert self.found() == {}

    @pytest.mark.parametrize(
        ("named", "says"),
        [
            ("no.such.module.receiver", "No module named"),
            ("support.receiving.none", "none"),
            ("support.receiving.SECRET", "must name a Receiver"),
            ("nodots", "nodots"),
            (7, "must name a Receiver"),
        ],
    )
    def test_a_setting_that_names_no_receiver_is_an_error(self, named, says):
        assert says in self.found(WEBHOOKCORE_RECEIVER=named)["webhookcore.E001"]

    def test_a_module_that_raises_is_an_error_and_no_traceback(self, tmp_path, monkeypatch):
        (tmp_path / "broken_webhooks.py").write_text("1 / 0")
        monkeypatch.syspath_prepend(tmp_path)
        found = self.found(WEBHOOKCORE_RECEIVER="broken_webhooks.receiver")
        assert "ZeroDivisionError" in found["webhookcore.E001"]

    def test_a_source_that_takes_more_than_django_is_a_warning(self, receiver):
        receiver.add_source("large", "stripe", secrets=[SECRET], max_body=3_000_000)
        found = self.found(WEBHOOKCORE_RECEIVER=receiver)
        assert list(found) == ["webhookcore.W001"]
        assert "source large" in found["webhookcore.W001"]
        assert self.found(WEBHOOKCORE_RECEIVER=receiver, DATA_UPLOAD_MAX_MEMORY_SIZE=None) == {}


class TestTheCommand:
    def test_it_is_the_webhookcore_command(self, capfd):
        call_command("webhookcore", "keys", "new", "--json")
        assert "whsec_" in capfd.readouterr().out

    def test_a_failure_is_a_command_error_with_its_exit_code(self, capfd):
        with pytest.raises(CommandError) as failed:
            call_command("webhookcore", "no-such-verb")
        assert failed.value.returncode == 2

    def test_worker_alone_means_the_receiver_of_the_settings(self):
        from webhookcore.django.management.commands.webhookcore import (
            _with_target,
            _without_djangos,
        )

        with override_settings(WEBHOOKCORE_RECEIVER="shop.webhooks.receiver"):
            assert _with_target(["worker", "--json"]) == [
                "worker",
                "--json",
                "shop.webhooks:receiver",
            ]
            assert _with_target(["worker", "a:b"]) == ["worker", "a:b"]
            assert (
                _with_target(["worker", "--db", "sqlite:///x.db"])[-1] == "shop.webhooks:receiver"
            )
            assert _with_target(["worker", "--help"]) == ["worker", "--help"]
            assert _with_target(["inbox", "list"]) == ["inbox", "list"]
        options = ["--settings", "site", "keys", "--pythonpath=/x", "new", "--settings=y"]
        assert _without_djangos(options) == ["keys", "new"]


class TestConnections:
    @pytest.fixture
    def too_old(self):
        """The connection is one that Django closes when it is asked to."""
        connection.ensure_connection()
        connection.close_at = 0.0
        closed = []
        original = connection.close
        connection.close = lambda: closed.append(True)
        yield closed
        connection.close = original
        connection.close_at = None

    def test_a_handler_on_a_worker_finds_no_connection_that_is_too_old(self, receiver, too_old):
        assert len(WRAPPERS) == 1
        seen = []
        receiver.on("stripe")(lambda event: seen.append(len(too_old)))
        assert receiver.handle(stripe(), "stripe").status == 202
        receiver.run_until_idle()
        assert (seen, len(too_old)) == ([1], 2)

    def test_an_async_handler_runs_as_well_and_keeps_its_name(self, receiver, caplog):
        @receiver.on("stripe")
        async def paid(event):
            raise ValueError("no")

        receiver.handle(stripe(), "stripe")
        receiver.run_until_idle()
        assert "paid of source stripe raised ValueError" in caplog.text
