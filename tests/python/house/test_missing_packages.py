"""A user without the development files gets one line to run, not one puzzle after another."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LINE = "apt-get install -y libcurl4-openssl-dev libssl-dev libsqlite3-dev libsimdjson-dev"

# Run in a mount namespace of its own: /usr is covered by a layer in which the files of the -dev
# packages are deleted, and nothing of that is seen outside.
HIDE_AND_INSTALL = """
set -eu
scratch=$1 source=$2 python=$3
mount -t tmpfs none "$scratch"
mkdir "$scratch/upper" "$scratch/work"
mount -t overlay overlay -o "lowerdir=/usr,upperdir=$scratch/upper,workdir=$scratch/work" /usr
for file in $(dpkg -L libcurl4-openssl-dev libssl-dev libsqlite3-dev libsimdjson-dev); do
  case $file in
    /usr/include/*.h | */cmake/* | *.pc | *.so | *.a) [ -d "$file" ] || rm -f "$file" ;;
  esac
done
exec "$python" -m pip install --no-build-isolation --no-deps --no-input --target "$scratch/site" \
  "$source"
"""


def test_every_missing_package_is_named_in_one_line(copy_of_the_build: Path) -> None:
    packages = ("CURL", "OpenSSL", "SQLite3", "simdjson")
    answer = subprocess.run(
        [
            "cmake", "-S", copy_of_the_build, "-B", copy_of_the_build / "build",
            "-DBUILD_TESTING=OFF",
            *(f"-DCMAKE_DISABLE_FIND_PACKAGE_{name}=ON" for name in packages),
        ],
        check=False, capture_output=True, text=True,
    )  # fmt: skip

    assert answer.returncode != 0
    assert LINE in answer.stderr
    assert answer.stderr.count("CMake Error") == 1


def test_only_what_is_missing_is_named(copy_of_the_build: Path) -> None:
    answer = subprocess.run(
        [
            "cmake", "-S", copy_of_the_build, "-B", copy_of_the_build / "build",
            "-DBUILD_TESTING=OFF", "-DCMAKE_DISABLE_FIND_PACKAGE_SQLite3=ON",
        ],
        check=False, capture_output=True, text=True,
    )  # fmt: skip

    assert "apt-get install -y libsqlite3-dev\n" in answer.stderr


def test_pip_install_without_the_dev_packages_ends_in_that_line(root: Path, tmp_path: Path) -> None:
    unshare = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "-Urm"]
    if shutil.which("dpkg") is None or subprocess.run([*unshare, "true"], check=False).returncode:
        pytest.skip("needs Debian and the right to make a mount namespace")
    source = tmp_path / "source"
    made_here = (".*", "build", "dist", "node_modules", "__pycache__", "_build")
    shutil.copytree(root, source, ignore=shutil.ignore_patterns(*made_here))
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    answer = subprocess.run(
        [*unshare, "sh", "-c", HIDE_AND_INSTALL, "sh", scratch, source, sys.executable],
        check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip

    output = answer.stdout + answer.stderr
    assert answer.returncode != 0
    assert LINE in output, output
    assert output.count("apt-get install") == 1
