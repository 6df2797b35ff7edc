"""Sends between two marks that strace sees: writes of a known text to /dev/null."""

from __future__ import annotations

import json
import os
import sys

from . import core_choice  # noqa: F401  # First: decides which module is loaded.

import webhookcore as wh  # isort: skip


def main() -> None:
    options = json.loads(sys.argv[1])
    null = os.open(os.devnull, os.O_WRONLY)
    with wh.Client(options["store"], durability=options["durability"]) as client:
        client.endpoints.create("https://example.com/hook", events=["*"])
        client.send("warming.up", {})
        for number in range(options["sends"]):
            os.write(null, f"send {number} begins".encode())
            client.send("order.created", {"number": number})
            os.write(null, f"send {number} ended".encode())


if __name__ == "__main__":
    main()
