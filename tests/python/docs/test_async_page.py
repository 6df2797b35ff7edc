"""The examples of docs/async.md, run."""

from __future__ import annotations

import re
import subprocess
import sys

from support.command import environment

from .conftest import DOCS


def test_the_example_of_the_page_runs_as_it_stands(tmp_path):
    code = re.findall(r"```python\n(.*?)```", (DOCS / "async.md").read_text(), re.DOTALL)[0]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    printed = done.stdout.splitlines()
    assert re.fullmatch(r"msg_\w{26} 3", printed[0])
    assert len(printed) == 5
    assert all(line.endswith(" pending") for line in printed[1:])
