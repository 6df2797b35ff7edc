"""A Flask application that makes its client when it is imported, as many do."""

from __future__ import annotations

import os

from flask import Flask

from . import core_choice  # noqa: F401  # First: decides which module is loaded.
from .sender import open_client

client = open_client(os.environ["FAULTS_STORE"])
if os.environ.get("FAULTS_DELIVER_AT_IMPORT"):
    client.start()
app = Flask(__name__)


@app.post("/send/<int:number>")
def send(number: int) -> dict[str, object]:
    message = client.send("order.created", {"number": number})
    return {"id": message.id, "pid": os.getpid()}
