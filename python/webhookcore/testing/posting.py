"""One call to post a sample, whatever the test client."""

from __future__ import annotations

from typing import Any

from ..errors import ConfigError
from ..exchange import Headers, HttpRequest
from ..receiver import Receiver


def post(client: Any, path: str, request: HttpRequest) -> Any:
    """Send a request to an app under test, its bytes and headers as they are.

    Takes the test clients of Starlette and FastAPI, Flask and Werkzeug, and Django, ``httpx``
    clients, and a ``Receiver``, whose source is the last part of the path. Where the URL is
    signed (Twilio), make the sample with the URL that the app will see:
    ``sample("twilio", url="http://testserver/hooks/twilio")``.

    Returns:
        What the client returns: its response; for an asynchronous client something to await.

    Raises:
        ConfigError: The client is none of these.
    """
    pairs = list(Headers(request.headers).pairs())
    if isinstance(client, Receiver):
        return client.handle(request, path.rstrip("/").rpartition("/")[2])
    if hasattr(client, "generic") and hasattr(client, "handler"):  # Django.
        return _to_django(client, path, request, pairs)
    if hasattr(client, "open") and hasattr(client, "application"):  # Werkzeug, Flask.
        return client.open(path, method=request.method, data=request.body, headers=pairs)
    if hasattr(client, "request") and hasattr(client, "build_request"):  # httpx, Starlette.
        return client.request(request.method, path, content=request.body, headers=pairs)
    raise ConfigError(
        "must be a test client of Starlette, Flask or Django, an httpx client or a Receiver",
        "client",
    )


def _to_django(client: Any, path: str, request: HttpRequest, pairs: list[tuple[str, str]]) -> Any:
    """As a WSGI server does: a header that comes twice is one value with a comma."""
    environ: dict[str, str] = {}
    kind = "application/octet-stream"
    for name, value in pairs:
        if name.lower() == "content-type":
            kind = value
        elif name.lower() != "content-length":
            key = f"HTTP_{name.upper().replace('-', '_')}"
            environ[key] = f"{environ[key]},{value}" if key in environ else value
    # Named like that, arguments reach the environment in every version of Django.
    return client.generic(request.method, path, request.body, kind, **environ)
