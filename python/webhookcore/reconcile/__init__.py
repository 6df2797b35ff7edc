"""Fetches what was missed from providers that keep a list of what they sent."""

from .taking import PROVIDERS, Reconciled, Request, reconcile

__all__ = ["PROVIDERS", "Reconciled", "Request", "reconcile"]
