"""``webhookcore tenants``."""

from __future__ import annotations

from support.command import row, rows, run


def test_limits_are_set_shown_listed_and_cleared(db):
    made = run("tenants", "limit", "acme", "--max-backlog", "5", "--rate-limit", "2/h", "--db", db)
    assert made.exit_code == 0, made.stderr
    assert "2/h" not in made.output  # As a number a second, like an endpoint's.
    shown = row(run("tenants", "show", "acme", "--db", db, "--json"))
    assert (shown["tenant"], shown["max_backlog"], shown["backlog"]) == ("acme", 5, 0)
    listed = rows(run("tenants", "list", "--db", db, "--json"))
    assert [(each["tenant"], each["max_endpoints"]) for each in listed] == [("acme", None)]

    send = ("messages", "send", "a.b", "--tenant", "acme", "--db", db)
    assert run(*send).exit_code == 0
    refused = run(*send)
    assert refused.exit_code == 1
    assert "tenant 'acme'" in refused.stderr
    left = row(run("tenants", "clear", "acme", "--db", db, "--json"))
    assert (left["tenant"], left["max_backlog"]) == (None, None)
    assert run(*send).exit_code == 0
    assert run("tenants", "clear", "acme", "--db", db).exit_code == 1


def test_a_default_is_shown_for_a_tenant_without_its_own(db):
    assert run("tenants", "limit", "--default", "--max-endpoints", "1", "--db", db).exit_code == 0
    shown = run("tenants", "show", "acme", "--db", db)
    assert "(default)" in shown.output
    create = ("endpoints", "create", "https://example.com/hook", "--tenant", "acme", "--db", db)
    assert run(*create).exit_code == 0
    assert "max_endpoints" in run(*create).stderr


def test_either_a_tenant_or_the_default_is_named(db):
    for named in ((), ("acme", "--default")):
        assert run("tenants", "limit", *named, "--db", db).exit_code == 2
    refused = run("tenants", "limit", "acme", "--max-backlog", "0", "--db", db)
    assert refused.exit_code == 2
    assert "max_backlog" in refused.stderr
