"""Tables of providers, made from the rows that the library itself works with.

Markdown, without Sphinx: ``providers.py`` puts it into the pages.
"""
# ruff: noqa: INP001  # conf.py gives the path to it.

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final, TypeAlias

import webhookcore
from webhookcore import provider_rules
from webhookcore.providers import PROVIDERS

PAGES: Final = Path(__file__).parents[1] / "providers"

_DIRECTIVE: Final = re.compile(r"^```\{provider-table\} +(.+)$", re.MULTILINE)
_TITLE: Final = re.compile(r"^# (.+)$", re.MULTILINE)
_NOTHING: Final = "\N{EN DASH}"

Row: TypeAlias = tuple[str, ...]

_SIGNATURE_COLUMNS: Final = ("Provider", "Signature", "Algorithm", "Key", "Signed", "Time")
_EVENT_COLUMNS: Final = (
    "Provider",
    "Event id",
    "Type",
    "Repeats known by",
    "Batch",
    "Handshake",
    "Answer",
    "Rules",
)
_UNSIGNED: Final = " (unsigned)"
_ANSWERS: Final = {None: _NOTHING, "empty": "an empty body", "no-content": "204"}
_BATCHES: Final = {
    provider_rules.ARRAY: "items of the body",
    provider_rules.LINES: "its lines",
    provider_rules.ALONE: "one alone",
}

# What the function of a special scheme signs; no row can say it.
_SIGNED_BY_CODE: Final = {
    "twilio": "URL, then each form field's name and value, sorted",
    "mailgun": "the body's `timestamp` and `token`",
    "adyen": "eight fields of each item",
    "aws-sns": "the listed fields of the message",
    "hook0": "time, header names, their values, body",
    "jws": "the token's header and claims",
    "rfc9421": "the components that `Signature-Input` lists",
}
_ALGORITHMS: Final = {
    "hmac-sha1": "HMAC-SHA1",
    "hmac-sha256": "HMAC-SHA256",
    "hmac-sha384": "HMAC-SHA384",
    "hmac-sha512": "HMAC-SHA512",
    "ed25519": "Ed25519",
    "ecdsa-p256-der": "ECDSA P-256, DER",
    "ecdsa-p256-raw": "ECDSA P-256, raw",
    "rsa-pkcs1-sha1": "RSA PKCS#1, SHA-1",
    "rsa-pkcs1-sha256": "RSA PKCS#1, SHA-256",
    "rsa-pss-sha512": "RSA-PSS, SHA-512",
    "sha256-prefix": "SHA-256 of secret and content",
    "equal": "none: the header is the secret",
}
_PUBLIC: Final = {name for name in _ALGORITHMS if name.startswith(("ed", "ec", "rsa"))}
_ENCODINGS: Final = {"hex": "hex", "b64": "base64", "b64url": "base64url"}
_KEYS: Final = {"utf8": "text", "hex": "hex", "b64": "base64", "public": "public key"}
_TIMES: Final = {
    "s": "Unix s",
    "ms": "Unix ms",
    "iso": "ISO 8601",
    "s-or-iso": "Unix s or ISO 8601",
    "http-date": "HTTP date",
}


# ---- Pages -------------------------------------------------------------------------------


def family_pages(folder: Path = PAGES) -> dict[str, list[str]]:
    """The pages with a table, by file name, and the providers that each has in it."""
    found = {
        path.name: [name for line in _DIRECTIVE.findall(path.read_text()) for name in line.split()]
        for path in sorted(folder.glob("*.md"))
    }
    return {page: names for page, names in found.items() if names}


# ---- Tables, as Markdown -----------------------------------------------------------------


def family_table(names: list[str]) -> str:
    """Two tables: how each of them signs, and what is known of its events."""
    signatures = [_SIGNATURE_COLUMNS, *map(_signature_row, names)]
    events = [_EVENT_COLUMNS, *map(_event_row, names)]
    return f"{_table(signatures)}\n\n{_table(_without_empty(events))}"


def overview_table(pages: dict[str, list[str]]) -> str:
    page_of = {name: page for page, names in pages.items() for name in names}
    rows: list[Row] = [("Provider", "Page", "Algorithm", "Signature in", "Rules")]
    for name, row in PROVIDERS.items():
        fields = webhookcore.scheme(name).describe()
        link = _NOTHING
        if name in page_of:
            title = _TITLE.findall((PAGES / page_of[name]).read_text())[0]
            link = f"[{title}]({page_of[name]})"
        rows.append(
            (
                f"{row.title}<br>{_code(name)}",
                link,
                _algorithms(fields),
                _header_names(fields),
                _confirmed(row),
            )
        )
    return _table(rows)


def _signature_row(name: str) -> Row:
    row, fields = PROVIDERS[name], webhookcore.scheme(name).describe()
    encoding = _ENCODINGS[fields["enc"]]
    signs = fields["versions"][0][1] != "equal"
    algorithm = _algorithms(fields) + (f"; {encoding}" if signs else "")
    return (
        f"{row.title}<br>{_code(name)}",
        _signature_place(fields),
        algorithm,
        _key(fields),
        _signed(fields),
        _time(fields),
    )


def _event_row(name: str) -> Row:
    row = PROVIDERS[name]
    event_type = _places(row.type)
    if row.type_suffix:
        event_type += f" and {_code(row.type_suffix)}"
    return (
        _code(name),
        _places(row.id),
        event_type,
        ", and ".join(map(_places, row.key)).replace(_UNSIGNED, "") or _NOTHING,
        ", else ".join(map(_batch, row.batch)) or _NOTHING,
        _code(row.handshake) if row.handshake else _NOTHING,
        _ANSWERS.get(row.answer, f"200 {_code(str(row.answer))}"),
        _confirmed(row),
    )


def _batch(layout: str) -> str:
    return _BATCHES.get(layout, f"items of {_code(layout)}")


def _algorithms(fields: dict[str, Any]) -> str:
    versions = fields["versions"]
    if len(versions) == 1:
        return _ALGORITHMS[versions[0][1]]
    return "<br>".join(f"{_code(tag)} {_ALGORITHMS[algorithm]}" for tag, algorithm in versions)


def _header_names(fields: dict[str, Any]) -> str:
    names = [f"{sig}*" if numbered else sig for sig, _, _, numbered in fields["families"]]
    return " or ".join(map(_code, names)) or "the body"


def _signature_place(fields: dict[str, Any]) -> str:
    """The header and what it looks like, with an ellipsis for the signature."""
    if not fields["families"]:
        return "in the body"
    place = _header_names(fields)
    if fields["special"] in ("jws", "rfc9421"):
        return place + (f": {_code(fields['prefix'] + '…')}" if fields["prefix"] else "")
    items = [f"{fields['time_field']}{fields['kv'] or '='}…"] if fields["time_field"] else []
    items += [f"{tag}{fields['kv'] or '='}…" for tag, _ in fields["versions"] if tag]
    if items:
        separator = (fields["items"] or ",") + (" " if fields["spaces"] else "")
        return f"{place}: {_code(separator.join(items))}"
    prefix = fields["prefix"]
    if not prefix:
        return place
    return f"{place}: {_code(prefix + '…')}" + ("" if fields["prefix_required"] else " or bare")


def _key(fields: dict[str, Any]) -> str:
    text = _KEYS[fields["key"]]
    strip = [_code(prefix) for prefix in fields["strip"]]
    if strip:
        text += f" after {', '.join(strip)}"
    if fields["unprefixed_key"]:
        text += f"; without it {_KEYS[fields['unprefixed_key']]}"
    if fields["ed25519_by_prefix"]:
        text += "; `whpk_` for Ed25519"
    elif fields["key"] != "public" and any(name in _PUBLIC for _, name in fields["versions"]):
        text += ", PEM or JWK"
    if fields["needs"]:
        text += f"; setting {', '.join(map(_code, fields['needs']))}"
    return text


def _signed(fields: dict[str, Any]) -> str:
    if fields["versions"][0][1] == "equal":
        return "nothing"
    if fields["special"] in _SIGNED_BY_CODE:
        return _SIGNED_BY_CODE[fields["special"]]
    return _code(fields["msg"].replace("\n", "⏎"))


def _time(fields: dict[str, Any]) -> str:
    if not fields["timestamp"]:
        return _NOTHING
    headers = [time for _, time, _, _ in fields["families"] if time]
    if fields["time_field"]:
        place = f"{_code(fields['time_field'])} in the list"
    elif headers:
        place = " or ".join(map(_code, headers))
    else:
        place = _code(fields["time_json"])
    return f"{place}, {_TIMES[fields['timestamp']]}, ±{fields['tolerance']:g} s"


def _places(places: tuple[provider_rules.Place, ...]) -> str:
    return ", else ".join(map(_place, places)) or _NOTHING


def _place(place: provider_rules.Place) -> str:
    unsigned = "" if place.signed else _UNSIGNED
    if isinstance(place, provider_rules.Header) and place.only is not None:
        return f"{_code(place.name)} if {_code(place.only)}{unsigned}"
    if isinstance(place, provider_rules.Body):
        return f"body {_code(place.path)}{unsigned}"
    if isinstance(place, provider_rules.Form):
        return f"form field {_code(place.name)}{unsigned}"
    if isinstance(place, provider_rules.OtherMember):
        return f"the body's member beside {_code(place.beside)}{unsigned}"
    return f"{_code(place.name)}{unsigned}"


def _confirmed(row: provider_rules.Provider) -> str:
    return "confirmed" if row.confirmed else "**unconfirmed**"


def _code(text: str) -> str:
    return "`" + text.replace("|", "\\|") + "`"


def _without_empty(rows: list[Row]) -> list[Row]:
    """Without the columns in which nothing is said."""
    columns = zip(*rows, strict=True)
    return list(zip(*(column for column in columns if {*column[1:]} != {_NOTHING}), strict=True))


def _table(rows: list[Row]) -> str:
    lines = (rows[0], ("---",) * len(rows[0]), *rows[1:])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
