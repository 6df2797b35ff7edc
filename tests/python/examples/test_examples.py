"""The examples of the documentation, run as it says: two processes and a socket between them."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import webhookcore as wh
from support.command import environment
from support.waiting import wait_until

EXAMPLES = Path(__file__).parents[3] / "examples"
SERVERS = {
    "fastapi": ("uvicorn", "fastapi_receiver:app", "--port", "{port}"),
    "flask": ("flask", "--app", "flask_receiver", "run", "--port", "{port}"),
    "django": ("uvicorn", "django_receiver:application", "--port", "{port}"),
    "asgi": ("uvicorn", "asgi_receiver:app", "--port", "{port}"),
    "wsgi": ("gunicorn", "wsgi_receiver:app", "--threads", "4", "-b", "127.0.0.1:{port}"),
}
# Where the worker is a process of its own.
WORKERS = {
    "django": ("django_receiver.py", "webhookcore", "worker"),
    "wsgi": ("-m", "webhookcore", "worker", "wsgi_receiver:receiver"),
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def receiving(framework: str, secret: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """The URL of a running example, and the file that holds what it printed."""
    with running(SERVERS[framework], folder, WEBHOOK_SECRET=secret) as found:
        yield found


@contextmanager
def running(server: tuple[str, ...], folder: Path, **variables: str) -> Iterator[tuple[str, Path]]:
    port = free_port()
    printed = folder / "printed.txt"
    command = [part.format(port=port) for part in server]
    store = f"sqlite:///{folder / 'receiver.db'}"
    with printed.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=EXAMPLES,
            env=environment(WEBHOOK_STORE=store, **variables),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until(lambda: answers(port, process, printed), printed.read_text)
            yield f"http://127.0.0.1:{port}", printed
        finally:
            process.terminate()
            process.wait(20)


def answers(port: int, process: subprocess.Popen[bytes], printed: Path) -> bool:
    assert process.poll() is None, printed.read_text()
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def send(store: Path, url: str, secret: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, EXAMPLES / "sender.py", f"sqlite:///{store}", url, secret],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=60,
        check=False,
    )


@contextmanager
def working(framework: str, folder: Path, printed: Path, secret: str) -> Iterator[None]:
    """The worker of the example, where it has one; it prints to the same file."""
    if framework not in WORKERS:
        yield
        return
    store = f"sqlite:///{folder / 'receiver.db'}"
    with printed.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, *WORKERS[framework]],
            cwd=EXAMPLES,
            env=environment(WEBHOOK_STORE=store, WEBHOOK_SECRET=secret),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield
    finally:
        process.terminate()
        assert process.wait(30) == 0, printed.read_text()


@pytest.mark.parametrize("framework", SERVERS)
def test_a_message_goes_from_the_sender_to_the_handler_once(framework, tmp_path):
    secret = wh.generate_secret()
    with (
        receiving(framework, secret, tmp_path) as (url, printed),
        working(framework, tmp_path, printed, secret),
    ):
        first = send(tmp_path / "sender.db", f"{url}/hooks/shop", secret)
        again = send(tmp_path / "sender.db", f"{url}/hooks/shop", secret)
        wait_until(lambda: "order 7" in printed.read_text(), printed.read_text)
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.endswith("delivered after 1 attempt(s)\n")
    assert again.stdout == first.stdout
    assert printed.read_text().count("order 7 order.created") == 1


@pytest.mark.parametrize("framework", ["fastapi", "flask", "django"])
def test_the_light_path_verifies_and_refuses(framework, tmp_path):
    secret = wh.generate_secret()
    headers = wh.sign("standard", body=b"{}", secret=secret, id="msg_1")
    with receiving(framework, secret, tmp_path) as (url, _):
        genuine = urllib.request.Request(f"{url}/light", b"{}", headers)
        with urllib.request.urlopen(genuine, timeout=20) as response:
            assert json.load(response)["seen"] == "msg_1"
        forged = urllib.request.Request(f"{url}/light", b"[]", headers)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(forged, timeout=20)
        assert refused.value.code == 401
        refused.value.close()


def test_the_lambda_function_takes_a_genuine_request_and_refuses_another(tmp_path):
    secret, body = wh.generate_secret(), b'{"type":"order.created","data":{"id":7}}'
    event = {
        "version": "2.0",
        "rawPath": "/",
        "rawQueryString": "",
        "headers": wh.sign("standard", body=body, secret=secret, id="msg_1"),
        "requestContext": {"http": {"method": "POST", "sourceIp": "203.0.113.7"}},
        "body": body.decode(),
        "isBase64Encoded": False,
    }
    code = (
        "import json, sys, lambda_receiver\n"
        "event = json.load(sys.stdin)\n"
        "print(lambda_receiver.handler(event, None)['statusCode'])\n"
        "print(lambda_receiver.handler({**event, 'body': 'another'}, None)['statusCode'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=EXAMPLES,
        env=environment(WEBHOOK_SECRET=secret),
        input=json.dumps(event),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "order 7 order.created\n202\n401\n"), done.stderr


def test_an_app_that_sends_in_its_lifespan_stores_before_it_answers(tmp_path):
    server = ("uvicorn", "fastapi_sender:app", "--port", "{port}")
    with running(server, tmp_path) as (url, _):
        ids = []
        for number in (7, 8, 7):
            asked = urllib.request.Request(f"{url}/orders/{number}", b"")
            with urllib.request.urlopen(asked, timeout=20) as response:
                ids.append(json.loads(response.read())["message"])
            with wh.Client(f"sqlite:///{tmp_path / 'receiver.db'}") as client:
                assert client.messages.get(ids[-1]).type == "order.created"
    assert ids[0] == ids[2]  # One idempotency key.
    assert ids[0] != ids[1]
