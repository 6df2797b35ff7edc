"""Every exception that webhookcore raises.

``WebhookError`` is the base of all; nothing else leaves the library for anything
that came from outside (a request, a file, a URL, a provider).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

HTTP_STATUS: Final = {
    "missing_header": 401,
    "malformed_header": 401,
    "malformed_signature": 401,
    "unsupported_version": 401,
    "signature_mismatch": 401,
    "body_mismatch": 401,
    "untrusted_key": 401,
    "duplicate_header": 400,
    "too_many_signatures": 400,
    "malformed_timestamp": 400,
    "timestamp_too_old": 400,
    "timestamp_too_new": 400,
    "malformed_body": 400,
    "body_too_large": 413,
    "header_too_large": 431,
}

_MESSAGES: Final = {
    "missing_header": "a header that the signature needs is missing or empty",
    "malformed_header": "a signature header is not of the provider's form",
    "malformed_signature": "the signature cannot be decoded",
    "unsupported_version": "no signature of a version that is accepted here",
    "signature_mismatch": "no signature matches the body with any of the secrets",
    "body_mismatch": "the body is not the one whose digest was signed",
    "untrusted_key": "the key or certificate is not one to be trusted",
    "duplicate_header": "a signature header came more than once",
    "too_many_signatures": "the signature header lists too many signatures",
    "malformed_timestamp": "the timestamp is not of the provider's form",
    "timestamp_too_old": "the signature is valid but too old",
    "timestamp_too_new": "the signature is valid but lies in the future",
    "malformed_body": "the body lacks the event's id or type",
    "body_too_large": "the body is larger than the limit",
    "header_too_large": "a signature header is larger than the limit",
}


def message_of(reason: str) -> str:
    """What a ``VerificationError.reason`` means, in words that anyone may read."""
    return _MESSAGES.get(reason, reason)


class WebhookError(Exception):
    """Base of every error of webhookcore."""


class _FieldError(WebhookError, ValueError):
    """A value that is refused where it is given.

    Attributes:
        field: The option at fault, such as ``"secrets[0]"``; empty when it cannot
            be named.
    """

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field


class ConfigError(_FieldError):
    """An option, key or argument that can never work."""


class InvalidUrlError(_FieldError):
    """A URL whose text is refused: scheme, userinfo, host form, port."""


class BlockedAddressError(_FieldError):
    """A URL that leads to an address the policy forbids, such as a private network."""


class VerificationError(WebhookError):
    """A request that was not proven to come from the provider.

    Attributes:
        reason: Stable code, one of the keys of ``HTTP_STATUS``.
        header: Name of the header at fault; empty when it is none.
        http_status: What to answer (400, 401, 413 or 431).
    """

    def __init__(
        self,
        reason: str,
        message: str | None = None,
        *,
        header: str = "",
        explain: Callable[[], str] | None = None,
    ) -> None:
        text = message or message_of(reason)
        super().__init__(f"{reason}: {text}" + (f" ({header})" if header else ""))
        self.reason = reason
        self.header = header
        self._explain = explain

    @property
    def http_status(self) -> int:
        return HTTP_STATUS.get(self.reason, 401)

    @property
    def hint(self) -> str:
        """Why it probably failed, in a sentence or two for the operator.

        Computed when it is read. Holds no key and no expected signature, but do
        not send it to whoever made the request. Empty when there is nothing to add.
        """
        return self._explain() if self._explain is not None else ""

    def __reduce__(self) -> tuple[object, ...]:
        # What explains the refusal holds keys, which no pickle may carry.
        return (_rebuild_verification_error, (self.reason, str(self), self.header))


def _rebuild_verification_error(reason: str, text: str, header: str) -> VerificationError:
    error = VerificationError(reason, header=header)
    error.args = (text,)
    return error


class KeyUnavailableError(WebhookError):
    """The key that a signature names cannot be had now, so nothing was decided.

    Not a refusal: a receiver answers 503, and the provider sends the request again.

    Attributes:
        retry_after: Seconds after which asking again may help.
    """

    def __init__(self, message: str, retry_after: float = 60.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ShortSecretWarning(UserWarning):
    """A text secret of under 16 bytes, which can be guessed from one signed request."""


class IdempotencyConflictError(WebhookError):
    """An idempotency key that was used before with other content.

    Also a delivery whose state does not allow what was asked, such as ``cancel()`` of one
    that is not pending.
    """


class AlreadyDeliveredError(WebhookError):
    """A replay of something that has been delivered; pass ``force=True`` to repeat it."""


class UnknownEventTypeError(WebhookError):
    """An event type that is not in the catalogue, or a pattern that matches none of it.

    Attributes:
        type: What was asked for.
        near: Known types that are most like it, the nearest first.
    """

    def __init__(self, message: str, type: str = "", near: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.type = type
        self.near = tuple(near)

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (str(self), self.type, self.near))


class NotFoundError(WebhookError, LookupError):
    """No such endpoint, message, delivery or event."""


class UnreachableError(WebhookError):
    """Whoever was called gave no whole answer: DNS, connection, TLS, timeout, a cut-off body."""


class ProviderApiError(WebhookError):
    """A provider's API refused to list what it sent; what was stored before stays stored.

    Attributes:
        status: What it answered; None when the answer was not what its documentation says.
        retry_after: Seconds after which it may be asked again, where it said so.
    """

    def __init__(
        self, message: str, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (str(self), self.status, self.retry_after))


class StoreError(WebhookError):
    """The store could not do what was asked; nothing was lost or deleted.

    Attributes:
        counts: What ``client.run_until_idle()`` had done before it ended by this error, as
            ``RunCounts``; None of any other call.
    """

    counts: Any = None


class StoreUnavailableError(StoreError):
    """The file or server cannot be reached, read or written."""


class StoreBusyError(StoreError):
    """Another process held the store longer than the wait; try again."""


class StoreFullError(StoreError):
    """No space is left, or the store's quota or the client's ``max_backlog`` is reached."""


class TenantLimitError(StoreFullError):
    """A tenant has, or sends, as much as its limits allow. Nothing was stored.

    Attributes:
        tenant: Whose limit it is.
        limit: Which: ``max_backlog``, ``rate_limit`` or ``max_endpoints``.
        retry_after: Seconds after which there is room, of a ``rate_limit``; None where nobody
            knows.
    """

    def __init__(
        self, message: str, tenant: str = "", limit: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.tenant = tenant
        self.limit = limit
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (str(self), self.tenant, self.limit, self.retry_after))


class _BacklogFullError(StoreFullError):
    """The receiver's ``max_backlog`` is reached. Not shown to users: answered with 503."""


class StoreCorruptError(StoreError):
    """Not a webhookcore store, or a damaged one. It is left as it is."""


class LeaseLostError(StoreError):
    """A claim that ran out and was taken over before its work was recorded."""


class StoreKeyError(StoreError):
    """The store's secrets are sealed with a key that was not given, or another one was.

    Nothing is lost: put the right key into ``WEBHOOKCORE_ENCRYPTION_KEY`` and open it again.
    """


class SchemaTooNewError(StoreError):
    """The store was written by a newer webhookcore."""


_BY_CODE: Final[dict[str, type[WebhookError]]] = {
    "conflict": IdempotencyConflictError,
    "already_delivered": AlreadyDeliveredError,
    "not_found": NotFoundError,
    "lease_lost": LeaseLostError,
    "fetch_failed": KeyUnavailableError,
    "store_unavailable": StoreUnavailableError,
    "store_busy": StoreBusyError,
    "store_full": StoreFullError,
    "store_corrupt": StoreCorruptError,
    "wrong_store_key": StoreKeyError,
    "schema_too_new": SchemaTooNewError,
    "closed": StoreUnavailableError,
}

_FIELD_CODES: Final[dict[str, type[_FieldError]]] = {
    "config": ConfigError,
    "invalid_url": InvalidUrlError,
    "blocked_address": BlockedAddressError,
}


def from_core(
    code: str, detail: str, field: str, tenant: str = "", retry_after: float = 0
) -> WebhookError:
    """The exception for an error of the C++ core; called by its bindings."""
    if code == "tenant_limit":
        return TenantLimitError(detail, tenant, field, retry_after or None)
    if code in _FIELD_CODES:
        return _FIELD_CODES[code](detail, field)
    if code == "store_full" and field == "max_backlog":
        return _BacklogFullError(detail)
    return _BY_CODE[code](detail)


def is_backlog_full(error: StoreError) -> bool:
    """Whether it is the receiver's ``max_backlog`` that is reached."""
    return isinstance(error, _BacklogFullError)
