"""The examples in the documentation: what stands behind a `% example:` or `% run` mark."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[3] / "docs"

_BLOCK = re.compile(
    r"(?:^% (?P<mark>[^\n]+)\n)?^```python\n(?P<code>.*?)^```", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Example:
    page: str
    mark: str  # "example: stripe" or "run"; empty: nobody runs it.
    code: str
    line: int

    @property
    def provider(self) -> str:
        """Whose request the example's app is sent; `scheme` is one that it makes."""
        return self.mark.partition("example: ")[2]

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def examples(page: Path) -> list[Example]:
    text = page.read_text()
    return [
        Example(
            page.relative_to(DOCS).as_posix(),
            found["mark"] or "",
            found["code"],
            text.count("\n", 0, found.start("code")) + 1,
        )
        for found in _BLOCK.finditer(text)
    ]
