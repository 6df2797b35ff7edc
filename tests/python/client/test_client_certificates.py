"""Certificates: the ones we trust, the one we show, and what is said when they do not do."""

from __future__ import annotations

import datetime as dt
import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

import webhookcore as wh
from support.key_server import DAY, Authority, private_pem
from webhookcore import environment


@dataclass
class Party:
    """A certificate and its key in files."""

    cert: str
    key: str


def make_party(folder, name, authority, subject="127.0.0.1", **dates) -> Party:
    key = ec.generate_private_key(ec.SECP256R1())
    cert_file, key_file = folder / f"{name}.pem", folder / f"{name}.key"
    cert_file.write_text(authority.issue(key, subject, **dates))
    key_file.write_text(private_pem(key))
    return Party(str(cert_file), str(key_file))


@pytest.fixture
def authority(tmp_path):
    made = Authority()
    (tmp_path / "ca.pem").write_text(made.pem)
    return made


@contextmanager
def https_receiver(party, client_ca=None, newest=ssl.TLSVersion.TLSv1_3):
    seen = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            seen.append(self.connection.getpeercert())
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = newest
    context.load_cert_chain(party.cert, party.key)
    if client_ca is not None:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}/hook", seen
    finally:
        server.shutdown()
        server.server_close()


def policy_for(folder, **options):
    return wh.UrlPolicy(allow=["127.0.0.0/8"], ca_file=str(folder / "ca.pem"), **options)


def send_to(url, policy):
    result = wh.send(url, "a", {}, secret=wh.generate_secret(), retry=[], timeout=5, policy=policy)
    return result.log[0]


def test_a_receiver_that_asks_gets_the_client_certificate(tmp_path, authority):
    server = make_party(tmp_path, "server", authority)
    ours = make_party(tmp_path, "ours", authority, "sender.example")
    policy = policy_for(tmp_path, client_cert=ours.cert, client_key=ours.key)
    with https_receiver(server, str(tmp_path / "ca.pem")) as (url, seen):
        assert send_to(url, policy).status == 200
    [shown] = seen
    assert shown["subject"][0][0] == ("commonName", "sender.example")


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_without_the_certificate_that_is_asked_for_it_is_a_tls_error(tmp_path, authority, newest):
    server = make_party(tmp_path, "server", authority)
    with https_receiver(server, str(tmp_path / "ca.pem"), newest) as (url, seen):
        attempt = send_to(url, policy_for(tmp_path))
    assert (attempt.outcome, attempt.status, seen) == ("transient", None, [])
    # In TLS 1.3 the handshake is over by then: the reset that follows the refusal can overtake it.
    late = {"reset", "connect"} if newest == ssl.TLSVersion.TLSv1_3 else set()
    assert attempt.error in {"tls", *late}


@pytest.mark.parametrize(
    ("subject", "dates", "said"),
    [
        ("127.0.0.1", {"ends": dt.datetime.now(dt.timezone.utc) - DAY}, "expired"),
        ("127.0.0.1", {"begins": dt.datetime.now(dt.timezone.utc) + DAY}, "not yet valid"),
        ("127.0.0.9", {}, "127.0.0.1"),
        ("hooks.example", {}, "127.0.0.1"),
    ],
)
def test_a_certificate_that_does_not_do_is_a_tls_error_that_says_why(
    tmp_path, authority, subject, dates, said
):
    server = make_party(tmp_path, "server", authority, subject, **dates)
    with https_receiver(server) as (url, seen):
        attempt = send_to(url, policy_for(tmp_path))
    assert (attempt.error, attempt.status, seen) == ("tls", None, [])
    assert said in attempt.error_text


def test_a_certificate_of_an_unknown_authority_is_a_tls_error(tmp_path, authority):
    server = make_party(tmp_path, "server", Authority("Another root"))
    with https_receiver(server) as (url, seen):
        attempt = send_to(url, policy_for(tmp_path))
    assert (attempt.error, seen) == ("tls", [])


def test_a_client_certificate_is_judged_where_it_is_configured(tmp_path, authority):
    ours = make_party(tmp_path, "ours", authority)
    other = make_party(tmp_path, "other", authority)
    ended = dt.datetime.now(dt.timezone.utc) - DAY
    expired = make_party(tmp_path, "expired", authority, ends=ended)
    for options, field in [
        ({"client_cert": str(tmp_path / "none.pem")}, "client_cert"),
        ({"client_cert": ours.cert}, "client_key"),
        ({"client_cert": ours.cert, "client_key": other.key}, "client_key"),
        ({"client_cert": ours.key, "client_key": ours.key}, "client_cert"),
        ({"client_cert": expired.cert, "client_key": expired.key}, "client_cert"),
        ({"client_key": ours.key}, "client_cert"),
        ({"client_cert": 5}, "client_cert"),
    ]:
        with pytest.raises(wh.ConfigError) as refused:
            wh.UrlPolicy(**options)
        assert refused.value.field == field, options
        assert "PRIVATE KEY-----" not in str(refused.value)
    both = tmp_path / "both.pem"
    both.write_text((tmp_path / "ours.pem").read_text() + (tmp_path / "ours.key").read_text())
    wh.UrlPolicy(client_cert=str(both))


def test_authorities_come_from_python_or_certifi_where_the_system_names_none(monkeypatch):
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    before, after = environment.ca_places()
    assert environment.ca_file() in [*before, *after, "/etc/ssl/certs/ca-certificates.crt"]
    assert after[-1].endswith("cacert.pem")
