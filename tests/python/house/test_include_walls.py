"""An include against the arrows of the architecture does not compile."""

from __future__ import annotations

import itertools
import json
import shlex
import subprocess
from pathlib import Path

import pytest

HEADERS = {
    "base/error.h",
    "core/headers.h",
    "store/rows.h",
    "store/memory/memory_store.h",
    "store/sqlite/sqlite_store.h",
    "transport/transport.h",
    "transport/curl_transport.h",
    "engine/engine.h",
}

INSIDE = {"base/error.h", "core/headers.h"}
SEEN_BY = {
    "base": {"base/error.h"},
    "core": INSIDE,
    "store": INSIDE | {"store/rows.h"},
    "store/memory": INSIDE | {"store/rows.h", "store/memory/memory_store.h"},
    "store/sqlite": INSIDE | {"store/rows.h", "store/sqlite/sqlite_store.h"},
    "transport": INSIDE | {"transport/transport.h", "transport/curl_transport.h"},
    "engine": INSIDE | {"store/rows.h", "transport/transport.h", "engine/engine.h"},
}


@pytest.fixture
def compile_commands(copy_of_the_build: Path) -> dict[str, list[str]]:
    """How CMake compiles a file that was put into each layer, by layer."""
    cpp = copy_of_the_build / "cpp" / "webhookcore"
    for layer in SEEN_BY:
        (cpp / layer / "wall_probe.cpp").write_text("")
    build = copy_of_the_build / "build"
    subprocess.run(
        ["cmake", "-S", copy_of_the_build, "-B", build, "-DBUILD_TESTING=OFF"],
        check=True,
        capture_output=True,
    )
    return {
        Path(entry["file"]).parent.relative_to(cpp).as_posix(): shlex.split(entry["command"])
        for entry in json.loads((build / "compile_commands.json").read_text())
        if entry["file"].endswith("/wall_probe.cpp")
    }


def visible_headers(command: list[str]) -> set[str]:
    """Asks the compiler, with the flags of one layer, which of HEADERS it can find."""
    flags = [word for word in command if word.startswith(("-I", "-std"))]
    flags += [f"-isystem{path}" for word, path in itertools.pairwise(command) if word == "-isystem"]
    probe = "".join(
        f'#if __has_include("webhookcore/{header}")\nfound {header}\n#endif\n'
        for header in sorted(HEADERS)
    )
    answer = subprocess.run(
        [command[0] if "ccache" not in command[0] else command[1], *flags, "-E", "-xc++", "-"],
        input=probe,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return {line.split()[1] for line in answer.splitlines() if line.startswith("found ")}


def test_a_layer_sees_the_headers_along_its_arrows_and_no_others(
    compile_commands: dict[str, list[str]],
) -> None:
    assert {layer: visible_headers(command) for layer, command in compile_commands.items()} == (
        SEEN_BY
    )


def test_a_wrong_include_stops_the_build(copy_of_the_build: Path) -> None:
    core = copy_of_the_build / "cpp" / "webhookcore" / "core"
    (core / "wrong.cpp").write_text('#include "webhookcore/store/rows.h"\n')
    (core / "right.cpp").write_text('#include "webhookcore/base/error.h"\n')
    build = copy_of_the_build / "build"
    subprocess.run(
        ["cmake", "-S", copy_of_the_build, "-B", build, "-G", "Ninja", "-DBUILD_TESTING=OFF"],
        check=True,
        capture_output=True,
    )

    def compiles(source: str) -> subprocess.CompletedProcess[str]:
        target = f"cpp/webhookcore/core/CMakeFiles/webhookcore_core.dir/{source}.o"
        return subprocess.run(
            ["cmake", "--build", build, "--target", target],
            check=False,
            capture_output=True,
            text=True,
        )

    assert compiles("right.cpp").returncode == 0
    wrong = compiles("wrong.cpp")
    assert wrong.returncode != 0
    assert "webhookcore/store/rows.h: No such file or directory" in wrong.stdout
