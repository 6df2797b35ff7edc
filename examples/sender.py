"""Sends one durable message to an endpoint, and shows what came of it.

    python sender.py sqlite:///sender.db http://127.0.0.1:8000/hooks/shop whsec_...

The endpoint is found again by its uid, so the program can run as often as one likes.
"""

import sys

import webhookcore as wh


def main(store: str, url: str, secret: str) -> int:
    # Without a policy only public https addresses may be called; this one is for trying out.
    policy = wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"])
    with wh.Client(store, policy=policy) as client:
        client.endpoints.create(url, uid="shop", events=["order.*"], secret=secret, retry=[0.5, 1])
        message = client.send(
            "order.created", {"id": 7, "total": "12.00"}, idempotency_key="order-7"
        )
        client.run_until_idle(wait=10)
        for delivery in message.deliveries:
            print(message.id, delivery.state, f"after {delivery.attempts} attempt(s)")
        return 0 if all(delivery.state == "delivered" for delivery in message.deliveries) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
