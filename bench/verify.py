"""`Verifier.verify` against the official libraries, a bare HMAC in C++ and `cryptography`.

The others are given what they like best: text instead of bytes where they would decode, the one
header value instead of a mapping where they take one, no JSON parsing.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from functools import partial

import standardwebhooks
import stripe
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

import webhookcore as wh
from bench.report import Goal, Row, Timer, loop, time_ratios
from webhookcore import _core

TEXT_SECRET = "whsec_5f0c2a7e9b1d4c3f8a6e2d1b0c9f8e7d"  # Of the length that Stripe gives out.


def json_body(size: int) -> bytes:
    """A JSON object of exactly `size` bytes, with the fields of an event."""
    head = '{"id":"evt_1","type":"invoice.paid","data":{"note":"'
    return f'{head}{"x" * (size - len(head) - 3)}"}}}}'.encode()


def _ours(
    provider: str | wh.Scheme, body: bytes, secret: str, **sign_with: str
) -> Callable[[], object]:
    """A positional call on a verifier that is kept, as a program under load makes it."""
    signed = wh.sign(provider, body=body, secret=sign_with.get("signing", secret), id="msg_1")
    headers = {"Content-Type": "application/json", **signed}
    return partial(wh.Verifier(provider, secrets=[secret]).verify, body, headers)


def _stripe(size: int) -> list[float]:
    body = json_body(size)
    text = body.decode()
    header = stripe.WebhookSignature.generate_signature_header(text, TEXT_SECRET)
    peer = partial(stripe.WebhookSignature.verify_header, text, header, TEXT_SECRET, 300)
    return time_ratios(loop(peer), loop(_ours("stripe", body, TEXT_SECRET)))


def _standard(size: int) -> list[float]:
    body = json_body(size)
    secret = wh.generate_secret()
    headers = wh.sign("standard", body=body, secret=secret, id="msg_1")
    webhook = standardwebhooks.Webhook(secret)
    peer = partial(webhook.verify, body.decode(), headers, json_parse=False)
    return time_ratios(loop(peer), loop(_ours("standard", body, secret)))


def _hmac(size: int) -> list[float]:
    body = json_body(size)
    bare: Timer = partial(_core.bench_hmac, TEXT_SECRET.encode(), body)
    return time_ratios(loop(_ours("stripe", body, TEXT_SECRET)), bare)


def _ed25519() -> list[float]:
    body = json_body(1024)
    private, public = wh.generate_keypair()
    moment = int(time.time())
    headers = wh.sign("standard", body=body, secret=private, id="msg_1", timestamp=moment)
    lower = {name.lower(): value for name, value in headers.items()}
    signature = base64.b64decode(lower["webhook-signature"].removeprefix("v1a,"))
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_")))
    peer = partial(key.verify, signature, f"msg_1.{moment}.".encode() + body)
    return time_ratios(loop(_ours("standard", body, public, signing=private)), loop(peer))


# Stripe's rules, said by a user.
OWN = wh.Scheme(
    sig="Stripe-Signature",
    items=",",
    kv="=",
    accept=["v1"],
    time="field:t",
    msg="{timestamp}.{body}",
)


def _own_scheme(size: int) -> list[float]:
    body = json_body(size)
    own, built_in = (_ours(scheme, body, TEXT_SECRET) for scheme in (OWN, "stripe"))
    return time_ratios(loop(own), loop(built_in))


def _oneshot(size: int) -> list[float]:
    body = json_body(size)
    headers = {
        "Content-Type": "application/json",
        **wh.sign("stripe", body=body, secret=TEXT_SECRET),
    }
    oneshot = partial(wh.verify, "stripe", body=body, headers=headers, secrets=[TEXT_SECRET])
    return time_ratios(loop(oneshot), loop(_ours("stripe", body, TEXT_SECRET)))


def _row(name: str, goal: str, what: str, ratios: Callable[[], list[float]]) -> Row:
    direction, value = goal.split()
    return Row(f"verify.{name}", what, Goal(direction, float(value)), ratios)


def rows() -> list[Row]:
    hmac = "time over a pre-keyed EVP HMAC in C++"
    official = "the stripe package's time over ours"
    standard = "the standardwebhooks package's time over ours"
    ed25519 = "time over cryptography's Ed25519"
    oneshot = "wh.verify's time over a kept Verifier's"
    own = "a Scheme's time over that of the same rules built in"
    return [
        _row("hmac_1k", "<= 1.7", f"1 KiB: {hmac}", partial(_hmac, 1 << 10)),
        _row("hmac_8k", "<= 1.2", f"8 KiB: {hmac}", partial(_hmac, 8 << 10)),
        _row("stripe_256", ">= 6", f"256 B: {official}", partial(_stripe, 256)),
        _row("stripe_1k", ">= 4", f"1 KiB: {official}", partial(_stripe, 1 << 10)),
        _row("stripe_64k", ">= 1.05", f"64 KiB: {official}", partial(_stripe, 64 << 10)),
        _row("standard_256", ">= 8", f"256 B: {standard}", partial(_standard, 256)),
        _row("standard_1k", ">= 5", f"1 KiB: {standard}", partial(_standard, 1 << 10)),
        _row("ed25519", "<= 1.1", f"1 KiB: {ed25519}", _ed25519),
        _row("oneshot_1k", "<= 3", f"1 KiB: {oneshot}", partial(_oneshot, 1 << 10)),
        _row("own_scheme_1k", "<= 1.05", f"1 KiB: {own}", partial(_own_scheme, 1 << 10)),
    ]
