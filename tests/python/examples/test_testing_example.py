"""The example of how to test handlers passes, as its own text says to run it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support.command import environment

EXAMPLE = Path(__file__).parents[3] / "examples" / "test_handlers.py"


def test_the_tests_of_the_example_pass(tmp_path):
    options = ("-q", "-p", "pytest_webhookcore", "-p", "no:cacheprovider", "-c", "/dev/null")
    result = subprocess.run(
        [sys.executable, "-m", "pytest", *options, EXAMPLE],
        cwd=tmp_path,
        env=environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1"),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "9 passed" in result.stdout, result.stdout + result.stderr
