"""The adapters come with their frameworks, and only then."""

from __future__ import annotations

import subprocess
import sys

import pytest


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    ("name", "face"),
    [
        ("fastapi", "router"),
        ("flask", "Webhooks"),
        ("django", "urls"),
        ("asgi", "app"),
        ("wsgi", "app"),
    ],
)
def test_an_adapter_is_there_when_it_is_named(name, face):
    done = run(f"import webhookcore; print(callable(webhookcore.{name}.{face}))")
    assert done.stdout == "True\n", done.stderr


def test_importing_the_package_imports_no_framework():
    done = run(
        "import sys, threading, webhookcore\n"
        "print(sorted({'fastapi', 'starlette', 'flask', 'django'} & set(sys.modules)),"
        " threading.active_count())"
    )
    assert done.stdout == "[] 1\n", done.stderr


@pytest.mark.parametrize(
    ("name", "title"), [("fastapi", "FastAPI"), ("flask", "Flask"), ("django", "Django")]
)
@pytest.mark.parametrize("how", ["import webhookcore.{0}", "import webhookcore; webhookcore.{0}"])
def test_a_missing_framework_is_one_line_with_the_pip_command(name, title, how):
    done = run(f"import sys; sys.modules[{name!r}] = None; {how.format(name)}")
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last == f"ImportError: {title} is not installed: pip install 'webhookcore[{name}]'"
    assert "During handling" not in done.stderr


def test_a_name_that_is_none_is_an_attribute_error():
    assert "has no attribute 'bottle'" in run("import webhookcore; webhookcore.bottle").stderr
