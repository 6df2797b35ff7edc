"""A real PostgreSQL server on a socket in a folder of its own, for as long as the tests last."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

import psycopg

# Where Debian has the server's programs; no path leads there.
DEBIAN = "/usr/lib/postgresql"


def _program(name: str) -> str:
    found = sorted(Path(DEBIAN).glob(f"*/bin/{name}"))
    program = str(found[-1]) if found else shutil.which(name)
    assert program, f"{name} is missing; ./dev setup installs it (postgresql)"
    return program


class Postgres:
    """As a context manager. The server refuses to run as root, so that root lends it a user."""

    def __init__(self) -> None:
        self._user = "postgres" if os.geteuid() == 0 else None

    def __enter__(self) -> Postgres:
        # Short, because a socket's path may have 107 bytes, and open to the user that runs it.
        self._folder = Path(tempfile.mkdtemp(prefix="whpg-", dir="/tmp"))
        if self._user:
            entry = pwd.getpwnam(self._user)
            os.chown(self._folder, entry.pw_uid, entry.pw_gid)
        data = str(self._folder / "data")
        self._run(_program("initdb"), "-D", data, "-U", "tests", "-A", "trust", "--no-sync")
        options = f"-c listen_addresses='' -c fsync=off -k {self._folder}"
        self._run(_program("pg_ctl"), "-D", data, "-w", "-l", f"{data}/log", "-o", options, "start")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        data = str(self._folder / "data")
        self._run(_program("pg_ctl"), "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _where(self) -> dict[str, Any]:
        return {"host": str(self._folder), "user": "tests", "dbname": "postgres"}

    @property
    def sqlalchemy_url(self) -> str:
        return f"postgresql+psycopg://tests@/postgres?host={self._folder}"

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(**self._where)

    async def connect_async(self) -> psycopg.AsyncConnection[Any]:
        return await psycopg.AsyncConnection.connect(**self._where)

    def _run(self, *command: str) -> None:
        done = subprocess.run(
            command,
            user=self._user,
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
