"""The conformance vectors of tests/vectors, as typed rows. The README there explains the fields."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import webhookcore as wh

VECTORS = Path(__file__).parents[2] / "vectors"


@cache
def _lines(name: str) -> tuple[dict[str, Any], ...]:
    text = (VECTORS / name).read_text(encoding="utf-8")
    return tuple(json.loads(line) for line in text.splitlines())


def _decoded(row: dict[str, Any], field: str) -> bytes:
    return base64.b64decode(row.get(field, ""), validate=True)


@dataclass(frozen=True)
class SignatureRow:
    """One row of signatures.jsonl; `secrets` is what a user would configure."""

    provider: str
    name: str
    secrets: tuple[str, ...]
    method: str
    url: str | None
    headers: dict[str, str]
    body: bytes
    now: float | None
    tolerance: float
    extra: dict[str, Any]
    expect: str
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.provider}-{self.name}"

    @property
    def scheme(self) -> wh.Scheme | str:
        """What a user would name: the provider, with the settings that it needs."""
        make = _SCHEMES.get(self.provider)
        return self.provider if make is None else make(self.extra)


def _convoy(extra: dict[str, Any]) -> wh.Scheme:
    scheme = wh.scheme("convoy-advanced" if extra["advanced"] else "convoy")
    return scheme.replace(alg=f"hmac-{extra['algo']}", enc=_ENCODINGS[extra["encoding"]])


def _generic_hmac(extra: dict[str, Any]) -> wh.Scheme:
    optional = extra.get("prefix_optional", False)
    return wh.Scheme(
        sig="X-Signature",
        alg=f"hmac-{extra['algo']}",
        enc=_ENCODINGS[extra["encoding"]],
        prefix=f"{extra['algo']}=" if optional else "",
        prefix_required=not optional,
        items=extra.get("list_separator"),
        name="generic-hmac",
    )


def _rfc9421(extra: dict[str, Any]) -> wh.Scheme:
    algorithm = {"ecdsa-p256-sha256": "ecdsa-p256-raw"}.get(extra["alg"], extra["alg"])
    return wh.scheme("rfc9421").replace(
        alg=algorithm, required="", label=extra["label"], status=str(extra.get("status", ""))
    )


_ENCODINGS = {"hex": "hex", "base64": "b64"}
_SCHEMES = {
    "convoy": _convoy,
    "generic-hmac": _generic_hmac,
    "rfc9421": _rfc9421,
    "paypal": lambda extra: wh.scheme("paypal").replace(webhook_id=extra["webhook_id"]),
}


def _secrets(row: dict[str, Any]) -> tuple[str, ...]:
    if "key_b64" not in row:
        return ()
    text = _decoded(row, "key_b64").decode("utf-8")
    return tuple(json.loads(text)) if text.startswith("[") else (text,)


def signature_rows(name: str = "signatures.jsonl") -> list[SignatureRow]:
    return [
        SignatureRow(
            provider=row["scheme"],
            name=row["name"],
            secrets=_secrets(row),
            method=row["method"],
            url=row.get("url"),
            headers=row["headers"],
            body=_decoded(row, "body_b64"),
            now=row.get("now"),
            tolerance=row.get("tolerance", 300),
            extra=row.get("extra", {}),
            expect=row["expect"],
            reasons=tuple(row.get("reasons", ())),
        )
        for row in _lines(name)
    ]


@dataclass(frozen=True)
class HostileRow:
    """One row of hostile_headers.jsonl; a header may stand in it twice."""

    number: int
    provider: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    secret: str
    now: int
    expect: str
    why: str

    def __str__(self) -> str:
        return f"{self.number:03}-{self.provider}-{self.expect}"


def hostile_rows() -> list[HostileRow]:
    return [
        HostileRow(
            number=number,
            provider=row["scheme"],
            headers=tuple((name, value) for name, value in row["headers"]),
            body=_decoded(row, "body_b64"),
            secret=_decoded(row, "key_b64").decode("utf-8"),
            now=row["now"],
            expect=row["expect"],
            why=row["reason"],
        )
        for number, row in enumerate(_lines("hostile_headers.jsonl"), start=1)
    ]


@dataclass(frozen=True)
class UrlRow:
    """One row of ssrf.jsonl; `layer` is the check that decides it."""

    number: int
    url: str
    expect: str
    layer: str
    why: str

    def __str__(self) -> str:
        return f"{self.number:03}-{self.layer}-{self.expect}"


def url_rows() -> list[UrlRow]:
    return [
        UrlRow(number, row["url"], row["expect"], row["layer"], row["reason"])
        for number, row in enumerate(_lines("ssrf.jsonl"), start=1)
    ]
