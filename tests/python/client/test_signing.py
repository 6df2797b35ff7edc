"""D7: how requests are signed, and how a secret is rotated."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest

import webhookcore as wh
from client.conftest import URL

OWN = wh.Scheme(
    sig="X-Acme-Signature",
    name="acme",
    prefix="v7=",
    msg="{timestamp}:{body}",
    time="header:X-Acme-Time",
    id="header:X-Acme-Id",
    type="header:X-Acme-Type",
    alg="hmac-sha512",
)

DELIVER = """
import sys, webhookcore as wh
policy = wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"])
with wh.Client(sys.argv[1], policy=policy) as client:
    print(client.run_until_idle().delivered)
"""


def verified(request, scheme, *secrets):
    return wh.verify(scheme, body=request.body, headers=request.headers, secrets=list(secrets))


def test_a_users_own_scheme_is_signed_by_a_process_that_never_saw_it(client, receiver, tmp_path):
    endpoint = client.endpoints.create(receiver.url, events=["*"], schemes=[OWN])
    message = client.send("order.created", {"id": 7})
    done = subprocess.run(
        [sys.executable, "-c", DELIVER, f"sqlite:///{tmp_path}/webhooks.db"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("1\n", "")
    event = verified(receiver.requests[0], OWN, endpoint.secret)
    assert (event.id, event.type) == (message.id, "order.created")


def test_several_schemes_sign_at_once_while_a_receiver_migrates(client, receiver):
    endpoint = client.endpoints.create(
        receiver.url, events=["*"], schemes=["standard", OWN, "github", "stripe"]
    )
    client.send("a", {})
    client.run_until_idle()
    for scheme in ("standard", OWN, "github", "stripe"):
        verified(receiver.requests[0], scheme, endpoint.secret)


def test_an_endpoint_shows_its_own_schemes_as_they_were_given(client):
    endpoint = client.endpoints.create(URL, events=["*"], schemes=["github", OWN])
    assert client.endpoints.get(endpoint.id).schemes == ("github", OWN)
    assert pickle.loads(pickle.dumps(client.endpoints.get(endpoint.id))).schemes == ("github", OWN)
    assert client.endpoints.update(endpoint, schemes=OWN).schemes == (OWN,)


def test_a_header_of_an_own_scheme_is_reserved(client):
    with pytest.raises(wh.ConfigError, match="X-Acme-Time"):
        client.endpoints.create(URL, events=["*"], schemes=[OWN], headers={"X-Acme-Time": "1"})


def test_a_secret_that_is_no_key_of_an_own_scheme_is_refused(client):
    strict = wh.Scheme(sig="X-S", key="hex")
    with pytest.raises(wh.ConfigError):
        client.endpoints.create(URL, events=["*"], schemes=[strict], secret="no hexadecimal digits")
    endpoint = client.endpoints.create(URL, events=["*"])
    with pytest.raises(wh.ConfigError):
        client.endpoints.update(endpoint, schemes=[strict])


def test_a_rotation_lets_both_secrets_sign_and_shows_their_ages(client, receiver):
    endpoint = client.endpoints.create(receiver.url, events=["*"])
    rotated = client.endpoints.rotate_secret(endpoint)
    assert rotated.secret != endpoint.secret
    newest, old = client.endpoints.get(endpoint.id).secrets
    assert newest.expires_at is None
    assert (old.expires_at - newest.created_at).total_seconds() == pytest.approx(86400, abs=5)
    assert old.age >= newest.age >= 0
    client.send("a", {})
    client.run_until_idle()
    for secret in (endpoint.secret, rotated.secret):
        verified(receiver.requests[0], "standard", secret)


def test_a_rotation_without_overlap_drops_the_old_secret_at_once(client, receiver):
    endpoint = client.endpoints.create(receiver.url, events=["*"])
    rotated = client.endpoints.rotate_secret(endpoint, overlap=0)
    assert len(rotated.secrets) == 1
    client.send("a", {})
    client.run_until_idle()
    verified(receiver.requests[0], "standard", rotated.secret)
    with pytest.raises(wh.VerificationError):
        verified(receiver.requests[0], "standard", endpoint.secret)


def test_an_overlap_is_at_most_a_week(client, endpoint):
    client.endpoints.rotate_secret(endpoint, overlap=7 * 86400)
    with pytest.raises(wh.ConfigError) as refused:
        client.endpoints.rotate_secret(endpoint, overlap=7 * 86400 + 1)
    assert refused.value.field == "overlap"


def test_a_keypair_signs_v1a_and_is_rotated_into_another_keypair(client, receiver):
    signing, verification = wh.generate_keypair()
    endpoint = client.endpoints.create(receiver.url, events=["*"], secret=signing)
    assert endpoint.verification_key == verification
    rotated = client.endpoints.rotate_secret(endpoint)
    assert rotated.secret.startswith("whsk_")
    assert [secret.kind for secret in rotated.secrets] == ["keypair", "keypair"]
    client.send("a", {})
    client.run_until_idle()
    assert "v1a," in receiver.requests[0].headers["webhook-signature"]
    for key in (verification, rotated.verification_key):
        verified(receiver.requests[0], "standard", key)


def test_no_secret_is_in_what_an_endpoint_shows_of_its_ages(client, endpoint):
    shown = repr(client.endpoints.get(endpoint.id).secrets)
    assert endpoint.secret not in shown
    assert endpoint.secret.removeprefix("whsec_") not in shown
