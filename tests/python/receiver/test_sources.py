"""What can never work is refused where it is configured."""

from __future__ import annotations

import functools

import pytest

import webhookcore as wh
from support.receiving import SECRET, answer, stripe


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"name": "acme"}, "provider"),
        ({"name": "stripe", "secrets": []}, "secrets"),
        ({"name": "stripe", "secrets": [""]}, "secrets[0]"),
        ({"name": "stripe", "secrets": "whsec_text"}, "secrets"),
        ({"name": "standard", "secrets": ["whsec_!!!"]}, "secrets[0]"),
        ({"name": "a/b", "provider": "stripe"}, "name"),
        ({"name": ""}, "name"),
        ({"name": ".", "provider": "stripe"}, "name"),
        ({"name": "..", "provider": "stripe"}, "name"),
        ({"name": ".shop", "provider": "stripe"}, "name"),
        ({"name": "shop\n", "provider": "stripe"}, "name"),
        ({"name": "stripe", "types": []}, "types"),
        ({"name": "stripe", "types": "invoice.*"}, "types"),
        ({"name": "stripe", "types": ["invoice.*", ""]}, "types[1]"),
        ({"name": "stripe", "mode": "later"}, "mode"),
        ({"name": "stripe", "tolerance": 0}, "tolerance"),
        ({"name": "stripe", "max_body": 0}, "max_body"),
        ({"name": "stripe", "max_body": True}, "max_body"),
        ({"name": "stripe", "public_url": "example.com"}, "public_url"),
        ({"name": "stripe", "public_url": "https://example.com/?a=1"}, "public_url"),
        ({"name": "stripe", "public_url": 7}, "public_url"),
        ({"name": "stripe", "public_url": b"https://example.com"}, "public_url"),
        ({"name": "stripe", "public_url": "ftp://example.com"}, "public_url"),
        ({"name": "stripe", "public_url": "https://"}, "public_url"),
        ({"name": "stripe", "public_url": "https://:443"}, "public_url"),
        ({"name": "stripe", "public_url": "https://[example.com"}, "public_url"),
        ({"name": "stripe", "public_url": "https://me:word@example.com"}, "public_url"),
        ({"name": "stripe", "public_url": "https://me@example.com"}, "public_url"),
        ({"name": "stripe", "public_url": "https://example.com:0"}, "public_url"),
        ({"name": "stripe", "public_url": "https://example.com:"}, "public_url"),
        ({"name": "stripe", "public_url": "https://example.com:65536"}, "public_url"),
        ({"name": "stripe", "public_url": "https://example.com:http"}, "public_url"),
        ({"name": "stripe", "public_url": "https://exam ple.com"}, "public_url"),
        ({"name": "stripe", "public_url": "https://example.com/\n"}, "public_url"),
        ({"name": "stripe", "public_url": "https://example.com/\ud800"}, "public_url"),
        ({"name": "stripe", "event_key": "id"}, "event_key"),
        ({"name": "stripe", "allowed_ips": []}, "allowed_ips"),
        ({"name": "stripe", "allowed_ips": "203.0.113.0/24"}, "allowed_ips"),
        ({"name": "stripe", "allowed_ips": ["203.0.113.1/24"]}, "allowed_ips[0]"),
        ({"name": "stripe", "allowed_ips": ["stripe", "strip"]}, "allowed_ips[1]"),
        ({"name": "stripe", "allowed_ips": ["stripe", None]}, "allowed_ips[1]"),
        ({"name": "stripe", "allowed_ips": ["\ud800"]}, "allowed_ips[0]"),
        ({"name": "stripe", "rate_limit": "50"}, "rate_limit"),
        ({"name": "stripe", "rate_limit": 50}, "rate_limit"),
        ({"name": "stripe", "rate_limit": "0/s"}, "rate_limit"),
        ({"name": "stripe", "rate_limit": ""}, "rate_limit"),
        ({"name": "stripe", "unknown_types": "drop"}, "unknown_types"),
        ({"name": "stripe", "unknown_types": None}, "unknown_types"),
        ({"name": "stripe", "unknown_types": "reject"}, "unknown_types"),
    ],
    ids=str,
)
def test_an_option_that_can_never_work_is_refused_by_name(url, options, field):
    with wh.Receiver(url) as receiver:
        with pytest.raises(wh.ConfigError) as refused:
            receiver.add_source(**{"secrets": [SECRET], **options})
        assert refused.value.field == field
        assert receiver.sources == {}


def test_an_unknown_provider_is_answered_with_the_nearest_name(url):
    with wh.Receiver(url) as receiver, pytest.raises(wh.ConfigError, match=r"'strip'.*stripe"):
        receiver.add_source("strip", secrets=[SECRET])


def test_a_name_can_be_taken_once(receiver):
    with pytest.raises(wh.ConfigError, match="already"):
        receiver.add_source("stripe", secrets=[SECRET])


@pytest.mark.parametrize(
    "option",
    [
        {"max_retries": 0},
        {"max_retries": 11},
        {"max_retries": 3.0},
        {"max_retries": True},
        {"max_retries": "3"},
        {"lease": 0},
        {"idempotency_ttl": 60},
        {"durability": "soon"},
        {"clock": None},
        {"clock": 1_700_000_000.0},
    ],
    ids=str,
)
def test_an_option_of_the_receiver_is_checked_before_the_file_is_made(tmp_path, option):
    with pytest.raises(wh.ConfigError):
        wh.Receiver(f"sqlite:///{tmp_path}/a.db", **option)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "public_url",
    ["https://example.com", "http://example.com:8080/prefix/", "https://[2001:db8::1]:443"],
)
def test_a_public_url_is_scheme_host_and_prefix(receiver, public_url):
    receiver.add_source("twilio", secrets=[SECRET], public_url=public_url)
    assert "twilio" in receiver.sources


def test_a_closed_receiver_takes_nothing_more(receiver):
    receiver.close()
    for use in (
        receiver.start,
        lambda: receiver.add_source("github", secrets=[SECRET]),
        lambda: receiver.on("stripe"),
        receiver.run_until_idle,
    ):
        with pytest.raises(wh.StoreUnavailableError, match="closed"):
            use()
    assert receiver.sources == {"stripe": "stripe"}


def test_a_store_that_is_none_is_refused_and_left_alone(tmp_path):
    foreign = tmp_path / "notes.txt"
    foreign.write_bytes(b"my notes, and not a database\n" * 100)
    with pytest.raises(wh.StoreCorruptError):
        wh.Receiver(f"sqlite:///{foreign}")
    assert foreign.read_bytes() == b"my notes, and not a database\n" * 100


@pytest.mark.parametrize("pattern", ["", "a\nb", "x" * 257, None])
def test_a_pattern_that_matches_nothing_is_refused(receiver, pattern):
    with pytest.raises(wh.ConfigError):
        receiver.on("stripe", pattern)


def test_what_is_registered_must_be_callable(receiver):
    with pytest.raises(wh.ConfigError):
        receiver.on("stripe")("not a function")


@pytest.mark.parametrize("source", ["", "../stripe", "a b", "x" * 65, "str\ud800pe", None, 7, b"x"])
def test_a_handler_of_what_can_be_no_source_is_refused(receiver, source):
    for register in (receiver.on, receiver.on_batch):
        with pytest.raises(wh.ConfigError) as caught:
            register(source)
        assert caught.value.field == "source"


def test_a_handler_with_a_yield_is_refused_because_nothing_of_it_would_run(receiver):
    def sync(event):
        yield event

    async def asynchronous(event):
        yield event

    class Callable:
        def __call__(self, event):
            yield event

    for handler in (sync, asynchronous, Callable(), functools.partial(functools.partial(sync))):
        with pytest.raises(wh.ConfigError, match="yield") as caught:
            receiver.on("stripe")(handler)
        assert caught.value.field == "handler"


def test_a_registered_function_comes_back_unchanged(receiver):
    def paid(event):
        return None

    assert receiver.on("stripe", "invoice.*")(paid) is paid


def test_secrets_may_come_from_a_callable_and_change_while_it_runs(url, clock):
    secrets = [SECRET]
    with wh.Receiver(url, clock=clock) as receiver:
        receiver.add_source("stripe", secrets=lambda: secrets)
        assert receiver.handle(stripe("evt_1"), source="stripe").status == 202
        secrets[:] = ["another-secret-of-this-source"]
        assert receiver.handle(stripe("evt_2"), source="stripe").status == 401
        renewed = stripe("evt_2", secret="another-secret-of-this-source")
        assert receiver.handle(renewed, source="stripe").status == 202


def test_secrets_that_cannot_be_fetched_let_nothing_in(url, clock, caplog):
    def fetch():
        if fail:
            raise OSError("the vault is sealed")
        return [SECRET]

    fail = False
    with wh.Receiver(url, clock=clock) as receiver:
        receiver.add_source("stripe", secrets=fetch)
        fail = True
        status, content = answer(receiver.handle(stripe(), source="stripe"))
        assert (status, content["error"]["reason"]) == (500, "misconfigured")
        assert "vault" not in str(content)
        assert "the vault is sealed" in caplog.text
        assert list(receiver.inbox.list()) == []
