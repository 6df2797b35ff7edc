"""A WSGI app without a framework that receives what sender.py sends.

    WEBHOOK_SECRET=whsec_... gunicorn --threads 8 wsgi_receiver:app
    WEBHOOK_SECRET=whsec_... webhookcore worker wsgi_receiver:receiver

The path's last segment is the source: POST /shop. Events are stored and answered with 202; the
worker, a process of its own, handles them.
"""

import os

import webhookcore as wh
import webhookcore.wsgi

receiver = wh.Receiver(os.environ.get("WEBHOOK_STORE", "sqlite:///receiver.db"))
receiver.add_source("shop", provider="standard", secrets=[os.environ["WEBHOOK_SECRET"]])


@receiver.on("shop", "order.*")
def order_changed(event: wh.Event) -> None:
    print("order", event.json()["data"]["id"], event.type, flush=True)


app = webhookcore.wsgi.app(receiver)
