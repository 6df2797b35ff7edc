"""docs/errors.md says what webhookcore.errors says."""

from __future__ import annotations

import re

import webhookcore.errors
from support.pages import DOCS
from webhookcore.errors import HTTP_STATUS, WebhookError

PAGE = (DOCS / "errors.md").read_text()


def tree(kind: type, depth: int = 0) -> list[str]:
    """The public exceptions below one, as the page draws them."""
    hidden = kind.__name__.startswith("_")
    lines = [] if hidden else ["    " * depth + kind.__name__]
    for below in kind.__subclasses__():
        if below.__module__ == webhookcore.errors.__name__:
            lines += tree(below, depth if hidden else depth + 1)
    return lines


def rows(heading: str) -> dict[str, list[str]]:
    """The table below a heading, by its first cell."""
    part = PAGE.partition(heading)[2].partition("\n## ")[0]
    cells = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("| `")]
    return {row[0].strip(" `"): [cell.strip() for cell in row[1:]] for row in cells}


def test_every_reason_has_its_row_with_its_status():
    table = rows("## A request is refused")
    assert {reason: int(row[0]) for reason, row in table.items()} == HTTP_STATUS
    assert all(len(row) == 3 and all(row) for row in table.values())


def test_the_tree_of_exceptions_is_the_one_of_the_library():
    drawn = re.search(r"```text\n(WebhookError\n.*?)```", PAGE, re.DOTALL)[1].splitlines()
    assert drawn == tree(WebhookError)


def test_every_exception_has_its_row():
    named = [line.strip() for line in tree(WebhookError)][1:]
    assert [*rows("## Something else went wrong")] == named
