"""``webhookcore.fastapi``: the adapter, under its short name."""

from .adapters.fastapi import router, verified

__all__ = ["router", "verified"]
