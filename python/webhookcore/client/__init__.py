"""The sending side: the client, and what it shows."""

from .async_client import AsyncClient
from .client import Client
from .dead_letters import ReplayJob
from .event_types import EventType
from .metrics import Metrics
from .oneshot import SendResult, send
from .operation_names import ALERTS_TENANT
from .operations import OperationalEvent
from .outbox import OutboxMessage
from .polling import PollResult
from .relay import RelayCounts
from .rows import Attempt, Delivery, Endpoint, EndpointHealth, Message, SecretAge
from .tenant_limits import TenantLimits
from .until_idle import RunCounts
from .upkeep import Pruned, StoreSpace

__all__ = [
    "ALERTS_TENANT",
    "AsyncClient",
    "Attempt",
    "Client",
    "Delivery",
    "Endpoint",
    "EndpointHealth",
    "EventType",
    "Message",
    "Metrics",
    "OperationalEvent",
    "OutboxMessage",
    "PollResult",
    "Pruned",
    "RelayCounts",
    "ReplayJob",
    "RunCounts",
    "SecretAge",
    "SendResult",
    "StoreSpace",
    "TenantLimits",
    "send",
]
