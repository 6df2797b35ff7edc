"""What the built and installed package promises to the process that imports it."""

from __future__ import annotations

import importlib.machinery
import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import webhookcore._core


def test_the_native_module_exports_its_init_function_and_nothing_else() -> None:
    listing = subprocess.run(
        ["nm", "-D", "--defined-only", webhookcore._core.__file__],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip

    assert [line.split()[-1] for line in listing.splitlines()] == ["PyInit__core"]


def test_the_native_module_uses_the_sqlite_that_cpython_uses() -> None:
    # Two copies of SQLite on one file drop each other's locks.
    assert libraries("libsqlite3", webhookcore._core.__file__) != []
    spec = importlib.machinery.PathFinder.find_spec("_sqlite3")
    if spec and spec.origin and (theirs := libraries("libsqlite3", spec.origin)):
        assert libraries("libsqlite3", webhookcore._core.__file__) == theirs


def libraries(name: str, file: str) -> list[str]:
    listing = subprocess.run(["ldd", file], check=True, capture_output=True, text=True).stdout
    return [line.split()[2] for line in listing.splitlines() if line.split()[0].startswith(name)]


WHAT_AN_IMPORT_DOES = """
import os, sys, webhookcore
print(len(os.listdir("/proc/self/task")))
print([n for n in ("fastapi", "starlette", "flask", "django", "click") if n in sys.modules])
"""


def test_importing_starts_no_thread_and_loads_no_framework() -> None:
    report = subprocess.run(
        [sys.executable, "-c", WHAT_AN_IMPORT_DOES], check=True, capture_output=True, text=True
    ).stdout

    assert report.splitlines() == ["1", "[]"]


def test_the_installed_version_is_the_one_in_pyproject(root: Path) -> None:
    stated = re.search(r'^version = "(.+)"$', (root / "pyproject.toml").read_text(), re.MULTILINE)

    assert stated
    assert importlib.metadata.version("webhookcore") == stated[1]
