"""What to say when a framework is not installed."""

from __future__ import annotations


def missing(framework: str) -> ImportError:
    extra = framework.lower()
    return ImportError(f"{framework} is not installed: pip install 'webhookcore[{extra}]'")
