"""``webhookcore.django``: the adapter under its short name, and an app for INSTALLED_APPS."""

from ..adapters.django import urls, verified

__all__ = ["urls", "verified"]
