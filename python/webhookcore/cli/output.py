"""Tables for people, JSON lines for programs, and text that a terminal may be shown."""

from __future__ import annotations

import json
import os
import sys
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..store import Listing

# Controls, formats (U+202E turns text around, U+200B hides in it), surrogates, unassigned
# and private characters, and the two line breaks that are no controls.
_UNSAFE: Final = frozenset(("Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"))
_SHORT: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_STYLES: Final = {
    "delivered": "green",
    "enabled": "green",
    "ok": "green",
    "pending": "yellow",
    "in_flight": "yellow",
    "transient": "yellow",
    "throttled": "yellow",
    "warning": "yellow",
    "dead": "red",
    "disabled": "red",
    "permanent": "red",
    "gone": "red",
    "problem": "red",
    "cancelled": "dim",
}


def shown(value: object) -> str:
    """Text for a terminal: what somebody else wrote cannot move its cursor or colour it."""
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    return "".join(_escaped(character) for character in str(value))


def _escaped(character: str) -> str:
    if unicodedata.category(character) not in _UNSAFE:
        return character
    if character in _SHORT:
        return _SHORT[character]
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def print_json(value: Mapping[str, Any]) -> None:
    """One line. Everything outside ASCII is escaped, so no line can hurt a terminal."""
    click.echo(json.dumps(value, ensure_ascii=True, allow_nan=False))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """On a terminal a table that fits it; elsewhere, or without colours, plain columns."""
    cells = [[shown(cell) for cell in row] for row in rows]
    console = _console()
    if console is None:
        _print_plain(columns, cells)
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in cells:
        table.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in row))
    console.print(table)


def print_fields(fields: Mapping[str, object]) -> None:
    """One name and value a line."""
    width = max(map(len, fields))
    for name, value in fields.items():
        click.echo(f"{name.ljust(width)}  {shown(value)}")


def print_listing(
    listing: Listing[Any],
    as_json: bool,
    columns: Sequence[str],
    cells: Callable[[Any], Sequence[object]],
    plain: Callable[[Any], Mapping[str, Any]],
) -> None:
    """A page of rows: a table on a terminal, JSON lines elsewhere or when they are asked for.

    Where there are more rows, standard error says how to go on.

    Args:
        cells: Gives the table's cells of a row.
        plain: Gives the JSON object of a row.
    """
    if as_json or not sys.stdout.isatty():
        for row in listing:
            print_json(plain(row))
    else:
        print_table(columns, (cells(row) for row in listing))
    if listing.cursor is not None:
        click.echo(f"more: --cursor {shown(listing.cursor)}", err=True)


def coloured(text: str, colour: str) -> str:
    """The text, in that colour where colours are wanted."""
    return click.style(text, fg=colour) if _wants_colours() else text


def _wants_colours() -> bool:
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not plain


def _console() -> Console | None:
    """None where standard output is no terminal, or no colours are wanted."""
    if not _wants_colours():
        return None
    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False)


def _print_plain(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    lines = [[column.upper() for column in columns], *cells]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    for line in lines:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())
