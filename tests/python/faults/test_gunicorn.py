"""A client made at import, under gunicorn: every worker sends, whoever forked whom."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from faults import database
from faults.processes import environment, run_for_json
from faults.receiver import Receiver
from support.waiting import wait_until

pytestmark = [pytest.mark.crash, pytest.mark.timeout(180)]
REQUESTS = 120


@contextmanager
def gunicorn(log: Path, *options: str, **variables: str) -> Iterator[int]:
    """The port of a server that must end well when it is told to."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        command = [sys.executable, "-m", "gunicorn", "--bind", f"fd://{listener.fileno()}"]
        command += ["--workers", "2", "--worker-class", "gthread", "--threads", "4", *options]
        with log.open("w") as output:
            process = subprocess.Popen(
                [*command, "--graceful-timeout", "5", "faults.flask_app:app"],
                env=environment(**variables),
                pass_fds=[listener.fileno()],
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        port = listener.getsockname()[1]
        try:
            yield port
        except BaseException:
            process.kill()
            raise
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                status = process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
                raise
    assert status == 0, log.read_text()
    assert "Traceback" not in log.read_text()
    assert "[CRITICAL]" not in log.read_text()


def send(port: int, number: int) -> tuple[str, int]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", f"/send/{number}")
        response = connection.getresponse()
        assert response.status == 200, response.read()
        answer = json.loads(response.read())
    finally:
        connection.close()
    return answer["id"], answer["pid"]


def send_to_both_workers(pool: ThreadPoolExecutor, port: int) -> list[tuple[str, int]]:
    """The answers to many requests; more of them while one worker is still starting."""
    answers: list[tuple[str, int]] = []

    def both_answered() -> bool:
        answers.extend(pool.map(lambda number: send(port, number), range(40)))
        return len({pid for _id, pid in answers}) == 2 and len(answers) >= REQUESTS

    wait_until(both_answered, "an answer of either worker")
    return answers


@pytest.mark.parametrize(
    ("options", "at_import"),
    [((), ""), (("--preload",), ""), (("--preload",), "1")],
    ids=["each worker imports", "preload", "preload, delivering before the fork"],
)
def test_what_workers_send_is_stored_and_delivered(
    tmp_path: Path, store: Path, options: tuple[str, ...], at_import: str
) -> None:
    url = f"sqlite:///{store}"
    with Receiver() as receiver:
        endpoint = {"url": receiver.url, "events": ["*"], "retry": [0.1, 0.1]}
        run_for_json("drain", {"store": url, "endpoints": [endpoint]})
        variables = {"FAULTS_STORE": url, "FAULTS_DELIVER_AT_IMPORT": at_import}
        with (
            gunicorn(tmp_path / "log", *options, **variables) as port,
            ThreadPoolExecutor(8) as pool,
        ):
            answers = send_to_both_workers(pool, port)
            if at_import:
                receiver.wait_for(len(answers))  # Delivered by the process that forked.
        run_for_json("drain", {"store": url, "wait": 1})
        received = {request.id for request in receiver.requests}
    ids = {id for id, _pid in answers}
    assert len(ids) == len(answers)
    assert ids == database.message_ids(store)
    assert ids == received
    assert database.states(store) == {"delivered": len(ids)}
    assert database.integrity(store) == "ok"
