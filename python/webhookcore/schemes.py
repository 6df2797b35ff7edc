"""Signature schemes as values: the built-in ones, changed ones, and one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

from . import _core
from .config import check_text
from .errors import ConfigError
from .provider_rules import Body, Header, Place, Provider
from .providers import PROVIDERS, find_provider
from .scheme_keywords import KEYWORDS, PLAIN, changed_fields, place_of

_TEXT_MARK: Final = "scheme:"


class Scheme:
    """How requests are signed, in the words of the design's table of primitives.

    Checked when it is made, immutable, accepted wherever a provider's name is, and as
    fast as a built-in scheme::

        wh.Scheme(sig="X-Signature", prefix="sha256=")                # HMAC of the body
        wh.Scheme(sig="X-Sig", time="header:X-Time", msg="{timestamp}.{body}")
        wh.Scheme(sig="X-Sig", items=",", kv="=", accept=["v1"], time="field:t",
                  msg="{timestamp}.{body}")                           # t=…,v1=…,v1=…

    Args:
        sig: The header with the signature. ``"X-Signature-*"`` stands for numbered
            headers, ``X-Signature-1`` and so on.
        name: What events, logs and the inbox call it.
        alg: ``hmac-sha1``, ``hmac-sha256``, ``hmac-sha384``, ``hmac-sha512``,
            ``ed25519``, ``ecdsa-p256-der``, ``ecdsa-p256-raw``, ``rsa-pkcs1-sha1``,
            ``rsa-pkcs1-sha256``, ``rsa-pss-sha512``, ``sha256-prefix`` (SHA-256 of the
            secret and the content, no HMAC) or ``equal`` (the header is the secret).
        key: What a secret's text is: ``utf8`` (the key itself), ``hex``, ``b64``, or
            ``public`` (PEM, base64 of DER, or a JWK).
        strip: Prefixes that are taken off a secret before it is decoded.
        items: Separates signatures in the header; None when it holds one.
        kv: Separates an item's tag from its signature; None when items have no tag.
        accept: The tags whose signatures count.
        prefix: Stands before a signature without a tag, such as ``sha256=``.
        prefix_required: Whether a signature without the prefix is refused.
        enc: ``hex`` (lower case), ``b64`` or ``b64url``.
        msg: What is signed. ``{body}``, ``{timestamp}``, ``{id}``, ``{url}``,
            ``{method}``, ``{header:NAME}``, ``{body_sha256}``, ``{body_crc32}``; anything
            else as it stands. It is taken apart once, here: no byte of a request can be
            mistaken for a part.
        time: Where the time is: ``"header:NAME"``, ``"field:TAG"`` of the signature
            header, or ``"json:PATH"`` of the body. None: nothing ages.
        timestamp: Its form: ``s`` (when omitted) or ``ms`` (Unix), ``iso``,
            ``s-or-iso``, ``http-date``.
        tolerance: Seconds that the time may differ from now, either way.
        id: Where the event's id is: ``"header:NAME"`` or ``"json:PATH"``.
        type: The same for its type.

    Raises:
        ConfigError: The keyword at fault is its ``field``.
    """

    __slots__ = ("_core", "_fields", "provider")

    provider: Provider

    def __init__(
        self,
        *,
        sig: str,
        name: str = "custom",
        alg: str = "hmac-sha256",
        key: str = "utf8",
        strip: Sequence[str] = (),
        items: str | None = None,
        kv: str | None = None,
        accept: Sequence[str] = (),
        prefix: str = "",
        prefix_required: bool = True,
        enc: str = "hex",
        msg: str = "{body}",
        time: str | None = None,
        timestamp: str | None = None,
        tolerance: float = 300.0,
        id: str | None = None,
        type: str | None = None,
    ) -> None:
        given = locals()
        fields = {
            **PLAIN,
            "versions": [("", alg)],
            "families": [("", "", "", False)],
            "spaces": False,
            "strict": True,
            "time_field": "",
            "time_json": "",
            "id_header": "",
            "type_header": "",
            "timestamp": "",
        }
        changes = {word: given[word] for word in KEYWORDS}
        if timestamp is None:
            del changes["timestamp"]
        changed = changed_fields(fields, changes)
        self._set(changed, _provider(Provider(name, name), changes, changed["msg"]))

    @classmethod
    def _of(cls, fields: Mapping[str, Any], provider: Provider) -> Scheme:
        made = cls.__new__(cls)
        made._set(fields, provider)
        return made

    def _set(self, fields: Mapping[str, Any], provider: Provider) -> None:
        self._core = _core.make_scheme(dict(fields))
        self._fields = dict(fields)
        is_token = fields["versions"][0][1] == "equal"
        header = fields["families"][0][0] if is_token else None
        self.provider = replace(provider, secret_header=header) if is_token else provider

    @property
    def name(self) -> str:
        """The scheme's name; of a built-in one the provider's."""
        return str(self._fields["name"])

    def describe(self) -> dict[str, Any]:
        """Everything that makes up the scheme, for tables and curious people; a copy."""
        return dict(self._fields)

    def replace(self, **changes: Any) -> Scheme:
        """The same with other values for keywords of ``Scheme``, or for its settings.

        Settings are what a built-in scheme wants to be told beside the secret: PayPal's
        ``webhook_id``, the ``required`` components of RFC 9421.

        Raises:
            ConfigError: There is no such keyword, or its value is impossible.
        """
        fields = dict(self._fields)
        words = {word: value for word, value in changes.items() if word in KEYWORDS}
        settings = {word: value for word, value in changes.items() if word not in KEYWORDS}
        if settings:
            fields["settings"] = _settings(fields, settings)
        changed = changed_fields(fields, words)
        return Scheme._of(changed, _provider(self.provider, words, changed["msg"]))

    def __eq__(self, other: object) -> bool:
        """Whether both sign and verify alike; where an event's id and type are is not asked."""
        if not isinstance(other, Scheme):
            return NotImplemented
        return self._core.text() == other._core.text()

    def __hash__(self) -> int:
        return hash(self._core.text())

    def __reduce__(self) -> tuple[Any, ...]:
        return (Scheme._of, (self._fields, self.provider))

    def __repr__(self) -> str:
        return f"<Scheme {self.name}>"


SchemeLike: TypeAlias = str | Scheme


def scheme(name: str) -> Scheme:
    """The scheme of a built-in provider, to be changed with ``replace()``.

    Raises:
        ConfigError: There is none of that name.
    """
    row = find_provider(name)
    return Scheme._of(_core.find_scheme(row.name).fields(), row)


def find_scheme(given: SchemeLike) -> tuple[_core.SchemeBase, Provider]:
    """The signature's rules, and what is known of the provider beside them."""
    if isinstance(given, Scheme):
        return given._core, given.provider
    row = find_provider(given)
    return _BUILT_IN[row.name], row


def header_names(given: SchemeLike) -> tuple[str, ...]:
    """What its sender puts on a request: the signature, and what tells id, type and time."""
    scheme, row = find_scheme(given)
    fields = scheme.fields()
    named = [name.replace("*", "1") for family in fields["families"] for name in family[:3]]
    places = (*row.id, *row.type, *(place for group in row.key for place in group))
    named += [fields["id_header"], fields["type_header"]]
    named += [place.name for place in places if isinstance(place, Header)]
    # By their lower case: some rows write a header in another way than others do.
    return tuple({name.lower(): name for name in reversed(named) if name}.values())[::-1]


def stored_text(given: SchemeLike) -> str:
    """The form in which an endpoint keeps a scheme: a name, or the text of a user's own.

    Raises:
        ConfigError: There is no built-in scheme of that name.
    """
    return given._core.text() if isinstance(given, Scheme) else find_provider(given).name


def scheme_name(text: str) -> str:
    """What the scheme of a ``stored_text()`` is called."""
    return str(_core.find_scheme(text).fields()["name"]) if text.startswith(_TEXT_MARK) else text


def from_stored_text(text: str) -> SchemeLike:
    """What ``stored_text()`` was given; of a user's own the part that signs."""
    if not text.startswith(_TEXT_MARK):
        return text
    fields = _core.find_scheme(text).fields()
    headers = {"id": fields["id_header"] or _first_family(fields)[2], "type": fields["type_header"]}
    places = {word: f"header:{name}" for word, name in headers.items() if name}
    row = Provider(fields["name"], fields["name"])
    return Scheme._of(fields, _provider(row, places, fields["msg"]))


def _first_family(fields: Mapping[str, Any]) -> tuple[str, str, str, bool]:
    families = fields["families"]
    return families[0] if families else ("", "", "", False)


_BUILT_IN: Final = {name: _core.find_scheme(name) for name in PROVIDERS}


def _settings(fields: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, str]:
    known = {*fields["settings"], *fields["needs"]}
    for word in given:
        if word not in known:
            raise ConfigError(
                f"is neither a keyword of Scheme nor a setting of {fields['name']}", word
            )
    texts = {word: _setting(word, value) for word, value in given.items()}
    for word, text in texts.items():
        check_text(word, text, least=0, most=2000)
    return {**fields["settings"], **texts}


def _setting(word: str, value: Any) -> str:
    """As the scheme keeps it: text, the words of a list, or a switch."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value))
    if not isinstance(value, str):
        raise ConfigError("must be a str, a list of them, or True or False", word)
    return value


def _provider(row: Provider, changes: Mapping[str, Any], msg: str) -> Provider:
    """The row with the places and the name that were given; ``msg`` is what is signed."""
    values = {name: getattr(row, name) for name in row.__slots__}
    if "name" in changes:
        values["name"] = values["title"] = changes["name"]
    for word in ("id", "type"):
        if changes.get(word) is not None:
            values[word] = (_signed(place_of(changes[word], word), word, msg),)
    return Provider(**values)


def _signed(place: Header | Body, word: str, msg: str) -> Place:
    """The place, which knows whether the signature covers it."""
    if isinstance(place, Body):
        return replace(place, signed="{body}" in msg or "{body_sha256}" in msg)
    is_signed_id = word == "id" and "{id}" in msg
    return replace(place, signed=is_signed_id or f"{{header:{place.name}}}" in msg)
