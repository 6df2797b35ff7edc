"""Webhooks in both directions: verify and receive, sign and deliver."""

import importlib as _importlib
from typing import TYPE_CHECKING

from .client import (
    ALERTS_TENANT,
    AsyncClient,
    Attempt,
    Client,
    Delivery,
    Endpoint,
    EndpointHealth,
    EventType,
    Message,
    Metrics,
    OperationalEvent,
    OutboxMessage,
    PollResult,
    Pruned,
    RelayCounts,
    ReplayJob,
    RunCounts,
    SecretAge,
    SendResult,
    StoreSpace,
    TenantLimits,
    send,
)
from .config import Alerts, Breaker, Exponential, Retention
from .errors import (
    AlreadyDeliveredError,
    BlockedAddressError,
    ConfigError,
    IdempotencyConflictError,
    InvalidUrlError,
    KeyUnavailableError,
    NotFoundError,
    ProviderApiError,
    SchemaTooNewError,
    ShortSecretWarning,
    StoreBusyError,
    StoreCorruptError,
    StoreError,
    StoreFullError,
    StoreKeyError,
    StoreUnavailableError,
    TenantLimitError,
    UnknownEventTypeError,
    UnreachableError,
    VerificationError,
    WebhookError,
)
from .events import Event
from .exchange import Headers, HttpRequest, HttpResponse
from .https_keys import HttpsKeyFetcher
from .keys import KeyFetcher, KeyReference
from .logs import JsonFormatter
from .once import once_index_sql, once_table_sql, prune_once
from .plaid_keys import PlaidKeyFetcher
from .provider_rules import Provider
from .providers import providers
from .receiver import Health, Receiver
from .runner import Discard, Snooze
from .schemes import Scheme, scheme
from .signatures import Verifier, verify
from .signing import generate_keypair, generate_secret, sign, sign_body
from .urls import UrlPolicy, check_url

if TYPE_CHECKING:
    from . import (
        asgi as asgi,
        django as django,
        fastapi as fastapi,
        flask as flask,
        wsgi as wsgi,
    )
else:

    def __getattr__(name: str) -> object:
        # Some adapters need frameworks that are extras, so each is imported when it is named.
        if name in {"asgi", "django", "fastapi", "flask", "wsgi"}:
            return _importlib.import_module(f".{name}", __name__)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__version__ = "0.1.0"

__all__ = [
    "ALERTS_TENANT",
    "Alerts",
    "AlreadyDeliveredError",
    "AsyncClient",
    "Attempt",
    "BlockedAddressError",
    "Breaker",
    "Client",
    "ConfigError",
    "Delivery",
    "Discard",
    "Endpoint",
    "EndpointHealth",
    "Event",
    "EventType",
    "Exponential",
    "Headers",
    "Health",
    "HttpRequest",
    "HttpResponse",
    "HttpsKeyFetcher",
    "IdempotencyConflictError",
    "InvalidUrlError",
    "JsonFormatter",
    "KeyFetcher",
    "KeyReference",
    "KeyUnavailableError",
    "Message",
    "Metrics",
    "NotFoundError",
    "OperationalEvent",
    "OutboxMessage",
    "PlaidKeyFetcher",
    "PollResult",
    "Provider",
    "ProviderApiError",
    "Pruned",
    "Receiver",
    "RelayCounts",
    "ReplayJob",
    "Retention",
    "RunCounts",
    "SchemaTooNewError",
    "Scheme",
    "SecretAge",
    "SendResult",
    "ShortSecretWarning",
    "Snooze",
    "StoreBusyError",
    "StoreCorruptError",
    "StoreError",
    "StoreFullError",
    "StoreKeyError",
    "StoreSpace",
    "StoreUnavailableError",
    "TenantLimitError",
    "TenantLimits",
    "UnknownEventTypeError",
    "UnreachableError",
    "UrlPolicy",
    "VerificationError",
    "Verifier",
    "WebhookError",
    "check_url",
    "generate_keypair",
    "generate_secret",
    "once_index_sql",
    "once_table_sql",
    "providers",
    "prune_once",
    "scheme",
    "send",
    "sign",
    "sign_body",
    "verify",
]
