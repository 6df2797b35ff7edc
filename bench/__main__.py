"""python -m bench [NAME...] [--json]: each NAME selects the rows that start with it.

The part of a row's name before the dot is the module here that makes it: a family of benchmarks
is one more module with a function `rows()`.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
from pathlib import Path

from bench.report import Result, Row, measure, say, show_json_line, show_table

# Helpers, and modules whose rows another family gives.
NOT_FAMILIES = {
    "__main__",
    "accept_app",
    "growth",
    "isolation",
    "loop",
    "native",
    "report",
    "storage",
    "tls",
    "tls_receiver",
}


def families() -> list[str]:
    found = {module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)])}
    return sorted(found - NOT_FAMILIES)


def rows_of(name: str) -> list[Row]:
    """The rows that `name` selects: a family, one row, or the beginning of several names."""
    family = name.partition(".")[0]
    selected = [module for module in families() if module.startswith(family)]
    if "." in name:
        selected = [module for module in selected if module == family]
    rows = [row for module in selected for row in importlib.import_module(f"bench.{module}").rows()]
    return [row for row in rows if row.name.startswith(name)]


def select(names: list[str]) -> list[Row]:
    """The rows of all names, each once, in the order asked for."""
    chosen: dict[str, Row] = {}
    for name in names or families():
        rows = rows_of(name)
        if not rows:
            raise SystemExit(f"bench: nothing starts with {name!r}; families: {families()}")
        chosen.update({row.name: row for row in rows})
    return list(chosen.values())


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--json", action="store_true", help="JSON lines on standard output")
    options = parser.parse_args(arguments)
    results: list[Result] = []
    for row in select(options.names):
        say(f"{row.name}: {row.what}")
        results.append(measure(row))
        if options.json:
            show_json_line(results[-1])
    if not options.json:
        show_table(results)


if __name__ == "__main__":
    main(sys.argv[1:])
