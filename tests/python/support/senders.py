"""One sample sender for each provider that can sign, and small helpers around headers."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

import webhookcore as wh

URL = "https://hooks.example.com/in?account=7"
JSON_BODY = b'{"id":"evt_1","type":"invoice.paid","data":{"amount":1200}}'
FORM_BODY = b"From=%2B14158675309&To=%2B18005551212&Body=It%27s+done"
TEXT_SECRET = "correct-horse-battery-staple-1"  # A text key: its characters are the key.
OTHER_TEXT_SECRET = "wrong-horse-battery-staple-22"


def encoded_secret(fill: int, prefix: str = "whsec_") -> str:
    """A Standard Webhooks secret of 32 equal bytes: valid, and recognisable in any output."""
    return prefix + base64.b64encode(bytes([fill]) * 32).decode()


@dataclass(frozen=True)
class Sender:
    """What somebody who sends as `provider` has in hand."""

    provider: str
    secret: str = TEXT_SECRET
    other_secret: str = OTHER_TEXT_SECRET
    body: bytes = JSON_BODY
    url: str | None = None
    content_type: str = "application/json"
    signs_time: bool = True

    def __str__(self) -> str:
        return self.provider

    def headers(self, *, secret: str | None = None, now: int, **options) -> dict[str, str]:
        """The headers of a whole request: the signature's and the content type."""
        signed = wh.sign(
            self.provider,
            body=self.body,
            secret=secret or self.secret,
            id="msg_1",
            timestamp=now,
            url=self.url,
            **options,
        )
        return {"Content-Type": self.content_type, **canonical(signed)}

    def verify(self, headers, *, secrets=None, body: bytes | None = None, **options) -> wh.Event:
        return wh.verify(
            self.provider,
            body=self.body if body is None else body,
            headers=headers,
            secrets=[self.secret] if secrets is None else secrets,
            url=self.url,
            **options,
        )


def canonical(headers: Mapping[str, str]) -> dict[str, str]:
    """The same headers with their names in one spelling, so that tests can look them up."""
    named = {name.title(): value for name, value in headers.items()}
    assert len(named) == len(headers), "one header, two spellings"
    return named


SENDERS = (
    Sender("standard", encoded_secret(1), encoded_secret(2)),
    Sender("svix", encoded_secret(1), encoded_secret(2)),
    Sender("stripe"),
    Sender("github", signs_time=False),
    Sender("github-sha1", signs_time=False),
    Sender("shopify", signs_time=False),
    Sender(
        "twilio",
        body=FORM_BODY,
        url=URL,
        content_type="application/x-www-form-urlencoded",
        signs_time=False,
    ),
    Sender("slack"),
    Sender("generic"),
    Sender("generic-body"),
    Sender("generic-t-s"),
    Sender("generic-t-v1"),
)


def sender(provider: str) -> Sender:
    return next(found for found in SENDERS if found.provider == provider)
