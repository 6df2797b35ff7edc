"""Opens a store that may be damaged, uses all of it, and tells which errors came."""

from __future__ import annotations

import json
import sys

from . import core_choice  # noqa: F401  # First: decides which module is loaded.

import webhookcore as wh  # isort: skip

from .sender import open_client  # isort: skip


def use(url: str) -> str:
    try:
        with open_client(url) as client:
            client.send("order.created", {"padding": "x" * 3000}, idempotency_key="again")
            list(client.messages.list())
            for delivery in client.deliveries.list():
                client.deliveries.attempts(delivery.id)
            list(client.endpoints.list())
            client.run_until_idle()
    except wh.WebhookError as error:
        return type(error).__name__
    return "ok"


def main() -> None:
    print(json.dumps([use(url) for url in json.loads(sys.argv[1])["stores"]]))


if __name__ == "__main__":
    main()
