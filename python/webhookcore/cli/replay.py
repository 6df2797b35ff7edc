"""``webhookcore listen --replay``: sends what was recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from ..calling import call
from ..errors import ConfigError, UnreachableError
from ..exchange import HttpRequest
from ..testing import Recording, SenderKeys, read_recordings, recorded
from ..urls import UrlPolicy
from .json_rows import bytes_json
from .output import print_json, shown


def replay_file(
    path: str,
    numbers: Sequence[int],
    url: str,
    secrets: Sequence[str],
    policy: UrlPolicy,
    timeout: float,
    as_json: bool,
) -> bool:
    """Send those of the numbers, or all, in the file's order.

    With a secret each is signed anew; without, it goes out with its old signature, which a
    receiver may find too old.

    Returns:
        Whether all were answered with 2xx.

    Raises:
        ConfigError: The file, or a number, is none.
    """
    try:
        recordings = list(read_recordings(path))
    except (OSError, ValueError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(str(error), "replay") from None
    missing = [number for number in numbers if number > len(recordings)]
    if missing:
        raise ConfigError(f"there are {len(recordings)} recordings, none is {missing[0]}", "N")
    chosen = numbers or range(1, len(recordings) + 1)
    good = True
    for number in chosen:
        request = _request(recordings[number - 1], secrets, url)
        good = _send(number, request, url, policy, timeout, as_json) and good
    return good


def _request(recording: Recording, secrets: Sequence[str], url: str) -> HttpRequest:
    if not secrets:
        return recording.request()
    if recording.provider is None:
        raise ConfigError("a request of no provider cannot be signed", "secret")
    return recorded(
        recording.provider,
        body=recording.body,
        headers=recording.request().headers,  # type: ignore[arg-type]  # Pairs of str.
        id=recording.id,
        type=recording.type,
        url=recording.url or url,
        method=recording.method,
        secret=SenderKeys(secrets[0], secrets[0]),
    )


def _send(
    number: int, request: HttpRequest, url: str, policy: UrlPolicy, timeout: float, as_json: bool
) -> bool:
    told: dict[str, Any] = {"number": number, "method": request.method, "status": None}
    try:
        response = call(
            url,
            method=request.method,
            headers=request.headers,
            body=request.body,
            policy=policy,
            timeout=timeout,
        )
    except UnreachableError as error:
        told["error"] = str(error)
    else:
        told |= {"status": response.status, **bytes_json("response", response.body)}
    if as_json:
        print_json(told)
    else:
        click.echo(f"{number}: {shown(told['status'] or told['error'])}")
    return told["status"] is not None and 200 <= told["status"] < 300
