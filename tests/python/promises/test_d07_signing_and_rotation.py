"""D7: fresh signatures of one message, schemes, and secrets that are rotated before they are old.

Thoroughly: client/test_signing.py, client/test_schemes_of_endpoints.py,
roundtrip/test_engine_interop.py, core/test_signature_vectors.py.
"""

from __future__ import annotations

import json
import time

import pytest

import webhookcore as wh

from .conftest import DAY, DELIVER, HOUR, header

OWN = wh.Scheme(
    sig="X-Acme-Signature",
    name="acme",
    prefix="v7=",
    msg="{timestamp}:{body}",
    time="header:X-Acme-Time",
    id="header:X-Acme-Id",
    type="header:X-Acme-Type",
)
LAST = """
import sys, webhookcore as wh
policy = wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"])
with wh.Client(sys.argv[1], policy=policy, alerts=sys.argv[2] or None) as client:
    client.run_until_idle()
    told = list(client.operations.list("endpoint.secret_old"))
    print(len(told), *(event.endpoint_id for event in told))
    [endpoint] = client.endpoints.list(tenant=None)
    print(round(endpoint.secrets[0].age))
"""


def verified(request, scheme, secret, later=0.0):
    return wh.verify(
        scheme,
        body=request.body,
        headers=request.headers,
        secrets=[secret],
        now=time.time() + later,
    )


def signs(request, secret, later=0.0) -> bool:
    try:
        verified(request, "standard", secret, later)
    except wh.VerificationError as refused:
        if refused.reason == "signature_mismatch":
            return False
        raise
    return True


def test_each_attempt_has_a_fresh_timestamp_and_signature_and_the_same_message_id(
    store, policy, server, clock
):
    server.answer(500, 200)
    with wh.Client(store, policy=policy) as client:
        endpoint = client.endpoints.create(server.url, events=["*"], retry=[60])
        message = client.send("order.created", {"id": 7})
        client.run_until_idle()
    assert clock.run(DELIVER, store, later=120) == "1\n"
    first, second = server.requests
    assert header(first, "webhook-id") == header(second, "webhook-id") == message.id
    assert first.body == second.body
    apart = int(header(second, "webhook-timestamp")) - int(header(first, "webhook-timestamp"))
    assert apart >= 120
    assert header(first, "webhook-signature") != header(second, "webhook-signature")
    verified(first, "standard", endpoint.secret)
    verified(second, "standard", endpoint.secret, later=120)


@pytest.mark.parametrize(
    "scheme", ["standard", "generic-t-v1", "stripe", "github", "generic", OWN], ids=str
)
def test_a_receiver_verifies_by_the_scheme_that_the_endpoint_signs_by(client, server, scheme):
    endpoint = client.endpoints.create(server.url, events=["*"], schemes=[scheme])
    client.send("order.created", {"id": 7})
    client.run_until_idle()
    verified(server.requests[0], scheme, endpoint.secret)
    with pytest.raises(wh.VerificationError):
        verified(server.requests[0], scheme, wh.generate_secret())


def test_the_generic_trio_carries_the_event(client, server):
    client.endpoints.create(server.url, events=["*"], schemes=["generic"])
    message = client.send("order.created", {"id": 7})
    client.run_until_idle()
    [request] = server.requests
    assert header(request, "x-webhook-event") == "order.created"
    assert header(request, "x-webhook-id") == message.id


def test_a_keypair_signs_v1a(client, server):
    signing, verification = wh.generate_keypair()
    client.endpoints.create(server.url, events=["*"], secret=signing)
    client.send("order.created", {"id": 7})
    client.run_until_idle()
    assert header(server.requests[0], "webhook-signature").startswith("v1a,")
    verified(server.requests[0], "standard", verification)


def test_several_schemes_sign_at_once_while_a_receiver_migrates(client, server):
    schemes = ["standard", "github", "generic", OWN]
    endpoint = client.endpoints.create(server.url, events=["*"], schemes=schemes)
    client.send("order.created", {"id": 7})
    client.run_until_idle()
    for scheme in schemes:
        verified(server.requests[0], scheme, endpoint.secret)


def rotated_store(store, policy, server, **overlap):
    """A store whose endpoint was rotated, with a message that is due at any time."""
    with wh.Client(store, policy=policy) as client:
        endpoint = client.endpoints.create(server.url, events=["*"])
        rotated = client.endpoints.rotate_secret(endpoint, **overlap)
        client.send("order.created", {"id": 7})
    return endpoint.secret, rotated.secret


@pytest.mark.parametrize(
    ("overlap", "later", "old_signs"),
    [
        ({}, 0, True),
        ({}, 24 * HOUR - 60, True),
        ({}, 24 * HOUR + 60, False),
        ({"overlap": 7 * DAY}, 7 * DAY - 60, True),
        ({"overlap": 7 * DAY}, 7 * DAY + 60, False),
        ({"overlap": 0}, 0, False),
    ],
)
def test_both_secrets_sign_until_the_overlap_ends_and_then_the_new_one_alone(
    store, policy, server, clock, overlap, later, old_signs
):
    old, new = rotated_store(store, policy, server, **overlap)
    assert clock.run(DELIVER, store, later=later) == "1\n"
    [request] = server.requests
    assert (signs(request, new, later), signs(request, old, later)) == (True, old_signs)


@pytest.mark.parametrize("overlap", [-1, 7 * DAY + 1])
def test_an_overlap_is_0_to_7_days(client, overlap):
    endpoint = client.endpoints.create("https://example.com/hook", events=["*"])
    with pytest.raises(wh.ConfigError) as refused:
        client.endpoints.rotate_secret(endpoint, overlap=overlap)
    assert refused.value.field == "overlap"


@pytest.mark.parametrize(("days", "told"), [(89, 0), (91, 1)])
def test_a_secrets_age_is_shown_and_one_older_than_90_days_raises_an_operational_event(
    store, clock, days, told
):
    with wh.Client(store) as client:
        endpoint = client.endpoints.create("https://example.com/hook", events=["*"])
    found, age = clock.run(LAST, store, "", later=days * DAY).splitlines()
    assert found.split() == [str(told), *[endpoint.id] * told]
    assert 0 <= int(age) - days * DAY < 60


def test_an_old_secret_that_is_rotated_is_old_no_more(store, clock):
    with wh.Client(store) as client:
        client.endpoints.create("https://example.com/hook", events=["*"])
    rotate = """
import sys, webhookcore as wh
with wh.Client(sys.argv[1]) as client:
    [endpoint] = client.endpoints.list()
    client.endpoints.rotate_secret(endpoint)
"""
    clock.run(rotate, store, later=89 * DAY)
    assert clock.run(LAST, store, "", later=91 * DAY).splitlines()[0] == "0"


def test_the_event_of_an_old_secret_is_sent_where_alerts_go(store, server, clock):
    with wh.Client(store) as client:
        endpoint = client.endpoints.create("https://example.com/hook", events=["*"])
    clock.run(LAST, store, server.url, later=91 * DAY)
    [alert] = [json.loads(request.body) for request in server.requests]
    assert alert["type"] == "endpoint.secret_old"
    assert alert["data"]["endpoint_id"] == endpoint.id
