"""Events as messages of a real RabbitMQ."""

from __future__ import annotations

import json
import os
import threading

import pika
import pytest

import webhookcore as wh
from support.brokers import Wire
from support.receiving import SECRET, request, stripe
from support.waiting import wait_until
from webhookcore.sinks import RabbitMQ

# All in one process of the tests, for the sake of one broker.
pytestmark = pytest.mark.xdist_group("rabbitmq")


@pytest.fixture
def broker(rabbitmq_port):
    """A channel to look with; queues that it made are gone afterwards."""
    connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", rabbitmq_port))
    yield connection.channel()
    connection.close()


@pytest.fixture
def queue(broker, request) -> str:
    name = f"q {request.node.name}"[:100]
    broker.queue_declare(name, exclusive=True)
    return name


@pytest.fixture
def wire(rabbitmq_port):
    wire = Wire(rabbitmq_port)
    wire.join()
    yield wire
    wire.cut()


@pytest.fixture
def sink(wire, queue):
    sink = RabbitMQ(f"amqp://guest:guest@127.0.0.1:{wire.port}/%2F", routing_key=queue, timeout=5)
    yield sink
    sink.close()


def taken(broker, queue):
    found = []
    while (message := broker.basic_get(queue, auto_ack=True))[0] is not None:
        found.append(message)
    return found


def test_a_message_has_the_exact_bytes_and_all_that_is_known(receiver, broker, queue, sink):
    receiver.add_source("github", secrets=[SECRET])
    receiver.forward("github", to=sink)
    body = b"\xff\x00\xfe no JSON"
    headers = {"X-GitHub-Event": "pull_request", "X-GitHub-Delivery": "d1", "X-Request-Id": "r7"}
    receiver.handle(request("github", body, headers=headers), "github")
    assert receiver.run_until_idle().handled == 1
    ((_, properties, content),) = taken(broker, queue)
    assert content == body
    assert properties.delivery_mode == 2
    assert properties.message_id == "github:d1"
    assert properties.type == "pull_request"
    assert properties.content_type == "application/json"
    assert properties.headers["inbox_id"] == "inb_1"
    assert properties.headers["correlation_id"] == "r7"
    assert ["X-GitHub-Delivery", "d1"] in json.loads(properties.headers["headers"])


def test_while_rabbitmq_is_away_nothing_is_lost(receiver, broker, queue, sink, wire, clock):
    receiver.forward("stripe", to=sink)
    receiver.handle(stripe("evt_0"), "stripe")
    assert receiver.run_until_idle().handled == 1
    wire.cut()
    for number in range(1, 4):
        assert receiver.handle(stripe(f"evt_{number}"), "stripe").status == 202
    assert receiver.run_until_idle().retried == 3
    wire.join()
    clock.advance(10)
    assert receiver.run_until_idle().handled == 3
    handed = sorted(properties.message_id for _, properties, _ in taken(broker, queue))
    assert handed == ["stripe:evt_0", "stripe:evt_1", "stripe:evt_2", "stripe:evt_3"]


def test_a_connection_that_was_dropped_meanwhile_costs_no_retry(
    receiver, broker, queue, sink, wire
):
    receiver.forward("stripe", to=sink)
    for number in range(3):
        receiver.handle(stripe(f"evt_{number}"), "stripe")
        assert receiver.run_until_idle().handled == 1
        wire.drop()
    assert len({properties.message_id for _, properties, _ in taken(broker, queue)}) == 3


def test_a_rabbitmq_that_hangs_is_given_up_and_nothing_is_lost(
    receiver, broker, queue, wire, clock
):
    url = f"amqp://guest:guest@127.0.0.1:{wire.port}/%2F?heartbeat=1"
    sink = RabbitMQ(url, routing_key=queue, timeout=0.5)
    receiver.forward("stripe", to=sink)
    receiver.handle(stripe("evt_0"), "stripe")
    assert receiver.run_until_idle().handled == 1
    wire.flows.clear()
    receiver.handle(stripe("evt_1"), "stripe")
    assert receiver.run_until_idle().retried == 1
    wire.flows.set()
    while receiver.run_until_idle().handled != 1:
        clock.advance(10)
    sink.close()
    handed = {properties.message_id for _, properties, _ in taken(broker, queue)}
    assert handed == {"stripe:evt_0", "stripe:evt_1"}


def test_a_message_that_no_queue_would_get_is_not_lost(receiver, broker, wire, clock):
    broker.exchange_declare("events", "topic", auto_delete=False)
    sink = RabbitMQ(f"amqp://guest:guest@127.0.0.1:{wire.port}/%2F", exchange="events")
    receiver.forward("stripe", to=sink)
    receiver.handle(stripe(), "stripe")
    assert receiver.run_until_idle().retried == 1
    assert "Unroutable" in receiver.inbox.get("inb_1").last_error
    broker.queue_declare("invoices", exclusive=True)
    broker.queue_bind("invoices", "events", "stripe.invoice.*")
    clock.advance(10)
    assert receiver.run_until_idle().handled == 1
    assert len(taken(broker, "invoices")) == 1
    sink.close()
    broker.exchange_delete("events")


def test_an_exchange_that_is_not_there_is_an_error_each_time_and_the_sink_lives_on(
    receiver, broker, queue, wire, clock
):
    sink = RabbitMQ(f"amqp://guest:guest@127.0.0.1:{wire.port}/%2F", exchange="nowhere")
    receiver.forward("stripe", to=sink)
    receiver.handle(stripe(), "stripe")
    assert receiver.run_until_idle().retried == 1
    clock.advance(10)
    assert receiver.run_until_idle().retried == 1
    assert "NOT_FOUND" in receiver.inbox.get("inb_1").last_error
    sink.close()


def test_an_idle_connection_is_kept(receiver, broker, queue, wire):
    url = f"amqp://guest:guest@127.0.0.1:{wire.port}/%2F?heartbeat=1"
    sink = RabbitMQ(url, routing_key=queue)
    receiver.forward("stripe", to=sink)
    receiver.handle(stripe(), "stripe")
    assert receiver.run_until_idle().handled == 1
    published = wire.sent
    wait_until(lambda: wire.sent >= published + 3 * 8, "three heartbeats")
    sink.close()
    keepers = [one for one in threading.enumerate() if one.name == "webhookcore-amqp"]
    for keeper in keepers:
        keeper.join(30)
        assert not keeper.is_alive()


def test_threads_take_turns_on_one_connection(receiver, broker, queue, sink):
    from webhookcore.sinks import HandOff

    asked = stripe()
    event = wh.verify(
        "stripe", body=asked.body, headers=asked.headers, secrets=[SECRET], now=1_700_000_000
    )
    failed = []

    def put(number):
        try:
            for turn in range(20):
                sink.put(HandOff(event, f"{number}-{turn}"))
        except Exception as error:  # noqa: BLE001
            failed.append(error)

    threads = [threading.Thread(target=put, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    assert len({properties.message_id for _, properties, _ in taken(broker, queue)}) == 120


def test_a_child_of_a_fork_has_a_connection_of_its_own(broker, queue, sink):
    from webhookcore.sinks import HandOff

    asked = stripe()
    event = wh.verify(
        "stripe", body=asked.body, headers=asked.headers, secrets=[SECRET], now=1_700_000_000
    )
    sink.put(HandOff(event, "before"))
    child = os.fork()
    if child == 0:
        try:
            sink.put(HandOff(event, "child"))
        finally:
            os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    sink.put(HandOff(event, "after"))
    handed = [properties.message_id for _, properties, _ in taken(broker, queue)]
    assert handed == ["before", "child", "after"]


def test_a_type_that_is_too_long_for_amqp_is_cut_where_it_has_to_be(receiver, broker, queue, sink):
    receiver.forward("stripe", to=sink)
    long = "\u00e9" * 300
    receiver.handle(stripe(type=long), "stripe")
    assert receiver.run_until_idle().handled == 1
    ((_, properties, _),) = taken(broker, queue)
    assert properties.type == "\u00e9" * 127
    assert properties.headers["type"] == long


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"url": "http://guest:s3cret@127.0.0.1"}, "url"),
        ({"url": "amqp://guest:s3cret@127.0.0.1:port"}, "url"),
        ({"url": "amqp://127.0.0.1/?heartbeat=s3cret"}, "url"),
        ({"url": None}, "url"),
        ({"url": 7}, "url"),
        ({"exchange": None}, "exchange"),
        ({"exchange": "x" * 300}, "exchange"),
        ({"routing_key": ""}, "routing_key"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
    ],
    ids=str,
)
def test_what_can_never_work_is_refused_by_name(options, field):
    with pytest.raises(wh.ConfigError) as refused:
        RabbitMQ(**{"url": "amqp://127.0.0.1", **options})
    assert refused.value.field == field
    assert "s3cret" not in str(refused.value)
