"""Webhooks in both directions: verify and receive, sign and deliver."""

from .errors import (
    AlreadyDeliveredError,
    BlockedAddressError,
    ConfigError,
    IdempotencyConflictError,
    InvalidUrlError,
    NotFoundError,
    SchemaTooNewError,
    StoreBusyError,
    StoreCorruptError,
    StoreError,
    StoreFullError,
    StoreUnavailableError,
    UnknownEventTypeError,
    VerificationError,
    WebhookError,
)
from .events import Event
from .exchange import Headers, HttpRequest, HttpResponse
from .providers import Provider, providers
from .signatures import Verifier, generate_keypair, generate_secret, sign, verify
from .urls import UrlPolicy, check_url

__version__ = "0.1.0"

__all__ = [
    "AlreadyDeliveredError",
    "BlockedAddressError",
    "ConfigError",
    "Event",
    "Headers",
    "HttpRequest",
    "HttpResponse",
    "IdempotencyConflictError",
    "InvalidUrlError",
    "NotFoundError",
    "Provider",
    "SchemaTooNewError",
    "StoreBusyError",
    "StoreCorruptError",
    "StoreError",
    "StoreFullError",
    "StoreUnavailableError",
    "UnknownEventTypeError",
    "UrlPolicy",
    "VerificationError",
    "Verifier",
    "WebhookError",
    "check_url",
    "generate_keypair",
    "generate_secret",
    "providers",
    "sign",
    "verify",
]
