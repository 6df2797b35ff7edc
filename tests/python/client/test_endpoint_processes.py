"""Several processes that change one endpoint at once lose nothing of each other's."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import webhookcore as wh

URL = "http://127.0.0.1:8999/hook"
ROUNDS = 15

START = """
import json, sys
import webhookcore as wh

url, id, field = sys.argv[1:]
policy = wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"])
client = wh.Client(url, policy=policy, durability="normal")
print("ready", flush=True)
sys.stdin.readline()
"""

CHANGE = (
    START
    + f"""
secrets = []
for number in range(1, {ROUNDS} + 1):
    value = f"{{number}}/s" if field == "rate_limit" else str(number)
    client.endpoints.update(id, **{{field: value if field in ("rate_limit", "description") else number}})
    if number % 8 == 0 or number == 1:
        secrets.append(client.endpoints.rotate_secret(id).secret)
print(json.dumps(secrets))
"""
)

CREATE = (
    START
    + """
made = client.endpoints.create("http://127.0.0.1:8999/hook", events=["*"], uid=id)
print(json.dumps([made.id, made.secret]))
"""
)


def at_once(script, arguments):
    """What each process printed; all of them begin at the same moment."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", script, *given],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for given in arguments
    ]
    for process in running:
        assert process.stdout.readline() == "ready\n"
    for process in running:
        process.stdin.write("go\n")
        process.stdin.flush()
    printed = [process.communicate(timeout=60)[0] for process in running]
    assert [process.returncode for process in running] == [0] * len(running)
    return [json.loads(text) for text in printed]


@pytest.mark.timeout(120)
def test_every_change_and_every_secret_of_four_processes_is_kept(tmp_path, client, endpoint):
    url = f"sqlite:///{tmp_path}/webhooks.db"
    fields = ["description", "timeout", "max_attempts", "rate_limit"]
    printed = at_once(CHANGE, [(url, endpoint.id, field) for field in fields])

    kept = client.endpoints.get(endpoint)
    values = (kept.description, kept.timeout, kept.max_attempts, kept.rate_limit)
    assert values == (str(ROUNDS), ROUNDS, ROUNDS, ROUNDS)
    stored = {row["text"] for row in client._store.get_endpoint(endpoint.id)["secrets"]}
    given = {secret.encode() for secrets in printed for secret in secrets}
    assert len(given) == 8
    assert stored == given | {endpoint.secret.encode()}


@pytest.mark.timeout(120)
def test_processes_that_create_one_uid_at_once_make_one_endpoint(tmp_path, client):
    printed = at_once(CREATE, [(f"sqlite:///{tmp_path}/webhooks.db", "shop", "")] * 4)
    [made] = client.endpoints.list()
    assert {id for id, _ in printed} == {made.id}
    [secret] = [secret for _, secret in printed if secret]
    [stored] = client._store.get_endpoint(made.id)["secrets"]
    assert stored["text"] == secret.encode()


def test_a_change_that_is_always_overtaken_ends_in_an_error(client, endpoint, monkeypatch):
    monkeypatch.setattr("webhookcore.client.endpoint_rows._LONGEST_PAUSE", 0)
    read = client.endpoints._rows.find

    def overtaken(*id):
        row = read(*id)
        client._store.update_endpoint(row, 0)
        return row

    monkeypatch.setattr(client.endpoints._rows, "find", overtaken)
    with pytest.raises(wh.StoreBusyError):
        client.endpoints.update(endpoint, description="never")
    assert client.endpoints.get(endpoint).description == ""


def test_an_endpoint_says_when_it_was_changed_last(client, endpoint):
    changed = client.endpoints.update(endpoint, description="x")
    assert changed.updated_at > endpoint.updated_at
    assert client.endpoints.get(endpoint).updated_at == changed.updated_at
