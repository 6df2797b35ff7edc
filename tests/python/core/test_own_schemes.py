"""A scheme of one's own: checked where it is made, and then like a built-in one."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

import webhookcore as wh

SECRET = "a secret that is long enough"
TIMED_LIST = {"kv": "=", "accept": ["v1"], "time": "field:t"}
NOW = 1_700_000_000
BODY = b'{"id":"evt_9","kind":"order.paid","sentAt":1700000000000}'


def mac(content: bytes, hash_name: str = "sha256") -> hmac.HMAC:
    return hmac.new(SECRET.encode(), content, hash_name)


def verify(scheme: wh.Scheme, headers, body: bytes = BODY, **options) -> wh.Event:
    options = {"secrets": [SECRET], "now": NOW, **options}
    return wh.verify(scheme, body=body, headers=headers, **options)


def reason(*arguments, **options) -> str:
    with pytest.raises(wh.VerificationError) as refusal:
        verify(*arguments, **options)
    return refusal.value.reason


def test_the_shortest_one_is_an_hmac_of_the_body():
    scheme = wh.Scheme(sig="X-Sig")
    assert verify(scheme, {"X-Sig": mac(BODY).hexdigest()}).body == BODY
    assert reason(scheme, {"X-Sig": mac(b"other").hexdigest()}) == "signature_mismatch"


def test_its_name_is_what_events_and_logs_say():
    event = verify(wh.Scheme(sig="X-Sig", name="acme"), {"X-Sig": mac(BODY).hexdigest()})
    assert event.provider == "acme"
    assert event.source == "acme"


def test_the_time_may_stand_in_a_header():
    scheme = wh.Scheme(sig="X-Sig", time="header:X-Time", msg="v1:{timestamp}:{body}")
    headers = {"X-Sig": mac(b"v1:1700000000:" + BODY).hexdigest(), "X-Time": "1700000000"}
    assert verify(scheme, headers).timestamp is not None
    assert reason(scheme, headers, now=NOW + 301) == "timestamp_too_old"


def test_the_time_may_stand_in_the_signature_header():
    scheme = wh.Scheme(
        sig="X-Sig", items=",", kv="=", accept=["v1"], time="field:t", msg="{timestamp}.{body}"
    )
    signature = mac(b"1700000000." + BODY).hexdigest()
    assert verify(scheme, {"X-Sig": f"t=1700000000,v0=00,v1={signature}"})
    assert reason(scheme, {"X-Sig": f"v1={signature}"}) == "malformed_header"


def test_the_time_may_stand_in_the_body():
    scheme = wh.Scheme(sig="X-Sig", time="json:sentAt", timestamp="ms")
    headers = {"X-Sig": mac(BODY).hexdigest()}
    assert verify(scheme, headers).timestamp is not None
    assert reason(scheme, headers, now=NOW - 301) == "timestamp_too_new"


@pytest.mark.parametrize("form", ["iso", "http-date", "ms", "s", "s-or-iso"])
def test_every_form_of_a_time_is_signed_as_it_is_written(form):
    scheme = wh.Scheme(sig="X-Sig", time="header:X-Time", timestamp=form, msg="{timestamp}{body}")
    headers = wh.sign(scheme, body=BODY, secret=SECRET, timestamp=NOW)
    assert headers["X-Sig"] == mac(headers["X-Time"].encode() + BODY).hexdigest()
    assert verify(scheme, headers).timestamp.timestamp() == NOW


@pytest.mark.parametrize("alg", ["sha1", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("enc", ["hex", "b64", "b64url"])
def test_every_hash_and_every_encoding(alg, enc):
    scheme = wh.Scheme(sig="X-Sig", alg=f"hmac-{alg}", enc=enc)
    digest = mac(BODY, alg).digest()
    text = {
        "hex": digest.hex(),
        "b64": base64.b64encode(digest).decode(),
        "b64url": base64.urlsafe_b64encode(digest).decode().rstrip("="),
    }[enc]
    assert verify(scheme, {"X-Sig": text})
    assert wh.sign(scheme, body=BODY, secret=SECRET) == {"X-Sig": text}


def test_other_parts_of_the_request_can_be_signed():
    scheme = wh.Scheme(
        sig="X-Sig", msg="{method} {url}\n{header:X-Tenant}\n{body_sha256}|{body_crc32}"
    )
    url = "https://hooks.example.com/in?a=1"
    options = {"url": url, "method": "PUT"}
    headers = {
        "X-Tenant": "t1",
        **wh.sign(scheme, body=BODY, secret=SECRET, headers={"X-Tenant": "t1"}, **options),
    }
    sha = hashlib.sha256(BODY).hexdigest()
    import zlib

    content = f"PUT {url}\nt1\n{sha}|{zlib.crc32(BODY)}".encode()
    assert headers["X-Sig"] == mac(content).hexdigest()
    assert verify(scheme, headers, **options)
    assert reason(scheme, {**headers, "X-Tenant": "t2"}, **options) == "signature_mismatch"
    assert reason(scheme, {"X-Sig": headers["X-Sig"]}, **options) == "missing_header"


def test_braces_of_the_body_or_a_header_are_no_parts():
    scheme = wh.Scheme(sig="X-Sig", time="header:X-Time", msg="{{{timestamp}}}.{body}")
    body = b"{timestamp}{body}$&\\0"
    headers = {"X-Time": "1700000000", "X-Sig": mac(b"{1700000000}." + body).hexdigest()}
    assert verify(scheme, headers, body)


def test_numbered_headers_hold_one_signature_each():
    scheme = wh.Scheme(sig="X-Sig-*")
    good, bad = mac(BODY).hexdigest(), mac(b"other").hexdigest()
    assert verify(scheme, {"X-Sig-1": bad, "X-Sig-2": good})
    assert reason(scheme, {"X-Sig-1": bad}) == "signature_mismatch"
    assert reason(scheme, {"X-Sig-": good}) == "missing_header"
    assert reason(scheme, [("X-Sig-1", good), ("x-sig-1", good)]) == "duplicate_header"
    assert set(wh.sign(scheme, body=BODY, secret=[SECRET, SECRET + "2"])) == {"X-Sig-1", "X-Sig-2"}


def test_a_list_without_tags_takes_any_item():
    scheme = wh.Scheme(sig="X-Sig", items=", ", prefix="sha256=", prefix_required=False)
    good = mac(BODY).hexdigest()
    assert verify(scheme, {"X-Sig": f"sha256={'0' * 64}, {good}"})
    assert verify(scheme, {"X-Sig": f"sha256={good}"})
    assert reason(scheme, {"X-Sig": f"sha512={good}"}) == "unsupported_version"
    assert reason(scheme, {"X-Sig": ",".join(["0" * 64] * 65)}) == "too_many_signatures"


def test_a_token_is_compared_and_signs_nothing():
    scheme = wh.Scheme(sig="Authorization", alg="equal", prefix="Bearer ")
    assert verify(scheme, {"Authorization": f"Bearer {SECRET}"})
    assert reason(scheme, {"Authorization": "Bearer other"}) == "signature_mismatch"
    assert reason(scheme, {"Authorization": SECRET}) in ("malformed_header", "unsupported_version")


def test_id_and_type_come_from_where_it_says():
    scheme = wh.Scheme(sig="X-Sig", id="json:id", type="header:X-Kind")
    event = verify(scheme, {"X-Sig": mac(BODY).hexdigest(), "X-Kind": "order.paid"})
    assert (event.id, event.type, event.unsigned) == ("evt_9", "order.paid", ("type",))


def test_a_signed_id_is_part_of_the_content():
    scheme = wh.Scheme(sig="X-Sig", id="header:X-Id", msg="{id}.{body}")
    headers = wh.sign(scheme, body=BODY, secret=SECRET, id="m-1")
    assert headers == {"X-Id": "m-1", "X-Sig": mac(b"m-1." + BODY).hexdigest()}
    assert reason(scheme, {**headers, "X-Id": "m-2"}) == "signature_mismatch"
    assert verify(scheme, headers).unsigned == ()


@pytest.mark.parametrize(
    ("field", "options"),
    [
        ("sig", {"sig": "X Sig"}),
        ("sig", {"sig": ""}),
        ("sig", {"sig": None}),
        ("alg", {"alg": "md5"}),
        ("alg", {"alg": 5}),
        ("key", {"key": "rot13"}),
        ("enc", {"enc": "base32"}),
        ("msg", {"msg": "{bdy}"}),
        ("msg", {"msg": "{body"}),
        ("msg", {"msg": ""}),
        ("msg", {"msg": "{header:a b}"}),
        ("msg", {"msg": "{body}" * 17}),
        ("msg", {"msg": "{timestamp}.{body}"}),
        ("time", {"time": "X-Time"}),
        ("time", {"time": "field:t"}),
        ("time", {"time": "json:sentAt", "msg": "{id}", "id": "header:X-Id"}),
        ("timestamp", {"time": "header:X-Time", "timestamp": "julian"}),
        ("tolerance", {"tolerance": 0}),
        ("tolerance", {"tolerance": "300"}),
        ("accept", {"items": ",", "kv": "=", "accept": ["a=b"]}),
        ("accept", {"items": ",", "kv": "="}),
        ("accept", {"accept": ["v1", "v2"]}),
        ("kv", {"items": ",", "kv": ",", "accept": ["v1"]}),
        ("items", {"items": "ab"}),
        ("id", {"id": "X-Id"}),
        ("id", {"msg": "{id}{body}"}),
        ("prefix", {"prefix": 5}),
        ("prefix_required", {"prefix_required": "no"}),
        ("strip", {"strip": "whsec_"}),
        ("name", {"name": "a\nb"}),
        ("sig", {"sig": "Host"}),
        ("sig", {"sig": "content-length"}),
        ("sig", {"sig": "Transfer-Encoding"}),
        ("time", {"time": "header:Connection"}),
        ("id", {"id": "header:Host"}),
        ("type", {"type": "header:A B"}),
        ("type", {"type": "header:X-Sig"}),
        ("id", {"id": "header:X-Sig"}),
        ("time", {"time": "header:x-sig"}),
        ("msg", {"msg": "body"}),
        ("msg", {"msg": "{{body}}"}),
        ("msg", {"msg": "{method}"}),
        ("msg", {"msg": "timestamp.body", "time": "header:X-Time"}),
        ("msg", {"msg": "{timestamp}", "time": "header:X-Time"}),
        ("timestamp", {"timestamp": "iso"}),
        ("accept", {"items": ",", "accept": ["v1"]}),
        ("accept", {"accept": ["v1"]}),
        ("kv", {"kv": "="}),
        ("prefix", {"items": ",", "kv": "=", "accept": ["v1"], "prefix": "sha256="}),
        ("items", {**TIMED_LIST, "items": ",", "timestamp": "http-date"}),
        ("items", {**TIMED_LIST, "items": ":", "timestamp": "iso"}),
        ("items", {**TIMED_LIST, "items": "0"}),
    ],
)
def test_an_impossible_option_is_refused_by_its_name(field, options):
    with pytest.raises(wh.ConfigError) as refused:
        wh.Scheme(**{"sig": "X-Sig", **options})
    assert (refused.value.field or "").partition("[")[0] == field


def test_a_built_in_scheme_can_be_changed():
    scheme = wh.scheme("generic").replace(prefix="", timestamp="iso")
    time = "2023-11-14T22:13:20Z"
    headers = {
        "X-Webhook-Timestamp": time,
        "X-Webhook-Signature": mac(f"{time}.".encode() + BODY).hexdigest(),
        "X-Webhook-Id": "evt_9",
    }
    assert verify(scheme, headers).id == "evt_9"
    assert reason(scheme, {**headers, "X-Webhook-Timestamp": "1700000000"}) == "malformed_timestamp"
    assert wh.scheme("generic").describe()["prefix"] == "sha256="


def test_a_form_of_a_time_that_is_not_there_is_refused_in_a_change_as_well():
    with pytest.raises(wh.ConfigError) as refused:
        wh.scheme("github").replace(timestamp="iso")
    assert refused.value.field == "timestamp"
    assert wh.scheme("github").replace(time="header:X-Time").describe()["timestamp"] == "s"


def test_every_built_in_scheme_survives_being_taken_apart_and_made_again():
    for name in wh.providers():
        again = wh.scheme(name).replace()
        assert again.describe() == wh.scheme(name).describe()
        assert again.name == name


def test_a_setting_that_a_scheme_needs_is_asked_for_by_name():
    with pytest.raises(wh.ConfigError) as refused:
        wh.Verifier("paypal", secrets=["-----BEGIN PUBLIC KEY-----"])
    assert refused.value.field == "webhook_id"
    with pytest.raises(wh.ConfigError) as unknown:
        wh.scheme("paypal").replace(webhok_id="x")
    assert unknown.value.field == "webhok_id"


def test_it_is_accepted_where_a_provider_is():
    scheme = wh.Scheme(sig="X-Sig", name="acme", id="json:id")
    receiver = wh.Receiver("memory://")
    receiver.add_source("shop", provider=scheme, secrets=[SECRET])
    seen = []

    @receiver.on("shop", "*")
    def handle(event: wh.Event) -> None:
        seen.append((event.id, event.provider, event.source))

    request = wh.HttpRequest("POST", "/hooks/shop", {"X-Sig": mac(BODY).hexdigest()}, BODY)
    assert receiver.handle(request, source="shop").status == 202
    receiver.run_until_idle()
    assert seen == [("evt_9", "acme", "shop")]
    assert receiver.handle(request, source="shop").status == 200


def test_no_secret_is_shown_by_it():
    scheme = wh.Scheme(sig="X-Sig")
    assert SECRET not in repr(wh.Verifier(scheme, secrets=[SECRET]))
    assert repr(scheme) == "<Scheme custom>"


@pytest.mark.parametrize(
    ("name", "alg"),
    [
        ("twilio", "ed25519"), ("mandrill", "rsa-pkcs1-sha256"), ("mailgun", "equal"),
        ("adyen", "sha256-prefix"), ("aws-sns", "hmac-sha256"), ("aws-sns", "rsa-pss-sha512"),
        ("paypal", "ecdsa-p256-raw"), ("hook0", "equal"), ("coinbase-cdp", "ed25519"),
        ("plaid", "hmac-sha256"), ("plaid", "ecdsa-p256-der"), ("jws-es256", "rsa-pkcs1-sha1"),
        ("vonage-jwt", "hmac-sha1"), ("vonage-jwt", "equal"), ("rfc9421", "hmac-sha1"),
        ("rfc9421", "ecdsa-p256-der"), ("rfc9421", "sha256-prefix"),
    ],
)  # fmt: skip
def test_an_algorithm_that_a_special_scheme_cannot_have_is_refused_by_name(name, alg):
    with pytest.raises(wh.ConfigError) as refused:
        wh.scheme(name).replace(alg=alg)
    assert refused.value.field == "alg"


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("twilio", {"alg": "hmac-sha256"}), ("aws-sns", {"alg": "rsa-pkcs1-sha256"}),
        ("plaid", {"alg": "ed25519"}), ("vonage-jwt", {"alg": "hmac-sha512"}),
        ("vonage-jwt", {"alg": "rsa-pkcs1-sha256", "key": "public"}),
        ("rfc9421", {"alg": "rsa-pss-sha512"}),
    ],
)  # fmt: skip
def test_an_algorithm_that_it_can_have_is_its_only_one_then(name, changes):
    versions = wh.scheme(name).replace(**changes).describe()["versions"]
    assert {algorithm for _, algorithm in versions} == {changes["alg"]}


def test_a_setting_may_be_a_switch():
    scheme = wh.scheme("rfc9421").replace(required=["@method"], require_created=False)
    assert scheme.describe()["settings"]["require_created"] == "0"
    with pytest.raises(wh.ConfigError) as refused:
        scheme.replace(require_created=1)
    assert refused.value.field == "require_created"


def test_a_covered_set_of_ones_own_needs_a_time_all_the_same():
    secret = base64.b64encode(SECRET.encode()).decode()
    scheme = wh.scheme("rfc9421").replace(required=["@method"])
    headers = wh.sign(scheme, body=BODY, secret=secret, timestamp=NOW, url="https://example.com/")
    timeless = {**headers, "Signature-Input": 'sig1=("@method")'}
    content = b'"@method": POST\n"@signature-params": ("@method")'
    digest = hmac.new(SECRET.encode(), content, "sha256").digest()
    timeless["Signature"] = f"sig1=:{base64.b64encode(digest).decode()}:"
    options = {"secrets": [secret], "url": "https://example.com/"}
    assert verify(scheme, headers, **options).timestamp is not None
    assert reason(scheme, timeless, **options) == "malformed_header"
    loose = scheme.replace(require_created=False)
    assert verify(loose, timeless, **options).timestamp is None
