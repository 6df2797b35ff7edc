"""An AWS Lambda function behind API Gateway, a load balancer, or a function URL.

A function has no disk that lasts, so nothing is stored here: the event is verified and handed on,
by its id, to whatever keeps it. Raising lets Lambda answer 500, and the provider sends it again.
"""

import json
import os
from typing import Any

import webhookcore as wh

SECRETS = [os.environ["WEBHOOK_SECRET"]]


def handler(request: dict[str, Any], context: object) -> dict[str, Any]:
    del context
    try:
        event = wh.Event.from_lambda(request, "standard", secrets=SECRETS)
    except wh.VerificationError as refused:
        answer = json.dumps({"error": {"reason": refused.reason}}).encode()
        return wh.HttpResponse(refused.http_status, answer).to_lambda()
    hand_on(event)
    return wh.HttpResponse(202).to_lambda()


def hand_on(event: wh.Event) -> None:
    """Put it into a queue that drops what it has seen, such as SQS FIFO with the id as its key."""
    print("order", event.json()["data"]["id"], event.type, flush=True)
