"""Which schemes an endpoint may have: each can sign its deliveries, alone and beside the others."""

from __future__ import annotations

import pytest

import webhookcore as wh
from client.conftest import URL

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
LIST = {"sig": "X-Sig", "items": ",", "kv": "=", "accept": ["v1"], "prefix": ""}


def refusal(call) -> wh.ConfigError:
    with pytest.raises(wh.ConfigError) as refused:
        call()
    return refused.value


def refusal_of(client, *schemes, **options) -> wh.ConfigError:
    return refusal(
        lambda: client.endpoints.create(URL, events=["*"], schemes=list(schemes), **options)
    )


def delivered(client, receiver, *schemes, **options):
    client.endpoints.create(
        receiver.url, events=["*"], schemes=list(schemes), secret=SECRET, **options
    )
    client.send("order.created", {"id": 7})
    client.run_until_idle()
    return receiver.requests[0]


def verified(request, scheme):
    return wh.verify(scheme, body=request.body, headers=request.headers, secrets=[SECRET])


def test_two_schemes_of_one_list_both_sign_in_it(client, receiver):
    other = wh.scheme("standard").replace(name="other", msg="{id}|{timestamp}|{body}")
    request = delivered(client, receiver, "standard", other)
    verified(request, "standard")
    verified(request, other)


def test_two_schemes_share_a_list_and_its_time(client, receiver):
    timed = {**LIST, "time": "field:t"}
    one = wh.Scheme(**timed, msg="{timestamp}.{body}")
    other = wh.Scheme(**timed, msg="{timestamp}:{body}")
    request = delivered(client, receiver, one, other)
    verified(request, one)
    verified(request, other)


@pytest.mark.parametrize(
    ("first", "second", "header"),
    [
        ("github", "meta", "X-Hub-Signature-256"),
        (wh.Scheme(sig="X-Sig"), wh.Scheme(sig="x-sig", enc="b64"), "x-sig"),
        (wh.Scheme(**LIST), wh.Scheme(**LIST, enc="b64"), "X-Sig"),
        (wh.Scheme(**LIST), wh.Scheme(sig="X-Sig"), "X-Sig"),
        (wh.Scheme(sig="X-Sig-*"), wh.Scheme(sig="X-Sig-1"), "X-Sig-1"),
        (wh.Scheme(sig="X-A"), wh.Scheme(sig="X-B", time="header:X-A"), "X-A"),
        (wh.Scheme(sig="X-A", id="header:X-B"), wh.Scheme(sig="X-B"), "X-B"),
        (
            wh.Scheme(sig="X-A", time="header:X-Time"),
            wh.Scheme(sig="X-B", time="header:X-Time", timestamp="ms"),
            "X-Time",
        ),
        (
            wh.scheme("rfc9421").replace(strip=["whsec_"]),
            wh.Scheme(sig="Content-Digest"),
            "Content-Digest",
        ),
    ],
)
def test_a_header_without_room_for_two_schemes_is_named(client, first, second, header):
    error = refusal_of(client, first, second, secret=SECRET)
    assert error.field == "schemes[1]"
    assert header in str(error)
    endpoint = client.endpoints.create(URL, events=["*"], schemes=[first], secret=SECRET)
    changed = refusal(lambda: client.endpoints.update(endpoint, schemes=[first, second]))
    assert changed.field == "schemes[1]"
    assert client.endpoints.get(endpoint.id).schemes == endpoint.schemes


def test_a_time_header_of_one_form_may_be_shared(client, receiver):
    one = wh.Scheme(sig="X-A", time="header:X-Time", msg="{timestamp}{body}")
    other = wh.Scheme(sig="X-B", time="header:X-Time", msg="{body}{timestamp}")
    request = delivered(client, receiver, one, other)
    verified(request, one)
    verified(request, other)


def test_a_scheme_is_named_once(client):
    assert refusal_of(client, "standard", "github", "standard").field == "schemes[2]"


@pytest.mark.parametrize("scheme", ["mailgun", "adyen", "aws-sns"])
def test_a_scheme_that_signs_in_the_body_is_refused_for_an_endpoint(client, scheme):
    error = refusal_of(client, "standard", scheme, secret=SECRET)
    assert error.field == "schemes[1]"
    assert "body" in str(error)
    tested = refusal(lambda: client.endpoints.test(url=URL, schemes=[scheme], secret=SECRET))
    assert tested.field == "schemes[0]"


def test_a_scheme_without_a_setting_that_it_needs_is_refused(client):
    error = refusal_of(client, "paypal", secret=SECRET)
    assert error.field == "schemes[0]"
    assert "webhook_id" in str(error)


def test_a_scheme_signs_a_header_of_the_endpoint(client, receiver):
    scheme = wh.Scheme(sig="X-S", msg="{header:X-Tenant}.{header:content-type}.{body}")
    assert refusal_of(client, scheme).field == "schemes[0]"
    request = delivered(client, receiver, scheme, headers={"x-tenant": "t1"})
    verified(request, scheme)
    (endpoint,) = client.endpoints.list()
    assert refusal(lambda: client.endpoints.update(endpoint, headers={})).field == "schemes[0]"


def test_a_scheme_signs_the_header_of_its_own_id(client, receiver):
    scheme = wh.Scheme(sig="X-S", id="header:X-Id", msg="{header:X-Id}.{body}")
    verified(delivered(client, receiver, scheme), scheme)


def test_every_header_of_rfc_9421_is_reserved(client):
    error = refusal_of(client, "rfc9421", secret=SECRET, headers={"content-digest": "x"})
    assert error.field == "headers['content-digest']"


@pytest.mark.parametrize("scheme", ["github", "generic", "vonage-jwt", wh.Scheme(sig="X-S")])
def test_a_private_key_does_not_become_a_shared_secret(client, scheme):
    pair, _ = wh.generate_keypair()
    endpoint = client.endpoints.create(URL, events=["*"], secret=pair)
    error = refusal(lambda: client.endpoints.update(endpoint, schemes=scheme))
    assert error.field == "schemes[0]"
    assert "whsk_" in str(error)
    assert pair not in str(error)
    assert refusal_of(client, scheme, secret=pair).field == "secret"


def test_a_scheme_of_ones_own_is_called_by_its_name(client):
    error = refusal_of(client, wh.Scheme(sig="X-S", key="hex", name="acme"), secret="no hex")
    assert error.field == "secret"
    assert "cannot sign by acme" in str(error)
