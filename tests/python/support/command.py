"""Runs the `webhookcore` command: in this process, or as a real one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from click.testing import CliRunner, Result

from webhookcore.cli import main

COMMAND = (sys.executable, "-m", "webhookcore")
_OURS = ("WEBHOOKCORE_SECRET", "WEBHOOKCORE_DATABASE_URL", "NO_COLOR")


def run(
    *arguments: object, stdin: bytes | None = None, env: Mapping[str, str] | None = None
) -> Result:
    """The command in this process. An exception that is no exit fails the test itself."""
    clean: dict[str, str | None] = dict.fromkeys(_OURS)
    result = CliRunner().invoke(
        main, [str(one) for one in arguments], input=stdin, env={**clean, **(env or {})}
    )
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def rows(result: Result) -> list[dict[str, Any]]:
    """Its JSON lines; the command must have succeeded."""
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def row(result: Result) -> dict[str, Any]:
    (only,) = rows(result)
    return only


def environment(**changes: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in _OURS} | changes


def run_process(
    *arguments: object, stdin: bytes = b"", env: Mapping[str, str] | None = None, **options: Any
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        input=stdin,
        env=environment(**(env or {})),
        capture_output=True,
        timeout=60,
        check=False,
        **options,
    )
