"""Each promise about delivering is shown to a user in one file, which says where the rest is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PROMISES = Path(__file__).parents[1] / "promises"
NUMBERS = range(1, 25)


def docstring(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text())) or ""


@pytest.mark.parametrize("number", NUMBERS)
def test_a_promise_has_one_file_that_begins_with_its_name(number: int) -> None:
    [path] = PROMISES.glob(f"test_d{number:02}_*.py")
    assert docstring(path).startswith(f"D{number}: ")
    assert "def test_" in path.read_text()


def test_there_is_no_file_without_a_promise() -> None:
    assert len(list(PROMISES.glob("test_*.py"))) == len(NUMBERS)


@pytest.mark.parametrize("path", sorted(PROMISES.glob("test_*.py")), ids=lambda path: path.stem)
def test_the_files_that_it_names_are_there(root: Path, path: Path) -> None:
    places = (root, root / "tests" / "python")
    for name in re.findall(r"[\w/]+\.(?:py|cpp|h|md)\b|\btests/cpp/\w+", docstring(path)):
        assert any((place / name).exists() for place in places), name
