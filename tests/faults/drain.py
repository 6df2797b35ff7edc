"""Opens a store as its only user: makes the endpoint at the beginning, delivers all at the end."""

from __future__ import annotations

import json
import sys

from . import core_choice  # noqa: F401  # First: decides which module is loaded.

from .sender import data_of, open_client  # isort: skip


def main() -> None:
    options = json.loads(sys.argv[1])
    with open_client(options["store"]) as client:
        for endpoint in options.get("endpoints", []):
            client.endpoints.create(**endpoint)
        acks = {
            key: client.send("order.created", data_of(key), idempotency_key=key).id
            for key in options.get("again", [])
        }
        counts = client.run_until_idle(wait=options.get("wait", 0.0))
    print(json.dumps({"acks": acks, "delivered": counts.delivered, "attempts": counts.attempts}))


if __name__ == "__main__":
    main()
