"""The sending side: the client, and what it shows."""

from .client import Client, RunCounts
from .oneshot import SendResult, send
from .rows import Attempt, Delivery, Endpoint, Message

__all__ = [
    "Attempt",
    "Client",
    "Delivery",
    "Endpoint",
    "Message",
    "RunCounts",
    "SendResult",
    "send",
]
