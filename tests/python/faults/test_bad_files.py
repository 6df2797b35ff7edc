"""A store file that cannot be used is refused by its own error, and left as it was."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import webhookcore as wh
from faults.processes import run_for_json

USER_VERSION_AT = 60  # File format of SQLite, section 1.3; four bytes, big endian.


def good_store(path: Path) -> None:
    """One with rows in each table that sending fills, closed."""
    with wh.Client(f"sqlite:///{path}", policy=wh.UrlPolicy(allow_http=True)) as client:
        client.endpoints.create("https://example.com/hook", events=["*"])
        for number in range(40):
            client.send("order.created", {"number": number, "padding": "x" * 900})


def noise(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(8192))


def text(path: Path) -> None:
    path.write_text("not a database\n" * 400)


def short(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0")


def foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("PRAGMA application_id = 7; CREATE TABLE messages (id TEXT);")


def foreign_without_id(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("CREATE TABLE messages (id TEXT); INSERT INTO messages VALUES (1)")


def newer(path: Path) -> None:
    good_store(path)
    content = bytearray(path.read_bytes())
    content[USER_VERSION_AT : USER_VERSION_AT + 4] = (9999).to_bytes(4, "big")
    path.write_bytes(content)


def overwritten_schema(path: Path) -> None:
    good_store(path)
    content = bytearray(path.read_bytes())
    content[100:4096] = bytes(3996)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (noise, wh.StoreCorruptError),
        (text, wh.StoreCorruptError),
        (short, wh.StoreCorruptError),
        (foreign, wh.StoreCorruptError),
        (foreign_without_id, wh.StoreCorruptError),
        (newer, wh.SchemaTooNewError),
        (overwritten_schema, wh.StoreCorruptError),
    ],
)
def test_a_file_that_is_no_store_of_ours_is_left_alone(
    store: Path, make: Callable[[Path], None], error: type[wh.StoreError]
) -> None:
    make(store)
    before = store.read_bytes()
    for _ in range(2):
        with pytest.raises(error) as caught:
            wh.Client(f"sqlite:///{store}")
        assert type(caught.value) is error
        assert str(store) in str(caught.value)
    assert store.read_bytes() == before


def a_directory(path: Path) -> None:
    path.mkdir()


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_link_to_itself(path: Path) -> None:
    path.symlink_to(path)


def a_folder_that_is_a_file(path: Path) -> None:
    path.parent.rmdir()
    path.parent.write_text("")


def a_missing_folder(path: Path) -> None:
    path.parent.rmdir()


@pytest.mark.parametrize(
    "make", [a_directory, a_pipe, a_link_to_itself, a_folder_that_is_a_file, a_missing_folder]
)
def test_what_is_no_file_is_refused(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / "folder" / "messages.db"
    path.parent.mkdir()
    make(path)
    with pytest.raises(wh.StoreUnavailableError):
        wh.Client(f"sqlite:///{path}")


@contextmanager
def mounted(*arguments: str) -> Iterator[None]:
    """A mount for the time of the block; skips where this user may not make one."""
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"mount is not allowed here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", arguments[-1]], check=True)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Root writes over any permission bit, but not into a read-only mount."""
    if os.geteuid() != 0:
        folder.chmod(0o500)
        for path in folder.iterdir():
            path.chmod(0o400)
        try:
            yield
        finally:
            folder.chmod(0o700)
        return
    with mounted("--bind", str(folder), str(folder)):
        subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
        yield


def test_a_read_only_store_is_refused_and_usable_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "messages.db"
    path.parent.mkdir()
    good_store(path)
    before = path.read_bytes()
    with read_only(path.parent):
        with pytest.raises(wh.StoreUnavailableError):
            wh.Client(f"sqlite:///{path}")
        with pytest.raises(wh.StoreUnavailableError):
            wh.Client(f"sqlite:///{path.parent}/new.db")
        assert path.read_bytes() == before
    path.chmod(0o600)
    with wh.Client(f"sqlite:///{path}") as client:
        assert len(client.messages.list()) == 40


def test_damaged_bytes_end_in_a_typed_error_or_are_not_noticed(tmp_path: Path, store: Path) -> None:
    good_store(store)
    chance = random.Random(20)
    good = store.read_bytes()
    damaged = []
    for number in range(120):
        content = bytearray(good)
        if number % 3 == 0:
            del content[chance.randrange(1, len(content)) :]
        else:
            for _ in range(chance.choice((1, 8, 200))):
                content[chance.randrange(len(content))] = chance.randrange(256)
        damaged.append(tmp_path / f"damaged{number}.db")
        damaged[-1].write_bytes(content)
    # In another process, because a crash is what must not happen.
    answers = run_for_json(
        "opener", {"stores": [f"sqlite:///{path}" for path in damaged]}, timeout=120
    )
    allowed = {"ok", "StoreCorruptError", "SchemaTooNewError", "StoreUnavailableError"}
    assert set(answers) <= allowed
    assert "StoreCorruptError" in answers
    assert all(path.exists() for path in damaged)


@pytest.mark.parametrize("length", [0, 1, 31, 32, 100, 4096])
def test_a_damaged_log_costs_no_more_than_itself(store: Path, length: int) -> None:
    """What a crash left in the log is worth reading only as far as its checksums go."""
    good_store(store)
    Path(f"{store}-wal").write_bytes(random.Random(length).randbytes(length))
    with wh.Client(f"sqlite:///{store}") as client:
        assert len(client.messages.list()) == 40
        client.send("order.created", {})


def test_a_store_deleted_while_it_is_open_takes_no_more_messages(store: Path) -> None:
    with wh.Client(f"sqlite:///{store}") as client:
        client.send("order.created", {})
        store.rename(store.with_suffix(".moved"))
        with pytest.raises(wh.StoreUnavailableError):
            client.send("order.created", {})
        shutil.copy(store.with_suffix(".moved"), store)
        with pytest.raises(wh.StoreUnavailableError):
            client.send("order.created", {})
