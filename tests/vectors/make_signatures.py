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
from urllib.parse import urlencode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

NOW = 1_700_000_000
MS = f"{NOW}000"
BODY = '{"id":"evt_1","type":"order.paid","note":"caf\u00e9 {body}"}'.encode()
TEXT = "shared-secret-of-a-test"
RAW = bytes(range(32))
Row = dict[str, object]
OUT = Path(__file__).with_name("made_signatures.jsonl")


def hex_mac(content: bytes, key: bytes = TEXT.encode(), name: str = "sha256") -> str:
    return hmac.new(key, content, name).hexdigest()


def b64_mac(content: bytes, key: bytes = TEXT.encode(), name: str = "sha256") -> str:
    return base64.b64encode(hmac.new(key, content, name).digest()).decode()


def text64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def url64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def pem(key: Ed25519PublicKey | ec.EllipticCurvePublicKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def ts(content: str) -> bytes:
    return content.encode() + BODY


def fal() -> tuple[str, dict[str, str]]:
    key = Ed25519PrivateKey.from_private_bytes(RAW)
    content = f"req-1\nuser-1\n{NOW}\n{hashlib.sha256(BODY).hexdigest()}".encode()
    return pem(key.public_key()), {
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


def row(provider: str, secret: str, headers: dict[str, str], rule: str) -> Row:
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


def broken(good: Row) -> Row:
    other = {"name": "other-secret", "expect": "refused", "reasons": ["signature_mismatch"]}
    wrong = base64.b64decode(str(good["key_b64"]))[::-1]
    if b"BEGIN" in wrong[::-1]:
        wrong = pem(Ed25519PrivateKey.from_private_bytes(RAW[::-1]).public_key()).encode()
    if str(good["scheme"]) == "gitlab-signed":
        wrong = b"whsec_" + base64.b64encode(RAW[::-1])
    return {**good, **other, "key_b64": base64.b64encode(wrong).decode()}


# ---- Rows that need more than a header over the body -------------------------------------


def refused(good: Row, name: str, *reasons: str, **changes: object) -> Row:
    return {**good, "name": name, "expect": "refused", "reasons": list(reasons), **changes}


def mandrill() -> list[Row]:
    """HMAC-SHA1 of the URL and each field's name and value, in the order of the names."""
    url = "https://hooks.example.com/mandrill?list=a&b=c"
    fields = {"mandrill_events": '[{"event":"send","_id":"e1","note":"caf\u00e9 +&="}]', "a": "1"}
    content = url + "".join(name + fields[name] for name in sorted(fields))
    headers = {
        "X-Mandrill-Signature": b64_mac(content.encode(), name="sha1"),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    good = row("mandrill", TEXT, headers, "1d") | {
        "url": url,
        "body_b64": text64(urlencode(fields)),
    }
    unsorted = url + "".join(name + value for name, value in fields.items())
    other = {**fields, "mandrill_events": fields["mandrill_events"].replace("send", "open")}
    mismatch = "signature_mismatch"
    return [
        good,
        broken(good),
        refused(good, "field-changed", mismatch, body_b64=text64(urlencode(other))),
        refused(good, "field-added", mismatch, body_b64=text64(urlencode({**fields, "b": "2"}))),
        refused(good, "other-url", mismatch, url=url.replace("list=a", "list=b")),
        refused(
            good,
            "fields-as-they-came",
            mismatch,
            headers={**headers, "X-Mandrill-Signature": b64_mac(unsorted.encode(), name="sha1")},
        ),
        refused(
            good,
            "sha256",
            "malformed_signature",
            headers={**headers, "X-Mandrill-Signature": b64_mac(content.encode())},
        ),
        refused(good, "no-signature", "missing_header", headers={"Content-Type": "text/plain"}),
    ]


PLAID_KEY = ec.derive_private_key(int.from_bytes(RAW, "big"), ec.SECP256R1())
PLAID_BODY = json.dumps({"webhook_type": "TRANSACTIONS", "webhook_code": "X"}, indent=2)


def plaid_token(
    header: dict[str, object] | None = None,
    *,
    alg: str = "ES256",
    as_der: bool = False,
    **claims: object,
) -> dict[str, str]:
    """A JWS (RFC 7515) by ES256 (RFC 7518): the signature is r and s, 32 bytes each."""
    sha = hashlib.sha256(PLAID_BODY.encode()).hexdigest()
    said = {"iat": NOW, "request_body_sha256": sha, **claims}
    kept = {name: value for name, value in said.items() if value is not None}
    parts = [header or {"alg": alg, "kid": "key-1", "typ": "JWT"}, kept]
    content = ".".join(url64(json.dumps(part).encode()) for part in parts)
    # Deterministic, so that the file stays as it is when it is made again.
    der = PLAID_KEY.sign(content.encode(), ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    r, s = decode_dss_signature(der)
    raw = der if as_der else r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return {"Plaid-Verification": f"{content}.{url64(raw)}"}


def plaid() -> list[Row]:
    key = pem(PLAID_KEY.public_key())
    good = row("plaid", key, plaid_token(), "1d") | {"body_b64": text64(PLAID_BODY)}
    compact = json.dumps(json.loads(PLAID_BODY), separators=(",", ":"))
    other = ec.derive_private_key(int.from_bytes(RAW[::-1], "big"), ec.SECP256R1())
    token = plaid_token()["Plaid-Verification"]
    by_secret = token.rsplit(".", 1)[0].replace(
        url64(b'{"alg": "ES256", "kid": "key-1", "typ": "JWT"}'),
        url64(b'{"alg": "HS256", "kid": "key-1", "typ": "JWT"}'),
    )
    mac = hmac.new(key.encode(), by_secret.encode(), "sha256").digest()
    # A second claim set in the place of the one that was signed.
    header, _, signature = token.split(".")
    swapped = ".".join((header, url64(b'{"iat": %d}' % NOW), signature))

    def with_token(name: str, reason: str, headers: dict[str, str]) -> Row:
        return refused(good, name, reason, headers=headers)

    return [
        good,
        refused(
            good, "other-secret", "signature_mismatch", key_b64=text64(pem(other.public_key()))
        ),
        refused(good, "body-written-again", "body_mismatch", body_b64=text64(compact)),
        refused(good, "301-s-later", "timestamp_too_old", now=NOW + 301),
        refused(good, "301-s-earlier", "timestamp_too_new", now=NOW - 301),
        with_token("no-hash", "body_mismatch", plaid_token(request_body_sha256=None)),
        with_token("no-time", "malformed_timestamp", plaid_token(iat=None)),
        with_token("time-is-text", "malformed_timestamp", plaid_token(iat="soon")),
        with_token("other-algorithm", "unsupported_version", plaid_token(alg="ES384")),
        with_token("no-algorithm", "malformed_header", plaid_token({"kid": "key-1"})),
        with_token("critical", "unsupported_version", plaid_token({"alg": "ES256", "crit": ["a"]})),
        with_token("der", "malformed_signature", plaid_token(as_der=True)),
        with_token(
            "hmac-by-the-public-key",
            "unsupported_version",
            {"Plaid-Verification": f"{by_secret}.{url64(mac)}"},
        ),
        with_token("none", "unsupported_version", {"Plaid-Verification": none_token(token)}),
        with_token("claims-swapped", "signature_mismatch", {"Plaid-Verification": swapped}),
        with_token(
            "two-parts", "malformed_header", {"Plaid-Verification": token[: token.rfind(".")]}
        ),
        with_token("no-token", "missing_header", {}),
    ]


def none_token(token: str) -> str:
    return ".".join((url64(b'{"alg":"none"}'), token.split(".")[1], ""))


def coinbase_cdp() -> list[Row]:
    """`t`, the names of the headers, their values, then the body, with dots between them."""
    sent = {"X-Event-Id": "evt-1", "X-Event-Type": "wallet.activity"}
    names = "x-event-id x-event-type"

    def signed(version: str = "v1", *, listed: str = names, time: int = NOW) -> dict[str, str]:
        values = ".".join(
            {name.lower(): value for name, value in sent.items()}[one] for one in listed.split()
        )
        middle = "" if version == "v0" else f"{listed}.{values}."
        mac = hex_mac(ts(f"{time}.{middle}"))
        return {**sent, "X-Hook0-Signature": f"t={time},h={listed},{version}={mac}"}

    good = row("coinbase-cdp", TEXT, signed(), "1d Coinbase CDP / Hook0")
    short = row("coinbase-cdp", TEXT, signed(listed="x-event-id"), "1d Coinbase CDP / Hook0")
    without = {name: value for name, value in signed().items() if name != "X-Event-Id"}
    listless = {
        **sent,
        "X-Hook0-Signature": signed()["X-Hook0-Signature"].replace(f"h={names},", ""),
    }
    return [
        good,
        {**short, "name": "one-header-listed"},
        broken(good),
        refused(
            good,
            "listed-header-changed",
            "signature_mismatch",
            headers=signed() | {"X-Event-Id": "evt-2"},
        ),
        refused(good, "listed-header-absent", "missing_header", headers=without),
        refused(good, "body-changed", "signature_mismatch", body_b64=text64("{}")),
        refused(good, "v0-alone", "unsupported_version", headers=signed("v0")),
        refused(good, "no-list", "malformed_header", headers=listless),
        refused(good, "301-s-later", "timestamp_too_old", now=NOW + 301),
        refused(good, "301-s-earlier", "timestamp_too_new", now=NOW - 301),
        refused(good, "no-signature", "missing_header", headers=sent),
    ]


if __name__ == "__main__":
    made = [one for good in (row(*given) for given in ROWS) for one in (good, broken(good))]
    made += [*mandrill(), *plaid(), *coinbase_cdp()]
    lines = [json.dumps(one) for one in made]
    OUT.write_text("\n".join(lines) + "\n", encoding="utf-8")
