"""D3, X2: with a key, secrets and static headers of endpoints are sealed in the store's file."""

from __future__ import annotations

import base64
import sqlite3
import subprocess
from contextlib import closing

import pytest

import webhookcore as wh
from support.senders import encoded_secret
from support.waiting import wait_until

VARIABLE = "WEBHOOKCORE_ENCRYPTION_KEY"
SECRET = encoded_secret(7)
HEADERS = {"Authorization": "Bearer CANARY-header-value"}


def key(fill: str) -> str:
    return base64.b64encode(fill.encode() * 32).decode()


@pytest.fixture
def store(tmp_path, policy, monkeypatch):
    """Opens the store with the keys of a setting."""
    path = tmp_path / "webhooks.db"

    def open_store(keys: str | None) -> wh.Client:
        monkeypatch.delenv(VARIABLE, raising=False)
        if keys is not None:
            monkeypatch.setenv(VARIABLE, keys)
        return wh.Client(f"sqlite:///{path}", policy=policy)

    open_store.path = path
    return open_store


def stored_bytes(store) -> bytes:
    """By another process: closing the file in this one would drop the store's locks."""
    files = [file for file in store.path.parent.iterdir() if file.is_file()]
    return subprocess.run(["cat", *files], capture_output=True, check=True).stdout


def columns(store) -> list[tuple]:
    with closing(sqlite3.connect(store.path)) as connection:
        return connection.execute("SELECT id, secrets, headers FROM endpoints").fetchall()


def known_keys(store) -> set[str]:
    with closing(sqlite3.connect(store.path)) as connection:
        return {id for (id,) in connection.execute("SELECT id FROM seal_keys")}


def secret_of(client, endpoint) -> str:
    """What the endpoint signs with, as only the core shows it."""
    return client._store.get_endpoint(endpoint.id)["secrets"][0]["text"].decode()


def make(client, url="https://example.com/hook", **options) -> wh.Endpoint:
    return client.endpoints.create(url, events=["*"], secret=SECRET, headers=HEADERS, **options)


def test_without_a_key_secrets_are_plain_in_a_file_that_is_private(store):
    with store(None) as client:
        make(client)
        assert SECRET.encode() in stored_bytes(store)
        assert store.path.stat().st_mode & 0o777 == 0o600


def test_with_a_key_no_secret_and_no_header_value_stands_in_any_file(store, receiver):
    with store(f"2026:{key('a')}") as client:
        endpoint = make(client, receiver.url)
        client.send("order.created", {"id": 7})
        client.run_until_idle()
        [request] = receiver.requests
        assert request.headers["Authorization"] == HEADERS["Authorization"]
        wh.verify("standard", body=request.body, headers=request.headers, secrets=[SECRET])
        for plain in (SECRET, SECRET.removeprefix("whsec_"), "CANARY"):
            assert plain.encode() not in stored_bytes(store)
        assert secret_of(client, endpoint) == SECRET
    for plain in (SECRET, "CANARY", key("a")):
        assert plain.encode() not in stored_bytes(store)
    with store(f"2026:{key('a')}") as client:
        assert secret_of(client, endpoint) == SECRET
        assert client.endpoints.get(endpoint).headers == HEADERS


def test_a_key_may_come_from_a_file_and_without_an_id(store, tmp_path, monkeypatch):
    file = tmp_path / "key.txt"
    file.write_text(key("a") + "\n")
    monkeypatch.setenv(f"{VARIABLE}_FILE", str(file))
    with store(None) as client:
        endpoint = make(client)
    monkeypatch.delenv(f"{VARIABLE}_FILE")
    with store(key("a")) as client:
        assert secret_of(client, endpoint) == SECRET


@pytest.mark.parametrize("keys", [None, f"other:{key('a')}", f"2026:{key('b')}"])
def test_a_store_that_is_opened_without_its_key_says_so_and_loses_nothing(store, keys):
    with store(f"2026:{key('a')}") as client:
        endpoint = make(client)
    before = columns(store)
    with pytest.raises(wh.StoreKeyError, match=f'"2026".*{VARIABLE}'):
        store(keys)
    assert columns(store) == before
    with store(f"2026:{key('a')}") as client:
        assert secret_of(client, endpoint) == SECRET


def test_a_plain_store_is_sealed_once_it_has_a_key(store):
    with store(None) as client:
        endpoints = [make(client) for _ in range(3)]
    with store(f"2026:{key('a')}") as client:
        assert secret_of(client, endpoints[0]) == SECRET
        assert client.reseal() == 3
        assert client.reseal() == 0
        assert [secret_of(client, endpoint) for endpoint in endpoints] == [SECRET] * 3
    assert SECRET.encode() not in stored_bytes(store)
    assert known_keys(store) == {"2026"}


def test_a_delivering_client_seals_with_the_newest_key_by_itself(store):
    with store(None) as client:
        make(client)
    with store(f"2026:{key('a')}") as client:
        client.start()
        wait_until(lambda: SECRET.encode() not in stored_bytes(store), "sealed")
    assert known_keys(store) == {"2026"}


def test_a_key_is_rotated_in_batches_and_both_are_good_in_between(store):
    with store(f"old:{key('a')}") as client:
        endpoints = [make(client) for _ in range(5)]
    both = f"new:{key('b')},old:{key('a')}"
    with store(both) as client:
        # The first batch of two, and then the process is gone.
        assert client._store.reseal(0, 2) == (2, 2)
    assert known_keys(store) == {"old", "new"}
    for keys in (f"new:{key('b')}", f"old:{key('a')}"):
        with pytest.raises(wh.StoreKeyError):
            store(keys)
    with store(both) as client:
        assert [secret_of(client, endpoint) for endpoint in endpoints] == [SECRET] * 5
        assert client.reseal() == 3
    assert known_keys(store) == {"new"}
    with store(f"new:{key('b')}") as client:
        assert [secret_of(client, endpoint) for endpoint in endpoints] == [SECRET] * 5


@pytest.mark.parametrize("swapped", ["rows", "columns"])
def test_swapped_ciphertexts_do_not_open(store, swapped):
    keys = f"2026:{key('a')}"
    with store(keys) as client:
        first, second = make(client), make(client)
    with closing(sqlite3.connect(store.path)) as connection, connection:
        if swapped == "rows":
            (_, mine, _), (_, theirs, _) = columns(store)
            connection.execute("UPDATE endpoints SET secrets = ? WHERE id = ?", (theirs, first.id))
            connection.execute("UPDATE endpoints SET secrets = ? WHERE id = ?", (mine, second.id))
        else:
            connection.execute("UPDATE endpoints SET secrets = headers, headers = secrets")
    with store(keys) as client:
        for endpoint in (first, second):
            with pytest.raises(wh.StoreCorruptError, match="moved from another row"):
                client.endpoints.get(endpoint)


@pytest.mark.parametrize(
    "keys", ["no base64", "YWJj", f"an id:{key('a')}", f"a:{key('a')},a:{key('b')}", f"{key('a')},"]
)
def test_what_is_no_key_is_refused_and_not_shown(store, keys):
    with pytest.raises(wh.ConfigError) as refused:
        store(keys)
    assert refused.value.field == VARIABLE
    assert key("a") not in str(refused.value)
    assert "YWJj" not in str(refused.value)


def test_a_key_file_that_cannot_be_read_is_named(store, monkeypatch, tmp_path):
    monkeypatch.setenv(f"{VARIABLE}_FILE", str(tmp_path / "missing"))
    with pytest.raises(wh.ConfigError) as refused:
        store(None)
    assert refused.value.field == f"{VARIABLE}_FILE"
    with pytest.raises(wh.ConfigError, match="as well"):
        store(key("a"))


def test_rotating_an_endpoints_secret_seals_the_new_one_too(store):
    with store(f"2026:{key('a')}") as client:
        endpoint = make(client)
        rotated = client.endpoints.rotate_secret(endpoint)
        assert rotated.secret.encode() not in stored_bytes(store)
        assert secret_of(client, endpoint) == rotated.secret
