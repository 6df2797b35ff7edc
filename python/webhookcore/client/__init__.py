"""The sending side: the client, and what it shows."""

from .async_client import AsyncClient
from .client import Client
from .oneshot import SendResult, send
from .rows import Attempt, Delivery, Endpoint, Message
from .until_idle import RunCounts

__all__ = [
    "AsyncClient",
    "Attempt",
    "Client",
    "Delivery",
    "Endpoint",
    "Message",
    "RunCounts",
    "SendResult",
    "send",
]
