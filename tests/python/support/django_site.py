"""The one Django site of a test process: Django can be configured only once."""

from __future__ import annotations

import django
from django.conf import settings


def set_up() -> None:
    if not settings.configured:
        settings.configure(
            ALLOWED_HOSTS=["*"],
            DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
            INSTALLED_APPS=[
                "django.contrib.contenttypes",
                "django.contrib.auth",
                "webhookcore.django",
            ],
            MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
            SECRET_KEY="of a test",
            USE_TZ=True,
        )
        django.setup()
