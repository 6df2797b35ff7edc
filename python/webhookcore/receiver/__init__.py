"""The receiving side: sources, handlers, the inbox."""

from .answers import if_encoded, refusal, without_key
from .health import Health
from .inbox import Inbox, InboxEvent
from .intake import Decision
from .receiver import Receiver
from .sources import (
    DEFAULT_MAX_BODY,
    Source,
    check_max_body,
    check_public_url,
    verifies_quickly,
    verify_request,
)

__all__ = [
    "DEFAULT_MAX_BODY",
    "Decision",
    "Health",
    "Inbox",
    "InboxEvent",
    "Receiver",
    "Source",
    "check_max_body",
    "check_public_url",
    "if_encoded",
    "refusal",
    "verifies_quickly",
    "verify_request",
    "without_key",
]
