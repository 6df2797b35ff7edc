"""A worker whose handlers do what their event says: raise, crash, block, allocate, hold the GIL."""

from __future__ import annotations

import ctypes
import json
import resource
import sys
import time

import webhookcore as wh


def handle(event: wh.Event) -> None:
    kind = str(event.type)
    if kind == "raise":
        raise ValueError("poison")
    if kind == "crash":
        ctypes.string_at(0)
    if kind == "block":
        time.sleep(600)  # Ended only by the process's end.
    if kind == "allocate":
        bytearray(1 << 40)
    if kind == "gil":
        began = time.time()
        ctypes.PyDLL(None).usleep(5_000_000)  # PyDLL does not let go of it.
        print(json.dumps([began, time.time()]), flush=True)


def main() -> None:
    options = json.loads(sys.argv[1])
    # So that what a handler allocates without end is a MemoryError, and no dead machine.
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    receiver = wh.Receiver(options["store"], max_retries=1)
    receiver.on("stripe")(handle)
    sending = None
    if "endpoint" in options:
        sending = wh.Client(
            options["store"], policy=wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"])
        )
        sending.endpoints.create(options["endpoint"], events=["*"])
        sending.start()
        soon = time.time() + 0.5
        for number in range(10):
            sending.send("order.created", {"n": number}, deliver_at=soon + number * 0.4)
    receiver.start()
    sys.stdin.read()  # Until whoever started it closes it or kills this process.


if __name__ == "__main__":
    main()
