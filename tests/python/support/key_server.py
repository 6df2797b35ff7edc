"""An https server on 127.0.0.1 that serves keys, and an authority that vouches for it."""

from __future__ import annotations

import base64
import datetime as dt
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from .http_server import QuietHandler, serving

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
DAY = dt.timedelta(days=1)


def private_pem(key: PrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def public_jwk(key: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    numbers = key.public_key().public_numbers()
    x, y = (
        base64.urlsafe_b64encode(number.to_bytes(32, "big")).decode().rstrip("=")
        for number in (numbers.x, numbers.y)
    )
    return {"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "x": x, "y": y}


class Authority:
    """Signs certificates that begin two days ago and end in ten, unless told otherwise."""

    def __init__(self, name: str = "Test root", issuer: Authority | None = None) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        signer = issuer or self
        constraint = x509.BasicConstraints(ca=True, path_length=None)
        self.certificate = (
            _builder(self.name, signer.name, self.key)
            .add_extension(constraint, critical=True)
            .sign(signer.key, hashes.SHA256())
        )
        self.pem = _pem(self.certificate)

    def issue(
        self,
        key: PrivateKey,
        name: str,
        *,
        begins: dt.datetime | None = None,
        ends: dt.datetime | None = None,
    ) -> str:
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        try:
            other: x509.GeneralName = x509.IPAddress(ip_address(name))
        except ValueError:
            other = x509.DNSName(name)
        builder = _builder(subject, self.name, key, begins, ends)
        builder = builder.add_extension(x509.SubjectAlternativeName([other]), critical=False)
        return _pem(builder.sign(self.key, hashes.SHA256()))


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: PrivateKey,
    begins: dt.datetime | None = None,
    ends: dt.datetime | None = None,
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins or now - 2 * DAY)
        .not_valid_after(ends or now + 10 * DAY)
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


@dataclass
class KeyServer:
    """Answers every request alike; a cleared `may_answer` holds it back."""

    url: str
    ca_file: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    requests: list[tuple[str, str, bytes]] = field(default_factory=list)  # Method, path, body.
    may_answer: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Event = field(default_factory=threading.Event)

    @property
    def count(self) -> int:
        return len(self.requests)


@contextmanager
def key_server(folder: Path, authority: Authority) -> Iterator[KeyServer]:
    key = ec.generate_private_key(ec.SECP256R1())
    chain, ca_file = folder / "server.pem", folder / "ca.pem"
    chain.write_text(authority.issue(key, "127.0.0.1") + private_pem(key))
    ca_file.write_text("# The authority of this test\n" + authority.pem)
    told = KeyServer("", str(ca_file))
    told.may_answer.set()

    class Handler(QuietHandler):
        def respond(self) -> None:
            told.requests.append((self.command, self.path, self.read_body()))
            told.arrived.set()
            told.may_answer.wait(30)
            self.answer(told.status, told.headers, told.body)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    with serving(Handler, told.may_answer, context) as address:
        told.url = f"https://{address}/jwks.json"
        yield told


class Clock:
    """The real time, moved on by hand."""

    def __init__(self) -> None:
        self.offset = 0.0

    def __call__(self) -> float:
        return time.time() + self.offset
