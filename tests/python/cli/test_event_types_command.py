"""``webhookcore event-types`` and ``endpoints test``."""

from __future__ import annotations

import json

from support.command import row, rows, run
from support.loopback import POLICY_OPTIONS


def test_a_catalogue_is_made_looked_at_and_taken_away(db):
    schema = json.dumps({"type": "object", "required": ["id"]})
    made = row(run("event-types", "create", "order.paid", "--schema", schema, "--db", db, "--json"))
    assert (made["name"], made["schema"]["required"]) == ("order.paid", ["id"])
    run("event-types", "create", "order.sent", "--description", "on its way", "--db", db)
    assert [each["name"] for each in rows(run("event-types", "list", "--db", db, "--json"))] == [
        "order.paid",
        "order.sent",
    ]
    refused = run("messages", "send", "order.payed", "--db", db)
    assert refused.exit_code == 1
    assert "did you mean order.paid" in refused.stderr
    assert run("messages", "send", "order.paid", "--db", db).exit_code == 2
    assert run("messages", "send", "order.paid", "--data", '{"id":1}', "--db", db).exit_code == 0

    assert "archived" in run("event-types", "archive", "order.paid", "--db", db).output
    assert "order.sent" not in run("event-types", "list", "--archived", "--db", db).output
    changed = run("event-types", "update", "order.paid", "--schema", "none", "--active", "--db", db)
    assert "archived" not in changed.output
    assert "on its way" in run("event-types", "show", "order.sent", "--db", db).output
    for name in ("order.paid", "order.sent"):
        assert run("event-types", "delete", name, "--db", db).exit_code == 0
    assert run("messages", "send", "anything", "--db", db).exit_code == 0


def test_an_endpoint_is_tested_and_the_exit_code_says_how_it_went(db, server):
    options = [*POLICY_OPTIONS, "--db", db]
    endpoint = row(run("endpoints", "create", server.url, *options, "--json"))
    told = run("endpoints", "test", endpoint["id"], *options)
    assert told.exit_code == 0
    assert "delivered" in told.output
    server.statuses = [503]
    attempt = run("endpoints", "test", "--url", server.url, *POLICY_OPTIONS, "--json")
    assert (attempt.exit_code, json.loads(attempt.stdout)["status"]) == (1, 503)
    assert run("endpoints", "test", *options).exit_code == 2
    assert run("endpoints", "test", endpoint["id"]).exit_code == 2


def test_an_endpoint_of_channels_is_made_and_sent_to(db, server):
    options = [*POLICY_OPTIONS, "--db", db]
    made = row(run("endpoints", "create", server.url, "--channel", "eu", *options, "--json"))
    assert made["channels"] == ["eu"]
    sent = row(run("messages", "send", "a", "--channel", "eu", "--db", db, "--json"))
    assert len(sent["deliveries"]) == 1
    assert "shared of 0 days" in run("endpoints", "show", made["id"], "--db", db).output


def test_what_is_wrong_with_a_schema_is_said_of_its_option(db):
    for schema in ("@/nope", "{"):
        for command in ("create", "update"):
            refused = run("event-types", command, "a", "--schema", schema, "--db", db)
            assert refused.exit_code == 2
            assert "--schema" in refused.stderr
            assert "--data" not in refused.stderr


def test_a_time_before_the_calendar_is_a_usage_error(db):
    refused = run("endpoints", "recover", "ep_x", "--since", "999999d", "--db", db)
    assert refused.exit_code == 2
    assert "before the year 1" in refused.stderr
