"""D3: endpoints and all that can be said of one; each wrong value is an error that names its field.

Thoroughly: client/test_odd_arguments.py, client/test_endpoint_changes.py,
client/test_endpoint_tests.py, client/test_endpoint_headers.py, client/test_client_defaults.py,
client/test_encryption.py, cli/test_doctor.py.
"""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest

import webhookcore as wh
from support.command import rows, run
from support.senders import encoded_secret

from .conftest import header, ids

URL = "http://127.0.0.1:8999/hook"
KEY = f"2026:{base64.b64encode(b'k' * 32).decode()}"
LOOSE = wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"])
SECRET = encoded_secret(7)

WRONG = [
    ("url", None),
    ("url", "example.com"),
    ("url", "ftp://example.com/"),
    ("url", "https://user:password@example.com/"),
    ("url", "https://example.com/#part"),
    ("url", "https://169.254.169.254/"),
    ("url", "https://10.0.0.1/"),
    ("events", []),
    ("events", "order.*"),
    ("events", None),
    ("events[1]", ["order.*", "no spaces"]),
    ("channels", "eu"),
    ("channels[0]", [""]),
    ("description", "x" * 1001),
    ("description", "a\nline"),
    ("tenant", ""),
    ("tenant", 7),
    ("uid", ""),
    ("uid", "x" * 257),
    ("secret", ""),
    ("secret", "whsec_!"),
    ("secret", 7),
    ("schemes", []),
    ("schemes[1]", ["standard", "nonsense"]),
    ("rate_limit", "fast"),
    ("rate_limit", "0/s"),
    ("rate_limit", 10),
    ("timeout", 0.9),
    ("timeout", 301),
    ("timeout", "10"),
    ("timeout", float("nan")),
    ("max_attempts", 0),
    ("max_attempts", 21),
    ("max_attempts", True),
    ("retry", "sometimes"),
    ("retry", [1.0] * 20),
    ("retry[1]", [5, -1]),
    ("headers", "X-A: 1"),
    ("headers['X A']", {"X A": "1"}),
    ("headers['X-A']", {"X-A": "1\r\nX-B: 2"}),
    ("headers['Host']", {"Host": "other.example"}),
    ("headers['webhook-id']", {"webhook-id": "mine"}),
    ("ordering", "lifo"),
    ("breaker", 5),
    ("client_errors", "ignore"),
]


@pytest.fixture(scope="module")
def empty():
    """A client for what is refused, of which nothing is ever stored."""
    with wh.Client("memory://", policy=LOOSE) as opened:
        yield opened


@pytest.fixture(scope="module")
def saved():
    with wh.Client("memory://", policy=LOOSE) as opened:
        yield opened, opened.endpoints.create(URL, events=["*"])


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_a_wrong_value_is_refused_by_an_error_that_names_the_field(empty, field, value):
    option = field.partition("[")[0]
    wanted = {"url": URL, "events": ["*"], option: value}
    with pytest.raises((wh.ConfigError, wh.InvalidUrlError, wh.BlockedAddressError)) as refused:
        empty.endpoints.create(wanted.pop("url"), **wanted)
    assert refused.value.field == field
    assert str(refused.value).startswith(f"{field}: ")
    assert empty.endpoints.list() == []


@pytest.mark.parametrize("timeout", [1, 300])
@pytest.mark.parametrize("max_attempts", [1, 20])
def test_timeouts_of_1_to_300_seconds_and_1_to_20_attempts_are_taken(client, timeout, max_attempts):
    made = client.endpoints.create(URL, events=["*"], timeout=timeout, max_attempts=max_attempts)
    assert (made.timeout, made.max_attempts) == (timeout, max_attempts)


EVERYTHING = {
    "url": URL,
    "events": ("order.*", "user.created"),
    "channels": ("eu", "us"),
    "tenant": "acme",
    "uid": "main",
    "description": "the shop",
    "schemes": ("standard", "github"),
    "rate_limit": "600/m",
    "timeout": 30.0,
    "max_attempts": 5,
    "retry": (1.0, 2.0),
    "headers": {"X-Shop": "7"},
    "ordering": "fifo",
    "client_errors": "retry",
}


def test_all_that_is_said_of_an_endpoint_is_kept_and_changed_one_by_one(client):
    made = client.endpoints.create(**EVERYTHING)
    shown = client.endpoints.get(made.id)
    for name, value in EVERYTHING.items():
        assert getattr(shown, name) == (10.0 if name == "rate_limit" else value), name
    changed = client.endpoints.update(made.id, description="another", timeout=5)
    assert (changed.description, changed.timeout) == ("another", 5)
    for name in EVERYTHING.keys() - {"description", "timeout"}:
        assert getattr(changed, name) == getattr(shown, name), name
    client.endpoints.delete(made)
    with pytest.raises(wh.NotFoundError):
        client.endpoints.get(made.id)


@pytest.mark.parametrize(
    ("field", "value"), [row for row in WRONG if row[0] not in ("tenant", "uid", "secret")]
)
def test_a_change_is_refused_by_the_same_errors_and_changes_nothing(saved, field, value):
    client, endpoint = saved
    with pytest.raises((wh.ConfigError, wh.InvalidUrlError, wh.BlockedAddressError)) as refused:
        client.endpoints.update(endpoint, **{field.partition("[")[0]: value})
    assert refused.value.field == field
    assert client.endpoints.get(endpoint.id).updated_at == endpoint.updated_at


def test_values_of_an_endpoint_override_the_clients_defaults(policy):
    with wh.Client("memory://", policy=policy, timeout=3, retry="fast", max_attempts=2) as client:
        plain = client.endpoints.create(URL, events=["*"])
        assert (plain.timeout, plain.retry, plain.max_attempts) == (3, (1, 2, 4, 8, 16), 2)
        own = client.endpoints.create(URL, events=["*"], timeout=20, retry=[9], max_attempts=None)
        assert (own.timeout, own.retry, own.max_attempts) == (20, (9,), None)


def test_the_same_uid_again_changes_the_endpoint_of_its_tenant(client):
    first = client.endpoints.create(URL, events=["*"], tenant="acme", uid="main", secret=SECRET)
    again = client.endpoints.create(
        URL + "/2", events=["order.*"], tenant="acme", uid="main", description="moved"
    )
    assert again.id == first.id
    shown = client.endpoints.get(first.id)
    assert (shown.url, shown.events, shown.description) == (URL + "/2", ("order.*",), "moved")
    assert shown.created_at == first.created_at
    other = client.endpoints.create(URL, events=["*"], tenant="globex", uid="main")
    assert other.id != first.id
    assert len(client.endpoints.list()) == 2


def test_a_disabled_endpoint_gets_nothing_until_it_is_enabled(client, server):
    endpoint = client.endpoints.create(server.url, events=["*"])
    waiting = client.send("a", {})
    assert client.endpoints.disable(endpoint, "moving house").disabled_reason == "moving house"
    client.run_until_idle()
    assert server.requests == []
    client.endpoints.enable(endpoint)
    client.run_until_idle()
    assert ids(server) == [waiting.id]


def test_a_saved_endpoint_and_a_url_that_is_not_saved_can_be_tested(client, server):
    endpoint = client.endpoints.create(server.url, events=["*"], headers={"X-Shop": "7"})
    assert client.endpoints.test(endpoint).status == 200
    assert client.endpoints.test(url=server.url, secret=SECRET).status == 200
    saved, unsaved = server.requests
    assert header(saved, "x-shop") == "7"
    for request, secret in ((saved, endpoint.secret), (unsaved, SECRET)):
        wh.verify("standard", body=request.body, headers=request.headers, secrets=[secret])
    assert len(client.endpoints.list()) == 1
    assert client.messages.list() == []
    with pytest.raises(wh.BlockedAddressError):
        client.endpoints.test(url="https://10.0.0.1/")


def test_a_secret_is_shown_once_and_rotated(client):
    endpoint = client.endpoints.create(URL, events=["*"])
    assert endpoint.secret.startswith("whsec_")
    assert client.endpoints.get(endpoint.id).secret is None
    rotated = client.endpoints.rotate_secret(endpoint)
    assert rotated.secret not in (None, endpoint.secret)
    assert len(rotated.secrets) == 2


def stored_bytes(store: str) -> bytes:
    """By a process of its own: an open and close in this one would drop the store's locks."""
    folder = Path(store.removeprefix("sqlite:///")).parent
    files = [file for file in folder.iterdir() if file.is_file()]
    return subprocess.run(["cat", *files], capture_output=True, check=True).stdout


@pytest.mark.parametrize("key", ["", KEY], ids=["without a key", "with a key"])
def test_secrets_at_rest_are_sealed_with_a_key_and_doctor_says_which(store, monkeypatch, key):
    monkeypatch.setenv("WEBHOOKCORE_ENCRYPTION_KEY", key)
    with wh.Client(store, policy=LOOSE) as client:
        client.endpoints.create(URL, events=["*"], secret=SECRET)
        assert (SECRET.encode() in stored_bytes(store)) == (not key)
    assert Path(store.removeprefix("sqlite:///")).stat().st_mode & 0o777 == 0o600
    told = rows(run("doctor", "--db", store, "--json", env={"WEBHOOKCORE_ENCRYPTION_KEY": key}))
    advice = [one["advice"] for one in told]
    assert any("secrets are plain in the file" in text for text in advice) == (not key)
