"""``manage.py webhookcore …``: the ``webhookcore`` command inside a Django project."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ....adapters.django import SETTING
from ....cli import main

_DATABASE = "WEBHOOKCORE_DATABASE_URL"


class Command(BaseCommand):
    """Everything behind its name is for the command; the settings are where it looks first."""

    help = (
        "The webhookcore command. `worker` without a target works the receiver of the setting "
        f"{SETTING}; --db is the setting {_DATABASE} when it is omitted."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("words", nargs=argparse.REMAINDER, help="such as: worker, inbox list")

    def run_from_argv(self, argv: list[str]) -> None:
        # Past argparse, which would take --help and --version for its own.
        if len(argv) > 2 and argv[2] not in ("-h", "--help"):
            raise SystemExit(_run(_without_djangos(argv[2:])))
        super().run_from_argv(argv)

    def handle(self, *args: Any, **options: Any) -> None:
        """For ``call_command("webhookcore", "inbox", "list")``."""
        code = _run([*args, *options.get("words", ())])
        if code:
            raise CommandError(f"webhookcore ended with {code}", returncode=code)


def _run(words: Sequence[str]) -> int:
    """The exit code."""
    url = getattr(settings, _DATABASE, None)
    if url and not os.environ.get(_DATABASE):
        os.environ[_DATABASE] = str(url)
    try:
        main(args=_with_target(list(words)), prog_name="manage.py webhookcore")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _with_target(words: list[str]) -> list[str]:
    """``worker`` alone works the receiver of the settings."""
    named = getattr(settings, SETTING, None)
    if words[:1] != ["worker"] or not isinstance(named, str) or {"-h", "--help"} & set(words):
        return words
    if any(":" in word for word in words[1:] if not word.startswith("-") and "://" not in word):
        return words
    module, _, name = named.replace(":", ".").rpartition(".")
    return [*words, f"{module}:{name}"]


def _without_djangos(words: Sequence[str]) -> list[str]:
    """The words but for the options of ``manage.py``, which it has obeyed already."""
    left, skips = [], False
    for word in words:
        if skips:
            skips = False
        elif word in ("--settings", "--pythonpath"):
            skips = True
        elif not word.startswith(("--settings=", "--pythonpath=")):
            left.append(word)
    return left
