"""What AWS Lambda is given for an HTTP request: by API Gateway (1.0 and 2.0), an ALB, a function URL.

Source: AWS, "Lambda proxy integrations in API Gateway" (payload formats 1.0 and 2.0), "Using AWS
Lambda with an Application Load Balancer", "Invoking Lambda function URLs".
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from .errors import ConfigError


def request_fields(event: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of ``HttpRequest``.

    Raises:
        ConfigError: It is no HTTP request; ``field`` says where that shows.
    """
    if not isinstance(event, Mapping):
        raise ConfigError("must be the event that Lambda calls its handler with", "event")
    context = _mapping(event, "requestContext")
    headers = list(_headers(event))
    found = _of_version_2(event, context) if "http" in context else _of_version_1(event, context)
    method, path, query, address, url_path = found
    path += f"?{query}" if query else ""
    host = _text(context, "domainName", "event.requestContext.", "") or _header(headers, "host")
    # Behind an ALB alone may it be plain HTTP.
    scheme = (_header(headers, "x-forwarded-proto") if "elb" in context else "") or "https"
    return {
        "method": method.upper(),
        "path": path,
        "headers": headers,
        "body": _body(event),
        "client_ip": address or None,
        "url": f"{scheme}://{host}{url_path}{'?' + query if query else ''}" if host else None,
    }


def _of_version_2(
    event: Mapping[str, Any], context: Mapping[str, Any]
) -> tuple[str, str, str, str, str]:
    """Method, path, query and address; and the path with the stage, as it was called."""
    http = _mapping(context, "http", "event.requestContext.")
    method = _text(http, "method", "event.requestContext.http.")
    path = _text(event, "rawPath")
    query = _text(event, "rawQueryString", default="")
    address = _text(http, "sourceIp", "event.requestContext.http.", "")
    return method, path, query, address, path


def _of_version_1(
    event: Mapping[str, Any], context: Mapping[str, Any]
) -> tuple[str, str, str, str, str]:
    """The same of API Gateway's format 1.0, and of an ALB, which does not say an address."""
    method, path = _text(event, "httpMethod"), _text(event, "path")
    pairs = list(_pairs(event, "multiValueQueryStringParameters", "queryStringParameters"))
    if "elb" not in context:  # API Gateway has decoded them; an ALB has not.
        pairs = [(_quoted(name), _quoted(value)) for name, value in pairs]
    query = "&".join(f"{name}={value}" for name, value in pairs)
    address = _text(_mapping(context, "identity"), "sourceIp", "event.requestContext.", "")
    return method, path, query, address, _text(context, "path", "event.requestContext.", path)


def _quoted(text: str) -> str:
    return quote(text, "", "utf-8", "replace")


def _headers(event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from _pairs(event, "multiValueHeaders", "headers")
    cookies = event.get("cookies")
    if isinstance(cookies, list):
        yield "cookie", "; ".join(str(one) for one in cookies)


def _pairs(event: Mapping[str, Any], many: str, one: str) -> Iterator[tuple[str, str]]:
    """Names and values: of the field that has several of a name, else of the other one."""
    field = many if event.get(many) else one
    for name, value in _mapping(event, field).items():
        values = value if isinstance(value, list) else [value]
        if not isinstance(name, str) or not all(isinstance(text, str) for text in values):
            raise ConfigError("must be texts by name", f"event.{field}")
        for text in values:
            yield name, text


def _body(event: Mapping[str, Any]) -> bytes:
    body = _text(event, "body", default="")
    if not event.get("isBase64Encoded"):
        try:
            return body.encode("utf-8")
        except UnicodeEncodeError:
            raise ConfigError("holds half a character", "event.body") from None
    try:
        return base64.b64decode(body.encode("ascii"), validate=True)
    except (ValueError, binascii.Error):
        raise ConfigError("is said to be Base64 and is not", "event.body") from None


def _mapping(holder: Mapping[str, Any], name: str, where: str = "event.") -> Mapping[str, Any]:
    found = holder.get(name)
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise ConfigError("must be an object", f"{where}{name}")
    return found


def _text(
    holder: Mapping[str, Any], name: str, where: str = "event.", default: str | None = None
) -> str:
    found = holder.get(name)
    found = default if found is None else found
    if not isinstance(found, str):
        text = "must be a text, as in an event of API Gateway, an ALB or a function URL"
        raise ConfigError(text, f"{where}{name}")
    return found


def _header(headers: list[tuple[str, str]], wanted: str) -> str:
    return next((value for name, value in headers if name.lower() == wanted), "")
