"""Commands, options and reasons that the pages name are there."""

from __future__ import annotations

import re

import click
import pytest

from support.pages import DOCS
from webhookcore.cli import main
from webhookcore.errors import HTTP_STATUS

PAGES = sorted(DOCS.glob("*.md"))
_COMMAND = re.compile(r"(?:`|^\$ |^    )webhookcore ((?:[a-z|-]+ ?)+)([^`\n]*)", re.MULTILINE)


def found_in(page):
    """Each command as its words, and the options after it."""
    for words, rest in _COMMAND.findall(page.read_text()):
        first, *others = words.split()
        yield first, others, re.findall(r"(?<![\w-])--[a-z][a-z-]+", f"{words} {rest}")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_names_is_there_with_its_options(page):
    for first, others, options in found_in(page):
        command = main.commands[first]
        for word in others[0].split("|") if others and isinstance(command, click.Group) else ():
            assert word in command.commands, (first, word)
        if isinstance(command, click.Group) and others and "|" not in others[0]:
            command = command.commands[others[0]]
        known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
        assert not isinstance(command, click.Command) or set(options) <= known | {"--help"}, first


def test_the_reasons_of_the_troubleshooting_page_are_reasons():
    text = (DOCS / "troubleshooting.md").read_text()
    named = re.findall(r"^\| `([a-z_]+)`", text, re.MULTILINE)
    assert named
    assert set(named) <= set(HTTP_STATUS)
