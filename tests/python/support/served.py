"""One receiver under every framework; a server process imports `app`, the one that SERVED names.

A request with the header X-Take-Body finds its body taken away before the receiver sees it.
"""

from __future__ import annotations

import os
import sys

import webhookcore as wh
from support.senders import SENDERS

TAKES = "X-Take-Body"
VERIFY_TOKEN = "token-of-a-test"


def make_receiver() -> wh.Receiver:
    receiver = wh.Receiver("sqlite:///hooks.db")
    for sender in SENDERS:
        receiver.add_source(sender.provider, secrets=[sender.secret])
    stripe = next(sender for sender in SENDERS if sender.provider == "stripe")
    receiver.add_source("small", "stripe", secrets=[stripe.secret], max_body=1000)
    receiver.add_source("inline", "stripe", secrets=[stripe.secret], mode="inline")
    receiver.add_source("meta", secrets=[stripe.secret], verify_token=VERIFY_TOKEN)

    @receiver.on("inline")
    async def handle(event: wh.Event) -> dict:
        if event.type == "exit.async":
            sys.exit(3)
        return {"length": len(event.body)}

    @receiver.on("inline", "exit.sync")
    def leave(event: wh.Event) -> None:
        sys.exit(3)

    return receiver


def make_fastapi(receiver: wh.Receiver):
    import fastapi

    app = fastapi.FastAPI()
    app.include_router(wh.fastapi.router(receiver), prefix="/hooks")

    @app.middleware("http")
    async def look(request: fastapi.Request, call_next):
        if TAKES in request.headers:
            async for _ in request.stream():
                pass
        return await call_next(request)

    return app


def make_flask(receiver: wh.Receiver):
    import flask

    app = flask.Flask(__name__)
    wh.flask.Webhooks(receiver).init_app(app, url_prefix="/hooks")

    @app.before_request
    def look():
        if TAKES in flask.request.headers:
            flask.request.stream.read()

    return app


def make_django(receiver: wh.Receiver, serves: str):
    import types

    import django
    from django.conf import settings
    from django.core.asgi import get_asgi_application
    from django.core.wsgi import get_wsgi_application
    from django.urls import include, path

    settings.configure(
        ALLOWED_HOSTS=["*"],
        INSTALLED_APPS=["webhookcore.django"],
        MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware", "support.served.look_in_django"],
        ROOT_URLCONF=types.ModuleType("urls"),
        SECRET_KEY="of a test",
        LOGGING={
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": {"all": {"class": "logging.StreamHandler"}},
            "root": {"handlers": ["all"]},
        },
    )
    settings.ROOT_URLCONF.urlpatterns = [path("hooks/", include(wh.django.urls(receiver)))]
    django.setup()
    return get_asgi_application() if serves == "asgi" else get_wsgi_application()


def look_in_django(get_response):
    def look(request):
        if TAKES in request.headers:
            request.read()
        return get_response(request)

    return look


def make_asgi(receiver: wh.Receiver):
    return looked_into(wh.asgi.app(receiver))


def make_front(receiver: wh.Receiver):
    """In front of Django, which reads all of a body before any view of it runs."""
    return looked_into(wh.asgi.middleware(make_django(receiver, "asgi"), receiver))


def looked_into(app):
    async def look(scope, receive, send):
        taken = False
        if any(name == TAKES.lower().encode() for name, _ in scope.get("headers", ())):
            while (await receive()).get("more_body"):
                pass
            taken = True

        async def nothing():
            return {"type": "http.request", "body": b"", "more_body": False}

        await app(scope, nothing if taken else receive, send)

    return look


def make_wsgi(receiver: wh.Receiver):
    app = wh.wsgi.app(receiver)

    def look(environ, start_response):
        if "HTTP_" + TAKES.upper().replace("-", "_") in environ:
            environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        return app(environ, start_response)

    return look


def make_middleware(receiver: wh.Receiver):
    import flask

    app = flask.Flask(__name__)
    app.wsgi_app = wh.wsgi.middleware(app.wsgi_app, receiver)
    inner = app.wsgi_app

    def look(environ, start_response):
        if "HTTP_" + TAKES.upper().replace("-", "_") in environ:
            environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        return inner(environ, start_response)

    app.wsgi_app = look
    return app


if "SERVED" in os.environ:
    name, _, serves = os.environ["SERVED"].partition(" ")
    app = globals()[f"make_{name}"](make_receiver(), *filter(None, [serves]))
