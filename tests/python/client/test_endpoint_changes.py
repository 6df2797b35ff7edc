"""Changes of endpoints, also by several threads, and what they leave behind."""

from __future__ import annotations

import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import webhookcore as wh

URL = "http://127.0.0.1:8999/hook"


def at_once(*jobs):
    """Runs all of them from one line; the exceptions they ended with."""
    line = threading.Barrier(len(jobs))

    def run(job):
        line.wait(10)
        job()

    with ThreadPoolExecutor(len(jobs)) as pool:
        errors = [running.exception(30) for running in [pool.submit(run, job) for job in jobs]]
    return [error for error in errors if error is not None]


def stored_secrets(client, endpoint):
    return {secret["text"] for secret in client._store.get_endpoint(endpoint.id)["secrets"]}


def test_secrets_that_threads_rotate_at_once_are_all_kept(client, endpoint):
    fresh = [wh.generate_secret() for _ in range(8)]
    jobs = [lambda secret=s: client.endpoints.rotate_secret(endpoint.id, secret) for s in fresh]
    assert at_once(*jobs) == []
    assert {secret.encode() for secret in fresh} <= stored_secrets(client, endpoint)


def test_two_clients_of_one_file_do_not_undo_each_other(client, endpoint, tmp_path, policy):
    with wh.Client(f"sqlite:///{tmp_path}/./webhooks.db", policy=policy) as other:

        def describe():
            for number in range(30):
                client.endpoints.update(endpoint.id, description=f"number {number}")

        def switch():
            for _ in range(30):
                other.endpoints.disable(endpoint.id)
                assert other.endpoints.get(endpoint.id).state == "disabled"
                other.endpoints.enable(endpoint.id)
                assert other.endpoints.get(endpoint.id).state == "enabled"

        assert at_once(describe, switch) == []
    assert client.endpoints.get(endpoint.id).description == "number 29"


def test_threads_that_create_one_uid_at_once_all_get_the_same_endpoint(client):
    made = []
    jobs = [lambda: made.append(client.endpoints.create(URL, events=["*"], uid="u"))] * 8
    assert at_once(*jobs) == []
    assert len({endpoint.id for endpoint in made}) == 1
    assert sum(endpoint.secret is not None for endpoint in made) == 1


def test_a_uid_made_by_another_process_after_the_look_is_changed_instead(client, monkeypatch):
    first = client.endpoints.create(URL, events=["a"], uid="u")
    look = client.endpoints._rows._existing
    seen = []

    def late_look(tenant, uid):
        seen.append(uid)
        return None if len(seen) == 1 else look(tenant, uid)

    monkeypatch.setattr(client.endpoints._rows, "_existing", late_look)
    second = client.endpoints.create(URL, events=["b"], uid="u")
    assert (second.id, second.events, second.secret) == (first.id, ("b",), None)
    assert stored_secrets(client, first) == {first.secret.encode()}


def test_an_endpoint_still_signs_after_a_hundred_rotations(receiver, client):
    endpoint = client.endpoints.create(receiver.url, events=["*"])
    first = endpoint.secret
    for _ in range(100):
        endpoint = client.endpoints.rotate_secret(endpoint)
    client.send("a", {})
    assert client.run_until_idle().delivered == 1
    [request] = receiver.requests
    wh.verify("standard", body=request.body, headers=request.headers, secrets=[endpoint.secret])
    signatures = request.headers["webhook-signature"].split()
    assert len(signatures) == 10
    assert first.encode() not in stored_secrets(client, endpoint)


def test_what_is_sent_to_a_disabled_endpoint_is_not_delivered_later(client, endpoint):
    before = client.send("a", {})
    client.endpoints.disable(endpoint)
    meanwhile = client.send("a", {})
    client.endpoints.enable(endpoint)
    assert (len(before.deliveries), len(meanwhile.deliveries)) == (1, 0)


def test_a_pickled_endpoint_has_no_secret(client):
    endpoint = client.endpoints.create(URL, events=["*"], headers={"X-Team": "billing"})
    text = pickle.dumps(endpoint)
    assert endpoint.secret.encode() not in text
    again = pickle.loads(text)
    assert again.secret is None
    assert (again.id, dict(again.headers)) == (endpoint.id, {"X-Team": "billing"})


def test_a_list_of_pairs_is_as_good_as_a_mapping_of_headers(client):
    endpoint = client.endpoints.create(URL, events=["*"], headers=[("X-Team", "billing")])
    assert dict(endpoint.headers) == {"X-Team": "billing"}
