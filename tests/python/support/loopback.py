"""A real HTTP server on 127.0.0.1 that answers as it is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

POLICY_OPTIONS = ("--allow-http", "--allow", "127.0.0.0/8")


@dataclass(frozen=True)
class Received:
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Loopback:
    """`statuses` are used up one a request; the last one stays. A cleared `may_answer` holds."""

    url: str
    statuses: list[int] = field(default_factory=lambda: [200])
    response_body: bytes = b"thanks"
    requests: list[Received] = field(default_factory=list)
    may_answer: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Event = field(default_factory=threading.Event)


@contextmanager
def loopback() -> Iterator[Loopback]:
    told = Loopback("")
    told.may_answer.set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.requests.append(Received(self.path, dict(self.headers.items()), body))
            told.arrived.set()
            told.may_answer.wait(30)
            status = told.statuses.pop(0) if len(told.statuses) > 1 else told.statuses[0]
            self.send_response(status)
            self.send_header("Content-Length", str(len(told.response_body)))
            self.end_headers()
            self.wfile.write(told.response_body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    told.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield told
    finally:
        told.may_answer.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
