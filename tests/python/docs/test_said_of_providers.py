"""What the pages say of single providers, shown: what is signed, and why something is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import webhookcore as wh

SECRET = "a secret that is long enough"
BASE64 = base64.b64encode(SECRET.encode()).decode()
BODY = b'{"id":"evt_1","type":"a.b"}'


def signed(scheme, body=BODY, secret=SECRET, **options):
    headers = options.pop("headers", {})
    return {**headers, **wh.sign(scheme, body=body, secret=secret, headers=headers, **options)}


def reason(scheme, headers, body=BODY, secret=SECRET, **options) -> str:
    """Why it is refused; empty when it passes."""
    try:
        wh.verify(scheme, body=body, headers=headers, secrets=[secret], **options)
    except wh.VerificationError as error:
        return error.reason
    return ""


def test_one_family_of_headers_is_used_wholly():
    headers = signed("standard", secret=BASE64, id="msg_1")
    assert reason("svix", {**headers, "svix-id": "msg_1"}, secret=BASE64) == "missing_header"


def test_a_public_key_is_no_secret():
    _, public = wh.generate_keypair()
    for provider in ("openai", "stripe", "github"):
        with pytest.raises(wh.ConfigError):
            wh.Verifier(provider, [public])


@pytest.mark.parametrize("time", ["1.5", "+1", "1e9"])
def test_a_time_that_is_no_plain_number_is_refused(time):
    headers = signed("standard", secret=BASE64, id="msg_1")
    headers["webhook-timestamp"] = time
    assert reason("standard", headers, secret=BASE64) == "malformed_timestamp"


def test_v0_of_stripe_is_never_accepted_and_that_of_elevenlabs_is():
    stripe = signed("stripe")
    mark = stripe["Stripe-Signature"].replace("v1=", "v0=")
    assert reason("stripe", {"Stripe-Signature": mark}) == "unsupported_version"
    assert "v0=" in signed("elevenlabs")["ElevenLabs-Signature"]


def test_two_times_in_one_list_are_refused():
    (value,) = signed("stripe").values()
    assert reason("stripe", {"Stripe-Signature": f"t=1,{value}"}) == "malformed_header"


def test_a_tolerance_of_zero_is_an_error():
    with pytest.raises(wh.ConfigError):
        wh.Verifier("stripe", [SECRET], tolerance=0)


def test_hook0_refuses_without_a_listed_header_and_the_cdp_without_v1():
    headers = signed("hook0", id="e_1", headers={"X-Kind": "a"})
    assert reason("hook0", headers) == ""
    assert reason("hook0", {**headers, "X-Unlisted": "b"}) == ""
    without = {name: value for name, value in headers.items() if name != "X-Kind"}
    assert reason("hook0", without) == "missing_header"
    only_v0 = headers["X-Hook0-Signature"].replace("v1=", "v0=")
    assert reason("coinbase-cdp", {"X-Hook0-Signature": only_v0}) == "unsupported_version"


def test_mailomat_does_not_sign_the_body():
    headers = signed("mailomat", id="m_1", type="opened")
    assert reason("mailomat", headers, body=b"another") == ""


def test_mailgun_does_not_sign_the_event():
    body = wh.sign_body("mailgun", body=b'{"event-data":{"id":"a"}}', secret=SECRET, id="token")
    assert reason("mailgun", {}, body=body.replace(b'"a"', b'"b"')) == ""
    assert reason("mailgun", {}, body=body.replace(b"token", b"taken")) != ""
    assert reason("mailgun", {}, body=b'{"event-data":{}}') == "malformed_body"


def test_twitch_does_not_sign_the_type_of_the_subscription():
    headers = signed("twitch", id="m_1", type="stream.online")
    headers["Twitch-Eventsub-Subscription-Type"] = "stream.offline"
    assert reason("twitch", headers) == ""


def test_symfony_lets_bytes_slide_between_event_and_id():
    headers = signed("symfony", id="1", headers={"Webhook-Event": "order"})
    assert reason("symfony", {**headers, "Webhook-Event": "orde", "Webhook-Id": "r1"}) == ""


def test_github_refuses_the_weaker_header_and_other_prefixes():
    assert reason("github", signed("github-sha1")) == "unsupported_version"
    value = signed("github")["X-Hub-Signature-256"]
    other = {"X-Hub-Signature-256": value.replace("sha256", "sha1")}
    assert reason("github", other) == "unsupported_version"
    bare = {"X-Hub-Signature-256": value.partition("=")[2]}
    assert reason("github", bare) == "malformed_header"


def test_hex_where_base64_belongs_is_malformed():
    value = signed("linear", b'{"webhookTimestamp":0}')["Linear-Signature"]
    assert reason("shopify", {"X-Shopify-Hmac-Sha256": value}) == "malformed_signature"


def test_any_key_of_docusign_may_match_any_of_its_headers():
    headers = signed("docusign")
    (value,) = headers.values()
    assert (
        reason(
            "docusign", {"X-DocuSign-Signature-1": "A" * 43 + "=", "X-DocuSign-Signature-7": value}
        )
        == ""
    )


def test_an_odd_digit_of_a_hex_key_is_a_lost_digit():
    with pytest.raises(wh.ConfigError):
        wh.Verifier("adyen-platform", ["a" * 63])


def test_a_body_of_twilio_that_nothing_covers_is_refused():
    url = "https://hooks.example.com/in"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    headers = signed("twilio", b"A=1", url=url, headers=form)
    assert reason("twilio", headers, b"A=1", url=url) == ""
    plain = {**headers, "Content-Type": "application/json"}
    assert reason("twilio", plain, BODY, url=url) == "signature_mismatch"


def test_a_certificate_at_another_host_is_not_trusted():
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    message = {
        "Type": "Notification",
        "MessageId": "m",
        "TopicArn": "arn:aws:sns:eu-west-1:1:t",
        "Message": "hello",
        "Timestamp": "2012-04-25T21:49:25.719Z",
        "SignatureVersion": "2",
        "SigningCertURL": "https://sns.eu-west-1.amazonaws.com/a.pem",
    }
    body = wh.sign_body("aws-sns", body=json.dumps(message).encode(), secret=private)
    assert reason("aws-sns", {}, body, private) == ""  # Of 2012: nothing is too old.
    elsewhere = body.replace(
        b"sns.eu-west-1.amazonaws.com/", b"sns.eu-west-1.amazonaws.com.example/"
    )
    assert reason("aws-sns", {}, elsewhere, private) == "untrusted_key"
    assert reason("aws-sns", {}, b'{"a":1}', private) == "malformed_body"


def test_vonage_without_a_hash_leaves_the_body_open():
    def part(data: dict) -> str:
        return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()

    content = f"{part({'alg': 'HS256'})}.{part({'iat': 1})}"
    mac = hmac.digest(SECRET.encode(), content.encode(), "sha256")
    token = f"{content}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    assert reason("vonage-jwt", {"Authorization": f"Bearer {token}"}, b"anything") == ""
    none = part({"alg": "none"}) + token[token.index(".") :]
    assert reason("vonage-jwt", {"Authorization": f"Bearer {none}"}) == "unsupported_version"


def test_a_signature_that_covers_less_than_is_required_is_refused():
    url = "https://hooks.example.com/in"
    digest = base64.b64encode(hashlib.sha256(BODY).digest()).decode()
    held = {"Content-Digest": f"sha-256=:{digest}:"}
    less = wh.scheme("rfc9421").replace(required="@method ;created")
    headers = signed(less, secret=BASE64, url=url, headers=held)
    assert reason(less, headers, secret=BASE64, url=url) == ""
    assert reason("rfc9421", headers, secret=BASE64, url=url) == "malformed_header"
    full = signed("rfc9421", secret=BASE64, url=url, headers=held)
    assert reason("rfc9421", full, secret=BASE64, url=url) == ""
    assert reason("rfc9421", full, b"{}", secret=BASE64, url=url) == "body_mismatch"
