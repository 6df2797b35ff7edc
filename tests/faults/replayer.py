"""Replays every dead letter of a store in batches of a few, so that it can be killed in between."""

from __future__ import annotations

import json
import sys

from . import core_choice  # noqa: F401  # First: decides which module is loaded.

from webhookcore.client import dead_letters  # isort: skip

from .sender import open_client  # isort: skip


def main() -> None:
    options = json.loads(sys.argv[1])
    dead_letters._BATCH = options["batch"]
    with open_client(options["store"]) as client:
        print("begins", flush=True)
        print(client.dead_letters.replay_many(), flush=True)


if __name__ == "__main__":
    main()
