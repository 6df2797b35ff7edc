"""The same requests to every framework, over real servers and sockets."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import webhookcore as wh
from support.senders import SENDERS, TEXT_SECRET, Sender, sender
from support.served import TAKES, VERIFY_TOKEN
from support.serving import exchange, free_port, serving
from support.waiting import wait_until

pytestmark = pytest.mark.timeout(120)

APP = "support.served:app"
UVICORN = "uvicorn --log-level warning --port {port} " + APP
GUNICORN = "gunicorn -w 1 --threads 4 --log-level warning -b 127.0.0.1:{port} " + APP
WAITRESS = "waitress --listen 127.0.0.1:{port} " + APP
SERVERS = {
    "FastAPI, uvicorn": ("fastapi", UVICORN),
    "Flask, gunicorn": ("flask", GUNICORN),
    "Flask, waitress": ("flask", WAITRESS),
    "Django, gunicorn": ("django wsgi", GUNICORN),
    "Django, uvicorn": ("django asgi", UVICORN),
    "ASGI, uvicorn": ("asgi", UVICORN),
    "WSGI, gunicorn": ("wsgi", GUNICORN),
    "WSGI, waitress": ("wsgi", WAITRESS),
    "WSGI middleware, gunicorn": ("middleware", GUNICORN),
    "ASGI middleware, uvicorn": ("front", UVICORN),
}
# waitress, and Django under ASGI, read all of a body before anybody is asked.
STREAMING = [name for name in SERVERS if "waitress" not in name and name != "Django, uvicorn"]

# What a provider puts beside the signature, so that there is an id.
BESIDE = {
    "github": {"X-GitHub-Delivery": "{id}", "X-GitHub-Event": "push"},
    "github-sha1": {"X-GitHub-Delivery": "{id}", "X-GitHub-Event": "push"},
    "shopify": {"X-Shopify-Topic": "orders/create", "X-Shopify-Event-Id": "{id}"},
    "twilio": {"I-Twilio-Idempotency-Token": "{id}"},
}
BODIES = {"slack": b'{"type":"event_callback","event_id":"%s","event":{"type":"message"}}'}


@dataclass
class Server:
    port: int
    folder: Path

    def send(
        self, path: str, body: bytes, headers: dict[str, str], method: str = "POST"
    ) -> tuple[int, dict, http.client.HTTPResponse]:
        """Status, JSON and the response itself."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        is_json = response.headers["Content-Type"] == "application/json" and text
        return response.status, json.loads(text) if is_json else {"text": text}, response

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        status, content, _ = self.send(path, body, headers)
        return status, content.get("status") or content["error"]["reason"]

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def events(self, source: str) -> list[wh.Event]:
        with wh.Receiver(f"sqlite:///{self.folder / 'hooks.db'}") as receiver:
            return [row.event for row in receiver.inbox.list(source=source)]


@pytest.fixture(scope="module", params=SERVERS)
def server(request, tmp_path_factory) -> Iterator[Server]:
    framework, command = SERVERS[request.param]
    folder, port = tmp_path_factory.mktemp("served"), free_port()
    with serving(command.format(port=port).split(), port, folder, SERVED=framework):
        yield Server(port, folder)


def signed(
    who: Sender, server: Server, id: str, path: str = "", body: bytes | None = None
) -> tuple[str, bytes, dict[str, str]]:
    """Path, body and headers of a genuine request; `path` stands behind the source's."""
    where = f"/hooks/{who.provider}{path}"
    if body is None:
        body = BODIES.get(who.provider, who.body.replace(b"evt_1", b"%s")).replace(
            b"%s", id.encode()
        )
    headers = wh.sign(
        who.provider,
        body=body,
        secret=who.secret,
        id=id,
        timestamp=int(time.time()),
        url=f"http://127.0.0.1:{server.port}{where}" if who.url else None,
    )
    beside = BESIDE.get(who.provider, {}).items()
    headers.update({name: value.replace("{id}", id) for name, value in beside})
    return where, body, {"Content-Type": who.content_type, **headers}


@pytest.mark.parametrize("who", SENDERS, ids=str)
def test_an_event_is_accepted_once_and_a_forged_one_is_not(server, who):
    where, body, headers = signed(who, server, "evt_7", "?account=7&x=%2f~%7e")
    assert server.post(where, body, headers) == (202, "accepted")
    assert server.post(where, body, headers) == (200, "duplicate")
    assert server.post(where, body + b" ", headers) == (401, "signature_mismatch")
    (event,) = server.events(who.provider)
    assert (event.id, event.body) == ("evt_7", body)


def test_a_slash_at_the_end_is_the_same_source(server):
    """Whoever entered the URL with one would get a redirect, which no sender follows."""
    where, body, headers = stripe(server, "stripe", "slash")
    assert server.post(f"{where}/", body, headers) == (202, "accepted")
    assert server.post(f"{where}/?account=7", body, headers) == (200, "duplicate")
    status, _, _ = server.send("/hooks/nobody/", body, headers)
    assert status == 404


def stripe(
    server: Server, source: str, id: str, length: int = 0, type: str = "invoice.paid"
) -> tuple[str, bytes, dict]:
    body = json.dumps({"id": id, "type": type}).encode().ljust(length)
    _, body, headers = signed(sender("stripe"), server, id, body=body)
    return f"/hooks/{source}", body, headers


def head_of(where: str, headers: dict[str, str]) -> str:
    return f"POST {where} HTTP/1.1\nHost: 127.0.0.1\n" + "".join(
        f"{name}: {value}\n" for name, value in headers.items()
    )


def in_chunks(body: bytes, size: int) -> list[bytes]:
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces] + [b"0\r\n\r\n"]


def test_a_body_at_the_cap_is_taken_and_one_above_it_is_413(server):
    assert server.post(*stripe(server, "small", "fits", 1000)) == (202, "accepted")
    assert server.post(*stripe(server, "small", "over", 1001)) == (413, "body_too_large")


@pytest.mark.parametrize("server", STREAMING, indirect=True)
def test_an_announced_gigabyte_is_refused_before_it_comes(server):
    where, _, headers = stripe(server, "small", "huge")
    status, _ = exchange(server.port, head_of(where, headers) + "Content-Length: 999999999\n", b"x")
    assert status == 413


def test_a_chunked_body_is_taken_and_one_above_the_cap_is_413(server):
    where, body, headers = stripe(server, "small", "chunked")
    head = head_of(where, headers) + "Transfer-Encoding: chunked\n"
    assert exchange(server.port, head, *in_chunks(body, 7))[0] == 202
    assert exchange(server.port, head, *in_chunks(b"x" * 3000, 1000))[0] == 413


def test_unknown_sources_methods_and_encodings_are_refused(server):
    where, body, headers = stripe(server, "acme", "evt_1")
    assert server.post(where, body, headers) == (404, "unknown_source")
    status, _, response = server.send("/hooks/stripe", b"", {}, "PUT")
    assert (status, response.headers["Allow"]) == (405, "POST")
    status, content, _ = server.send("/hooks/stripe", b"", {}, "HEAD")
    assert (status, content) == (405, {"text": b""})
    packed = {**headers, "Content-Encoding": "gzip"}
    assert server.post("/hooks/stripe", body, packed) == (415, "unsupported_encoding")


def test_a_handshake_by_get_is_answered(server):
    query = f"hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={VERIFY_TOKEN}"
    status, content, _ = server.send(f"/hooks/meta?{query}", b"", {}, "GET")
    assert (status, content["text"]) == (200, b"1158201444")
    wrong = query.replace(VERIFY_TOKEN, "another")
    assert server.send(f"/hooks/meta?{wrong}", b"", {}, "GET")[0] == 403


def test_an_async_handler_of_an_inline_source_gives_the_answer(server):
    status, content, _ = server.send(*stripe(server, "inline", "evt_1", 80))
    assert (status, content["result"]) == (200, {"length": 80})


@pytest.mark.parametrize("how", ["sync", "async"])
def test_an_exit_of_an_inline_handler_is_a_500_and_the_server_goes_on(server, how):
    """Through an event loop it would end the server, and through a thread its thread."""
    where, body, headers = stripe(server, "inline", f"exit_{how}", type=f"exit.{how}")
    for _ in range(2):  # The claim is given back.
        assert server.send(where, body, headers)[0] == 500
    assert server.post(*stripe(server, "inline", f"after_{how}")) == (200, "processed")


def test_who_took_the_body_away_is_named_in_the_log(server):
    where, body, headers = stripe(server, "stripe", "taken")
    assert server.send(where, body, {**headers, TAKES: "yes"})[0] == 500
    told = "the request's body was read before its signature could be checked"
    wait_until(lambda: told in server.log(), server.log)


def test_a_client_that_hangs_up_stores_nothing_and_hurts_nobody(server):
    where, body, headers = stripe(server, "stripe", "hung_up")
    tracebacks = server.log().count("Traceback")
    with socket.create_connection(("127.0.0.1", server.port)) as peer:
        head = head_of(where, headers) + f"Content-Length: {len(body)}\n\n"
        peer.sendall(head.replace("\n", "\r\n").encode() + body[:9])
    assert server.post(*stripe(server, "stripe", "next")) == (202, "accepted")
    assert "hung_up" not in {event.id for event in server.events("stripe")}
    assert server.log().count("Traceback") == tracebacks


def test_another_secret_is_not_enough(server):
    where, body, headers = signed(
        Sender("stripe", secret="not-" + TEXT_SECRET), server, "evt_forged"
    )
    assert server.post(where, body, headers) == (401, "signature_mismatch")
