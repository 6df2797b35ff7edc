"""``webhookcore.wsgi``: the adapter, under its short name."""

from .adapters.wsgi import app, middleware

__all__ = ["app", "middleware"]
