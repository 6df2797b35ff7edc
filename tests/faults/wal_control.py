"""The bug itself, with SQLite alone: a passive checkpoint meets a commit. Prints what was acked.

Needs wal_window.c preloaded; shows that the moment in which it holds is the one that loses commits.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys
import threading

from .wal_window import HELD_AT, Hold

ctypes.CDLL("libsqlite3.so.0", ctypes.RTLD_GLOBAL)
sqlite = ctypes.CDLL(None)  # All that is global, the preloaded functions first.
PASSIVE = 0


def open_database(path: str) -> ctypes.c_void_p:
    handle = ctypes.c_void_p()
    assert sqlite.sqlite3_open(path.encode(), ctypes.byref(handle)) == 0
    run(handle, "PRAGMA journal_mode = WAL")
    run(handle, "PRAGMA wal_autocheckpoint = 0")
    run(handle, "PRAGMA mmap_size = 268435456")
    run(handle, "PRAGMA synchronous = NORMAL")
    return handle


def run(handle: ctypes.c_void_p, statement: str) -> None:
    code = sqlite.sqlite3_exec(handle, statement.encode(), None, None, None)
    assert code == 0, f"{statement}: {code}"


def checkpoint(handle: ctypes.c_void_p) -> None:
    assert sqlite.sqlite3_wal_checkpoint_v2(handle, None, PASSIVE, None, None) == 0


def insert(handle: ctypes.c_void_p, numbers: range) -> list[int]:
    for number in numbers:
        run(handle, f"INSERT INTO rows VALUES ({number}, zeroblob(3000))")
    return list(numbers)


def main() -> None:
    sqlite.sqlite3_libversion.restype = ctypes.c_char_p
    options = json.loads(sys.argv[1])
    writer, other = (open_database(options["path"]) for _ in range(2))
    run(writer, "CREATE TABLE rows (number INTEGER PRIMARY KEY, content BLOB)")
    acked = insert(writer, range(50))
    run(other, "SELECT sum(length(content)) FROM rows")  # Maps the file in that connection.
    checkpoint(writer)
    run(other, "SELECT sum(length(content)) FROM rows")
    acked += insert(writer, range(50, 250))
    checkpoint(writer)  # All of the log is in the file now; the next commit begins it anew.

    held = Hold(options["held"])
    held.go_on("before")
    os.environ[HELD_AT] = held.prefix
    thread = threading.Thread(target=checkpoint, args=(other,))
    thread.start()
    held.wait("inside")
    acked += insert(writer, range(250, 300))
    held.go_on("inside")
    thread.join()
    acked += insert(writer, range(300, 320))
    for handle in (writer, other):
        sqlite.sqlite3_close(handle)
    version = sqlite.sqlite3_libversion().decode()
    print(json.dumps({"acked": acked, "sqlite": version}))


if __name__ == "__main__":
    main()
