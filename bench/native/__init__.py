"""Baselines in C++, compiled when a benchmark first needs them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
BUILT = HERE.parents[1] / "build" / "bench"


def program(name: str) -> Path:
    """The program made of `name.cpp`; compiled again when that changed."""
    source, built = HERE / f"{name}.cpp", BUILT / name
    if built.exists() and built.stat().st_mtime >= source.stat().st_mtime:
        return built
    BUILT.mkdir(parents=True, exist_ok=True)
    command = ["c++", "-std=c++20", "-O2", "-o", built, source, "-lcurl"]
    subprocess.run(command, check=True, capture_output=True)
    return built


class Sink:
    """A receiver in a process of its own that answers at once, on every address of loopback."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stdout is not None
        self._output = process.stdout
        self.port = int(self._output.readline())

    def urls(self, count: int) -> list[str]:
        """As many endpoints with addresses of their own."""
        return [f"http://127.0.1.{number + 1}:{self.port}/hook" for number in range(count)]

    def arrivals(self) -> dict[str, int]:
        """What came since the last question: message ids, and when, in monotonic nanoseconds."""
        assert self._process.stdin is not None
        self._process.stdin.write("?\n")
        self._process.stdin.flush()
        found: dict[str, int] = {}
        while (line := self._output.readline()) != "end\n":
            moment, _, id = line.rstrip("\n").partition(" ")
            found.setdefault(id, int(moment))
        return found

    def wait_for(self, ids: set[str], seconds: float = 30.0) -> dict[str, int]:
        """When each of the messages arrived, once all have."""
        ends = time.monotonic() + seconds
        found: dict[str, int] = {}
        while not ids <= found.keys():
            if time.monotonic() > ends:
                raise TimeoutError(f"{len(ids - found.keys())} messages did not arrive")
            found = {**self.arrivals(), **found}
            time.sleep(0.01)
        return found


@contextmanager
def sink() -> Iterator[Sink]:
    with subprocess.Popen(
        [program("http_sink")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Sink(process)
        assert process.stdin is not None
        process.stdin.close()


def curl_seconds(count: int, in_flight: int, size: int, urls: Sequence[str]) -> float:
    """How long bare libcurl needs for so many requests."""
    numbers = [str(number) for number in (count, in_flight, size)]
    command = [program("curl_loop"), *numbers, *urls]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
