"""How an application tests its handlers: with signed requests, a real receiver, and no network.

    pytest examples/test_handlers.py

The fixtures whose names begin with `webhook_` come with webhookcore.
"""

import pytest

import webhookcore as wh


class Shop:
    """What would be your application; its handler is a method like any other."""

    def __init__(self) -> None:
        self.paid: dict[str, int] = {}

    def connect(self, receiver: wh.Receiver) -> None:
        receiver.on("stripe", "invoice.paid")(self.book)

    def book(self, event: wh.Event) -> dict[str, str]:
        invoice = event.json()["data"]["object"]
        if invoice["amount_paid"] < invoice["amount_due"]:
            raise wh.Discard("paid in part: the rest comes with another event")
        order = invoice["metadata"]["order"]
        self.paid[order] = self.paid.get(order, 0) + invoice["amount_paid"]
        return {"order": order}


@pytest.fixture
def shop(webhook_receiver) -> Shop:
    made = Shop()
    made.connect(webhook_receiver)
    return made


@pytest.fixture
def send(webhook_receiver, webhook_sample):
    """Sends a paid invoice to the receiver, and works what it stored."""
    webhook_receiver.add_source("stripe", secrets=webhook_sample("stripe").secrets)

    def act(request: wh.HttpRequest) -> int:
        response = webhook_receiver.handle(request, "stripe")
        webhook_receiver.run_until_idle()
        return response.status

    return act


def test_a_paid_invoice_is_booked(shop, send, webhook_sample):
    assert send(webhook_sample("stripe", "invoice.paid", {"metadata": {"order": "7"}})) == 202
    assert shop.paid == {"7": 1200}


def test_its_repeat_is_booked_once(shop, send, webhook_sample):
    request = webhook_sample("stripe", "invoice.paid", {"metadata": {"order": "7"}})
    assert [send(request), send(request)] == [202, 200]
    assert shop.paid == {"7": 1200}


def test_what_is_paid_in_part_is_not_booked(shop, send, webhook_sample):
    send(webhook_sample("stripe", "invoice.paid", {"amount_paid": 1}))
    assert shop.paid == {}


@pytest.mark.parametrize("how", ["body", "old", "secret", "no-header"])
def test_a_forged_invoice_is_refused(shop, send, webhook_sample, webhook_tamper, how):
    assert send(webhook_tamper(webhook_sample("stripe"), how)) in (400, 401)
    assert shop.paid == {}


@pytest.mark.usefixtures("shop")
def test_an_order_that_is_missing_is_tried_again_and_then_a_dead_letter(
    send, webhook_sample, webhook_receiver, webhook_clock
):
    send(webhook_sample("stripe"))  # Without metadata: the handler raises KeyError.
    for _ in range(5):
        webhook_clock.advance("1m")
        webhook_receiver.run_until_idle()
    (event,) = webhook_receiver.inbox.list(state="dead")
    assert event.last_error.startswith("KeyError")


def test_the_handler_by_itself(webhook_event):
    shop = Shop()
    event = webhook_event("stripe", "invoice.paid", {"metadata": {"order": "7"}})
    assert shop.book(event) == {"order": "7"}
