"""``run_until_idle()`` beside other runs, beside ``start()``, and given up half-way."""

from __future__ import annotations

import asyncio
import threading

import pytest

import webhookcore as wh


def test_runs_of_two_threads_deliver_everything_once(client, receiver):
    client.endpoints.create(receiver.url, events=["*"])
    delivered = []

    def work():
        for n in range(30):
            client.send("a.b", n)
            delivered.append(client.run_until_idle().delivered)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(receiver.requests) == sum(delivered) == 60
    assert not client._engine.running()


def test_runs_of_one_loop_may_be_gathered(tmp_path, policy, receiver):
    async def work():
        async with wh.AsyncClient(f"sqlite:///{tmp_path}/webhooks.db", policy=policy) as client:
            await client.endpoints.create(receiver.url, events=["*"])
            await client.send_many([{"type": "a.b", "data": n} for n in range(40)])
            runs = await asyncio.gather(*[client.run_until_idle() for _ in range(4)])
            assert sum(run.delivered for run in runs) == 40

    asyncio.run(work())


def test_what_was_started_during_a_run_goes_on_after_it(client, receiver):
    client.endpoints.create(receiver.url, events=["*"])
    run = client._until_idle(0)
    client.start()
    while not run.step():
        pass
    run.end()
    client.send("a.b", {})
    assert receiver.arrived.wait(20)


def test_the_end_of_a_run_leaves_what_another_run_delivers(client, receiver):
    client.endpoints.create(receiver.url, events=["*"])
    receiver.may_answer.clear()
    one, other = client._until_idle(0), client._until_idle(0)
    client.send("a.b", {})
    assert receiver.arrived.wait(20)
    one.end()
    receiver.may_answer.set()
    while not other.step():
        pass
    other.end()
    assert one.counts.delivered + other.counts.delivered == 1
    assert len(receiver.requests) == 1


def test_an_attempt_under_way_when_a_run_is_interrupted_is_recorded(client, receiver, monkeypatch):
    client.endpoints.create(receiver.url, events=["*"])
    message = client.send("a.b", {})
    receiver.may_answer.clear()

    def interrupted(run):
        assert receiver.arrived.wait(20)
        threading.Timer(0.2, receiver.may_answer.set).start()
        raise KeyboardInterrupt

    monkeypatch.setattr("webhookcore.client.until_idle.UntilIdle.step", interrupted)
    with pytest.raises(KeyboardInterrupt):
        client.run_until_idle()
    assert [delivery.state for delivery in message.deliveries] == ["delivered"]
    assert not client._engine.running()


def test_a_replay_is_due_at_once(policy, receiver):
    # In memory, where less than a millisecond lies between the two.
    with wh.Client("memory://", policy=policy) as client:
        client.endpoints.create(receiver.url, events=["*"])
        (delivery,) = client.send("a", {}).deliveries
        client.run_until_idle()
        for _ in range(200):
            client.deliveries.replay(delivery, force=True)
            assert client.run_until_idle().delivered == 1
