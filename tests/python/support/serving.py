"""A server process on loopback, and requests to it byte by byte."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.waiting import wait_until


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def serving(
    command: list[str], port: int, folder: Path, **variables: str
) -> Iterator[subprocess.Popen]:
    """Runs `python -m ...` in a folder until it answers on the port; ends it afterwards.

    What it prints is in `log` in that folder.
    """
    log = folder / "log"
    path = os.pathsep.join([str(folder), *filter(None, sys.path)])
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path, **variables},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: process.poll() is not None or answers(port), log.read_text)
        if process.poll() is not None:
            raise AssertionError(log.read_text())
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
            raise


def exchange(port: int, head: str, *parts: bytes) -> tuple[int, bytes]:
    """Sends a request as it is; status and body of the response, read to its length."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as peer:
        peer.sendall(head.replace("\n", "\r\n").encode("latin-1") + b"\r\n")
        for part in parts:
            peer.sendall(part)
        stream = peer.makefile("rb")
        status = int(stream.readline().split()[1])
        length = 0
        while (line := stream.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return status, stream.read(length)
