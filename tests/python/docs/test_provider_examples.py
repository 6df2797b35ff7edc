"""The examples of the pages about providers, each sent a request of its provider."""

from __future__ import annotations

import ast
import base64
import dataclasses
import hashlib
import hmac
import json
import re
import time

import fastapi.testclient
import provider_tables
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

import webhookcore as wh
from support.pages import DOCS, examples

FAMILIES = provider_tables.family_pages()
PAGES = [DOCS / "providers" / page for page in ("index.md", *FAMILIES)]
EXAMPLES = [example for page in (*PAGES, DOCS / "errors.md") for example in examples(page)]

PUBLIC_URL = "https://hooks.example.com"
TOPIC = "arn:aws:sns:eu-west-1:1:orders"
SECRET = "a secret that is long enough"
FORM = "application/x-www-form-urlencoded"

JSON_BODY = {"id": "evt_1", "type": "invoice.paid", "amount": 1200}
BODIES = {
    "slack": {"event_id": "Ev1", "event": {"type": "app_mention", "text": "hello 1200"}},
    "zoom": {"event": "meeting.started", "payload": {"object": {"id": "1200"}}},
    "discord": {"id": "1200", "type": 2},
    "sendgrid": [{"sg_event_id": "1200", "event": "open"}, {"sg_event_id": "2", "event": "click"}],
    "github": {"action": "opened", "number": 1200},
    "meta": {"object": "page", "entry": [{"id": "1200"}]},
    "linear": {"type": "Issue", "action": "update", "url": "1200", "webhookTimestamp": None},
    "dropbox": {"list_folder": {"accounts": ["dbid:1200"]}},
    "hubspot-v3": [{"eventId": 1200, "subscriptionType": "contact.creation"}],
    "mailgun": {"event-data": {"id": "e_1200", "event": "delivered"}},
    "adyen": {
        "live": "false",
        "notificationItems": [
            {
                "NotificationRequestItem": {
                    "pspReference": "1200",
                    "eventCode": "CAPTURE",
                    "success": "true",
                    "amount": {"value": 1, "currency": "EUR"},
                }
            }
        ],
    },
    "aws-sns": {
        "Type": "Notification",
        "MessageId": "m-1",
        "TopicArn": TOPIC,
        "Message": "hello 1200",
        "Timestamp": "2026-01-01T00:00:00.000Z",
        "SignatureVersion": "2",
        "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/a.pem",
    },
    "paypal": {"id": "WH-1", "event_type": "PAYMENT.CAPTURE.COMPLETED", "amount": "1200"},
    "gitlab": {"ref": "refs/heads/1200"},
    "okta": {"eventId": "e", "data": {"events": [{"uuid": "u", "eventType": "user.1200"}]}},
    "generic": {"type": "order.created", "amount": 1200},
}
TYPES = {
    "github": "pull_request.opened",
    "shopify": "orders/create",
    "gitlab": "Push Hook",
    "generic": "order.created",
}
PATHS = {"aws-sns": "sns", "hubspot-v3": "hubspot"}
# Beside the signing key, what an example reads from its environment.
ENVIRONMENT = {
    "META_VERIFY_TOKEN": "the token of the verification",
    "SNS_TOPIC_ARN": TOPIC,
    "PAYPAL_WEBHOOK_ID": "8PT597110X687430LKGECATA",
}
NOTHING_OF_THE_BODY_IS_SIGNED = {"gitlab", "okta", "mailgun"}


def pem_pair(key) -> tuple[str, str]:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return private, public


def key_pair(scheme: wh.Scheme) -> tuple[str, str]:
    """The sender's key and the receiver's."""
    fields = scheme.describe()
    algorithms = [algorithm for _, algorithm in fields["versions"]]
    if algorithms == ["ed25519"] and fields["key"] == "hex":
        key = ed25519.Ed25519PrivateKey.generate()
        raw = key.public_key().public_bytes_raw()
        return (key.private_bytes_raw() + raw).hex(), raw.hex()
    if fields["name"] == "rfc9421" or algorithms[0] == "ed25519":
        return pem_pair(ed25519.Ed25519PrivateKey.generate())
    if algorithms[0].startswith("ecdsa"):
        return pem_pair(ec.generate_private_key(ec.SECP256R1()))
    if algorithms[0].startswith("rsa"):
        return pem_pair(rsa.generate_private_key(public_exponent=65537, key_size=2048))
    texts = {"b64": "whsec_" + base64.b64encode(b"k" * 32).decode(), "hex": "5a" * 32}
    secret = texts.get(fields["key"], SECRET)
    return secret, secret


def run(code: str, **names) -> dict:
    namespace = {"__name__": "example", **names}
    exec(compile(code, "example", "exec"), namespace)
    return namespace


@dataclasses.dataclass
class Signed:
    body: bytes
    headers: dict[str, str]


def signed_request(example, namespace, path: str, key: str) -> Signed:
    """What the example's provider would send."""
    name = example.provider
    scheme = scheme_of(example, namespace)
    headers = {"Content-Type": "application/json"}
    content = BODIES.get(name, JSON_BODY)
    if name == "linear":
        content = {**content, "webhookTimestamp": round(time.time() * 1000)}
    body = json.dumps(content).encode()
    if name == "twilio":
        headers, body = {"Content-Type": FORM}, b"MessageSid=SM1&Body=1200"
    if name in {"mailgun", "adyen", "aws-sns"}:
        token = "t_1" if name == "mailgun" else None
        return Signed(wh.sign_body(scheme, body=body, secret=key, id=token), headers)
    if name == "rfc9421":
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        headers["Content-Digest"] = f"sha-256=:{digest}:"
    signed = wh.sign(
        scheme,
        body=body,
        secret=key,
        id="msg_1",
        type=TYPES.get(name, "invoice.paid"),
        url=PUBLIC_URL + path,
        headers=headers,
    )
    return Signed(body, {**headers, **signed})


def tampered(name: str, genuine: Signed) -> Signed:
    """Something that a signature or a token covers is another."""
    if name == "mailgun":
        return Signed(genuine.body.replace(b'"t_1"', b'"t_2"'), genuine.headers)
    if name in NOTHING_OF_THE_BODY_IS_SIGNED:
        headers = {
            header: value + "x" if "long enough" in value else value
            for header, value in genuine.headers.items()
        }
        return Signed(genuine.body, headers)
    return Signed(genuine.body.replace(b"1200", b"9900"), genuine.headers)


def scheme_of(example, namespace) -> wh.Scheme:
    own = [value for value in namespace.values() if isinstance(value, wh.Scheme)]
    return own[0] if own else wh.scheme(example.provider)


def schemes_in(code: str) -> str:
    """The lines that make schemes: their keys have to be there before the rest is run."""
    made = [
        ast.unparse(line)
        for line in ast.parse(code).body
        if isinstance(line, ast.Assign) and ast.unparse(line.value).lower().startswith("wh.scheme(")
    ]
    return "\n".join(["import os", "import webhookcore as wh", *made])


def prepared(example, tmp_path, monkeypatch) -> tuple[dict, str]:
    """The example as it stands on the page, run in an empty folder, and the sender's key."""
    monkeypatch.chdir(tmp_path)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    secret_name = next(
        name
        for name in re.findall(r'os\.environ\["(\w+)"\]', example.code)
        if name not in ENVIRONMENT
    )
    private, public = key_pair(scheme_of(example, run(schemes_in(example.code))))
    monkeypatch.setenv(secret_name, public)
    return run(example.code), private


@pytest.mark.parametrize(
    "example", [one for one in EXAMPLES if one.provider], ids=lambda one: f"{one}-{one.provider}"
)
def test_an_example_takes_what_its_provider_signed_and_refuses_the_rest(
    example, tmp_path, monkeypatch, capsys
):
    namespace, key = prepared(example, tmp_path, monkeypatch)
    path = re.search(r'"(/hooks/\w+)"', example.code)
    source = re.search(r'add_source\(\s*"([\w-]+)"', example.code)
    where = path[1] if path else f"/hooks/{source[1]}"
    genuine = signed_request(example, namespace, where, key)
    forged = tampered(example.provider, genuine)
    assert forged != genuine
    receiver = namespace.get("receiver")
    # The address that a program sees behind a proxy; the providers sign the public one.
    with fastapi.testclient.TestClient(namespace["app"], base_url="http://10.0.0.7:8000") as client:
        refused = client.post(where, content=forged.body, headers=forged.headers)
        taken = client.post(where, content=genuine.body, headers=genuine.headers)
    if receiver is not None:
        receiver.stop()
        receiver.run_until_idle()
        sent = json.loads(genuine.body) if example.provider == "sendgrid" else [genuine]
        assert [event.state for event in receiver.inbox.list()] == ["done"] * len(sent)
        receiver.close()
    assert refused.status_code == 401, refused.text
    assert taken.is_success, taken.text
    if "print(" in example.code:
        assert capsys.readouterr().out


# What each provider asks before it sends events, and a part of what it has to be answered.
QUESTIONS = {
    "meta": (
        "GET",
        "?hub.mode=subscribe&hub.challenge=4711&hub.verify_token=the+token+of+the+verification",
        None,
        "4711",
    ),
    "dropbox": ("GET", "?challenge=4711", None, "4711"),
    "okta": ("GET", "", {"X-Okta-Verification-Challenge": "4711"}, '"verification":"4711"'),
    "slack": ("POST", "", {"type": "url_verification", "challenge": "4711"}, '"4711"'),
    "discord": ("POST", "", {"type": 1}, '{"type":1}'),
    "zoom": (
        "POST",
        "",
        {"event": "endpoint.url_validation", "payload": {"plainToken": "4711"}},
        '"encryptedToken":"' + hmac.new(SECRET.encode(), b"4711", "sha256").hexdigest(),
    ),
}


@pytest.mark.parametrize(
    "example", [one for one in EXAMPLES if one.provider in QUESTIONS], ids=lambda one: one.provider
)
def test_an_example_answers_what_its_provider_asks_first(example, tmp_path, monkeypatch):
    namespace, key = prepared(example, tmp_path, monkeypatch)
    method, query, asked, answer = QUESTIONS[example.provider]
    where = f"/hooks/{example.provider}"
    headers, body = asked or {}, b""
    if method == "POST":
        body = json.dumps(asked).encode()
        headers = wh.sign(scheme_of(example, namespace), body=body, secret=key)
    with fastapi.testclient.TestClient(namespace["app"]) as client:
        response = client.request(method, where + query, content=body, headers=headers)
        forged = client.request("POST", where, content=body + b" ", headers=headers)
    if "receiver" in namespace:
        namespace["receiver"].close()
    assert response.status_code == 200, response.text
    assert answer in response.text
    assert forged.status_code == 401


@pytest.mark.parametrize("example", [one for one in EXAMPLES if one.mark == "run"], ids=str)
def test_a_snippet_runs(example, capsys):
    run(example.code)
    if "print(" in example.code:
        assert capsys.readouterr().out


def test_every_block_of_code_is_run_by_a_test():
    assert [str(one) for one in EXAMPLES if not one.provider and one.mark != "run"] == []


@pytest.mark.parametrize("page", FAMILIES)
def test_a_family_has_an_example_of_its_own(page):
    used = {one.provider for one in EXAMPLES if one.page == f"providers/{page}"}
    assert used & {*FAMILIES[page]}
