"""What each keyword of ``Scheme`` changes in the fields that make a scheme."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .config import check_list, check_seconds, check_text
from .errors import ConfigError
from .provider_rules import Body, Header

# Fields that a row in C++ has and that no keyword of `Scheme` sets.
PLAIN: Final[dict[str, Any]] = {
    "usual_prefix": "",
    "unprefixed_key": "",
    "ed25519_by_prefix": False,
    "special": "",
    "signs_challenges": False,
    "settings": {},
    "needs": [],
    "weaker": "",
    "type_suffix": "",
}
KEYWORDS: Final = frozenset(
    {
        "name", "alg", "key", "strip", "sig", "accept", "items", "kv", "prefix",
        "prefix_required", "enc", "msg", "time", "timestamp", "tolerance", "id", "type",
    }
)  # fmt: skip
_PLACE_FORM: Final = 'must be "header:NAME" or "json:PATH"'


def changed_fields(fields: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The fields with the keywords that were given."""
    changed = dict(fields)
    for word in (word for word in _ORDER if word in changes):
        _CHANGES[word](changed, changes[word])
    return changed


def _family(fields: Mapping[str, Any], word: str) -> tuple[str, str, str, bool]:
    """The headers of the first spelling; some schemes have none."""
    if not fields["families"]:
        raise ConfigError(f"of {fields['name']} cannot be changed", word)
    family: tuple[str, str, str, bool] = fields["families"][0]
    return family


def place_of(text: Any, field: str) -> Header | Body:
    kind, _, name = text.partition(":") if isinstance(text, str) else ("", "", "")
    check_text(field, name, least=0)
    if not name or kind not in ("header", "json"):
        raise ConfigError(_PLACE_FORM, field)
    return Header(name) if kind == "header" else Body(name)


def _set_sig(fields: dict[str, Any], value: Any) -> None:
    header = check_text("sig", value)
    numbered = header.endswith("-*")
    _, time, id, _ = _family(fields, "sig")
    fields["families"] = [(header.removesuffix("*"), time, id, numbered)]


def _set_alg(fields: dict[str, Any], value: Any) -> None:
    algorithm = check_text("alg", value)
    versions = fields["versions"]
    # Where the scheme knows several, it is now this one alone.
    fields["versions"] = [version for version in versions if version[1] == algorithm] or [
        (tag, algorithm) for tag, _ in versions
    ]
    if algorithm == "equal":
        fields["msg"] = ""


def _set_accept(fields: dict[str, Any], value: Any) -> None:
    tags = check_list("accept", value, 'must be a list of tags, such as ["v1"]')
    algorithm = fields["versions"][0][1]
    fields["versions"] = [(check_text("accept", tag), algorithm) for tag in tags] or [
        ("", algorithm)
    ]


def _set_msg(fields: dict[str, Any], value: Any) -> None:
    text = value
    if value != "{body}":
        # Line breaks stand between the parts of many a scheme.
        visible = value.replace("\n", " ") if isinstance(value, str) else value
        check_text("msg", visible, least=0, most=1000)
    signs_nothing = fields["versions"][0][1] == "equal"
    fields["msg"] = "" if signs_nothing and text == "{body}" else text


def _set_time(fields: dict[str, Any], value: Any) -> None:
    kind, _, name = value.partition(":") if isinstance(value, str) else ("", "", "")
    if value is not None and (not name or kind not in ("header", "field", "json")):
        raise ConfigError('must be "header:NAME", "field:TAG" or "json:PATH"', "time")
    check_text("time", name, least=0)
    _family(fields, "time")
    header = name if kind == "header" else ""
    fields["families"] = [(sig, header, id, many) for sig, _, id, many in fields["families"]]
    fields["time_field"] = name if kind == "field" else ""
    fields["time_json"] = name if kind == "json" else ""
    if value is None:
        fields["timestamp"] = ""
    else:
        fields["timestamp"] = fields["timestamp"] or "s"


def _set_timestamp(fields: dict[str, Any], value: Any) -> None:
    families = fields["families"]
    has_place = fields["time_field"] or fields["time_json"] or (families and families[0][1])
    if not has_place:
        raise ConfigError("there is no time; time= says where one is", "timestamp")
    fields["timestamp"] = check_text("timestamp", value)


def _set_id(fields: dict[str, Any], value: Any) -> None:
    if value is None:
        return
    place = place_of(value, "id")
    header = place.name if isinstance(place, Header) else ""
    signed = "{id}" in fields["msg"]
    fields["id_header"] = "" if signed else header
    fields["families"] = [
        (sig, time, header if signed else "", many) for sig, time, _, many in fields["families"]
    ]


def _set_type(fields: dict[str, Any], value: Any) -> None:
    if value is None:
        return
    place = place_of(value, "type")
    fields["type_header"] = place.name if isinstance(place, Header) else ""


def _separator(word: str) -> Any:
    def change(fields: dict[str, Any], value: Any) -> None:
        text = "" if value is None else check_text(word, value, most=2)
        fields[word] = text[:1]
        if word == "items":
            fields["spaces"] = text[1:] == " "
        if len(text) > 1 and not (word == "items" and text[1] == " "):
            raise ConfigError("must be one character; items may have a space behind it", word)

    return change


def _text(word: str, *, most: int = 256) -> Any:
    def change(fields: dict[str, Any], value: Any) -> None:
        fields[word] = check_text(word, value, least=0, most=most)

    return change


def _set_prefix_required(fields: dict[str, Any], value: Any) -> None:
    if not isinstance(value, bool):
        raise ConfigError("must be True or False", "prefix_required")
    fields["prefix_required"] = value


def _set_strip(fields: dict[str, Any], value: Any) -> None:
    fields["strip"] = [
        check_text("strip", prefix)
        for prefix in check_list("strip", value, "must be a list of prefixes")
    ]


def _set_tolerance(fields: dict[str, Any], value: Any) -> None:
    fields["tolerance"] = check_seconds("tolerance", value, 0.001, 10 * 365 * 86400.0)


_CHANGES: Final = {
    "name": _text("name", most=64),
    "sig": _set_sig,
    "alg": _set_alg,
    "key": _text("key"),
    "strip": _set_strip,
    "items": _separator("items"),
    "kv": _separator("kv"),
    "accept": _set_accept,
    "prefix": _text("prefix"),
    "prefix_required": _set_prefix_required,
    "enc": _text("enc"),
    "msg": _set_msg,
    "time": _set_time,
    "timestamp": _set_timestamp,
    "tolerance": _set_tolerance,
    "id": _set_id,
    "type": _set_type,
}
# Some look at what those before them have set.
_ORDER: Final = tuple(_CHANGES)
