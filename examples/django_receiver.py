"""A Django site in one file that receives what sender.py sends.

    WEBHOOK_SECRET=whsec_... uvicorn django_receiver:application
    WEBHOOK_SECRET=whsec_... python django_receiver.py webhookcore worker

Under gunicorn it is the same: `gunicorn django_receiver:wsgi`. Events are stored and answered with
202; the worker handles them, in a process of its own. `/light` only verifies, and stores nothing.
"""

import os
import sys

import django
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse

import webhookcore as wh

SECRET = os.environ["WEBHOOK_SECRET"]

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    INSTALLED_APPS=["webhookcore.django"],
    MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
    ROOT_URLCONF=__name__,
    SECRET_KEY=os.environ.get("DJANGO_SECRET_KEY", "of an example"),
    WEBHOOKCORE_RECEIVER=f"{__name__}.receiver",
)
django.setup()

# After the setup: a project has these in files of its own.
from django.urls import include, path  # noqa: E402

import webhookcore.django  # noqa: E402

receiver = wh.Receiver(os.environ.get("WEBHOOK_STORE", "sqlite:///receiver.db"))
receiver.add_source("shop", provider="standard", secrets=[SECRET])


@receiver.on("shop", "order.*")
def order_changed(event: wh.Event) -> None:
    print("order", event.json()["data"]["id"], event.type, flush=True)


@webhookcore.django.verified("standard", secrets=[SECRET])
def light(request: HttpRequest, event: wh.Event) -> JsonResponse:
    return JsonResponse({"seen": event.id, "by": request.method})


urlpatterns = [
    path("hooks/", include(webhookcore.django.urls(receiver))),
    path("light", light),
]
application, wsgi = get_asgi_application(), get_wsgi_application()

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
