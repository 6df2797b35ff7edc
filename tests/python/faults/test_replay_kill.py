"""D14: a replay of many that is killed in the middle goes on where it was, and repeats nothing."""

from __future__ import annotations

import signal
import subprocess
from collections import Counter
from pathlib import Path

import pytest

import webhookcore as wh
from faults.processes import command, environment
from faults.receiver import Answer, Receiver
from faults.sender import open_client
from support.waiting import wait_until

pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]

LETTERS = 400


def killed_in_the_middle(store: str, client: wh.Client) -> wh.ReplayJob:
    """What the replay had done when it was killed with -9, as another process sees it."""
    with subprocess.Popen(
        command("replayer", {"store": store, "batch": 2}),
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begins\n"
        wait_until(lambda: any(job.replayed for job in client.dead_letters.jobs()), "progress")
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    [job] = client.dead_letters.jobs()
    assert job.state == "running"
    assert job.matched == LETTERS
    assert 0 < job.replayed < LETTERS
    assert client.deliveries.count()["pending"] == job.replayed
    return job


@pytest.mark.parametrize("who", ["resume", "worker"])
def test_a_replay_that_is_killed_goes_on_without_a_letter_replayed_twice(
    tmp_path: Path, who: str
) -> None:
    store = f"sqlite:///{tmp_path / 'messages.db'}"
    answers = [Answer(500)]
    with Receiver(lambda _request: answers[0]) as receiver, open_client(store) as client:
        client.endpoints.create(receiver.url, events=["*"], retry=[])
        client.send_many([{"type": "order.created", "data": n} for n in range(LETTERS)])
        assert client.run_until_idle(wait=60).dead == LETTERS
        job = killed_in_the_middle(store, client)

        answers[0] = Answer(200)
        before = len(receiver.requests)
        if who == "resume":
            assert client.dead_letters.resume() == LETTERS - job.replayed
            client.run_until_idle(wait=60)
        else:  # Whoever delivers goes on with it by itself.
            client.start()
            wait_until(lambda: client.deliveries.count()["delivered"] == LETTERS, "all delivered")
        job = client.dead_letters.get_job(job)
        assert (job.state, job.replayed) == ("done", LETTERS)
        assert client.deliveries.count()["delivered"] == LETTERS
        times = Counter(request.id for request in receiver.requests[before:])
        assert len(times) == LETTERS
        assert set(times.values()) == {1}
