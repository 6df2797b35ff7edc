"""What this process runs on: libraries, certificates, limits."""

from __future__ import annotations

import importlib
import platform
import resource
from dataclasses import dataclass
from types import ModuleType

import certifi

from . import _core


@dataclass(frozen=True, slots=True)
class SqliteCopy:
    """A copy of SQLite in this process; ``path`` is the file that holds its code."""

    version: str
    path: str

    @property
    def loses_commits_at_wal_reset(self) -> bool:
        """Whether it is between 3.7.0 and the fix of 3.51.3 (3.50.7 and 3.44.6 have it too)."""
        number = tuple(int(part) for part in self.version.split(".")[:3])
        if number[:2] in ((3, 44), (3, 50)):
            return number < ((3, 44, 6) if number[1] == 44 else (3, 50, 7))
        return (3, 7, 0) <= number < (3, 51, 3)


def sqlite_copy() -> SqliteCopy:
    """The one that stores are written with."""
    return SqliteCopy(*_core.sqlite_library())


def python_sqlite_copy() -> SqliteCopy | None:
    """The one of Python's own ``sqlite3``; None when this Python has none.

    Two different copies must not open one file: they drop each other's locks.
    """
    try:
        module = importlib.import_module("_sqlite3")
    except ImportError:
        return None
    return SqliteCopy(module.sqlite_version, _file_behind(module))


def curl_version() -> str:
    """Libcurl and what it was built with, OpenSSL among it."""
    text: str = _core.curl_version()
    return text


def openssl_version() -> str:
    """The OpenSSL that signs and verifies."""
    text: str = _core.openssl_version()
    return text


def ca_file(configured: str = "") -> str:
    """Where the certificate authorities are read from: a file, or folders of hashed names.

    Raises:
        ConfigError: Nowhere.
    """
    before, after = ca_places()
    path: str = _core.find_ca_bundle(configured, before=before, after=after)
    return path


def ca_places() -> tuple[list[str], list[str]]:
    """Files and folders that may hold authorities: before those of the distributions, and after.

    The first are those of this Python's OpenSSL, the last is certifi's.
    """
    try:
        import ssl  # noqa: PLC0415  # Some Pythons are built without.
    except ImportError:
        found: list[str] = []
    else:
        paths = ssl.get_default_verify_paths()
        found = [path for path in (paths.cafile, paths.capath) if path]
    return found, [certifi.where()]


def open_files_limit() -> int:
    """How many files and sockets this process may have open."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def python_version() -> str:
    return f"{platform.python_implementation()} {platform.python_version()}"


def _file_behind(module: ModuleType) -> str:
    """The file whose ``sqlite3_libversion`` the module calls; empty when it is hidden in it."""
    path: str = _core.file_of_symbol(getattr(module, "__file__", None) or "", "sqlite3_libversion")
    return path
