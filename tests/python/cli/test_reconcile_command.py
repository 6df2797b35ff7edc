"""`webhookcore reconcile`, against a stand-in of Stripe's API."""

from __future__ import annotations

import time

import pytest

import webhookcore as wh
from support.command import row, run, run_process
from support.provider_apis import KEY, Stripe, stripe_event

ENV = {"WEBHOOKCORE_API_KEY": KEY}
APP = """
import webhookcore as wh
receiver = wh.Receiver({db!r})
receiver.add_source("stripe", secrets=["x" * 20], types=["charge.*"])
"""


@pytest.fixture
def api():
    now = int(time.time())
    return Stripe(events=[stripe_event(n, now - n * 60) for n in range(1, 5)])


@pytest.fixture
def server(api):
    with api.serve() as made:
        yield made


@pytest.fixture
def store(db):
    wh.Receiver(db).close()
    return db


def test_it_says_what_came_of_it(store, server):
    asked = ["reconcile", "stripe", "--db", store, "--base-url", server.base_url]
    result = run(*asked, env=ENV)
    assert (result.exit_code, result.output) == (
        0,
        "stripe: 4 missed, 4 stored, 0 known already, 0 of types that are not taken\n",
    )
    again = row(run(*asked, "--since", "1h", "--json", env=ENV))
    assert (again["stored"], again["duplicates"], again["more"]) == (0, 4, False)
    with wh.Receiver(store) as receiver:
        assert [one.state for one in receiver.inbox.list()] == ["pending"] * 4


def test_a_receiver_of_ones_own_keeps_its_rules(store, server, tmp_path):
    (tmp_path / "shop.py").write_text(APP.format(db=store))
    result = run_process(
        *("reconcile", "stripe", "--app", "shop:receiver", "--base-url", server.base_url, "--json"),
        env=ENV,
        cwd=tmp_path,
    )
    assert result.returncode == 0, result.stderr
    assert b'"stored": 0, "duplicates": 0, "ignored": 4' in result.stdout


def test_a_limit_that_was_reached_is_said(store, server):
    given = ["--db", store, "--base-url", server.base_url, "--limit", "2"]
    assert "--limit was reached" in run("reconcile", "stripe", *given, env=ENV).stderr


def test_a_refusal_ends_with_1_and_shows_no_key(store, server):
    env = {"WEBHOOKCORE_API_KEY": "sk_wrong"}
    given = ["--db", store, "--base-url", server.base_url]
    result = run("reconcile", "stripe", *given, env=env)
    assert result.exit_code == 1
    assert "Invalid API Key" in result.output
    assert "sk_wrong" not in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["stripe"], "--app or --db"),
        (["stripe", "--db", "sqlite:////nowhere/x.db"], ""),
        (["slack", "--db", "STORE"], "must be one of stripe"),
        (["github", "--db", "STORE"], "hook"),
        (["stripe", "--db", "STORE", "--since", "9d"], "idempotency_ttl"),
        (["stripe", "--db", "STORE", "--base-url", "http://10.0.0.7"], ""),
        (["stripe", "--app", "x:y", "--provider", "stripe"], "goes with --db"),
        (["stripe", "--app", "nowhere:receiver"], "nowhere"),
        (["stripe", "--db", "STORE", "--wait", "nan"], "must be a number"),
    ],
    ids=str,
)
def test_a_wrong_option_is_said(arguments, said, store):
    given = [store if one == "STORE" else one for one in arguments]
    result = run("reconcile", *given, env=ENV)
    assert said in result.output
    assert result.exit_code == (1 if "nowhere/x.db" in str(arguments) else 2)


def test_a_key_has_to_be_given(store):
    assert run("reconcile", "stripe", "--db", store).exit_code == 2
