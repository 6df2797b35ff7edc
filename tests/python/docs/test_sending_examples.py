"""The examples of the pages about sending, each page from top to bottom as one program."""

from __future__ import annotations

import sqlite3

import pytest

from support.pages import DOCS, examples

PAGES = ("events.md", "rotation.md", "outbox.md", "polling.md", "tenants.md")


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """Where a page runs: with the table that its shop has already."""
    monkeypatch.chdir(tmp_path)
    connection = sqlite3.connect(tmp_path / "shop.db")
    connection.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
    connection.commit()
    connection.close()


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_page_run_as_one_program(page, shop, capsys):
    names: dict[str, object] = {}
    for example in examples(DOCS / page):
        exec(compile(example.code, str(example), "exec"), names)
    names["client"].close()
    if isinstance(names.get("shop"), sqlite3.Connection):
        names["shop"].close()
    said = capsys.readouterr().out
    told = {
        "events.md": ['"idempotencyKey":"order-7"', "did you mean order.paid"],
        "rotation.md": ["whpk_", "shared"],
        "outbox.md": ["1 0"],
        "polling.md": ["order.created"],
        "tenants.md": ["500000 0", "acme 1000.0", "(202, {})"],
    }
    for text in told[page]:
        assert text in said
