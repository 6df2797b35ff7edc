"""Events as messages of SQS, as moto's server speaks it."""

from __future__ import annotations

import base64
import json

import boto3
import pytest
from moto.server import ThreadedMotoServer

import webhookcore as wh
from support.receiving import SECRET, request, stripe
from webhookcore.sinks import SQS


@pytest.fixture(scope="module")
def endpoint():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def sqs(endpoint, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", endpoint)
    client = boto3.client("sqs")
    yield client
    client.close()


@pytest.fixture
def queue(sqs, request):
    made = sqs.create_queue(QueueName=f"q-{abs(hash(request.node.name))}")["QueueUrl"]
    yield made
    sqs.delete_queue(QueueUrl=made)


@pytest.fixture
def fifo(sqs):
    made = sqs.create_queue(QueueName="events.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    yield made
    sqs.delete_queue(QueueUrl=made)


def taken(sqs, queue):
    found = []
    while True:
        answer = sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"],
            AttributeNames=["All"],
        )  # fmt: skip
        if "Messages" not in answer:
            return found
        for message in answer["Messages"]:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            found.append(message)


def attributes(message):
    return {name: one["StringValue"] for name, one in message["MessageAttributes"].items()}


def test_a_message_has_the_body_and_all_that_is_known(receiver, sqs, queue):
    receiver.forward("stripe", to=SQS(queue))  # A client of the environment.
    receiver.handle(stripe(headers={"X-Request-Id": "r7"}), "stripe")
    assert receiver.run_until_idle().handled == 1
    (message,) = taken(sqs, queue)
    assert message["Body"].encode() == stripe().body
    found = attributes(message)
    assert ["X-Request-Id", "r7"] in json.loads(found.pop("headers"))
    assert found == {
        "dedup_id": "stripe:evt_1",
        "inbox_id": "inb_1",
        "source": "stripe",
        "provider": "stripe",
        "event_id": "evt_1",
        "type": "invoice.paid",
        "timestamp": "2023-11-14T22:13:20+00:00",
        "correlation_id": "r7",
        "encoding": "utf-8",
    }
    assert receiver.inbox.get("inb_1").result == {"message_id": message["MessageId"]}


@pytest.mark.parametrize(
    "body", [b'{"x":"\xff"}', b'{"x":"\x00"}', b'"\xef\xbf\xbf"', b'{"x":"\x0b"}', b""]
)
def test_what_is_no_text_for_sqs_is_base64(receiver, sqs, queue, body):
    receiver.add_source("github", secrets=[SECRET])
    receiver.forward("github", to=SQS(queue, client=sqs))
    receiver.handle(request("github", body, headers={"X-GitHub-Delivery": "d"}), "github")
    assert receiver.run_until_idle().handled == 1
    (message,) = taken(sqs, queue)
    assert attributes(message)["encoding"] == "base64"
    assert base64.b64decode(message["Body"]) == body


def test_a_fifo_queue_drops_what_comes_twice_and_keeps_the_order_of_a_source(
    receiver, sqs, fifo, clock
):
    class Forgetful(SQS):
        """Sends, and does not know that it has: the answer was lost."""

        lost = 0

        def put(self, hand_off):
            result = super().put(hand_off)
            if self.lost < 2:
                self.lost += 1
                raise ConnectionError("no answer")
            return result

    receiver.forward("stripe", to=Forgetful(fifo, client=sqs))
    for number in range(3):
        receiver.handle(stripe(f"evt_{number}"), "stripe")
    for _ in range(3):
        receiver.run_until_idle()
        clock.advance(10)
    messages = taken(sqs, fifo)
    assert sorted(attributes(one)["event_id"] for one in messages) == ["evt_0", "evt_1", "evt_2"]
    assert {one["Attributes"]["MessageGroupId"] for one in messages} == {"stripe"}


def test_groups_may_be_by_type_and_what_cannot_be_a_group_joins_its_source(receiver, sqs, fifo):
    receiver.forward("stripe", to=SQS(fifo, client=sqs, group="{source}/{type}"))
    receiver.handle(stripe("evt_1"), "stripe")
    receiver.handle(stripe("evt_2", type="with space"), "stripe")
    assert receiver.run_until_idle().handled == 2
    groups = {one["Attributes"]["MessageGroupId"] for one in taken(sqs, fifo)}
    assert groups == {"stripe/invoice.paid", "stripe"}


def test_a_queue_that_is_not_there_is_an_error_and_no_loss(receiver, sqs, queue, clock):
    receiver.forward("stripe", to=SQS(queue + "-nowhere", client=sqs))
    receiver.handle(stripe(), "stripe")
    assert receiver.run_until_idle().retried == 1
    assert receiver.inbox.get("inb_1").state == "pending"


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"queue_url": ""}, "queue_url"),
        ({"queue_url": None}, "queue_url"),
        ({"client": 3.5}, "client"),
        ({"group": ""}, "group"),
        ({"group": "x" * 200}, "group"),
    ],
    ids=str,
)
def test_what_can_never_work_is_refused_by_name(sqs, options, field):
    with pytest.raises(wh.ConfigError) as refused:
        SQS(**{"queue_url": "http://localhost/q", "client": sqs, **options})
    assert refused.value.field == field
