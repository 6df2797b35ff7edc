"""Bodies that do not come, under WSGI servers: how long they may take is the server's to say."""

from __future__ import annotations

import json
import socket
import time
from contextlib import contextmanager

import pytest

import webhookcore as wh
from support.senders import sender
from support.serving import exchange, free_port, serving

pytestmark = pytest.mark.timeout(120)

APP = "support.served:app"


@contextmanager
def served(command, folder):
    port = free_port()
    with serving(command.format(port=port).split(), port, folder, SERVED="wsgi"):
        yield port


def head_and_body(id):
    body = json.dumps({"id": id, "type": "invoice.paid"}).encode()
    headers = wh.sign("stripe", body=body, secret=sender("stripe").secret, timestamp=time.time())
    lines = "".join(f"{name}: {value}\n" for name, value in headers.items())
    return f"POST /hooks/stripe HTTP/1.1\nHost: x\n{lines}Content-Length: {len(body)}\n", body


@contextmanager
def slow_client(port, id):
    """Has sent all but the last byte, and keeps the connection."""
    head, body = head_and_body(id)
    with socket.create_connection(("127.0.0.1", port), timeout=60) as peer:
        peer.sendall(head.replace("\n", "\r\n").encode() + b"\r\n" + body[:-1])
        yield peer


def post(port, id):
    head, body = head_and_body(id)
    return exchange(port, head, body)[0]


def stored(folder):
    with wh.Receiver(f"sqlite:///{folder / 'hooks.db'}") as receiver:
        return {row.event_id for row in receiver.inbox.list()}


def ending(peer):
    """What the server says before it closes the connection."""
    said = b""
    try:
        while piece := peer.recv(65536):
            said += piece
    except ConnectionResetError:
        pass
    return said


def test_waitress_waits_outside_its_threads_and_gives_up_after_channel_timeout(tmp_path):
    command = (
        "waitress --threads 1 --channel-timeout 1 --cleanup-interval 1"
        " --listen 127.0.0.1:{port} " + APP
    )
    with served(command, tmp_path) as port, slow_client(port, "slow") as peer:
        assert post(port, "quick") == 202
        assert b"202" not in ending(peer)
        assert post(port, "later") == 202
    assert stored(tmp_path) == {"quick", "later"}


def test_gunicorns_sync_worker_is_killed_after_its_timeout_and_replaced(tmp_path):
    command = "gunicorn -w 1 --timeout 1 --log-level warning -b 127.0.0.1:{port} " + APP
    with served(command, tmp_path) as port:
        with slow_client(port, "slow") as peer:
            assert b"202" not in ending(peer)
        assert post(port, "later") == 202
    assert "WORKER TIMEOUT" in (tmp_path / "log").read_text()
    assert stored(tmp_path) == {"later"}


def test_under_gunicorns_threads_each_slow_body_holds_one(tmp_path):
    """As long as its client likes: a proxy in front has to gather bodies."""
    command = "gunicorn -w 1 --threads 2 --timeout 1 --log-level warning -b 127.0.0.1:{port} " + APP
    with served(command, tmp_path) as port:
        with slow_client(port, "slow") as peer:
            assert post(port, "quick") == 202
            peer.settimeout(2.5)  # Longer than --timeout, which is not for them.
            with pytest.raises(TimeoutError):
                peer.recv(1)
            assert post(port, "later") == 202
        assert post(port, "after") == 202
    assert stored(tmp_path) == {"quick", "later", "after"}
