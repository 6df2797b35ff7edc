"""A Flask app that receives what sender.py sends, and handles it while the sender waits.

    WEBHOOK_SECRET=whsec_... flask --app flask_receiver run

With mode="inline" the answer carries what the handler returned; when it raises, the answer
is 500 and the sender tries again. `/light` only verifies, and stores nothing.
"""

import os

from flask import Flask

import webhookcore as wh
import webhookcore.flask

SECRET = os.environ["WEBHOOK_SECRET"]

receiver = wh.Receiver(os.environ.get("WEBHOOK_STORE", "sqlite:///receiver.db"))
receiver.add_source("shop", provider="standard", secrets=[SECRET], mode="inline")


@receiver.on("shop", "order.*")
def order_changed(event: wh.Event) -> dict[str, int]:
    print("order", event.json()["data"]["id"], event.type, flush=True)
    return {"seen": event.json()["data"]["id"]}


app = Flask(__name__)
webhookcore.flask.Webhooks(receiver).init_app(app, url_prefix="/hooks")


@app.post("/light")
@webhookcore.flask.verified("standard", secrets=[SECRET])
def light(event: wh.Event) -> dict[str, str | None]:
    return {"seen": event.id}
