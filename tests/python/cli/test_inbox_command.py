"""`webhookcore inbox` and `tail`, on the store of a receiver."""

from __future__ import annotations

import subprocess
import time

import pytest

import webhookcore as wh
from support.command import COMMAND, environment, row, rows, run
from webhookcore.cli.tail import Tail, Wanted
from webhookcore.client import Client
from webhookcore.receiver import Inbox
from webhookcore.testing import ManualClock, WebhookServer, sample


@pytest.fixture
def clock():
    # Behind the command's own clock: what is dead died before it was asked for.
    return ManualClock(time.time() - 60)


@pytest.fixture
def receiver(db, clock):
    with wh.Receiver(db, clock=clock, max_retries=1) as made:
        for name in ("stripe", "github"):
            made.add_source(name, secrets=sample(name).secrets)
        made.on("github")(lambda event: {"seen": event.type})

        @made.on("stripe")
        def fail(event):
            raise ValueError("no\x1b[2J")

        yield made


def receive(receiver, provider, type=None, **options):
    request = sample(provider, type, **options)
    receiver.handle(request, provider)
    return request


def work(receiver, clock):
    receiver.run_until_idle()
    clock.advance("2s")
    receiver.run_until_idle()


def test_events_are_listed_with_filters(db, receiver, clock):
    receive(receiver, "stripe", "invoice.paid")
    receive(receiver, "github", "push")
    work(receiver, clock)
    receive(receiver, "stripe", "charge.refunded")
    listed = rows(run("inbox", "list", "--db", db, "--json"))
    assert [one["state"] for one in listed] == ["pending", "done", "dead"]
    assert listed[1]["result"] == {"seen": "push"}
    assert "body" not in listed[0]
    for filters, count in (
        (["--source", "stripe"], 2),
        (["--type", "invoice.*"], 1),
        (["--state", "dead"], 1),
        (["--error", "ValueError"], 1),
        (["--since", "1h"], 3),
        (["--until", "1h"], 0),
        (["--limit", "2"], 2),
    ):
        assert len(rows(run("inbox", "list", "--db", db, "--json", *filters))) == count, filters
    counted = row(run("inbox", "count", "--db", db, "--json"))
    assert counted == {"pending": 1, "running": 0, "done": 1, "dead": 1}


def test_one_is_shown_with_its_body_and_nothing_that_hurts_a_terminal(db, receiver, clock):
    request = receive(receiver, "stripe", data={"name": "\x1b[2J\u202e"})
    work(receiver, clock)
    told = row(run("inbox", "show", "inb_1", "--db", db, "--json"))
    assert told["body"].encode() == request.body
    assert ["Content-Type", "application/json"] in told["headers"]
    assert told["last_error"].startswith("ValueError")
    shown = run("inbox", "show", "inb_1", "--db", db).output
    assert request.id in shown
    assert "\x1b" not in shown
    assert run("inbox", "show", "inb_1", "--raw", "--db", db).stdout_bytes == request.body


def test_dead_events_are_replayed_and_deleted(db, receiver, clock):
    for _ in range(3):
        receive(receiver, "stripe")
    work(receiver, clock)
    dry = row(run("inbox", "replay", "--all", "--dry-run", "--db", db, "--json"))
    assert (dry["matched"], dry["replayed"]) == (3, 0)
    assert run("inbox", "replay", "inb_1", "--db", db).output == "1 replayed\n"
    given = ["--all", "--source", "stripe", "--limit", 1]
    assert run("inbox", "replay", *given, "--db", db).output == "1 replayed\n"
    assert run("inbox", "delete", "--all", "--db", db).output == "1 deleted\n"
    clock.advance("2m")
    work(receiver, clock)
    assert run("inbox", "delete", "inb_1", "--db", db).output == "1 deleted\n"
    assert len(receiver.inbox.list()) == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["list", "--state", "lost"], 2),
        (["list", "--cursor", "x"], 2),
        (["list", "--since", "yesterday"], 2),
        (["list", "--type", ""], 2),
        (["show", "inb_99"], 1),
        (["show", "evt_1"], 1),
        (["replay"], 2),
        (["replay", "inb_1", "--all"], 2),
        (["replay", "inb_1", "--dry-run"], 2),
        (["replay", "inb_1", "--source", "x"], 2),
        (["replay", "inb_1"], 2),
        (["delete", "inb_1"], 1),
        (["delete", "inb_1", "--state", "done"], 2),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_said(db, receiver, arguments, code):
    receive(receiver, "stripe")
    assert run("inbox", *arguments, "--db", db).exit_code == code


def test_a_mistyped_store_is_not_made(tmp_path):
    path = tmp_path / "none.db"
    for command in (["inbox", "list"], ["tail", "--no-follow"]):
        assert run(*command, "--db", f"sqlite:///{path}").exit_code == 1
    assert not path.exists()


# ---- tail ----------------------------------------------------------------------------


@pytest.fixture
def sent(db, receiver):
    """A client on the same store, and who gets its messages."""
    with WebhookServer() as server, Client(db, policy=server.policy, create=False) as client:
        client.endpoints.create(server.url, events=["*"], retry=[0.01])
        yield client, server


def tail_of(client, clock, *wanted, lines=10):
    return Tail(client, Inbox(client._store, clock, lambda: None), Wanted(*wanted), lines)


def told(happened):
    return [
        (one.json["kind"], one.json.get("id") or one.json["delivery"], one.state)
        for one in happened
    ]


def test_tail_tells_of_each_change_once(receiver, clock, sent):
    client, server = sent
    tail = tail_of(client, clock)
    assert tail.poll() == []
    receive(receiver, "stripe")
    receive(receiver, "github")
    assert told(tail.poll()) == [("event", "inb_1", "pending"), ("event", "inb_2", "pending")]
    assert tail.poll() == []
    work(receiver, clock)
    assert sorted(told(tail.poll())) == [("event", "inb_1", "dead"), ("event", "inb_2", "done")]
    server.answer(500, 200)
    (delivery,) = client.send("order.created", {}).deliveries
    client.run_until_idle(wait=5)
    attempts = [("attempt", delivery.id, "transient"), ("attempt", delivery.id, "delivered")]
    assert told(tail.poll()) == attempts
    assert tail.poll() == []


def test_attempts_after_a_replay_are_told_once(receiver, clock, sent):
    client, server = sent
    tail = tail_of(client, clock)
    server.answer(500, 500, 200)
    (delivery,) = client.send("order.created", {}).deliveries
    client.run_until_idle(wait=5)
    assert [one.state for one in tail.poll()] == ["transient", "transient"]
    client.deliveries.replay(delivery)
    client.run_until_idle(wait=5)
    assert [one.state for one in tail.poll()] == ["delivered"]
    assert tail.poll() == []


def test_tail_begins_with_the_last_lines_and_follows_what_was_under_way(receiver, clock, sent):
    client, _ = sent
    for _ in range(4):
        receive(receiver, "github")
    tail = tail_of(client, clock, lines=2)
    assert [one.json["id"] for one in tail.poll()] == ["inb_3", "inb_4"]
    receiver.run_until_idle()
    assert sorted(told(tail.poll())) == [("event", f"inb_{n}", "done") for n in (1, 2, 3, 4)]


def test_tail_shows_what_is_wanted_alone(receiver, clock, sent):
    client, _ = sent
    receive(receiver, "stripe", "invoice.paid")
    receive(receiver, "stripe", "charge.refunded")
    receive(receiver, "github", "push")
    client.send("order.created", {})
    client.run_until_idle(wait=5)
    wanted = {
        (): 4,
        ("inbox",): 3,
        ("attempts",): 1,
        ("inbox", "stripe"): 2,
        (None, None, "*.paid"): 1,
        (None, None, "order.*"): 1,
        (None, None, "[o]rder.*"): 0,
    }
    for given, count in wanted.items():
        assert len(tail_of(client, clock, *given).poll()) == count, given


def test_tail_prints_json_lines(db, receiver):
    request = receive(receiver, "stripe")
    line = row(run("tail", "--no-follow", "--db", db, "--json"))
    assert (line["kind"], line["event_id"]) == ("event", request.id)
    assert "pending" in run("tail", "--no-follow", "--db", db).output


def test_ctrl_c_ends_tail_with_0(db, receiver):
    receive(receiver, "stripe")
    process = subprocess.Popen(
        [*COMMAND, "tail", "--db", db, "--json"],
        env=environment(PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
    )
    assert b"inb_1" in process.stdout.readline()
    process.send_signal(2)
    assert process.wait(20) == 0
    process.stdout.close()


@pytest.mark.parametrize("interval", ["0", "nan", "-1", "1e9"])
def test_an_interval_that_cannot_be_is_refused(db, receiver, interval):
    assert run("tail", "--interval", interval, "--db", db).exit_code == 2
