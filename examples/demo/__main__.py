"""The main job: a sender and a receiver on one machine, on a day when things go wrong.

A FastAPI receiver under uvicorn takes events of three sources on a real socket. A client sends
it more than 200 messages whose bodies are real providers' requests. Some requests are answered
500 twice, some answers get lost, one endpoint is dead for a while, and some requests come twice.
Every message must be handled exactly once all the same; the exit code is 0 only if every count
is what it must be.
"""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from checks import checks
from report import console, show
from story import live

_DATA = Path(__file__).parents[2] / "demo-data"


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev demo", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, default=_DATA, help="folder of the two SQLite files")
    parser.add_argument(
        "--lose-one",
        action="store_true",
        help="let the receiver throw one message away, to see the checks fail",
    )
    options = parser.parse_args()
    sender_file, receiver_file = _fresh_files(options.data.resolve())
    logging.getLogger("webhookcore").setLevel(logging.CRITICAL)  # Its failures are the script's.
    with console.status("sending, failing, retrying, dying, replaying …"):
        story = live(sender_file, receiver_file, lose_one=options.lose_one)
    found = checks(story)
    show(story, found, sender_file, receiver_file)
    failed = sum(1 for check in found if not check.passed)
    if failed:
        console.print(f"[bold red]{failed} of {len(found)} counts are wrong[/]")
        return 1
    console.print(f"[bold green]All {len(found)} counts are right.[/]")
    return 0


def _fresh_files(folder: Path) -> tuple[Path, Path]:
    """Two file names; what the demo before left under them is removed."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in [*folder.glob("sender.db*"), *folder.glob("receiver.db*")]:
        old.unlink()
    return folder / "sender.db", folder / "receiver.db"


if __name__ == "__main__":
    sys.exit(main())
