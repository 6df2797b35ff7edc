"""The web process of the soak: FastAPI under uvicorn. It only stores; killed now and then."""

from __future__ import annotations

import json
import sys

import fastapi
import uvicorn

import webhookcore as wh
import webhookcore.fastapi


def main() -> None:
    options = json.loads(sys.argv[1])
    sys.stdin.readline()  # A spare stands ready until its port is free.
    receiver = wh.Receiver(options["store"])
    receiver.add_source("stripe", secrets=[options["secret"]])
    app = fastapi.FastAPI()
    app.include_router(webhookcore.fastapi.router(receiver), prefix="/hooks")
    uvicorn.run(app, host="127.0.0.1", port=options["port"], log_level="critical")


if __name__ == "__main__":
    main()
