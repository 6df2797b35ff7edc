"""Makes made_signatures.jsonl: vectors for the providers of whom nobody has published any.

Written from the rule in words alone, with the standard library and `cryptography`, and with
nothing of webhookcore: what both sides agree on was said twice. Run it again after a change:

    python tests/vectors/make_signatures.py
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

NOW = 1_700_000_000
MS = f"{NOW}000"
BODY = '{"id":"evt_1","type":"order.paid","note":"caf\u00e9 {body}"}'.encode()
TEXT = "shared-secret-of-a-test"
RAW = bytes(range(32))
OUT = Path(__file__).with_name("made_signatures.jsonl")


def hex_mac(content: bytes, key: bytes = TEXT.encode(), name: str = "sha256") -> str:
    return hmac.new(key, content, name).hexdigest()


def b64_mac(content: bytes, key: bytes = TEXT.encode(), name: str = "sha256") -> str:
    return base64.b64encode(hmac.new(key, content, name).digest()).decode()


def ts(content: str) -> bytes:
    return content.encode() + BODY


def fal() -> tuple[str, dict[str, str]]:
    key = Ed25519PrivateKey.from_private_bytes(RAW)
    content = f"req-1\nuser-1\n{NOW}\n{hashlib.sha256(BODY).hexdigest()}".encode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return public.decode(), {
        "X-Fal-Webhook-Request-Id": "req-1",
        "X-Fal-Webhook-User-Id": "user-1",
        "X-Fal-Webhook-Timestamp": str(NOW),
        "X-Fal-Webhook-Signature": key.sign(content).hex(),
    }


STANDARD = "whsec_" + base64.b64encode(RAW).decode()
FAL_KEY, FAL_HEADERS = fal()
# Provider, the secret as it is configured, headers, where the rule stands in schemes.md.
ROWS: list[tuple[str, str, dict[str, str], str]] = [
    (
        "gitlab-signed",
        STANDARD,
        {
            "webhook-id": "m1",
            "webhook-timestamp": str(NOW),
            "webhook-signature": "v1," + b64_mac(ts(f"m1.{NOW}."), RAW),
        },
        "1a GitLab signing token",
    ),
    (
        "calendly",
        TEXT,
        {"Calendly-Webhook-Signature": f"t={NOW},v1={hex_mac(ts(f'{NOW}.'))}"},
        "1a",
    ),
    (
        "zoom",
        TEXT,
        {"x-zm-signature": f"v0={hex_mac(ts(f'v0:{NOW}:'))}", "x-zm-request-timestamp": str(NOW)},
        "1a",
    ),
    (
        "zendesk",
        TEXT,
        {
            "X-Zendesk-Webhook-Signature": b64_mac(ts("2023-11-14T22:13:20Z")),
            "X-Zendesk-Webhook-Signature-Timestamp": "2023-11-14T22:13:20Z",
        },
        "1a",
    ),
    ("fal", FAL_KEY, FAL_HEADERS, "1a"),
    ("tiktok", TEXT, {"TikTok-Signature": f"t={NOW},s={hex_mac(ts(f'{NOW}.'))}"}, "1a"),
    ("elevenlabs", TEXT, {"ElevenLabs-Signature": f"t={NOW},v0={hex_mac(ts(f'{NOW}.'))}"}, "1a"),
    (
        "close",
        RAW.hex(),
        {"close-sig-hash": hex_mac(ts(str(NOW)), RAW), "close-sig-timestamp": str(NOW)},
        "1a",
    ),
    ("retell", TEXT, {"x-retell-signature": f"v={MS},d={hex_mac(BODY + MS.encode())}"}, "1a"),
    (
        "symfony",
        TEXT,
        {
            "Webhook-Signature": f"sha256={hex_mac(b'order.paid' + b'm1' + BODY)}",
            "Webhook-Event": "order.paid",
            "Webhook-Id": "m1",
        },
        "1a",
    ),
    ("intercom", TEXT, {"X-Hub-Signature": f"sha1={hex_mac(BODY, name='sha1')}"}, "1b"),
    ("typeform", TEXT, {"Typeform-Signature": f"sha256={b64_mac(BODY)}"}, "1b"),
    ("woocommerce", TEXT, {"X-WC-Webhook-Signature": b64_mac(BODY)}, "1b"),
    ("xero", TEXT, {"x-xero-signature": b64_mac(BODY)}, "1b"),
    (
        "docusign",
        TEXT,
        {"X-DocuSign-Signature-1": b64_mac(b"other"), "X-DocuSign-Signature-2": b64_mac(BODY)},
        "1b",
    ),
    ("dropbox", TEXT, {"X-Dropbox-Signature": hex_mac(BODY)}, "1b"),
    ("asana", TEXT, {"X-Hook-Signature": hex_mac(BODY)}, "1b"),
    ("sentry", TEXT, {"Sentry-Hook-Signature": hex_mac(BODY)}, "1b"),
    ("launchdarkly", TEXT, {"X-LD-Signature": hex_mac(BODY)}, "1b"),
    ("cal", TEXT, {"x-cal-signature-256": hex_mac(BODY)}, "1b"),
    ("attio", TEXT, {"attio-signature": hex_mac(BODY)}, "1b"),
    ("vapi", TEXT, {"x-vapi-signature": hex_mac(BODY)}, "1b"),
    ("notion", TEXT, {"X-Notion-Signature": f"sha256={hex_mac(BODY)}"}, "1b"),
    ("forgejo", TEXT, {"X-Gitea-Signature": hex_mac(BODY)}, "1b Gitea / Forgejo"),
    ("auth0", TEXT, {"Authorization": TEXT}, "1c"),
    ("okta", TEXT, {"Authorization": TEXT}, "1c"),
]


def row(provider: str, secret: str, headers: dict[str, str], rule: str) -> dict[str, object]:
    return {
        "scheme": provider,
        "name": "made",
        "source": f"made from the rule, schemes.md {rule}; no published signature is known",
        "method": "POST",
        "key_b64": base64.b64encode(secret.encode()).decode(),
        "headers": headers,
        "body_b64": base64.b64encode(BODY).decode(),
        "now": NOW,
        "expect": "ok",
    }


def broken(good: dict[str, object]) -> dict[str, object]:
    other = {"name": "other-secret", "expect": "refused", "reasons": ["signature_mismatch"]}
    wrong = base64.b64decode(str(good["key_b64"]))[::-1]
    if b"BEGIN" in wrong[::-1]:
        public = Ed25519PrivateKey.from_private_bytes(RAW[::-1]).public_key()
        wrong = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    if str(good["scheme"]) == "gitlab-signed":
        wrong = b"whsec_" + base64.b64encode(RAW[::-1])
    return {**good, **other, "key_b64": base64.b64encode(wrong).decode()}


if __name__ == "__main__":
    made = [row(*given) for given in ROWS]
    lines = [json.dumps(one) for good in made for one in (good, broken(good))]
    OUT.write_text("\n".join(lines) + "\n", encoding="utf-8")
