"""Priorities, a batch and an effect that happens exactly once, without a server.

    python background.py

Sends itself five signed events, one of them twice, and handles them.
"""

import json
import sqlite3

import webhookcore as wh

SECRET = wh.generate_secret()

receiver = wh.Receiver("sqlite:///background.db", workers=4, max_backlog=10_000)
receiver.add_source("payments", "standard", secrets=[SECRET], priority="high")
receiver.add_source("crm", "standard", secrets=[SECRET], priority="low", concurrency=1)

shop = "shop.db"
with sqlite3.connect(shop) as database:
    database.execute(wh.once_table_sql())
    database.execute("CREATE TABLE IF NOT EXISTS payments (invoice TEXT)")
database.close()


@receiver.on("payments", "invoice.paid")
def paid(event: wh.Event) -> None:
    database = sqlite3.connect(shop)
    with database:  # Commits both rows, or neither.
        if event.once(database):
            database.execute("INSERT INTO payments VALUES (?)", (event.id,))
            print("paid:", event.id)
    database.close()


@receiver.on_batch("crm", "contact.*", max_events=100)
def sync(events: list[wh.Event]) -> None:
    print("contacts:", [event.id for event in events])


def send(source: str, id: str, type: str) -> None:
    """What a provider does."""
    body = json.dumps({"type": type, "timestamp": "2026-01-01T00:00:00Z", "data": {}}).encode()
    headers = wh.sign("standard", body=body, secret=SECRET, id=id)
    answer = receiver.handle(wh.HttpRequest("POST", f"/{source}", headers, body), source=source)
    print(answer.status, json.loads(answer.body)["status"], id)


if __name__ == "__main__":
    for number in range(3):
        send("crm", f"contact_{number}", "contact.changed")
    for id in ("invoice_1", "invoice_2", "invoice_1"):
        send("payments", id, "invoice.paid")
    counts = receiver.run_until_idle()  # A server would have called receiver.start().
    print("handled:", counts.handled)
    receiver.close()
