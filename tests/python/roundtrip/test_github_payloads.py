"""Every example payload of GitHub's is sent, received and handled, byte for byte."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import webhookcore as wh
from support.node import require

SECRET = "It's a Secret to Everybody"


def examples() -> list[tuple[str, bytes]]:
    """Type and body of each example of every GitHub version in the npm package."""
    found = []
    for index in sorted(require("@octokit/webhooks-examples").glob("*/index.json")):
        for event in json.loads(index.read_text(encoding="utf-8")):
            for example in event["examples"]:
                action = example.get("action")
                name = event["name"] + (f".{action}" if action else "")
                body = json.dumps(example, ensure_ascii=False, indent=1).encode()
                found.append((name, body))
    return found


@pytest.fixture
def served(tmp_path):
    """A receiver on SQLite behind a real socket, and what its handler saw."""
    receiver = wh.Receiver(f"sqlite:///{tmp_path}/receiver.db")
    receiver.add_source("github", secrets=[SECRET])
    handled: dict[str, tuple[str, bytes]] = {}

    @receiver.on("github")
    def handler(event: wh.Event) -> None:
        assert event.id not in handled
        handled[event.id] = (event.type, event.body)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            request = wh.HttpRequest("POST", self.path, list(self.headers.items()), body)
            response = receiver.handle(request, source="github")
            self.send_response(response.status)
            self.send_header("Content-Length", str(len(response.body)))
            self.end_headers()
            self.wfile.write(response.body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
    server.request_queue_size = 128
    server.server_bind()
    server.server_activate()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield receiver, handled, f"http://127.0.0.1:{server.server_address[1]}/hooks/github"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        receiver.close()


def test_every_payload_is_sent_received_and_handled_byte_for_byte(served, tmp_path):
    receiver, handled, url = served
    policy = wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"])
    payloads = examples()
    assert len(payloads) > 700
    with wh.Client(f"sqlite:///{tmp_path}/sender.db", policy=policy) as client:
        client.endpoints.create(url, events=["*"], secret=SECRET, schemes=["github"])
        sent = client.send_many({"type": name, "data": body} for name, body in payloads)
        client.run_until_idle(wait=30)
        assert client.deliveries.count()["delivered"] == len(payloads)
    receiver.run_until_idle()

    expected = {message.id: payload for message, payload in zip(sent, payloads, strict=True)}
    assert handled == expected
