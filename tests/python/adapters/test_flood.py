"""A flood of forged requests over a real server, and the provider's own among them."""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from pathlib import Path

import webhookcore as wh
from support.receiving import SECRET
from support.serving import free_port, serving

APP = """
import webhookcore as wh
import webhookcore.asgi

receiver = wh.Receiver(
    "sqlite:///webhooks.db", trusted_proxies=["127.0.0.0/8"], client_rate_limit="50/s"
)
receiver.add_source("stripe", secrets=[{secret!r}], rate_limit="1000/s", max_body=10_000)
app = webhookcore.asgi.app(receiver)
"""
FLOOD, EACH, EVENTS = 4, 250, 40


def test_leaves_the_signed_ones_unharmed(tmp_path: Path) -> None:
    (tmp_path / "flooded.py").write_text(APP.format(secret=SECRET))
    port = free_port()
    command = ["uvicorn", "flooded:app", "--port", str(port), "--no-proxy-headers"]
    forged, genuine = Counter(), Counter()

    def post(client, address, body, secret):
        headers = wh.sign("stripe", body=body, secret=secret, id=None)
        headers |= {"X-Forwarded-For": address, "Content-Type": "application/json"}
        client.request("POST", "/stripe", body, headers)
        response = client.getresponse()
        response.read()
        return response.status

    def flood(number):
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        body = b'{"id":"evt_forged","type":"invoice.paid"}' + b" " * (12_000 if number == 0 else 0)
        for _ in range(EACH):
            forged[post(client, f"198.51.100.{number}", body, "not-the-secret-at-all-000")] += 1
        client.close()

    with serving(command, port, tmp_path):
        threads = [threading.Thread(target=flood, args=(number,)) for number in range(FLOOD)]
        for thread in threads:
            thread.start()
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for number in range(EVENTS):
            body = json.dumps({"id": f"evt_{number}", "type": "invoice.paid"}).encode()
            # Four addresses, as providers have several.
            genuine[post(client, f"203.0.113.{number % 4}", body, SECRET)] += 1
        client.close()
        for thread in threads:
            thread.join(120)

    assert genuine == {202: EVENTS}
    assert forged.total() == FLOOD * EACH
    assert forged[413] == EACH
    assert set(forged) <= {401, 413, 429}
    with wh.Receiver(f"sqlite:///{tmp_path / 'webhooks.db'}") as receiver:
        assert {event.event_id for event in receiver.inbox.list()} == {
            f"evt_{number}" for number in range(EVENTS)
        }
