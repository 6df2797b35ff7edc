"""What ``manage.py check`` finds out before the first request does."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning as Caution

from ..adapters.django import SETTING, receiver_of_settings
from ..errors import WebhookError
from ..receiver import Receiver


def check_receiver(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """``webhookcore.E001``: the setting names no receiver."""
    del app_configs, options
    found = _receiver()
    if found is None or isinstance(found, Receiver):
        return []
    hint = f'{SETTING} = "shop.webhooks.receiver" is the receiver that shop/webhooks.py makes.'
    return [Error(str(found), hint=hint, id="webhookcore.E001")]


def check_body_limits(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """``webhookcore.W001``: Django refuses bodies that a source would take."""
    del app_configs, options
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    found = _receiver()
    if most is None or not isinstance(found, Receiver):
        return []
    limits = {name: found.body_limit(name) for name in found.sources}
    return [
        Caution(
            f"source {name} takes bodies of {limit} bytes, but DATA_UPLOAD_MAX_MEMORY_SIZE is {most}",
            hint="Larger ones are answered with 413. Raise the setting, or lower max_body.",
            id="webhookcore.W001",
        )
        for name, limit in limits.items()
        if limit > most
    ]


def _receiver() -> Receiver | Exception | None:
    """That of the setting, or why there is none; None when there is no setting."""
    if getattr(settings, SETTING, None) is None:
        return None
    try:
        return receiver_of_settings()
    except WebhookError as error:
        return error
    except Exception as error:  # noqa: BLE001  # A module may raise anything when it is imported.
        return WebhookError(f"{SETTING}: {type(error).__name__}: {error}")
