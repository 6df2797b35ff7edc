"""``webhookcore doctor``."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Final, Literal

import click

from .. import __version__, environment
from ..config import ENCRYPTION_KEY
from ..errors import ConfigError, WebhookError
from ..ip_ranges import preset, preset_names
from ..store import open_store
from .failures import FAILED
from .options import json_option
from .output import print_json, print_table

# Sockets of the engine's 256 attempts, the store's files and what the program itself opens.
_ENOUGH_FILES: Final = 1024
# Days after which providers may well have others.
_OLD_RANGES: Final = 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    found: str
    verdict: Literal["ok", "note", "warning", "problem"] = "ok"
    advice: str = ""


@click.command()
@click.option("--db", metavar="URL", envvar="WEBHOOKCORE_DATABASE_URL", show_envvar=True)
@click.option("--ca-file", metavar="FILE", default="", help="The one that you configure.")
@json_option
@click.pass_context
def doctor(context: click.Context, db: str | None, ca_file: str, as_json: bool) -> None:
    """Look at what webhookcore runs on, and at a store. Nothing is made or changed.

    Exit code 0: it can work. 1: there is a problem.
    """
    findings = [*_libraries(), _certificates(ca_file), _open_files(), _ranges(), *_store(db)]
    if as_json:
        for finding in findings:
            print_json(asdict(finding))
    else:
        print_table(
            ("subject", "found", "verdict", "advice"),
            [(one.subject, one.found, one.verdict, one.advice) for one in findings],
        )
    if any(finding.verdict == "problem" for finding in findings):
        context.exit(FAILED)


def _libraries() -> Iterator[Finding]:
    yield Finding("webhookcore", __version__)
    yield Finding("Python", environment.python_version())
    ours, theirs = environment.sqlite_copy(), environment.python_sqlite_copy()
    yield Finding("SQLite", f"{ours.version} {ours.path}")
    if ours.loses_commits_at_wal_reset:
        yield Finding(
            "SQLite WAL reset",
            f"{ours.version} has the bug that 3.51.3 fixed",
            "note",
            "safe here, where checkpoints are made under the write gate; let no other "
            "program write or checkpoint the store",
        )
    yield _python_sqlite(ours, theirs)
    yield Finding("libcurl", environment.curl_version())
    yield Finding("OpenSSL", environment.openssl_version())


def _python_sqlite(ours: environment.SqliteCopy, theirs: environment.SqliteCopy | None) -> Finding:
    subject = "Python's sqlite3"
    if theirs is None:
        return Finding(subject, "this Python has none")
    if theirs.path and theirs.path == ours.path:
        return Finding(subject, f"{theirs.version}, the same copy")
    return Finding(
        subject,
        f"{theirs.version} {theirs.path}".strip() + ", another copy",
        "warning",
        "never open the store's file with Python's sqlite3: two copies drop each other's locks",
    )


def _certificates(configured: str) -> Finding:
    try:
        return Finding("certificate authorities", environment.ca_file(configured))
    except ConfigError as error:
        return Finding("certificate authorities", "none", "problem", str(error))


def _open_files() -> Finding:
    limit = environment.open_files_limit()
    found = "unlimited" if limit < 0 else str(limit)
    if 0 <= limit < _ENOUGH_FILES:
        advice = f"ulimit -n {_ENOUGH_FILES} or more, for 256 attempts at once"
        return Finding("open files", found, "warning", advice)
    return Finding("open files", found)


def _ranges() -> Finding:
    """Only the day: whether any source uses them is not known here."""
    subject = "ip ranges"
    try:
        presets = [preset(name) for name in preset_names()]
    except ConfigError as error:
        return Finding(subject, "none", "problem", str(error))
    shown = ", ".join(f"{one.name} as of {one.as_of}" for one in presets)
    today = datetime.now(timezone.utc).date()
    if max(one.days_old(today) for one in presets) > _OLD_RANGES:
        advice = "of use to sources with allowed_ips: webhookcore ip-ranges refresh"
        return Finding(subject, shown, "note", advice)
    return Finding(subject, shown)


def _store(db: str | None) -> Iterator[Finding]:
    if not db:
        yield Finding("store", "none named", "note", "--db sqlite:///webhooks.db looks at one")
        return
    try:
        store = open_store(db, create=False)
    except ConfigError:
        raise
    except WebhookError as error:
        yield Finding("store", type(error).__name__, "problem", str(error))
        return
    try:
        info = store.info()
    finally:
        store.close()
    yield Finding("store", f"{info['backend']} {info['path']}".strip())
    yield Finding("store schema", str(info["schema_version"]))
    if info["path"]:
        yield _mode(info["path"])
    yield _encryption(info["sealing_key"])


def _encryption(key: str) -> Finding:
    subject = "encryption at rest"
    if key:
        return Finding(
            subject,
            f"secrets and headers of endpoints: AES-256-GCM, key {key}",
            "note",
            "bodies are plain in the file: keep it, and its backups, on an encrypted disk",
        )
    return Finding(
        subject,
        "none",
        "note",
        f"bodies and secrets are plain in the file: set {ENCRYPTION_KEY} for the secrets, and "
        "keep the file, and its backups, on an encrypted disk",
    )


def _mode(path: str) -> Finding:
    mode = stat.S_IMODE(Path(path).stat().st_mode)
    if mode & 0o077:
        advice = f"others can read bodies and secrets: chmod 600 {path}"
        return Finding("store file mode", f"{mode:04o}", "warning", advice)
    return Finding("store file mode", f"{mode:04o}")
