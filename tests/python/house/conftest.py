"""The tests of the house itself: what the tree, the build and the built module promise."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the source tree that is being tested."""
    return ROOT


@pytest.fixture
def copy_of_the_build(tmp_path: Path) -> Path:
    """What CMake reads, in a folder where a test may break it."""
    copy = tmp_path / "tree"
    copy.mkdir()
    for name in ("CMakeLists.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, copy / name)
    for name in ("cmake", "cpp"):
        shutil.copytree(ROOT / name, copy / name)
    return copy
