"""Asks the npm packages of tests/node, one process for a batch of questions."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

NODE = Path(__file__).parents[2] / "node"
MODULES = NODE / "node_modules"


def encode(body: bytes) -> str:
    """Bodies travel as base64, so that not one byte is read as text on the way."""
    return base64.b64encode(body).decode("ascii")


def require(package: str) -> Path:
    """The folder of an npm package that `./dev setup` installs."""
    folder = MODULES / package
    if not folder.is_dir():
        pytest.fail(f"{folder} is missing: ./dev setup installs the npm packages", pytrace=False)
    return folder


def ask(questions: list[dict[str, Any]]) -> list[Any]:
    """The answer of tests/node/interop.mjs to each question, in order."""
    require("standardwebhooks")
    require("@octokit/webhooks-methods")
    node = shutil.which("node")
    if node is None:
        pytest.fail("node is missing: ./dev setup installs it", pytrace=False)
    answer = subprocess.run(
        [node, NODE / "interop.mjs"],
        input=json.dumps(questions),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    answers = json.loads(answer.stdout)
    assert len(answers) == len(questions)
    return answers
