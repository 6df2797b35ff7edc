"""Starting the programs of this folder as processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from .core_choice import VARIABLE

# Of this package, and of `support`.
FOLDERS = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "python")]


def environment(core: Path | None = None, **variables: str) -> dict[str, str]:
    """Ours, with the programs of this folder importable; `core` is another build of the module."""
    paths = [*FOLDERS, os.environ.get("PYTHONPATH", "")]
    result = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), **variables}
    # pytest-cov and its like must not start up inside processes that are killed.
    result.pop("COV_CORE_SOURCE", None)
    if core is not None:
        result[VARIABLE] = str(core)
    return result


def command(program: str, options: dict[str, Any] | None = None) -> list[str]:
    """`python -m faults.<program> '<options as JSON>'`."""
    line = [sys.executable, "-m", f"faults.{program}"]
    return line if options is None else [*line, json.dumps(options)]


def run(
    program: str,
    options: dict[str, Any] | None = None,
    *,
    timeout: float = 60.0,
    core: Path | None = None,
    **variables: str,
) -> subprocess.CompletedProcess[str]:
    """Run to the end; killed, and an error, after `timeout` seconds."""
    return subprocess.run(
        command(program, options),
        env=environment(core, **variables),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def run_for_json(program: str, options: dict[str, Any], **settings: Any) -> Any:
    """What the program printed, which must have ended well."""
    done = run(program, options, **settings)
    assert done.returncode == 0, f"{program} ended with {done.returncode}\n{done.stderr}"
    return json.loads(done.stdout)
