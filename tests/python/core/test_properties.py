"""Whatever bytes come, only typed errors leave; and we are never laxer than the official code."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import time
from urllib.parse import urlencode

import gidgethub.sansio
import nacl.signing
import pytest
import standardwebhooks
import stripe
import svix
from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from slack_sdk.signature import SignatureVerifier
from twilio.request_validator import RequestValidator

import webhookcore as wh
from support.senders import SENDERS, TEXT_SECRET, encoded_secret

NOW = 1_700_000_000
FORM = "application/x-www-form-urlencoded"
# No database and no random seed: a failure of today is the failure of tomorrow.
repeatable = settings(
    max_examples=250,
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
pytestmark = pytest.mark.filterwarnings("ignore")  # Random secrets are short.

NAMES = [
    "Content-Type",
    "Stripe-Signature",
    "Svix-Id",
    "Svix-Signature",
    "Svix-Timestamp",
    "Webhook-Id",
    "Webhook-Signature",
    "Webhook-Timestamp",
    "X-Github-Delivery",
    "X-Github-Event",
    "X-Hub-Signature",
    "X-Hub-Signature-256",
    "X-Shopify-Hmac-Sha256",
    "X-Shopify-Topic",
    "X-Shopify-Webhook-Id",
    "X-Slack-Request-Timestamp",
    "X-Slack-Signature",
    "X-Twilio-Signature",
    "X-Webhook-Event",
    "X-Webhook-Id",
    "X-Webhook-Signature",
    "X-Webhook-Timestamp",
]
providers = st.sampled_from([one.provider for one in SENDERS])
any_text = st.text(st.characters(), max_size=80)  # Surrogates and NUL included.
any_bytes = st.binary(max_size=80)
numbers = st.integers(-(10**20), 10**20).map(str)
pieces = st.sampled_from(
    [
        "t=",
        "v1=",
        "v0=",
        "s=",
        "sha256=",
        "v1,",
        "v1a,",
        ",",
        " ",
        "=",
        "1700000000",
        "0" * 64,
        "A==",
    ]
)
values = st.one_of(any_text, any_bytes, numbers, st.lists(pieces, max_size=9).map("".join))
names = st.one_of(st.sampled_from(NAMES), any_text, any_bytes)
headers = st.lists(st.tuples(names, values), max_size=6)
full_headers = st.fixed_dictionaries(dict.fromkeys(NAMES, values))
secrets = st.one_of(
    any_text,
    any_bytes,
    st.builds("{}{}".format, st.sampled_from(["whsec_", "whsk_", "whpk_"]), any_text),
    st.sampled_from([TEXT_SECRET, encoded_secret(1)]),
)


@repeatable
@given(providers, st.one_of(headers, full_headers), st.binary(max_size=200), st.lists(secrets))
def test_random_requests_end_in_an_event_or_a_typed_error(provider, headers, body, secrets):
    try:
        outcome = wh.verify(
            provider, body=body, headers=headers, secrets=secrets, url="https://e.com/", now=NOW
        )
    except (wh.VerificationError, wh.ConfigError) as error:
        outcome = error
    if isinstance(outcome, wh.VerificationError):
        assert outcome.http_status in {400, 401, 413, 431}
        assert isinstance(outcome.hint, str)
    elif isinstance(outcome, wh.Event):
        assert outcome.body == body
        assert all(text is None or isinstance(text, str) for text in (outcome.id, outcome.type))
    assert str(outcome)


@repeatable
@given(st.sampled_from(SENDERS), st.one_of(any_text, st.none()), any_text)
def test_random_addresses_and_methods_end_in_an_event_or_a_typed_error(one, url, method):
    request = {"headers": one.headers(now=NOW), "url": url, "method": method, "now": NOW}
    try:
        event = wh.verify(one.provider, body=one.body, secrets=[one.secret], **request)
    except (wh.VerificationError, wh.ConfigError):
        event = None
    if one.provider != "twilio":  # The others do not sign the URL.
        assert event is not None


@repeatable
@given(
    providers,
    st.binary(max_size=200),
    secrets,
    st.one_of(any_text, st.none()),
    st.one_of(any_text, st.none()),
    st.one_of(any_text, st.none()),
)
def test_what_can_be_signed_verifies_and_the_rest_is_a_typed_error(
    provider, body, secret, event_id, event_type, url
):
    try:
        signed = wh.sign(
            provider,
            body=body,
            secret=secret,
            id=event_id,
            type=event_type,
            url=url,
            timestamp=NOW,
        )
    except wh.ConfigError:
        return
    assert all(isinstance(text, str) for header in signed.items() for text in header)
    if provider != "twilio":  # Needs a form, or a hash in the URL.
        event = wh.verify(provider, body=body, headers=signed, secrets=[secret], now=NOW)
        assert event.body == body


@repeatable
@given(st.one_of(any_text, st.builds("http{}://{}/".format, st.sampled_from(["s", ""]), any_text)))
def test_a_random_url_passes_or_ends_in_a_typed_error(url):
    with contextlib.suppress(wh.InvalidUrlError, wh.BlockedAddressError):
        assert wh.check_url(url, wh.UrlPolicy(allow_http=True)) is None


FRAGMENTS = [
    *[",", "=", " ", "\t", "v1=", "v0=", ",v1=", "t=", "t=1,", ",v0=00", ",v1=" + "0" * 64],
    *["v1,", " v1,", "v2,x", "v1,AAAA ", "0", "A", "a", "\u00e9", "+", "_", "\uff11"],
]
# Edits of a valid header value: (operation, position as a fraction, text).
edits = st.lists(
    st.tuples(
        st.sampled_from(["insert", "replace", "delete", "append", "prepend", "repeat"]),
        st.floats(0, 1),
        st.one_of(
            st.sampled_from(FRAGMENTS),
            st.text(st.characters(max_codepoint=255), max_size=3),
        ),
    ),
    max_size=3,
)
bodies = st.text(max_size=40)


def edited(value: str, changes) -> str:
    for operation, fraction, text in changes:
        at = int(fraction * len(value))
        value = {
            "insert": value[:at] + text + value[at:],
            "replace": value[:at] + text + value[at + 1 :],
            "delete": value[:at] + value[at + 1 :],
            "append": value + text,
            "prepend": text + value,
            "repeat": value[:at] + value,
        }[operation]
    return value


def we_accept(provider: str, body: str, headers, secret: str) -> bool:
    try:
        wh.verify(provider, body=body.encode(), headers=headers, secrets=[secret])
    except wh.VerificationError:
        return False
    return True


class Tally:
    """Both verdicts must occur, or the comparison would compare nothing."""

    def __init__(self) -> None:
        self.accepted = self.refused = 0

    def add(self, *, accepted: bool) -> bool:
        self.accepted += accepted
        self.refused += not accepted
        return accepted

    def check(self) -> None:
        assert self.accepted >= 20
        assert self.refused >= 20


def test_stripe_accepts_every_header_that_we_accept():
    tally = Tally()

    @repeatable
    @given(bodies, edits)
    def compare(body, changes):
        header = stripe.WebhookSignature.generate_signature_header(body, TEXT_SECRET)
        header = edited(header, changes)
        ours = we_accept("stripe", body, {"Stripe-Signature": header}, TEXT_SECRET)
        if tally.add(accepted=ours):
            assert stripe.WebhookSignature.verify_header(body, header, TEXT_SECRET, 300)
        assert ours or changes

    compare()
    tally.check()


def test_standardwebhooks_accepts_every_header_that_we_accept():
    tally = Tally()
    secret = encoded_secret(1)

    @repeatable
    @given(bodies, st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), edits)
    def compare(body, name, changes):
        headers = wh.sign("standard", body=body.encode(), secret=secret, id="msg_1")
        headers = {key.lower(): value for key, value in headers.items()}
        headers[name] = edited(headers[name], changes)
        ours = we_accept("standard", body, headers, secret)
        if tally.add(accepted=ours):
            assert _standardwebhooks_accepts(secret, body, headers)
        assert ours or changes

    compare()
    tally.check()


def _standardwebhooks_accepts(secret: str, body: str, headers: dict[str, str]) -> bool:
    """Its verdict on the items it can read; on one without exactly one comma it crashes."""
    items = headers["webhook-signature"].split(" ")
    readable = " ".join(item for item in items if item.count(",") == 1 and _is_base64(item))
    try:
        standardwebhooks.Webhook(secret).verify(
            body, {**headers, "webhook-signature": readable}, json_parse=False
        )
    except standardwebhooks.WebhookVerificationError:
        return False
    return True


def _is_base64(item: str) -> bool:
    version, _, text = item.partition(",")
    return version != "v1" or (len(text) % 4 == 0 and text.isascii())


def test_slack_accepts_every_header_that_we_accept():
    tally = Tally()
    theirs = SignatureVerifier(TEXT_SECRET)

    @repeatable
    @given(bodies, st.sampled_from(["x-slack-signature", "x-slack-request-timestamp"]), edits)
    def compare(body, name, changes):
        moment = str(int(time.time()))
        mac = hmac.new(TEXT_SECRET.encode(), f"v0:{moment}:{body}".encode(), hashlib.sha256)
        headers = {
            "x-slack-signature": f"v0={mac.hexdigest()}",
            "x-slack-request-timestamp": moment,
        }
        headers[name] = edited(headers[name], changes)
        ours = we_accept("slack", body, headers, TEXT_SECRET)
        if tally.add(accepted=ours):
            assert theirs.is_valid_request(body, headers)
        assert ours or changes

    compare()
    tally.check()


def test_svix_accepts_every_header_that_we_accept():
    tally = Tally()
    secret = encoded_secret(1)
    theirs = svix.Webhook(secret)

    @repeatable
    @given(bodies, st.sampled_from(["svix-id", "svix-timestamp", "svix-signature"]), edits)
    def compare(body, name, changes):
        headers = wh.sign("svix", body=body.encode(), secret=secret, id="msg_1")
        headers = {key.lower(): value for key, value in headers.items()}
        headers[name] = edited(headers[name], changes)
        ours = we_accept("svix", body, headers, secret)
        if tally.add(accepted=ours):
            # It crashes on an item without exactly one comma, which we pass over.
            items = [item for item in headers["svix-signature"].split(" ") if _is_readable(item)]
            assert _svix_accepts(theirs, body, {**headers, "svix-signature": " ".join(items)})
        assert ours or changes

    compare()
    tally.check()


def _is_readable(item: str) -> bool:
    return item.count(",") == 1 and _is_base64(item)


def _svix_accepts(theirs: svix.Webhook, body: str, headers: dict[str, str]) -> bool:
    """Its verdict on the signature; what it makes of the body afterwards is its own."""
    with contextlib.suppress(json.JSONDecodeError):
        theirs.verify(body, headers)
    return True


def test_gidgethub_accepts_every_header_that_we_accept():
    tally = Tally()

    @repeatable
    @given(bodies, edits)
    def compare(body, changes):
        signed = wh.sign("github", body=body.encode(), secret=TEXT_SECRET)
        header = edited(signed["X-Hub-Signature-256"], changes)
        ours = we_accept("github", body, {"X-Hub-Signature-256": header}, TEXT_SECRET)
        if tally.add(accepted=ours):
            gidgethub.sansio.validate_event(body.encode(), signature=header, secret=TEXT_SECRET)
        assert ours or changes

    compare()
    tally.check()


def test_twilio_accepts_every_form_that_we_accept():
    tally = Tally()
    theirs = RequestValidator(TEXT_SECRET)
    fields = st.dictionaries(st.text(min_size=1, max_size=8), st.text(min_size=1, max_size=8))

    @repeatable
    @given(fields, st.one_of(st.just(""), edits))
    def compare(parameters, changes):
        url = "https://hooks.example.com/in?account=7"
        body = urlencode(parameters, errors="surrogatepass").encode()
        signed = wh.sign("twilio", body=body, secret=TEXT_SECRET, url=url, content_type=FORM)
        signature = edited(signed["X-Twilio-Signature"], changes)
        try:
            wh.verify(
                "twilio",
                body=body,
                headers={"X-Twilio-Signature": signature, "Content-Type": FORM},
                secrets=[TEXT_SECRET],
                url=url,
            )
        except wh.VerificationError:
            tally.add(accepted=False)
            assert changes
            return
        tally.add(accepted=True)
        assert theirs.validate(url, parameters, signature)

    compare()
    tally.check()


def test_pynacl_accepts_every_discord_request_that_we_accept():
    tally = Tally()
    key = nacl.signing.SigningKey(bytes(range(32)))

    @repeatable
    @given(bodies, edits)
    def compare(body, changes):
        moment = str(int(time.time()))
        signature = key.sign(moment.encode() + body.encode()).signature.hex()
        text = edited(signature, changes)
        headers = {"X-Signature-Ed25519": text, "X-Signature-Timestamp": moment}
        ours = we_accept("discord", body, headers, key.verify_key.encode().hex())
        if tally.add(accepted=ours):
            key.verify_key.verify(moment.encode() + body.encode(), bytes.fromhex(text))
        assert ours or changes

    compare()
    tally.check()


def test_the_names_above_hold_every_header_that_signing_writes():
    written = {name for one in SENDERS for name in one.headers(now=NOW, type="a.b")}
    assert written <= set(NAMES)
