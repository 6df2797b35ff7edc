"""Redis Streams (and Valkey)."""

from __future__ import annotations

from typing import Any

from ..config import check_seconds, check_text, check_whole
from ..errors import ConfigError
from .hand_off import HandOff, missing


class RedisStream:
    """Adds each event to a stream, as one entry.

    Its fields are ``body`` (the exact bytes), ``headers`` (a JSON array of pairs) and what is
    known of ``dedup_id inbox_id source provider event_id type timestamp correlation_id``. It is
    as durable as the server's ``appendfsync`` makes it.

    Args:
        client: Of the ``redis`` package, or the URL of a server.
        stream: The stream's key.
        timeout: Seconds for connecting and for an answer, where ``client`` is a URL.
        max_length: About how many entries are kept, the newest ones. None: all. Entries that
            nobody has read yet are dropped too.

    Raises:
        ConfigError: An option that can never work.
        ImportError: ``client`` is a URL, and ``webhookcore[redis]`` is not installed.
    """

    def __init__(
        self, client: Any, stream: str, *, max_length: int | None = None, timeout: float = 10.0
    ) -> None:
        self._stream = check_text("stream", stream, most=1024)
        if max_length is not None:
            check_whole("max_length", max_length, 1, 2**53)
        self._max_length = max_length
        timeout = check_seconds("timeout", timeout, 0.1, 300)
        self._client = _connect(client, timeout) if isinstance(client, str) else client
        if not callable(getattr(self._client, "xadd", None)):
            raise ConfigError("must be a client of redis, or a URL", "client")

    def put(self, hand_off: HandOff) -> Any:
        fields: dict[Any, Any] = {
            **hand_off.fields(),
            "headers": hand_off.headers(),
            "body": hand_off.event.body,
        }
        entry = self._client.xadd(self._stream, fields, maxlen=self._max_length, approximate=True)
        return {"entry": entry.decode() if isinstance(entry, bytes) else str(entry)}

    def __repr__(self) -> str:
        return f"<RedisStream {self._stream}>"


def _connect(url: str, timeout: float) -> Any:
    try:
        import redis  # noqa: PLC0415  # An extra.
        from redis.backoff import NoBackoff  # noqa: PLC0415
        from redis.retry import Retry  # noqa: PLC0415
    except ImportError:
        raise missing("redis", "redis") from None
    try:
        return redis.Redis.from_url(
            url,
            socket_connect_timeout=timeout,
            socket_timeout=timeout,
            # Once at once, for a connection that was idle too long; the receiver does the rest.
            retry=Retry(NoBackoff(), 1),
        )
    except ValueError:
        # Not repeated: it may hold a password.
        raise ConfigError("must be like redis://127.0.0.1:6379/0", "client") from None
