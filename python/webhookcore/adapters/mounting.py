"""Which source a path means, and what may be a prefix: the same for ASGI and WSGI."""

from __future__ import annotations

import re
from typing import Any, Final

from ..errors import ConfigError
from ..receiver import Receiver

# What stands in a path as it is (RFC 3986, section 3.3).
PATH: Final = "/:@!$&'()*+,;=~-._"

_PREFIX: Final = re.compile(r"(/[^/\x00-\x20\x7f?#%\\\ud800-\udfff]+)+/?")


def check_prefix(prefix: str, app: Any) -> str:
    """The prefix without a slash at its end.

    Raises:
        ConfigError: It is no path, or there is no app to be in front of.
    """
    if not callable(app):
        raise ConfigError("must be the app that takes what is not below the prefix", "app")
    if not isinstance(prefix, str) or _PREFIX.fullmatch(prefix) is None:
        raise ConfigError("must be a path such as /hooks", "prefix")
    return prefix.rstrip("/")


def check_receiver(receiver: Any) -> None:
    """Raises ConfigError where what requests are to be given to is none."""
    if not isinstance(receiver, Receiver):
        raise ConfigError(f"must be a Receiver, not a {type(receiver).__name__}", "receiver")


def below_prefix(path: str, prefix: str) -> str | None:
    """The rest of the path, which begins with a slash; None: it is not below the prefix."""
    return path[len(prefix) :] if path.startswith(prefix + "/") else None


def body_was_read(by: str) -> ConfigError:
    """The error that says who has read a body before its signature could be checked."""
    return ConfigError(
        f"the request's body was read before its signature could be checked, by {by}; verify first"
    )


def last_segment(path: str) -> str:
    """The name of the source that a path below the mount means, with a slash behind it or not."""
    return path.removesuffix("/").rpartition("/")[2]
