"""The receiving side: sources, handlers, the inbox."""

from .answers import JSON_HEADERS, if_encoded, refusal, without_key
from .health import Health
from .inbox import Inbox, InboxEvent
from .intake import Decision
from .plain import Ready
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
    "JSON_HEADERS",
    "Decision",
    "Health",
    "Inbox",
    "InboxEvent",
    "Ready",
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
