"""What providers ask before they send events, answered once what can be verified was.

What a signature covers is the provider's own. Anything else may be anybody's: it comes back
only as plain text or JSON, short and of harmless characters, and a MAC is made of nothing
that could be the body of an event.
"""

from __future__ import annotations

import base64
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import parse_qs

from .. import _core
from ..errors import VerificationError
from ..events import Event
from ..exchange import Headers, HttpRequest
from . import answers
from .answers import Settled

if TYPE_CHECKING:
    from .sources import Source

_log = logging.getLogger("webhookcore.receiver")

Unsigned: TypeAlias = Callable[["Source", HttpRequest], "Settled | None"]
Signed: TypeAlias = Callable[["Source", Event], "Settled | None"]

# A body of X or Zoom begins with a brace, and what Zoom signs has colons.
_MAC_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_ZOOM_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ECHOED: Final = re.compile(r"[A-Za-z0-9_.~-]{1,256}")
_ECHOED_IN_JSON: Final = re.compile(r"[A-Za-z0-9_.~+/=-]{1,256}")
_SECRET: Final = re.compile(r"[\x21-\x7e]{16,256}")
_TOPIC: Final = re.compile(r"arn:[A-Za-z0-9:_.-]{1,300}")


@dataclass(frozen=True, slots=True)
class Handshake:
    """One provider's.

    Attributes:
        methods: Of its requests, events among them.
        unsigned: Looks at a request before its signature; None: it is none.
        signed: Looks at a verified event; None: it is an event.
    """

    methods: tuple[str, ...] = ("POST",)
    unsigned: Unsigned | None = None
    signed: Signed | None = None


# ---- Signed ------------------------------------------------------------------------------


def _echo_field(source: Source, event: Event) -> Settled | None:
    """Slack. Not by the event's type, which may be that of a part of the body."""
    del source
    kind, challenge = _core.event_fields(event.body, ["type", "challenge"])
    if kind != "url_verification":
        return None
    if challenge is None:
        return _malformed_body()
    return "challenge", answers.answer(200, {"challenge": challenge})


def _encrypt_token(source: Source, event: Event) -> Settled | None:
    """Zoom."""
    kind, token = _core.event_fields(event.body, ["event", "payload.plainToken"])
    if kind != "endpoint.url_validation":
        return None
    if token is None or _ZOOM_TOKEN.fullmatch(token) is None:
        return _malformed_body()
    # By the secret that Zoom has: while secrets are rotated it is not always the first.
    mac = source.verifier._mac(token.encode("ascii"), event.matched_secret)
    return "challenge", answers.answer(200, {"plainToken": token, "encryptedToken": mac.hex()})


def _echo_as_text(source: Source, event: Event) -> Settled | None:
    """Twitch."""
    del source
    asked = event.headers.get("Twitch-Eventsub-Message-Type")
    if asked != "webhook_callback_verification":
        return None
    (challenge,) = _core.event_fields(event.body, ["challenge"])
    if challenge is None or _ECHOED.fullmatch(challenge) is None:
        return _malformed_body()
    return "challenge", answers.plain(200, challenge)


def _pong(source: Source, event: Event) -> Settled | None:
    """Discord: 1 is the PING of interactions, and with an event in it a webhook event."""
    del source
    kind, inside = _core.event_fields(event.body, ["type", "event.type"])
    if kind == "0":
        return "challenge", answers.plain(204)
    if kind == "1" and inside is None:
        return "challenge", answers.answer(200, {"type": 1})
    return None


def _confirm_subscription(source: Source, event: Event) -> Settled | None:
    """Amazon SNS. Any AWS account's topic signs as well as one's own."""
    kind, topic, url = _core.event_fields(event.body, ["Type", "TopicArn", "SubscribeURL"])
    topics = source.options.topics
    if topics is not None and topic not in topics:
        return "foreign_topic", answers.error(403, "foreign_topic", "not a topic of this source")
    if kind != "SubscriptionConfirmation":
        return None
    shown = topic if topic is not None and _TOPIC.fullmatch(topic) else "of another form"
    confirm = source.options.confirm
    if confirm is None:
        _log.warning(
            "source %s: Amazon SNS wants the subscription to topic %s confirmed; the event "
            "SubscriptionConfirmation has the SubscribeURL to open",
            source.name,
            shown,
        )
        return None
    if url is None or not _core.is_sns_url(url):
        return _malformed_body()
    try:
        confirm(url)
    except Exception:  # noqa: BLE001  # The network's, or the user's code.
        _log.exception("source %s: topic %s could not be confirmed", source.name, shown)
        return "unconfirmed", answers.later("unconfirmed", "the subscription is not confirmed yet")
    _log.info("source %s: the subscription to topic %s is confirmed", source.name, shown)
    return "challenge", answers.acknowledged(200, "challenge", event.id)


# ---- Unsigned ----------------------------------------------------------------------------


def _echo_hub_challenge(source: Source, request: HttpRequest) -> Settled | None:
    """Meta."""
    if request.method != "GET":
        return None
    query = _query(request)
    expected = source.options.verify_token
    if expected is None:
        _log.warning("source %s has no verify_token to answer its provider's GET", source.name)
        return _refused()
    if not expected.matches(query.get("hub.verify_token", "")):
        return _refused()
    challenge = query.get("hub.challenge", "")
    if query.get("hub.mode") != "subscribe" or _ECHOED.fullmatch(challenge) is None:
        return _malformed()
    return "challenge", answers.plain(200, challenge)


def _mac_of_token(source: Source, request: HttpRequest) -> Settled | None:
    """X."""
    if request.method != "GET":
        return None
    token = _query(request).get("crc_token", "")
    if _MAC_TOKEN.fullmatch(token) is None:
        return _malformed()
    mac = base64.b64encode(source.verifier._mac(token.encode("ascii"))).decode("ascii")
    return "challenge", answers.answer(200, {"response_token": f"sha256={mac}"})


def _echo_challenge(source: Source, request: HttpRequest) -> Settled | None:
    """Dropbox."""
    del source
    if request.method != "GET":
        return None
    challenge = _query(request).get("challenge", "")
    if _ECHOED.fullmatch(challenge) is None:
        return _malformed()
    return "challenge", answers.plain(200, challenge)


def _echo_header(source: Source, request: HttpRequest) -> Settled | None:
    """Okta. Its token is asked for where it is sent: not every event hook has one."""
    if request.method != "GET":
        return None
    try:
        source.verifier.verify(b"", request.headers, request.url, request.method)
    except VerificationError as error:
        if error.reason != "missing_header":
            return answers.refused(error)
    sent = Headers(request.headers).get_all("X-Okta-Verification-Challenge")
    if len(sent) != 1 or _ECHOED_IN_JSON.fullmatch(sent[0]) is None:
        return _malformed()
    return "challenge", answers.answer(200, {"verification": sent[0]})


def _take_header_secret(source: Source, request: HttpRequest) -> Settled | None:
    """Asana. A secret that comes when there is one already is somebody else's."""
    sent = Headers(request.headers).get_all("X-Hook-Secret")
    if not sent:
        return None
    if len(sent) != 1 or _SECRET.fullmatch(sent[0]) is None:
        return _malformed()
    if not source.take_secret(sent[0]):
        _log.warning("source %s was sent a secret that it does not wait for", source.name)
        return _refused()
    return "challenge", answers.plain(200, **{"X-Hook-Secret": sent[0]})


def _take_body_secret(source: Source, request: HttpRequest) -> Settled | None:
    """Notion. Its token is the secret of all that comes later."""
    token, kind = _core.event_fields(request.body, ["verification_token", "type"])
    if token is None or kind is not None:
        return None
    if _SECRET.fullmatch(token) is None:
        return _malformed()
    if not source.take_secret(token):
        _log.warning("source %s was sent a secret that it does not wait for", source.name)
        return _refused()
    return "challenge", answers.acknowledged(200, "challenge", None)


def _query(request: HttpRequest) -> dict[str, str]:
    """The query's fields; one that comes twice is none."""
    text = request.path.partition("?")[2]
    try:
        fields = parse_qs(text, keep_blank_values=True, max_num_fields=50)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items() if len(values) == 1}


def _malformed_body() -> Settled:
    return answers.refused(VerificationError("malformed_body"))


def _malformed() -> Settled:
    text = "what is asked cannot be answered safely, or is not there"
    return "malformed_handshake", answers.error(400, "malformed_handshake", text)


def _refused() -> Settled:
    text = "nobody here asked for this"
    return "handshake_refused", answers.error(403, "handshake_refused", text)


_BOTH: Final = ("GET", "POST")

# By the provider's own word for it.
HANDSHAKES: Final[dict[str | None, Handshake]] = {
    None: Handshake(),
    "url_verification": Handshake(signed=_echo_field),
    "endpoint.url_validation": Handshake(signed=_encrypt_token),
    "webhook_callback_verification": Handshake(signed=_echo_as_text),
    "PING": Handshake(signed=_pong),
    "SubscriptionConfirmation": Handshake(signed=_confirm_subscription),
    # Signed and unsigned requests without an event; the answers' statuses are all it wants.
    "intent-to-receive": Handshake(),
    "hub.challenge": Handshake(_BOTH, unsigned=_echo_hub_challenge),
    "crc_token": Handshake(_BOTH, unsigned=_mac_of_token),
    "challenge": Handshake(_BOTH, unsigned=_echo_challenge),
    "X-Okta-Verification-Challenge": Handshake(_BOTH, unsigned=_echo_header),
    "X-Hook-Secret": Handshake(unsigned=_take_header_secret),
    "verification_token": Handshake(unsigned=_take_body_secret),
}
