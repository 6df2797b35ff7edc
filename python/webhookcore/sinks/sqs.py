"""Amazon SQS."""

from __future__ import annotations

import base64
import re
from typing import Any, Final

from ..config import check_text
from ..errors import ConfigError
from .hand_off import HandOff, missing

_CONNECT_TIMEOUT: Final = 5.0
_READ_TIMEOUT: Final = 10.0
# What SQS refuses in a message is what XML 1.0 refuses.
_NOT_IN_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Attributes that SQS deduplicates and orders by.
_PLAIN: Final = re.compile(r"[A-Za-z0-9!-/:-@\[-`{-~]{1,128}")


class SQS:
    """Sends each event as one message.

    The message's body is the event's; what is no text that SQS takes is Base64, and the
    attribute ``encoding`` is ``base64`` then, else ``utf-8``. Attributes hold what is known of the
    event, and ``headers``, the request's, as a JSON array of pairs. SQS takes messages of
    up to 1 MiB, attributes included; a larger event fails and is dead in the end.

    With a FIFO queue the dedup id drops repeats within 5 minutes, and events of one
    group stay in their order.

    Args:
        queue_url: A FIFO queue's ends in ``.fifo``.
        client: A boto3 client of SQS; one is made of the environment when omitted.
        group: Of a FIFO queue; ``{source}`` and ``{type}`` stand for the event's.

    Raises:
        ConfigError: An option that can never work.
        ImportError: ``client`` is omitted, and ``webhookcore[sqs]`` is not installed.
    """

    def __init__(self, queue_url: str, *, client: Any = None, group: str = "{source}") -> None:
        self._url = check_text("queue_url", queue_url, most=2048)
        self._group = check_text("group", group, most=128)
        self._client = _connect() if client is None else client
        if not callable(getattr(self._client, "send_message", None)):
            raise ConfigError("must be a boto3 client of SQS", "client")

    def put(self, hand_off: HandOff) -> Any:
        text, encoding = _as_text(hand_off.event.body)
        attributes = {**hand_off.fields(), "headers": hand_off.headers(), "encoding": encoding}
        order = {}
        if self._url.endswith(".fifo"):
            order["MessageDeduplicationId"] = hand_off.dedup_id
            order["MessageGroupId"] = self._group_of(hand_off)
        sent = self._client.send_message(
            QueueUrl=self._url,
            MessageBody=text,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": _NOT_IN_XML.sub("\ufffd", value)}
                for name, value in attributes.items()
            },
            **order,
        )
        return {"message_id": str(sent["MessageId"])}

    def _group_of(self, hand_off: HandOff) -> str:
        event = hand_off.event
        group = self._group.replace("{source}", event.source).replace("{type}", event.type or "")
        # What cannot be a group's name joins its source's.
        return group if _PLAIN.fullmatch(group) else event.source

    def __repr__(self) -> str:
        return f"<SQS {self._url.rpartition('/')[2]}>"


def _as_text(body: bytes) -> tuple[str, str]:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    # An empty message is refused as well.
    if not text or _NOT_IN_XML.search(text):
        return base64.b64encode(body).decode("ascii") or "====", "base64"
    return text, "utf-8"


def _connect() -> Any:
    try:
        import boto3  # noqa: PLC0415  # An extra.
        from botocore.config import Config  # noqa: PLC0415
    except ImportError:
        raise missing("boto3", "sqs") from None
    config = Config(
        connect_timeout=_CONNECT_TIMEOUT, read_timeout=_READ_TIMEOUT, retries={"max_attempts": 1}
    )
    return boto3.client("sqs", config=config)
