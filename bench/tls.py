"""What a new TLS connection costs: rows of the family `deliver`."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import webhookcore as wh
from bench.native import program
from bench.report import Goal, Row
from bench.storage import folder
from webhookcore import environment

RUNS = 5
COUNT = 150  # Deliveries of a run, to each of the two paths.
IN_FLIGHT = 4
ENDPOINTS = 15  # Of one host: with one alone, deliveries would be put back and claimed again.


@contextmanager
def _receiver(path: Path) -> Iterator[str]:
    """The URL of an https receiver in another process; `path` gets its certificate.

    The authorities are the system's and that one: what a full bundle costs is the question.
    """
    subprocess.run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
        f" -subj /CN=bench -addext subjectAltName=IP:127.0.0.1"
        f" -keyout {path}/key.pem -out {path}/cert.pem".split(),
        check=True,
        capture_output=True,
    )
    system = Path(environment.ca_file())
    own = (path / "cert.pem").read_bytes()
    rest = system.read_bytes() if system.is_file() else b""
    (path / "authorities.pem").write_bytes(rest + b"\n" + own)
    command = [sys.executable, "-m", "bench.tls_receiver", f"{path}/cert.pem", f"{path}/key.pem"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield f"https://127.0.0.1:{int(process.stdout.readline())}"
        process.stdin.close()


def _own_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _our_cpu(client: wh.Client, type: str) -> float:
    """CPU seconds of this process for COUNT deliveries, storing them not included."""
    data = {"note": "x" * 940}
    client.send_many(
        [{"type": f"{type}.{number % ENDPOINTS}", "data": data} for number in range(COUNT)]
    )
    begin = _own_cpu()
    counts = client.run_until_idle(wait=30)
    if counts.delivered != COUNT:
        raise RuntimeError(f"{counts.delivered} of {COUNT} were delivered")
    return _own_cpu() - begin


def _curl_cpu(url: str, authorities: Path) -> float:
    """CPU seconds of bare libcurl, which keeps its authorities."""
    numbers = [str(number) for number in (COUNT, IN_FLIGHT, 1024)]
    command = [program("tls_loop"), *numbers, str(authorities), url]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _connection_ratios() -> list[float]:
    """CPU of a connection: what deliveries take with one each, less what they take without."""
    ratios = []
    with folder() as path, _receiver(path) as url:
        authorities = path / "authorities.pem"
        policy = wh.UrlPolicy(allow=["127.0.0.0/8"], ca_file=str(authorities))
        with wh.Client(
            f"sqlite:///{path}/ours.db",
            policy=policy,
            durability="normal",
            concurrency=(IN_FLIGHT, IN_FLIGHT),
        ) as client:
            for name in ("close", "keep"):
                for number in range(ENDPOINTS):
                    client.endpoints.create(f"{url}/{name}", events=[f"{name}.{number}"])
                _our_cpu(client, name)
                _curl_cpu(f"{url}/{name}", authorities)
            for _ in range(RUNS):
                ours = _our_cpu(client, "close") - _our_cpu(client, "keep")
                bare = _curl_cpu(f"{url}/close", authorities)
                bare -= _curl_cpu(f"{url}/keep", authorities)
                ratios.append(ours / bare)
    return ratios


def rows() -> list[Row]:
    what = "CPU of a new TLS connection over libcurl's with its authorities kept"
    return [Row("deliver.tls_connect", what, Goal("<=", 1.2), _connection_ratios)]
