"""The examples of docs/dead-letters.md and docs/retention.md, run from top to bottom."""

from __future__ import annotations

import pytest

import webhookcore as wh
from support.pages import DOCS, examples


@pytest.fixture
def namespace(tmp_path, monkeypatch):
    """What the pages take for granted: an endpoint with dead letters."""
    monkeypatch.chdir(tmp_path)
    with wh.Client("sqlite:///webhooks.db") as client:
        endpoint = client.endpoints.create(
            "https://example.com/hook", events=["*"], schemes=["twilio"]
        )
        client.send_many([{"type": "price.changed", "data": n} for n in range(5)])
        client.run_until_idle()
        yield {"wh": wh, "client": client, "endpoint": endpoint}


def run(page: str, namespace: dict) -> None:
    given = namespace["client"]
    for example in examples(DOCS / page):
        exec(compile(example.code, str(example), "exec"), namespace)
        if namespace["client"] is not given:
            namespace["client"].close()
            namespace["client"] = given


def test_dead_letters(namespace, capsys):
    client = namespace["client"]
    run("dead-letters.md", namespace)
    printed = capsys.readouterr().out
    assert "price.changed" in printed
    assert "rpl_" in printed
    assert client.deliveries.count()["dead"] == 0


def test_retention(namespace, capsys):
    run("retention.md", namespace)
    assert "Pruned(messages=0" in capsys.readouterr().out
