"""Each way in which TCP can break, at each stage of an attempt, with TLS and without.

Nothing is lost, and nothing counts as delivered that its receiver did not answer with 200
(reliability.md F12). Where exactly a connection without TLS is cut: test_connection_faults.py.
"""

from __future__ import annotations

import logging
import ssl
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

import webhookcore as wh
from faults.proxy import Fault, FaultProxy
from faults.receiver import Answer, Receiver
from support.key_server import Authority, private_pem

MESSAGES = 6
BODY = b"b" * 40_000  # More than a record of TLS holds: its end is not in the one of the status.
ERRORS = {"connect", "tls", "timeout", "bad_response", "reset"}

KINDS = {
    "latency": Fault(delay=0.03),
    "bandwidth": Fault(piece=512, delay=0.001),
    "cut": Fault("cut"),
    "reset": Fault("reset"),
    "half-open": Fault("half-open"),
    "stall": Fault("stall"),
    "corrupt": Fault("corrupt"),
}
# Where a fault of a kind strikes: of the bytes of the request or of the answer.
PLAIN = {
    "connect": {"at": 0},
    "request": {"at": 300},
    "status": {"at": 9, "answering": True},
    "body": {"at": 20_000, "answering": True},
}
TLS_1_2 = {
    "connect": {"at": 0},
    "handshake": {"at": 100},
    "handshake answer": {"at": 100, "answering": True},
    "request": {"at": 100, "in_data": True},
    "status": {"at": 20, "answering": True, "in_data": True},
    "body": {"at": 20_000, "answering": True, "in_data": True},
}
# Its records after the first two tell nobody what is in them.
TLS_1_3 = {name: TLS_1_2[name] for name in ("connect", "handshake", "handshake answer")}
WAYS = {"plain": PLAIN, "TLS 1.2": TLS_1_2, "TLS 1.3": TLS_1_3}

MATRIX = [
    (way, kind, stage)
    for way, stages in WAYS.items()
    for kind in KINDS
    for stage in stages
    # Nobody but TLS or a signature notices a byte that was changed on the way there; of the
    # answer without TLS only the status can be.
    if not (way == "plain" and kind == "corrupt" and stage != "status")
    # These harm every stage alike.
    if kind not in ("latency", "bandwidth") or stage == "connect"
]


@pytest.fixture
def certificate(tmp_path):
    authority, key = Authority(), ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "ca.pem").write_text(authority.pem)
    (tmp_path / "cert.pem").write_text(authority.issue(key, "127.0.0.1"))
    (tmp_path / "key.pem").write_text(private_pem(key))
    return tmp_path


def context(folder, way: str) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    version = ssl.TLSVersion.TLSv1_2 if way == "TLS 1.2" else ssl.TLSVersion.TLSv1_3
    made.minimum_version = made.maximum_version = version
    made.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return made


@pytest.mark.parametrize(("way", "kind", "stage"), MATRIX)
def test_a_broken_connection_loses_nothing_and_delivers_nothing_falsely(
    store, certificate, caplog, way, kind, stage
):
    """Every other connection is harmed, until five were."""
    caplog.set_level(logging.CRITICAL, "asyncio")  # What the receiver thinks of its handshakes.
    fault = replace(KINDS[kind], **WAYS[way][stage])
    policy = wh.UrlPolicy(
        allow_http=True, allow=["127.0.0.0/8"], ca_file=str(certificate / "ca.pem")
    )
    tls = None if way == "plain" else context(certificate, way)

    def plan(connection: int) -> Fault:
        return fault if connection % 2 == 0 and connection < 10 else Fault()

    with (
        Receiver(lambda _request: Answer(body=BODY), tls=tls) as receiver,
        FaultProxy(receiver.port, plan) as proxy,
        wh.Client(
            f"sqlite:///{store}", policy=policy, breaker=wh.Breaker(failures=0), concurrency=(4, 4)
        ) as client,
    ):
        url = receiver.url.replace(str(receiver.port), str(proxy.port))
        endpoint = client.endpoints.create(url, events=["*"], retry=[0.02] * 15, timeout=1)
        messages = client.send_many([{"type": "a", "data": {"n": n}} for n in range(MESSAGES)])
        client.run_until_idle(wait=5)
        failed = 0
        for message in messages:
            [delivery] = message.deliveries
            assert delivery.state == "delivered"
            *before, last = client.deliveries.attempts(delivery)
            arrived = [request for request in receiver.requests if request.id == message.id]
            assert 1 <= len(arrived) <= len(before) + 1
            assert all(request.is_signed_with(endpoint.secret) for request in arrived)
            assert len({request.body for request in arrived}) == 1
            assert [attempt.status for attempt in before] == [None] * len(before)
            assert {attempt.error for attempt in before} <= ERRORS
            assert last.status == 200
            failed += len(before)
    # A status that came with its headers is an answer, whatever becomes of the body.
    assert (failed > 0) == (kind not in ("latency", "bandwidth") and stage != "body")
