"""The app: system checks, the management command, and connections that are not kept too long."""

from __future__ import annotations

from django.apps import AppConfig
from django.core import checks

from ..runner import WRAPPERS
from .checks import check_body_limits, check_receiver
from .connections import with_fresh_connections


class WebhooksConfig(AppConfig):
    """``INSTALLED_APPS += ["webhookcore.django"]``."""

    name = "webhookcore.django"
    label = "webhookcore"
    verbose_name = "Webhooks"

    def ready(self) -> None:
        for check in (check_receiver, check_body_limits):
            checks.register(check, "webhookcore")
        if with_fresh_connections not in WRAPPERS:
            WRAPPERS.append(with_fresh_connections)
