"""python -m faults kill|inbox|storm [...]: longer runs than the tests make."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from . import inbox, storm
from .kill import Plan, run_kills


def kill(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="webhookcore-kill-") as folder:
        plan = Plan(Path(folder), kills=options.kills, processes=options.processes)
        if options.seed is not None:
            plan.seed = options.seed
        report = run_kills(plan)
    print(report.line())
    for fault in report.faults():
        print(fault, file=sys.stderr)
    return 1 if report.faults() else 0


def soak(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="webhookcore-inbox-") as folder:
        plan = inbox.Plan(Path(folder), events=options.events)
        if options.seed is not None:
            plan.seed = options.seed
        report = inbox.run_soak(plan)
        errors = (Path(folder) / "stderr").read_text()
    print(report.line())
    for fault in report.faults():
        print(fault, file=sys.stderr)
    if report.faults():
        print(errors, file=sys.stderr)
    return 1 if report.faults() else 0


def return_of_the_dead(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="webhookcore-storm-") as folder:
        reports = storm.run_storm(storm.Plan(Path(folder), messages=options.messages))
    found = [f"{report.name}: {fault}" for report in reports for fault in report.faults()]
    for report in reports:
        print(report.line())
    for fault in found:
        print(fault, file=sys.stderr)
    return 1 if found else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev faults", description=__doc__)
    kinds = parser.add_subparsers(required=True)
    kills = kinds.add_parser("kill", help="kill -9 of sending and delivering processes")
    kills.add_argument("--kills", type=int, default=1000)
    kills.add_argument("--processes", type=int, default=2, choices=range(1, 9))
    kills.add_argument("--seed", type=int, help="of the moments; the machine adds its own chance")
    kills.set_defaults(run=kill)
    soaks = kinds.add_parser("inbox", help="kill -9 of web and worker processes that receive")
    soaks.add_argument("--events", type=int, default=2000, help="each is delivered five times")
    soaks.add_argument("--seed", type=int, help="of the moments; the machine adds its own chance")
    soaks.set_defaults(run=soak)
    storms = kinds.add_parser("storm", help="a dead endpoint with many messages comes back")
    storms.add_argument("--messages", type=int, default=10_000)
    storms.set_defaults(run=return_of_the_dead)
    options = parser.parse_args()
    return options.run(options)


if __name__ == "__main__":
    sys.exit(main())
