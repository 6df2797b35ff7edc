"""Rules that a compiler cannot hold, because the headers in question lie in /usr/include."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

# Header prefix -> the files under cpp/webhookcore that may include it: patterns, or folders that
# end in a slash. base/crypto_openssl.h brings OpenSSL's names along.
ROOMS = {
    "sqlite3.h": "store/sqlite/",
    "libpq": "store/postgres/",
    "curl/": "transport/",
    "openssl/": "base/crypto_openssl.h base/crypto*.cpp",
    "webhookcore/base/crypto_openssl.h": "base/crypto*.cpp",
    "simdjson": "core/event_fields.cpp",
    "pybind11/": "bindings/",
    "Python.h": "bindings/",
}

# What asks the system for something, and so has no place in base and core.
SYSTEM = re.compile(
    r"std::(?:jthread|thread|async|filesystem|[io]?fstream|random_device|this_thread)\b"
    r"|(?:system|steady|high_resolution)_clock::now"
    r"|\b(?:getenv|secure_getenv|setenv|fopen|getrandom|getentropy|clock_gettime|gettimeofday)\s*\("
    r"|#include <(?:thread|filesystem|fstream|pthread\.h|unistd\.h|fcntl\.h|sys/socket\.h|netdb\.h)>"
)
SYSTEM_DOORS = {"base/clock.cpp", "base/random.cpp"}

COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)
SQL = re.compile(r'"\s*(?:SELECT|INSERT|UPDATE|DELETE|BEGIN|COMMIT|PRAGMA)\b|\bsqlite3_|\bCURLOPT_')


def sources(root: Path) -> Iterator[tuple[str, str]]:
    """Every C++ file: its path below cpp/webhookcore, and its text without comments."""
    folder = root / "cpp" / "webhookcore"
    for path in sorted((*folder.rglob("*.h"), *folder.rglob("*.cpp"))):
        yield path.relative_to(folder).as_posix(), COMMENT.sub("", path.read_text())


def in_room(path: str, room: str) -> bool:
    return any(
        path.startswith(part) if part.endswith("/") else fnmatch(path, part)
        for part in room.split()
    )


def broken_rules(root: Path) -> list[str]:
    found = []
    for path, text in sources(root):
        for bracket, header in INCLUDE.findall(text):
            for prefix, room in ROOMS.items():
                if header.startswith(prefix) and not in_room(path, room):
                    found.append(f"{path} includes <{header}>, which belongs to {room}")
            if bracket == '"' and not header.startswith("webhookcore/"):
                found.append(f'{path} includes "{header}" past the include trees')
        if path.startswith(("base/", "core/")) and path not in SYSTEM_DOORS:
            found += [f"{path} asks the system: {word}" for word in SYSTEM.findall(text)]
        if not path.startswith("bindings/") and re.search(r"\bthrow\b", text):
            found.append(f"{path} throws")
        if path.startswith("engine/"):
            found += [f"{path} knows too much: {word}" for word in SQL.findall(text)]
    return found


def test_every_system_library_stays_in_its_room(root: Path) -> None:
    assert broken_rules(root) == []


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("engine/probe.cpp", "#include <sqlite3.h>"),
        ("store/probe.h", "#include <sqlite3.h>"),
        ("engine/probe.cpp", "#include <curl/curl.h>"),
        ("base/probe.cpp", "#include <openssl/evp.h>"),
        ("base/crypto_probe.h", "#include <openssl/evp.h>"),
        ("core/crypto_probe.cpp", "#include <openssl/evp.h>"),
        ("core/probe.cpp", '#include "webhookcore/base/crypto_openssl.h"'),
        ("base/crypto_probe.h", '#include "webhookcore/base/crypto_openssl.h"'),
        ("core/probe.cpp", "#include <simdjson.h>"),
        ("store/probe.cpp", "#include <pybind11/pybind11.h>"),
        ("core/probe.cpp", '#include "../store/rows.h"'),
        ("core/probe.cpp", "auto now = std::chrono::system_clock::now();"),
        ("core/probe.cpp", 'auto home = std::getenv("HOME");'),
        ("base/probe.cpp", 'std::ifstream file("x");'),
        ("core/probe.cpp", "std::thread worker;"),
        ("core/probe.cpp", "throw 1;"),
        ("engine/probe.cpp", 'run("SELECT 1");'),
    ],
)
def test_a_line_in_the_wrong_room_is_found(tmp_path: Path, path: str, line: str) -> None:
    probe = tmp_path / "cpp" / "webhookcore" / path
    probe.parent.mkdir(parents=True)
    probe.write_text(line + "\n")

    assert len(broken_rules(tmp_path)) == 1


def test_a_comment_may_name_what_the_code_may_not_use(tmp_path: Path) -> None:
    probe = tmp_path / "cpp" / "webhookcore" / "core" / "probe.cpp"
    probe.parent.mkdir(parents=True)
    probe.write_text("// Never std::thread, never throw.\n")

    assert broken_rules(tmp_path) == []


@pytest.mark.parametrize("layer", ["base", "core", "store", "transport", "engine", "bindings"])
def test_each_layer_says_in_fifteen_lines_what_belongs_in_it(root: Path, layer: str) -> None:
    lines = (root / "cpp" / "webhookcore" / layer / "README.md").read_text().splitlines()

    assert 3 <= len(lines) <= 15


def test_the_python_edges_never_import_the_native_module(root: Path) -> None:
    # import-linter does not see extension modules, so this rule is read from the source.
    package = root / "python" / "webhookcore"
    edges = [
        path
        for name in ("cli", "admin", "dashboard", "adapters", "fastapi", "flask", "django")
        for path in (package / f"{name}.py", *(package / name).rglob("*.py"))
        if path.exists()
    ]
    assert edges
    assert [path.name for path in edges if imports_core(path.read_text())] == []


def imports_core(source: str) -> bool:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module or ''}.{alias.name}" for alias in node.names]
        else:
            continue
        if any("_core" in name.split(".") for name in names):
            return True
    return False


@pytest.mark.parametrize(
    "line",
    [
        "import webhookcore._core",
        "from webhookcore import _core",
        "from webhookcore._core import Verifier",
        "from .. import _core",
        "from .._core import Verifier",
    ],
)
def test_every_way_to_import_the_native_module_is_seen(line: str) -> None:
    assert imports_core(line)
