"""Rows of the client as JSON objects."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..client import Endpoint, Message, SecretAge
from ..exchange import Headers
from ..schemes import Scheme


def row_json(row: Any) -> dict[str, Any]:
    """The fields of a dataclass; bytes that are no UTF-8 as ``NAME_base64``."""
    fields: dict[str, Any] = {}
    for field in dataclasses.fields(row):
        name, value = field.name, getattr(row, field.name)
        if name.startswith("_"):
            continue
        if isinstance(value, bytes):
            fields.update(bytes_json(name, value))
        else:
            fields[name] = plain_json(value)
    return fields


def endpoint_json(endpoint: Endpoint) -> dict[str, Any]:
    fields = row_json(endpoint)
    # Values of headers may be credentials: their names are enough to know what is set.
    fields["headers"] = list(endpoint.headers)
    if endpoint.secret is None:
        del fields["secret"]
    return fields


def message_json(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "type": message.type,
        "tenant": message.tenant,
        "created_at": plain_json(message.created_at),
    }


def bytes_json(name: str, value: bytes) -> dict[str, str]:
    try:
        return {name: value.decode("utf-8")}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(value).decode("ascii")}


def plain_json(value: Any) -> Any:
    """A value of a row as JSON has it."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, Scheme):
        return value.name
    if isinstance(value, SecretAge):
        return row_json(value)
    return _plain_container(value)


def _plain_container(value: Any) -> Any:
    if isinstance(value, Headers):
        return [list(pair) for pair in value.pairs()]
    if isinstance(value, Mapping):
        return {name: plain_json(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_json(item) for item in value]
    return value
