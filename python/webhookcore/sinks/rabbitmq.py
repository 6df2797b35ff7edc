"""RabbitMQ, by AMQP 0-9-1."""

from __future__ import annotations

import os
import threading
import time
import weakref
from contextlib import suppress
from typing import Any, Final

from ..config import check_seconds, check_text
from ..errors import ConfigError
from .hand_off import HandOff, missing

# Seconds. A broker that says nothing is given up after 2 (heartbeat + 5), which is how pika counts.
_HEARTBEAT: Final = 5
_LONGEST_KEY: Final = 255  # Bytes of a routing key.
_LOCK_SECONDS: Final = 30.0


class RabbitMQ:
    """Publishes each event as one persistent message, and waits until the broker has it.

    The body is the exact bytes; ``message_id`` is the dedup id, ``type`` the event's type, and
    the message's headers hold what is known of the event and ``headers``, the request's, as a JSON
    array of pairs. A message that no queue would get is an error and is not lost: exchange,
    queue and binding are yours to declare.

    One connection for each process, opened at the first event and again when it was lost, and a
    thread that keeps it; ``close()`` ends both.

    Args:
        url: Such as ``amqp://user:password@host:5672/vhost``, or parameters of pika.
        exchange: The default exchange when empty.
        routing_key: ``{source}`` and ``{type}`` stand for the event's; with the default
            exchange it is the queue's name.
        timeout: Seconds for connecting, and for a broker that takes no messages.

    Raises:
        ConfigError: An option that can never work.
        ImportError: ``webhookcore[rabbitmq]`` is not installed.
    """

    def __init__(
        self,
        url: Any,
        *,
        exchange: str = "",
        routing_key: str = "{source}.{type}",
        timeout: float = 10.0,
    ) -> None:
        try:
            import pika  # noqa: PLC0415  # An extra.
        except ImportError:
            raise missing("pika", "rabbitmq") from None
        self._pika = pika
        self._exchange = check_text("exchange", exchange, least=0, most=_LONGEST_KEY)
        self._routing_key = check_text("routing_key", routing_key, most=_LONGEST_KEY)
        self._parameters = _parameters(pika, url, check_seconds("timeout", timeout, 0.1, 300))
        # By process: neither a lock nor a socket may be shared with a child.
        self._links: dict[int, _Link] = {}

    def put(self, hand_off: HandOff) -> Any:
        event = hand_off.event
        key = self._routing_key.replace("{source}", event.source)
        key = key.replace("{type}", event.type or "")
        if len(key.encode("utf-8", "replace")) > _LONGEST_KEY:
            raise ConfigError(f"has more than {_LONGEST_KEY} bytes for this event", "routing_key")
        properties = self._pika.BasicProperties(
            delivery_mode=2,
            message_id=hand_off.dedup_id,
            type=_short(event.type),
            content_type=_short(event.headers.get("Content-Type")),
            app_id="webhookcore",
            headers={**hand_off.fields(), "headers": hand_off.headers()},
        )
        self._link().publish(self._exchange, key, event.body, properties)
        return {"message_id": hand_off.dedup_id}

    def close(self) -> None:
        """Close the connection of this process; the next event opens one."""
        link = self._links.pop(os.getpid(), None)
        if link is not None:
            link.close()

    def _link(self) -> _Link:
        process = os.getpid()
        return self._links.get(process) or self._links.setdefault(
            process, _Link(self._pika, self._parameters)
        )

    def __repr__(self) -> str:
        return f"<RabbitMQ {self._exchange or 'default exchange'}>"


class _Link:
    """A connection that one thread uses at a time, as pika demands.

    Between events a thread answers the broker's heartbeats, or it would drop the connection.
    """

    def __init__(self, pika: Any, parameters: Any) -> None:
        self._pika = pika
        self._parameters = parameters
        self._lock = threading.Lock()
        self._channel: Any = None

    def publish(self, exchange: str, key: str, body: bytes, properties: Any) -> None:
        if not self._lock.acquire(timeout=_LOCK_SECONDS):
            raise TimeoutError("the connection to RabbitMQ is busy")
        try:
            was_open = self._channel is not None
            try:
                self._send(exchange, key, body, properties)
            except self._pika.exceptions.AMQPConnectionError:
                # A connection that was idle may have been dropped long ago.
                if not was_open:
                    raise
                self._send(exchange, key, body, properties)
        finally:
            self._lock.release()

    def close(self) -> None:
        with self._lock:
            self._drop()

    def beat(self, channel: Any) -> bool:
        """Answer heartbeats; False where another connection, or none, has taken its place."""
        if not self._lock.acquire(blocking=False):
            return True  # Whoever publishes answers them.
        try:
            if self._channel is channel:
                channel.connection.process_data_events(0)
        except Exception:  # noqa: BLE001  # The next event opens another one.
            self._drop()
        finally:
            alive = self._channel is channel
            self._lock.release()
        return alive

    def _open(self) -> None:
        self._channel = channel = self._pika.BlockingConnection(self._parameters).channel()
        channel.confirm_delivery()
        told = self._parameters.heartbeat
        every = told / 3 if isinstance(told, int) and told > 0 else float(_HEARTBEAT)
        threading.Thread(
            target=_keep,
            args=(weakref.ref(self), channel, every),
            name="webhookcore-amqp",
            daemon=True,
        ).start()

    def _send(self, exchange: str, key: str, body: bytes, properties: Any) -> None:
        try:
            if self._channel is None:
                self._open()
            self._channel.basic_publish(exchange, key, body, properties, mandatory=True)
        except (self._pika.exceptions.UnroutableError, self._pika.exceptions.NackError):
            raise  # An answer of a broker that is well.
        except BaseException:
            self._drop()
            raise

    def _drop(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            with suppress(Exception):
                channel.connection.close()


def _keep(link: weakref.ref[_Link], channel: Any, every: float) -> None:
    """Until the connection, or the sink itself, is gone."""
    while True:
        time.sleep(every)
        alive = link()
        if alive is None or not alive.beat(channel):
            return
        del alive


def _parameters(pika: Any, url: Any, timeout: float) -> Any:
    if not isinstance(url, str):
        if isinstance(url, pika.connection.Parameters):
            return url
        raise ConfigError("must be a URL, or parameters of pika", "url")
    # Not repeated: it may hold a password.
    form = ConfigError("must be like amqp://user:password@host:5672/vhost", "url")
    if not url.startswith(("amqp://", "amqps://")):
        raise form
    try:
        parameters = pika.URLParameters(url)
    except Exception:  # noqa: BLE001  # Whatever pika's reading of it raises.
        raise form from None
    parameters.connection_attempts = 1
    parameters.socket_timeout = parameters.stack_timeout = timeout
    parameters.blocked_connection_timeout = timeout
    if parameters.heartbeat is None:
        parameters.heartbeat = _HEARTBEAT
    return parameters


def _short(text: str | None) -> str | None:
    """Where AMQP has room for 255 bytes; the whole text is among the headers."""
    cut = None if text is None else text.encode("utf-8", "replace")[:255]
    return None if not cut else cut.decode("utf-8", "ignore")
