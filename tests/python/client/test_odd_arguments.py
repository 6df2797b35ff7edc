"""Values from forms and URLs that can never work end in an error of webhookcore."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import webhookcore as wh

URL = "http://127.0.0.1:8999/hook"
SURROGATE = "\ud800"
SECRET = wh.generate_secret()


def refuses(error, job):
    with pytest.raises(error) as refused:
        job()
    assert "arguments" not in str(refused.value)
    return refused.value


@pytest.mark.parametrize(
    "filters",
    [
        {"cursor": "5"},
        {"cursor": 10**30},
        {"cursor": -1},
        {"limit": 2.5},
        {"limit": "5"},
        {"limit": 10**30},
        {"endpoint": 5},
        {"endpoint": SURROGATE},
        {"message": 5},
        {"state": 5},
        {"type": SURROGATE},
        {"tenant": 5},
    ],
)
def test_a_listing_of_deliveries_refuses_what_no_filter_can_be(client, filters):
    [name] = filters
    refused = refuses(wh.ConfigError, lambda: client.deliveries.list(**filters))
    assert refused.field == name


@pytest.mark.parametrize("filters", [{"tenant": 5}, {"tenant": SURROGATE}, {"cursor": 5}])
def test_a_listing_of_endpoints_refuses_what_no_filter_can_be(client, filters):
    [name] = filters
    refused = refuses(wh.ConfigError, lambda: client.endpoints.list(**filters))
    assert refused.field == name


def test_objects_are_as_good_as_their_ids(client, endpoint):
    message = client.send("a", {})
    [delivery] = client.deliveries.list(endpoint=endpoint, message=message)
    assert delivery.endpoint_id == endpoint.id
    assert client.deliveries.count(endpoint=endpoint)["pending"] == 1
    client.endpoints.delete(endpoint)
    assert len(client.endpoints.list()) == 0


@pytest.mark.parametrize("id", [None, 5, SURROGATE, "ep_" + SURROGATE, ""])
def test_an_id_that_cannot_exist_is_not_found(client, id):
    for job in (
        client.endpoints.get,
        client.endpoints.update,
        client.endpoints.enable,
        client.endpoints.disable,
        client.endpoints.rotate_secret,
        client.endpoints.delete,
        client.messages.get,
    ):
        refuses(wh.NotFoundError, lambda job=job: job(id))


@pytest.mark.parametrize(
    "id", [None, 5, SURROGATE, "", "7", "dlv_", "dlv_-1", "dlv_x", "msg_1"]
    + [prefix + "9" * count for prefix in ("", "dlv_") for count in (19, 20, 200, 5000)]
    + [f"dlv_{2**63 - 1}", f"dlv_{2**63}"],
)  # fmt: skip
def test_a_delivery_that_cannot_exist_is_not_found(client, id):
    for job in (
        client.deliveries.get,
        client.deliveries.attempts,
        client.deliveries.replay,
        client.deliveries.cancel,
        client.dead_letters.delete,
    ):
        refuses(wh.NotFoundError, lambda job=job: job(id))


@pytest.mark.parametrize("reason", [None, 5, SURROGATE])
def test_a_reason_is_text(client, endpoint, reason):
    refused = refuses(wh.ConfigError, lambda: client.endpoints.disable(endpoint.id, reason))
    assert refused.field == "reason"


@pytest.mark.parametrize(
    "options",
    [
        {"events": None},
        {"schemes": None},
        {"schemes": [5]},
        {"headers": 5},
        {"headers": ["ab"]},
        {"retry": [10**400]},
        {"retry": 5},
        {"tenant": SURROGATE},
        {"uid": ""},
    ],
)
def test_an_endpoint_refuses_an_option_of_another_kind(client, options):
    [name] = options
    given = {"events": ["*"], **options}
    refused = refuses(wh.ConfigError, lambda: client.endpoints.create(URL, **given))
    assert refused.field.startswith(name)


@pytest.mark.parametrize(
    "options",
    [
        {"allow": [5]},
        {"allow": 5},
        {"allow": [SURROGATE]},
        {"ports": 5},
        {"ca_file": 5},
        {"proxy": 5},
        {"interface": 5},
        {"allow_http": "no"},
        {"ca_file": "/nonexist"},
    ],
)
def test_a_policy_refuses_an_option_that_can_never_work(options):
    [name] = options
    refused = refuses(wh.ConfigError, lambda: wh.UrlPolicy(**options))
    assert refused.field.startswith(name)


def test_a_file_without_certificates_is_no_ca_file(tmp_path):
    (tmp_path / "empty.pem").write_text("nothing")
    refuses(wh.ConfigError, lambda: wh.UrlPolicy(ca_file=str(tmp_path / "empty.pem")))


@pytest.mark.parametrize(
    "options",
    [
        {"breaker": 5},
        {"policy": 5},
        {"policy": ""},
        {"concurrency": 5},
        {"concurrency": (1, "a")},
        {"concurrency": (0, 1)},
    ],
)
def test_a_client_refuses_an_option_of_another_kind(options):
    [name] = options
    refused = refuses(wh.ConfigError, lambda: wh.Client("memory://", **options))
    assert refused.field.startswith(name)


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("http://[::1", "sqlite:///"),
        ("sqlite:///a\nb.db", "control"),
        ("sqlite:///a%0Ab.db", "control"),
        ("sqlite:///:memory:", "memory://"),
        ("sqlite://:memory:", "memory://"),
        ("sqlite:///" + SURROGATE, "sqlite:///"),
        ("sqlite:///a.db?mode=ro", "sqlite:///"),
        ("sqlite:///", "sqlite:///"),
        (5, "sqlite:///"),
    ],
)
def test_a_store_url_that_is_none_is_refused_with_a_hint(url, hint):
    assert hint in str(refuses(wh.ConfigError, lambda: wh.Client(url)))


def test_numbers_that_are_none_are_refused():
    for job in (
        lambda: wh.Breaker("a"),
        lambda: wh.Breaker(2.5),
        lambda: wh.Exponential(base=10**400),
        lambda: wh.Exponential(base=float("nan")),
        lambda: wh.Exponential(attempts="3"),
    ):
        refuses(wh.ConfigError, job)


def test_a_url_check_refuses_what_is_no_url_and_no_policy():
    refuses(wh.InvalidUrlError, lambda: wh.check_url(None))
    refuses(wh.ConfigError, lambda: wh.check_url("https://example.com/", policy=5))
    refuses(wh.ConfigError, lambda: wh.send(URL, "a", {}, secret=SECRET, policy="x"))


@pytest.mark.parametrize(
    ("scheme", "field"), [("nope", "scheme"), (["standard", "nope"], "scheme[1]"), ([], "scheme")]
)
def test_a_scheme_of_a_one_shot_send_is_refused_as_it_was_given(scheme, field):
    with pytest.raises(wh.ConfigError) as refused:
        wh.send("https://example.com/hook", "a", {}, secret=SECRET, scheme=scheme)
    assert refused.value.field == field
    assert str(refused.value).startswith(f"{field}: ")


@pytest.mark.parametrize(
    "options",
    [
        {"id": 7},
        {"id": SURROGATE},
        {"type": SURROGATE},
        {"method": 5},
        {"url": 5},
        {"content_type": 5},
        {"timestamp": "now"},
        {"timestamp": 10**400},
    ],
)
def test_signing_refuses_an_argument_of_another_kind(options):
    [name] = options
    given = {"id": "msg_1", **options}
    refused = refuses(
        wh.ConfigError, lambda: wh.sign("standard", body=b"{}", secret=SECRET, **given)
    )
    assert refused.field == name


class Thing:
    """With an id, as Endpoint has, and more that no error should show."""

    id = "ep_none"

    def __repr__(self):
        return "everything about it"


@pytest.mark.parametrize(
    "ask",
    [
        lambda client, thing: client.endpoints.get(thing),
        lambda client, thing: client.endpoints.delete(thing),
        lambda client, thing: client.messages.get(thing),
        lambda client, thing: client.deliveries.get(thing),
        lambda client, thing: client.dead_letters.get_job(thing),
        lambda client, thing: client.metrics(endpoint=thing),
        lambda client, thing: client.messages.poll(thing),
    ],
)
def test_what_is_not_found_is_named_by_its_id_alone(client, ask):
    with pytest.raises(wh.NotFoundError, match="ep_none") as refused:
        ask(client, Thing())
    assert "everything" not in str(refused.value)


def test_what_has_no_id_is_named_by_its_type(client):
    with pytest.raises(wh.NotFoundError, match="of the type dict"):
        client.endpoints.get({"secret": "much"})


@pytest.mark.parametrize("content_type", ["téxt/plain", "text/☃", ""])
def test_a_content_type_is_ascii(client, content_type):
    for send in (client.send, lambda *given, **more: client.send_many([{**_named(given), **more}])):
        with pytest.raises(wh.ConfigError) as refused:
            send("a", b"", content_type=content_type)
        assert refused.value.field.endswith("content_type")


def _named(given):
    return dict(zip(("type", "data"), given, strict=True))


def test_recover_looks_whose_the_endpoint_is(client):
    endpoint = client.endpoints.create(URL, events=["*"], tenant="acme")
    assert client.recover(endpoint, time.time() - 60, tenant="acme") == 0
    with pytest.raises(wh.NotFoundError):
        client.recover(endpoint, time.time() - 60, tenant="other")


@pytest.mark.parametrize("since", [None, "yesterday", float("nan")])
def test_recover_needs_a_moment(client, endpoint, since):
    with pytest.raises(wh.ConfigError) as refused:
        client.recover(endpoint, since)
    assert refused.value.field == "since"


def test_a_type_that_cannot_be_one_is_not_found(client):
    with pytest.raises(wh.NotFoundError):
        client.event_types.delete("\ud800")


def test_what_can_be_sent_can_be_sent_with_a_key(client):
    data = {1: 1, "b": 2, None: [{True: 1, "c": 2}]}
    first = client.send("a", data, idempotency_key="k")
    again = client.send("a", data, idempotency_key="k")
    assert (again.id, again.duplicate) == (first.id, True)
    with pytest.raises(wh.IdempotencyConflictError):
        client.send("a", {**data, "b": 3}, idempotency_key="k")


def test_threads_may_start_and_stop_one_client(client):
    def work(_: int) -> None:
        for _ in range(20):
            client.start()
            client.stop()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    client.start()
    assert [one.name for one in threading.enumerate()].count("webhookcore-log") == 1
