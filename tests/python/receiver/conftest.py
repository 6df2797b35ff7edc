from __future__ import annotations

from support.receiver_fixtures import clock, inline, receiver, url  # noqa: F401
