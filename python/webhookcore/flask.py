"""``webhookcore.flask``: the adapter, under its short name."""

from .adapters.flask import Webhooks, verified

__all__ = ["Webhooks", "verified"]
