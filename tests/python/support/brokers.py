"""Real brokers as processes of the tests' own, on free ports and in folders that go away."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .waiting import wait_until

_RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class RedisServer:
    """Debian's redis-server; what it held is gone when it is stopped, unless it saves."""

    def __init__(self, folder: Path) -> None:
        assert shutil.which("redis-server"), "./dev setup installs redis-server"
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1"]
        command += ["--save", "", "--appendonly", "no", "--dir", str(self._folder)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_until(lambda: answers(self.port), "redis-server listens")

    def hang(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def rabbitmq(folder: Path) -> Iterator[int]:
    """Debian's rabbitmq-server, with a name, an epmd and files of its own; gives its port."""
    assert _RABBITMQ.exists(), "./dev setup installs rabbitmq-server"
    port, epmd = free_port(), free_port()
    env = dict(os.environ) | {
        "HOME": str(folder),
        "RABBITMQ_NODENAME": f"webhookcore{os.getpid()}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "ERL_EPMD_PORT": str(epmd),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_CONFIG_FILE": str(folder / "none"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "none"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 1:1",
    }
    # An epmd that the broker starts by itself would outlive it.
    names = subprocess.Popen(["epmd", "-port", str(epmd), "-address", "127.0.0.1"])
    with (folder / "out").open("wb") as out:
        server = subprocess.Popen([str(_RABBITMQ)], env=env, stdout=out, stderr=out)
    try:
        wait_until(lambda: answers(port), "RabbitMQ listens", seconds=120)
        yield port
    finally:
        # The shell script waits for Erlang, whose own process it tells in the file.
        with suppress(OSError, ValueError):
            os.kill(int((folder / "pid").read_text()), 9)
        server.kill()
        server.wait()
        names.kill()
        names.wait()


class Wire:
    """A port in front of another one, whose connections can be cut and refused.

    Nothing gets through while ``flows`` is cleared.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self.port = free_port()
        self._listener: socket.socket | None = None
        self._open: list[socket.socket] = []
        self.sent = 0  # Bytes towards the target.
        self.flows = threading.Event()
        self.flows.set()

    def join(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """End all connections; new ones are refused until ``join()``."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.drop()

    def drop(self) -> None:
        """End the connections; new ones are taken."""
        ended, self._open = self._open, []
        for one in ended:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._open += [near, far]
                for pair in ((near, far, True), (far, near, False)):
                    threading.Thread(target=self._copy, args=pair, daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket, there: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self.flows.wait()
                self.sent += len(data) if there else 0
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
