"""The tests of docs/testing.md pass, as a file of a user's project."""

from __future__ import annotations

import subprocess
import sys

from support.command import environment
from support.pages import DOCS, examples


def test_the_tests_of_the_page_pass(tmp_path):
    blocks = examples(DOCS / "testing.md")
    assert {block.mark for block in blocks} == {"test"}
    (tmp_path / "test_page.py").write_text("\n\n".join(block.code for block in blocks))
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "pytest_webhookcore", "test_page.py"],
        cwd=tmp_path,
        env=environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1"),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "9 passed" in result.stdout, result.stdout + result.stderr
