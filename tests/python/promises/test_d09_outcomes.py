"""D9: what each answer means, and each failure to get one.

Thoroughly: tests/cpp/core/outcome_test.cpp (the table), faults/test_hostile_receivers.py,
faults/test_connection_faults.py, faults/test_fault_matrix.py, client/test_health.py.
"""

from __future__ import annotations

import socket
import ssl

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

import webhookcore as wh
from support.key_server import DAY, Authority, private_pem
from webhookcore.testing import Answer, WebhookServer

from .conftest import ids

DELIVERED = (200, 201, 202, 204, 206, 226, 299)
RETRIED = (408, 409, 425, 429, *range(500, 512), 599)
DEAD = (400, 401, 402, 403, 404, 405, 406, 411, 413, 415, 418, 422, 426, 431, 451, 499)
REDIRECTS = (300, 301, 302, 303, 304, 307, 308)


def by_path(request: wh.HttpRequest) -> Answer:
    """As many as one likes of one server: it answers with the status that the path names."""
    status = int(request.url.rpartition("/")[2])
    elsewhere = request.url.replace(str(status), "200")
    return Answer(status, headers={"Location": elsewhere} if 300 <= status < 400 else {})


@pytest.fixture
def answering(policy):
    """Sends one message to an endpoint for each status; status -> its delivery and attempts."""
    with WebhookServer(by_path) as server, wh.Client("memory://", policy=policy) as client:

        def send(statuses, **options):
            made = {
                status: client.endpoints.create(
                    f"{server.base_url}/{status}", events=["*"], retry=[60], **options
                )
                for status in statuses
            }
            message = client.send("order.created", {"id": 7})
            client.run_until_idle()
            found = {row.endpoint_id: row for row in message.deliveries}
            assert len(server.requests) == len(made)
            return {
                status: (found[row.id], client.endpoints.get(row.id))
                for status, row in made.items()
            }

        yield send


def states(found):
    return {
        status: (row.state, row.attempts, row.last_status) for status, (row, _) in found.items()
    }


def test_2xx_is_delivered(answering):
    assert states(answering(DELIVERED)) == {
        status: ("delivered", 1, status) for status in DELIVERED
    }


def test_3xx_is_never_followed_and_has_failed(answering):
    """One request each, so none to where the answer pointed, which would have said 200."""
    assert states(answering(REDIRECTS)) == {status: ("pending", 1, status) for status in REDIRECTS}


def test_408_409_425_429_and_5xx_are_tried_again(answering):
    assert states(answering(RETRIED)) == {status: ("pending", 1, status) for status in RETRIED}


def test_another_4xx_is_dead_at_once(answering):
    found = answering(DEAD)
    assert states(found) == {status: ("dead", 1, status) for status in DEAD}
    assert {endpoint.state for _, endpoint in found.values()} == {"enabled"}


def test_another_4xx_is_tried_again_where_the_endpoint_says_so(answering):
    found = answering(DEAD, client_errors="retry")
    assert states(found) == {status: ("pending", 1, status) for status in DEAD}


@pytest.mark.parametrize("client_errors", ["die", "retry"])
def test_410_is_dead_and_disables_the_endpoint(answering, client_errors):
    [(delivery, endpoint)] = answering([410], client_errors=client_errors).values()
    assert (delivery.state, delivery.attempts) == ("dead", 1)
    assert (endpoint.state, endpoint.disabled_reason) == ("disabled", "gone")


@pytest.fixture
def certificates(tmp_path):
    """Makes a server's TLS of a certificate by the authority in ca.pem."""
    trusted, other = Authority(), Authority("Somebody else")
    (tmp_path / "ca.pem").write_text(trusted.pem)

    def make(subject="127.0.0.1", authority=trusted, oldest=None, **dates) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        (tmp_path / "cert.pem").write_text(authority.issue(key, subject, **dates))
        (tmp_path / "key.pem").write_text(private_pem(key))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if oldest is not None:
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = oldest
        context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
        return context

    make.other = other
    return make


def attempt_at(url, policy, server=None, message_id=None):
    """One attempt of a delivery that may have another; it must be waiting for that one."""
    with wh.Client("memory://", policy=policy) as client:
        client.endpoints.create(url, events=["*"], retry=[60], timeout=1)
        [delivery] = client.send("order.created", {"id": 7}).deliveries
        client.run_until_idle()
        [attempt] = client.deliveries.attempts(delivery)
        assert client.deliveries.get(delivery).state == "pending"
        assert attempt.outcome == "transient"
        return attempt


@pytest.mark.parametrize(
    ("fault", "error"), [("hang", "timeout"), ("garbage", "bad_response"), ("reset", "reset")]
)
def test_timeouts_garbage_and_broken_connections_are_tried_again(policy, fault, error):
    with WebhookServer(Answer(fault=fault)) as server:
        attempt = attempt_at(server.url, policy)
        assert (attempt.status, attempt.error, len(server.requests)) == (None, error, 1)


def test_a_refused_connection_is_tried_again(policy):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert attempt_at(f"http://127.0.0.1:{port}/hook", policy).error == "connect"


def test_a_name_that_does_not_resolve_is_tried_again(policy):
    """By RFC 6761 no name in .invalid ever does."""
    assert attempt_at("https://webhooks.invalid/hook", policy).error in {"dns", "timeout"}


def test_a_server_that_speaks_no_tls_is_tried_again(policy, server):
    attempt = attempt_at(server.url.replace("http:", "https:"), policy)
    assert (attempt.error, server.requests) == ("tls", [])


@pytest.mark.parametrize("wrong", ["unknown authority", "expired", "another name", "TLS 1.1"])
def test_a_certificate_that_does_not_do_and_old_tls_are_tried_again(tmp_path, certificates, wrong):
    begun = Authority().certificate.not_valid_before_utc
    options = {
        "unknown authority": {"authority": certificates.other},
        "expired": {"begins": begun - 9 * DAY, "ends": begun - DAY},
        "another name": {"subject": "other.example"},
        "TLS 1.1": {"oldest": ssl.TLSVersion.TLSv1_1},
    }[wrong]
    policy = wh.UrlPolicy(allow=["127.0.0.0/8"], ca_file=str(tmp_path / "ca.pem"))
    with WebhookServer(tls=certificates(**options)) as server:
        attempt = attempt_at(server.url, policy)
        assert (attempt.error, server.requests) == ("tls", [])
    with WebhookServer(tls=certificates()) as sound:  # The same way with nothing wrong.
        assert wh.send(sound.url, "a", {}, secret=wh.generate_secret(), policy=policy).success


def test_an_endpoint_all_of_whose_addresses_are_blocked_is_dead(store, policy, server):
    with wh.Client(store, policy=policy) as loose:
        loose.endpoints.create(server.url, events=["*"])
        message = loose.send("order.created", {"id": 7})
    with wh.Client(store, policy=wh.UrlPolicy(allow_http=True)) as strict:
        strict.run_until_idle()
        [delivery] = strict.messages.get(message.id).deliveries
    assert (delivery.state, delivery.last_error) == ("dead", "blocked_address")
    assert ids(server) == []
