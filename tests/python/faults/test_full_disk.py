"""A full disk: its own error, nothing lost of what was acknowledged, and on it goes with space."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from faults import database
from faults.processes import command, environment, run_for_json
from faults.receiver import Receiver

from .test_bad_files import mounted  # isort: skip

pytestmark = pytest.mark.crash


def fill(store: Path, free: Callable[[], None], *, limit: int, delivering: bool) -> Any:
    options = {"store": f"sqlite:///{store}", "limit": limit, "delivering": delivering}
    with subprocess.Popen(
        command("filler", options),
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "full\n", process.stderr.read()
        free()
        output, errors = process.communicate("go on\n", timeout=60)
    assert process.returncode == 0, errors
    return json.loads(output)


def check(report: Any, store: Path) -> None:
    assert report["errors"] == ["StoreFullError", "StoreFullError"]
    assert report["seconds"] < 1.0
    assert report["busy"] < 0.3, "it spins while the disk is full"
    assert report["resumed_after"] < 5.0
    assert len(report["ids"]) > 3
    assert report["readable"] == len(report["ids"]) - 1
    assert database.message_ids(store) == set(report["ids"])
    assert database.integrity(store) == "ok"


def test_no_file_may_grow(store: Path) -> None:
    report = fill(store, lambda: None, limit=600_000, delivering=False)
    check(report, store)


def test_no_file_may_grow_while_it_delivers(store: Path) -> None:
    with Receiver() as receiver:
        endpoint = {"url": receiver.url, "events": ["*"], "retry": [0.1]}
        run_for_json("drain", {"store": f"sqlite:///{store}", "endpoints": [endpoint]})
        report = fill(store, lambda: None, limit=600_000, delivering=True)
        received = {request.id for request in receiver.requests}
    check(report, store)
    assert received == set(report["ids"])
    assert database.states(store) == {"delivered": len(report["ids"])}


def test_no_space_is_left_on_the_file_system(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    with mounted("-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)):
        ballast = folder / "ballast"
        ballast.write_bytes(bytes(900_000))
        report = fill(folder / "messages.db", ballast.unlink, limit=0, delivering=False)
        check(report, folder / "messages.db")
