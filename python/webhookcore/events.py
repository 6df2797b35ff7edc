"""The verified event."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar, cast
from urllib.parse import parse_qs

from . import _core
from .batches import cut_items
from .correlation import find_correlation_id
from .errors import ConfigError
from .exchange import Headers, HttpRequest, byte_pairs
from .hidden_secrets import Secrets, shade
from .once import mark_once, mark_once_async, row_key
from .provider_rules import Body, Form, Header, OtherMember, Place, Provider

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .keys import KeyFetcher
    from .schemes import SchemeLike

Model = TypeVar("Model")

# The header of an event that was fetched from the provider's API; no request may bring it.
RECONCILED: Final = "Webhookcore-Reconciled"
# Credentials of whoever stands between the provider and us; no handler needs them at rest.
_NOT_KEPT: Final = frozenset({"authorization", "cookie", "proxy-authorization", RECONCILED.lower()})
_NOT_KEPT_BYTES: Final = frozenset(name.encode() for name in _NOT_KEPT)


class Event(_core.EventBase):
    """A request whose signature was verified.

    Attributes:
        body: The exact bytes received.
        source: Name of the receiver's source; the provider's outside a receiver.
        matched_secret: Index of the secret that matched, for watching a rotation.
    """

    __slots__ = ("_correlation_id", "_header_view", "_identity", "_inbox_key", "_is_item", "_key")

    _correlation_id: str | None
    _inbox_key: int  # Of the stored row; absent: it is not stored.
    _key: str | None  # What marked sameness in a receiver; absent: it was none of a receiver's.

    _is_item: bool  # Whether the body is one item of a batch; absent: it is a whole body.
    _identity: tuple[str | None, str | None, tuple[str, ...]]
    _header_view: Headers

    @classmethod
    def from_lambda(
        cls,
        event: Mapping[str, Any],
        provider: SchemeLike,
        *,
        secrets: Secrets | None = None,
        tolerance: float | None = None,
        now: float | None = None,
        public_url: str | None = None,
        keys: KeyFetcher | None = None,
    ) -> Event:
        """Check the request in an event of AWS Lambda; nothing is stored.

        Args:
            event: What ``HttpRequest.from_lambda()`` takes.
            provider: As the other arguments those of ``verify()``.
            public_url: Scheme, host and prefix as the provider sees them, where it signs the
                URL (Twilio) and calls another than Lambda is told.

        Raises:
            VerificationError: The signature or its age is refused; ``http_status`` says what to
                answer.
            ConfigError: No HTTP request, an unknown provider, a secret that cannot be a key.
            KeyUnavailableError: The key that the signature names cannot be had now.
        """
        from .signatures import verify  # noqa: PLC0415  # It makes events.

        secrets = shade(secrets)
        if public_url is not None and not isinstance(public_url, str):
            raise ConfigError("must be like https://example.com", "public_url")
        asked = HttpRequest.from_lambda(event)
        return verify(
            provider,
            body=asked.body,
            headers=asked.headers,
            secrets=secrets,
            url=asked.url if public_url is None else public_url.rstrip("/") + asked.path,
            method=asked.method,
            now=now,
            tolerance=tolerance,
            keys=keys,
        )

    @property
    def provider(self) -> str:
        """Name of the provider, or of one's own scheme."""
        return cast(Provider, self._rules).name

    @property
    def id(self) -> str | None:
        """The provider's id of the event; None where the request has none."""
        return self._resolve()[0]

    @property
    def type(self) -> str | None:
        """The event's type, such as ``invoice.paid`` or ``pull_request.opened``."""
        return self._resolve()[1]

    @property
    def unsigned(self) -> tuple[str, ...]:
        """Which of ``id`` and ``type`` came from parts that no signature covers.

        Whoever can repeat a signed request can change these: do not decide by
        them alone what the signed body should decide.
        """
        return self._resolve()[2]

    @property
    def headers(self) -> Headers:
        """The request's headers, looked up without regard to case."""
        view: Headers | None = getattr(self, "_header_view", None)
        if view is None:
            view = self._header_view = Headers(self._headers)
        return view

    @property
    def timestamp(self) -> datetime | None:
        """When it was signed (aware, UTC); None where the scheme has no time."""
        ms = self._timestamp_ms
        return None if ms is None else datetime.fromtimestamp(ms / 1000, timezone.utc)

    @property
    def inbox_id(self) -> str | None:
        """Of a stored event its id in ``receiver.inbox``, such as ``inb_7``; else None."""
        key = getattr(self, "_inbox_key", None)
        return None if key is None else f"inb_{key}"

    @property
    def correlation_id(self) -> str | None:
        """What ties its log lines together; None outside a receiver, unless the request has one.

        The request's ``X-Request-Id``, ``X-Correlation-Id`` or trace id where that is sane, else
        one that the receiver made.
        """
        try:
            return self._correlation_id
        except AttributeError:
            self._correlation_id = find_correlation_id(self.headers.pairs())
            return self._correlation_id

    def once(self, connection: Any, *, key: str | None = None) -> bool:
        """Mark the event as handled in your own database, inside your own transaction.

        Commits nothing. As long as the transaction is the one that your effects are in, they
        happen exactly once, however often the handler runs::

            with shop:  # Commits, or rolls back.
                if event.once(shop):
                    shop.execute("UPDATE orders SET paid = 1 WHERE id = ?", (order,))

        Args:
            connection: Of ``sqlite3``, SQLAlchemy (``Connection`` or ``Session``), Django or
                psycopg; to SQLite or PostgreSQL, with the table that ``once_table_sql()`` makes.
            key: What marks sameness, with the source; that of the receiver when omitted, which
                is the event's id for most providers.

        Returns:
            False when it was marked before. Then the effects are there already.

        Raises:
            ConfigError: No connection of those, one that commits each statement by itself, no
                table, or an event without an id or a key.
        """
        return mark_once(connection, self.source, self._once_key(key))

    async def once_async(self, connection: Any, *, key: str | None = None) -> bool:
        """``once()`` for SQLAlchemy's AsyncConnection and AsyncSession, and psycopg's."""
        return await mark_once_async(connection, self.source, self._once_key(key))

    def _once_key(self, key: str | None) -> str:
        if key is not None:
            return key
        found = getattr(self, "_key", None) or self.id
        if found is None:
            raise ConfigError("must be given: the event has no id", "key")
        return row_key(found)

    def json(self) -> Any:
        """The body parsed as JSON.

        Raises:
            json.JSONDecodeError, UnicodeDecodeError: The body is no JSON, is nested too
                deeply, or holds a number of more digits than Python reads, 4300 (both are
                ``ValueError``).
        """
        try:
            return json.loads(self.body)
        except RecursionError:
            raise json.JSONDecodeError("nested too deeply", "", 0) from None
        except (json.JSONDecodeError, UnicodeDecodeError):
            raise
        except ValueError:  # sys.set_int_max_str_digits()
            raise json.JSONDecodeError("a number has too many digits", "", 0) from None

    def parse(self, model: Callable[..., Model]) -> Model:
        """The body as an instance of ``model``.

        Takes pydantic models (validated), dataclasses (by field name; unknown fields
        are dropped) and any callable that takes the parsed JSON.
        """
        validate = getattr(model, "model_validate_json", None)
        if validate is not None:
            return cast(Model, validate(self.body))
        data = self.json()
        if dataclasses.is_dataclass(model) and isinstance(data, dict):
            known = {field.name for field in dataclasses.fields(model) if field.init}
            return cast(Model, model(**{name: data[name] for name in data if name in known}))
        return model(data)

    def items(self) -> list[Event]:
        """The events of a batch (SendGrid, HubSpot, Adyen, Okta, Auth0), in their order.

        One signature proved them all, except that Adyen signs each. An item's body is the
        bytes that stand in the array. Of any other provider it is the event itself.

        Raises:
            VerificationError: ``malformed_body``: there is no array, nothing or more than
                10,000 items in it.
        """
        layouts = cast(Provider, self._rules).batch
        if not layouts or getattr(self, "_is_item", False):
            return [self]
        return [self._item(body) for body in cut_items(self.body, layouts)]

    def _item(self, body: bytes) -> Event:
        item = type(self)(
            body,
            self._headers,
            self._rules,
            self.source,
            self._timestamp_ms,
            self.matched_secret,
        )
        item._header_view = self.headers
        item._is_item = True
        return item

    def __repr__(self) -> str:
        return f"<Event {self.provider} id={self.id!r} type={self.type!r}>"

    def _resolve(self) -> tuple[str | None, str | None, tuple[str, ...]]:
        # Not by an AttributeError: raising one takes longer than all the rest.
        found: tuple[str | None, str | None, tuple[str, ...]] | None
        found = getattr(self, "_identity", None)
        if found is None:
            found = self._identity = _identify(self)
        return found


def kept_headers(event: Event) -> list[tuple[str, str]]:
    """The headers that others may see later: no credentials."""
    dropped = {*_NOT_KEPT, (cast(Provider, event._rules).secret_header or "").lower()}
    return [pair for pair in event.headers.pairs() if pair[0].lower() not in dropped]


def kept_byte_headers(event: Event) -> list[tuple[bytes, bytes]]:
    """The same as bytes; those of an ASGI server are not read as text in between."""
    given = byte_pairs(event._headers)
    if given is None:
        return [
            (name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
            for name, value in kept_headers(event)
        ]
    secret = (cast(Provider, event._rules).secret_header or "").lower().encode()
    return [
        pair
        for pair in given
        if (name := pair[0].lower()) not in _NOT_KEPT_BYTES and name != secret
    ]


def provider_key(event: Event) -> str | None:
    """What marks sameness by the provider's rules; None: the request is an event of its own."""
    groups = cast(Provider, event._rules).key
    if not groups:
        return event.id or None
    places = tuple(place for group in groups for place in group)
    texts = iter(texts_at(places, event.body, lambda: event.headers))
    # All of a group's texts are taken, whichever counts.
    parts = [next(filter(None, [next(texts) for _ in group]), "") for group in groups]
    if not parts[0]:
        return None
    return parts[0] if len(parts) == 1 else json.dumps(parts)


class _Plan(NamedTuple):
    """Where an event's id and type are, worked out once for each provider."""

    row: Provider
    places: tuple[Place, ...]  # Of the id, then the type, then what is put behind it.
    paths: list[str]  # The same where all are in a JSON body, else empty.
    ids: int
    all_signed: bool


# By identity: a row's own hash is over all that is in it.
_plans: dict[int, _Plan] = {}
_MOST_PLANS: Final = 1000  # Of schemes that a user makes anew for each request.


def _plan_of(row: Provider) -> _Plan:
    plan = _plans.get(id(row))
    if plan is None or plan.row is not row:
        suffix = (Body(row.type_suffix),) if row.type_suffix else ()
        places = (*row.id, *row.type, *suffix)
        paths = [place.path for place in places if isinstance(place, Body)]
        in_body = paths if len(paths) == len(places) else []
        signed = all(place.signed for place in places)
        plan = _Plan(row, places, in_body, len(row.id), signed)
        if len(_plans) >= _MOST_PLANS:
            _plans.clear()
        _plans[id(row)] = plan
    return plan


def _identify(event: Event) -> tuple[str | None, str | None, tuple[str, ...]]:
    """Id, type, and which of the two no signature covers."""
    plan = _plan_of(cast(Provider, event._rules))
    row, ids = plan.row, plan.ids
    if plan.paths:
        texts = _core.event_fields(event.body, plan.paths)
    else:
        texts = texts_at(plan.places, event.body, lambda: event.headers)
    event_id, id_place = _first(row.id, texts[:ids])
    event_type, type_place = _first(row.type, texts[ids:])
    if event_type is not None and row.type_suffix and texts[-1]:
        event_type = f"{event_type}.{texts[-1]}"
    if plan.all_signed:
        return event_id, event_type, ()
    unsigned = tuple(
        name
        for name, place in (("id", id_place), ("type", type_place))
        if place is not None and not place.signed
    )
    return event_id, event_type, unsigned


def _first(places: tuple[Place, ...], texts: list[str | None]) -> tuple[str | None, Place | None]:
    """The first text and its place; there may be more texts than places."""
    for place, text in zip(places, texts, strict=False):
        if text:
            return text, place
    return None, None


def texts_at(
    places: tuple[Place, ...], body: bytes, headers: Callable[[], Headers]
) -> list[str | None]:
    """The text at each place, None or empty where there is none.

    Args:
        headers: Called only where a place is outside a JSON body.
    """
    paths = [place.path for place in places if isinstance(place, Body)]
    found = _core.event_fields(body, paths) if paths else []
    if len(paths) == len(places):
        return found
    others = headers()
    in_body = iter(found)
    return [
        next(in_body) if isinstance(place, Body) else _text_outside(place, body, others)
        for place in places
    ]


def _text_outside(place: Place, body: bytes, headers: Headers) -> str | None:
    if isinstance(place, Header):
        value = headers.get(place.name)
        return value if place.only in (None, value) else None
    if isinstance(place, Form):
        return _form(body, headers).get(place.name, [None])[0]
    assert isinstance(place, OtherMember)
    return _core.first_other_member(body, place.beside)


def _form(body: bytes, headers: Headers) -> dict[str, list[str]]:
    if not headers.get("Content-Type", "").lower().startswith("application/x-www-form-urlencoded"):
        return {}
    try:
        return parse_qs(body.decode("utf-8", "replace"), max_num_fields=1000)
    except ValueError:  # More fields than any provider sends.
        return {}
