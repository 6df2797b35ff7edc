"""`webhookcore doctor`: what it runs on, and what is wrong with it."""

from __future__ import annotations

import json
import sqlite3
import ssl
from datetime import datetime, timezone
from pathlib import Path

import pytest

from support.command import rows, run, run_process
from webhookcore.client import Client
from webhookcore.environment import SqliteCopy


def findings(*options: object, **env: str) -> dict[str, dict]:
    return {one["subject"]: one for one in rows(run("doctor", *options, "--json", env=env))}


@pytest.fixture
def made(db) -> str:
    with Client(db):
        return db


def test_it_names_every_library_and_its_version():
    found = findings()
    assert found["SQLite"]["found"].startswith(f"{sqlite3.sqlite_version} /")
    assert ssl.OPENSSL_VERSION.split()[1] in found["OpenSSL"]["found"]
    assert "libcurl/" in found["libcurl"]["found"]
    assert found["Python"]["found"].startswith("CPython 3.")
    assert Path(found["certificate authorities"]["found"]).is_file()


def test_it_sees_that_python_uses_the_same_copy_of_sqlite():
    # What a source build promises; a Python with a SQLite of its own gets a warning.
    mapped = {
        line.split()[-1]
        for line in Path("/proc/self/maps").read_text().splitlines()
        if "libsqlite3" in line
    }
    found = findings()["Python's sqlite3"]
    assert (found["verdict"] == "ok") == (len(mapped) == 1)
    assert ("the same copy" in found["found"]) == (len(mapped) == 1)


@pytest.mark.parametrize(
    ("version", "vulnerable"),
    [
        ("3.6.23", False),
        ("3.7.0", True),
        ("3.40.1", True),
        ("3.44.5", True),
        ("3.44.6", False),
        ("3.45.0", True),
        ("3.50.6", True),
        ("3.50.7", False),
        ("3.51.2", True),
        ("3.51.3", False),
        ("3.52.0", False),
    ],
)
def test_the_wal_reset_bug_is_known_by_version(version, vulnerable):
    assert SqliteCopy(version, "").loses_commits_at_wal_reset is vulnerable


def test_a_sound_store_ends_with_0_and_shows_its_mode(made):
    found = findings("--db", made)
    assert found["store"]["found"] == f"sqlite {made.removeprefix('sqlite:///')}"
    assert found["store file mode"] == {
        "subject": "store file mode",
        "found": "0600",
        "verdict": "ok",
        "advice": "",
    }
    assert found["store schema"]["found"].isdigit()
    assert found["encryption at rest"]["verdict"] == "note"


def test_a_store_that_others_may_read_is_a_warning(made):
    Path(made.removeprefix("sqlite:///")).chmod(0o644)
    assert findings("--db", made)["store file mode"]["verdict"] == "warning"


@pytest.mark.parametrize("content", [None, b"no database", b"SQLite format 3\x00" + b"\xff" * 4096])
def test_a_store_that_cannot_be_used_ends_with_1_and_stays(content, db):
    file = Path(db.removeprefix("sqlite:///"))
    if content is not None:
        file.write_bytes(content)
    result = run("doctor", "--db", db, "--json")
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 1
    assert [one["verdict"] for one in found if one["subject"] == "store"] == ["problem"]
    assert (file.read_bytes() if content is not None else file.exists()) == (content or False)


def test_a_bad_url_ends_with_2():
    assert run("doctor", "--db", "nonsense").exit_code == 2


def test_certificates_that_are_none_end_with_1():
    result = run("doctor", "--ca-file", "/dev/null", "--json")
    assert result.exit_code == 1
    assert "/dev/null" in result.stdout
    process = run_process("doctor", env={"SSL_CERT_FILE": "/dev/null"})
    assert process.returncode == 1
    assert b"problem" in process.stdout


def test_few_open_files_are_a_warning():
    result = run_process("doctor", "--json", preexec_fn=_few_files)
    found = [json.loads(line) for line in result.stdout.splitlines()]
    files = next(one for one in found if one["subject"] == "open files")
    assert (files["found"], files["verdict"]) == ("256", "warning")
    assert result.returncode == 0


def _few_files() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))


def test_without_a_store_it_says_how_to_look_at_one():
    assert findings()["store"]["verdict"] == "note"
    assert "--db" in run("doctor").stdout


def test_it_says_of_when_the_networks_of_providers_are(tmp_path):
    def found(env=None):
        result = run("doctor", "--json", env=env)
        (row,) = [
            row
            for row in map(json.loads, result.stdout.splitlines())
            if row["subject"] == "ip ranges"
        ]
        return row["verdict"], row["found"]

    assert found() == ("note", "github as of 2026-03-12, stripe as of 2026-06-14")
    own = tmp_path / "ranges.json"
    today = datetime.now(timezone.utc).date().isoformat()
    row = {"as_of": today, "source": "", "networks": ["192.0.2.1"]}
    own.write_text(json.dumps({"github": row, "stripe": row}))
    assert found({"WEBHOOKCORE_IP_RANGES": str(own)})[0] == "ok"
    own.write_text("")
    assert found({"WEBHOOKCORE_IP_RANGES": str(own)})[0] == "problem"
