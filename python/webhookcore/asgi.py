"""``webhookcore.asgi``: the adapter, under its short name."""

from .adapters.asgi import app, middleware

__all__ = ["app", "middleware"]
