"""The commands on a store: endpoints, messages, deliveries, dead letters."""

from __future__ import annotations

from pathlib import Path

import pytest

import webhookcore as wh
from support.command import row, rows, run, run_process
from support.loopback import POLICY_OPTIONS
from support.senders import sender
from webhookcore.client import Client

SECRET = sender("standard").secret


def path_of(db: str) -> Path:
    return Path(db.removeprefix("sqlite:///"))


def create(db: str, url: str, *options: object) -> dict:
    return row(run("endpoints", "create", url, *POLICY_OPTIONS, *options, "--db", db, "--json"))


def deliver(db: str) -> None:
    policy = wh.UrlPolicy(allow_http=True, allow=["127.0.0.0/8"])
    with Client(db, policy=policy, create=False) as client:
        client.run_until_idle(wait=5)


@pytest.fixture
def dead(db, server) -> str:
    """The id of a dead letter whose endpoint answers 200 by now."""
    create(db, server.url, "--retry", "0.05")
    server.statuses = [500]
    run("messages", "send", "order.created", "--data", '{"id": 7}', "--db", db)
    deliver(db)
    server.statuses = [200]
    return row(run("dead-letters", "list", "--db", db, "--json"))["id"]


def test_a_message_goes_from_send_to_delivered(db, server):
    endpoint = create(db, server.url, "--events", "order.*")
    sent = row(run("messages", "send", "order.created", "--data", '{"id":7}', "--db", db, "--json"))
    assert (sent["duplicate"], len(sent["deliveries"])) == (False, 1)
    deliver(db)
    delivery = row(run("deliveries", "list", "--db", db, "--json"))
    assert (delivery["state"], delivery["message_id"]) == ("delivered", sent["id"])
    request = server.requests[0]
    wh.verify("standard", body=request.body, headers=request.headers, secrets=[endpoint["secret"]])


def test_an_endpoint_shows_a_secret_that_was_made_only_once(db, server):
    endpoint = create(db, server.url)
    assert endpoint["secret"].startswith("whsec_")
    for command in (["show", endpoint["id"]], ["list"], ["disable", endpoint["id"]]):
        for format in ([], ["--json"]):
            result = run("endpoints", *command, "--db", db, *format)
            assert result.exit_code == 0
            assert endpoint["secret"] not in result.output


def test_a_secret_that_was_given_is_never_printed(db, server):
    given = ["--db", db, "--secret", "env:MINE"]
    for format in ([], ["--json"]):
        made = run(
            "endpoints",
            "create",
            server.url,
            *POLICY_OPTIONS,
            *given,
            *format,
            env={"MINE": SECRET},
        )
        assert made.exit_code == 0
        assert SECRET not in made.output
    id = rows(run("endpoints", "list", "--db", db, "--json"))[0]["id"]
    rotated = run(
        "endpoints", "rotate-secret", id, *given, env={"MINE": sender("standard").other_secret}
    )
    assert rotated.exit_code == 0
    assert sender("standard").other_secret not in rotated.output


def test_values_of_an_endpoints_headers_are_not_printed(db, server):
    given = ["--header", "Authorization: Bearer hush", "--db", db]
    for format in ([], ["--json"]):
        made = run("endpoints", "create", server.url, *POLICY_OPTIONS, *given, *format)
        assert made.exit_code == 0
        assert "Authorization" in made.output
        assert "hush" not in made.output


def test_update_changes_what_is_given_and_leaves_the_rest(db, server):
    made = create(db, server.url, "--events", "order.*", "--retry", "1,2", "--timeout", 7)
    changed = row(run("endpoints", "update", made["id"], "--retry", "none", "--db", db, "--json"))
    assert (changed["retry"], changed["timeout"], changed["events"]) == ([], 7.0, ["order.*"])
    assert run("endpoints", "update", made["id"], "--db", db).exit_code == 2


def test_disable_enable_rotate_and_delete(db, server):
    id = create(db, server.url)["id"]
    one = row(run("endpoints", "disable", id, "--reason", "moving", "--db", db, "--json"))
    assert (one["state"], one["disabled_reason"]) == ("disabled", "moving")
    assert rows(run("endpoints", "list", "--state", "enabled", "--db", db, "--json")) == []
    assert row(run("endpoints", "enable", id, "--db", db, "--json"))["state"] == "enabled"
    rotated = row(run("endpoints", "rotate-secret", id, "--db", db, "--json"))
    assert rotated["secret"].startswith("whsec_")
    assert row(run("endpoints", "delete", id, "--db", db, "--json")) == {"deleted": id}
    assert run("endpoints", "show", id, "--db", db).exit_code == 1


def test_the_same_uid_again_changes_the_endpoint(db, server):
    first = create(db, server.url, "--uid", "shop")
    second = create(db, server.url, "--uid", "shop", "--timeout", 3)
    assert (second["id"], second["timeout"]) == (first["id"], 3.0)
    assert "secret" not in second


def test_the_same_idempotency_key_gives_the_first_message(db, server):
    create(db, server.url)
    given = ["messages", "send", "a.b", "--idempotency-key", "k", "--db", db]
    first, second = row(run(*given, "--json")), row(run(*given, "--json"))
    assert (second["id"], second["duplicate"]) == (first["id"], True)
    conflict = run(*given, "--data", '{"other": 1}')
    assert conflict.exit_code == 1
    assert conflict.stderr.count("\n") == 1


def test_a_message_shows_its_body_and_its_deliveries(db, server):
    create(db, server.url)
    id = row(run("messages", "send", "a.b", "--data", '{"n":1}', "--db", db, "--json"))["id"]
    told = row(run("messages", "show", id, "--db", db, "--json"))
    assert '"data":{"n":1}' in told["body"]
    assert told["deliveries"][0]["state"] == "pending"
    assert '"data":{"n":1}' in run("messages", "show", id, "--db", db).stdout
    assert row(run("messages", "list", "--type", "a.b", "--db", db, "--json"))["id"] == id


def test_bytes_that_are_no_text_are_shown_as_base64(db, server, tmp_path):
    create(db, server.url)
    file = tmp_path / "body"
    file.write_bytes(b"\xff\x00")
    given = ["--data", f"@{file}", "--raw", "--db", db, "--json"]
    id = row(run("messages", "send", "a.b", *given))["id"]
    assert row(run("messages", "show", id, "--db", db, "--json"))["body_base64"] == "/wA="


def test_show_prints_the_timeline_of_a_delivery(db, dead):
    told = row(run("deliveries", "show", dead, "--db", db, "--json"))
    assert [attempt["status"] for attempt in told["log"]] == [500, 500]
    lines = run("deliveries", "show", dead, "--db", db).stdout.splitlines()
    table = lines[lines.index("") + 1 :]
    assert table[0].split()[:5] == ["ATTEMPT", "AFTER", "TOOK", "STATUS", "OUTCOME"]
    assert [line.split()[0] for line in table[1:3]] == ["1", "2"]
    assert "last response  thanks" in lines


def test_a_dead_letter_is_replayed_under_its_message_id(db, dead, server):
    again = row(run("deliveries", "replay", dead, "--db", db, "--json"))
    assert again["state"] == "pending"
    deliver(db)
    assert row(run("deliveries", "show", dead, "--db", db, "--json"))["state"] == "delivered"
    ids = {request.headers["webhook-id"] for request in server.requests}
    assert ids == {again["message_id"]}
    refused = run("deliveries", "replay", dead, "--db", db)
    assert refused.exit_code == 1
    assert run("deliveries", "replay", dead, "--force", "--db", db).exit_code == 0


def test_replaying_all_can_be_tried_first(db, dead):
    tried = row(run("dead-letters", "replay", "--all", "--dry-run", "--db", db, "--json"))
    assert tried == {"replayed": 0, "matched": 1, "dry_run": True}
    none = row(run("dead-letters", "replay", "--all", "--type", "x.y", "--db", db, "--json"))
    assert none["matched"] == 0
    assert run("dead-letters", "replay", "--all", "--db", db).stdout == "1 replayed\n"
    assert rows(run("dead-letters", "list", "--db", db, "--json")) == []


@pytest.mark.parametrize(
    "given", [[], ["dlv_1", "--all"], ["dlv_1", "--dry-run"], ["dlv_1", "--type", "a"]]
)
def test_replay_wants_either_names_or_all(given, db, server):
    create(db, server.url)
    assert run("dead-letters", "replay", *given, "--db", db).exit_code == 2


def test_a_dead_letter_can_be_deleted(db, dead):
    assert row(run("dead-letters", "delete", dead, "--db", db, "--json")) == {"deleted": 1}
    assert run("deliveries", "show", dead, "--db", db).exit_code == 1


def test_a_pending_delivery_can_be_cancelled(db, server):
    create(db, server.url)
    run("messages", "send", "a.b", "--db", db)
    id = row(run("deliveries", "list", "--state", "pending", "--db", db, "--json"))["id"]
    assert row(run("deliveries", "cancel", id, "--db", db, "--json"))["state"] == "cancelled"
    assert run("deliveries", "cancel", id, "--db", db).exit_code == 1


def test_the_health_of_an_endpoint_is_shown_and_enabling_resets_it(db, server):
    made = create(db, server.url, "--client-errors", "retry", "--retry", "3600")
    assert made["client_errors"] == "retry"
    server.statuses = [500]
    for _ in range(5):
        run("messages", "send", "a", "--data", "{}", "--db", db)
    deliver(db)
    health = row(run("endpoints", "show", made["id"], "--db", db, "--json"))["health"]
    assert (health["state"], health["trips"], health["consecutive_failures"]) == ("open", 1, 5)
    told = run("endpoints", "show", made["id"], "--db", db).stdout
    assert "open until" in told
    assert "1 trips" in told
    for command in ("disable", "enable"):
        run("endpoints", command, made["id"], "--db", db)
    health = row(run("endpoints", "show", made["id"], "--db", db, "--json"))["health"]
    assert (health["state"], health["failing_since"]) == ("closed", None)


def test_operational_events_are_listed_by_type(db, server, dead):
    told = row(run("operations", "list", "--type", "delivery.*", "--db", db, "--json"))
    assert (told["type"], told["delivery_id"]) == ("delivery.dead", dead)
    assert told["details"]["error"] == "transient"
    assert rows(run("operations", "list", "--type", "backlog.*", "--db", db, "--json")) == []
    assert "delivery.dead" in run("operations", "list", "--db", db).stdout


@pytest.mark.parametrize("listing", ["messages", "deliveries", "endpoints"])
def test_a_long_listing_goes_on_at_its_cursor(listing, db, server):
    for _ in range(3):
        create(db, server.url)
    for _ in range(2):
        run("messages", "send", "a.b", "--db", db)
    everything = rows(run(listing, "list", "--db", db, "--json"))
    first = run(listing, "list", "--limit", 1, "--db", db, "--json")
    seen = rows(first)
    while first.stderr:
        cursor = first.stderr.removeprefix("more: --cursor ").strip()
        first = run(listing, "list", "--limit", 1, "--cursor", cursor, "--db", db, "--json")
        seen += rows(first)
    assert len(everything) > 1
    assert seen == everything


@pytest.mark.parametrize(
    ("code", "command"),
    [
        (1, ["endpoints", "show", "ep_nobody"]),
        (1, ["endpoints", "delete", "ep_nobody"]),
        (1, ["messages", "show", "msg_nobody"]),
        (1, ["deliveries", "show", "dlv_99"]),
        (1, ["dead-letters", "replay", "dlv_99"]),
        (1, ["deliveries", "show", "msg_nobody"]),
        (1, ["deliveries", "show", "dlv_" + "9" * 30]),
        (2, ["deliveries", "list", "--state", "lost"]),
        (2, ["deliveries", "list", "--cursor", "x"]),
        (2, ["deliveries", "list", "--limit", "0"]),
        (2, ["messages", "send", "two words"]),
        (2, ["messages", "send", "a.b", "--data", "{"]),
        (2, ["endpoints", "create", "http://127.0.0.1/x"]),
        (2, ["endpoints", "create", "nonsense"]),
        (2, ["endpoints", "create", "https://example.com", "--retry", "never"]),
        (2, ["endpoints", "create", "https://example.com", "--rate-limit", "fast"]),
        (2, ["endpoints", "create", "https://example.com", "--max-attempts", "99"]),
        (2, ["endpoints", "create", "https://example.com", "--secret", "env:NOT_SET_ANYWHERE"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_what_is_not_there_ends_with_1_and_what_cannot_be_with_2(code, command, db, server):
    create(db, server.url)
    result = run(*command, "--db", db)
    assert result.exit_code == code
    assert result.stderr
    assert "Traceback" not in result.stderr


def test_a_bad_key_is_refused_without_being_repeated(db, server):
    given = ["--secret", "whsec_no*base64", "--db", db]
    result = run("endpoints", "create", server.url, *POLICY_OPTIONS, *given)
    assert result.exit_code == 2
    assert "no*base64" not in result.output


LISTINGS = [
    ["endpoints", "list"],
    ["messages", "list"],
    ["deliveries", "list"],
    ["dead-letters", "list"],
]


@pytest.mark.parametrize("command", [*LISTINGS, ["messages", "send", "a.b"]], ids=" ".join)
def test_a_store_that_is_not_there_ends_with_1_and_is_not_made(command, db):
    result = run(*command, "--db", db)
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert not path_of(db).exists()


@pytest.mark.parametrize("command", LISTINGS, ids=" ".join)
@pytest.mark.parametrize(
    "content",
    [b"not a database at all", b"SQLite format 3\x00" + b"\xff" * 4096],
    ids=["text", "damaged"],
)
def test_a_file_that_is_no_store_ends_with_1_and_stays_as_it_is(content, command, db):
    path_of(db).write_bytes(content)
    result = run_process(*command, "--db", db)
    assert result.returncode == 1
    assert result.stderr.startswith(b"webhookcore: ")
    assert result.stderr.count(b"\n") == 1
    assert path_of(db).read_bytes() == content


@pytest.mark.parametrize("url", ["webhooks.db", "mysql://x/y", "postgresql://x/y", "sqlite://", ""])
def test_a_url_that_is_no_store_ends_with_2(url):
    assert run("endpoints", "list", "--db", url).exit_code == 2


def test_the_environment_names_the_store(db, server):
    create(db, server.url)
    assert len(rows(run("endpoints", "list", "--json", env={"WEBHOOKCORE_DATABASE_URL": db}))) == 1
    assert run("endpoints", "list").exit_code == 2


@pytest.mark.parametrize(
    "command",
    [
        ["endpoints", "show", "\udcff"],
        ["endpoints", "delete", "\udcff"],
        ["endpoints", "list", "--tenant", "\udcff"],
        ["endpoints", "list", "--cursor", "\udcff"],
        ["endpoints", "disable", "ep_1", "--reason", "\udcff"],
        ["messages", "show", "\udcff"],
        ["messages", "list", "--type", "\udcff"],
        ["deliveries", "list", "--endpoint", "\udcff"],
        ["worker", "\udcff:receiver"],
    ],
    ids=lambda command: " ".join(command[:-1]),
)
def test_an_argument_that_is_not_utf_8_is_misuse(db, command):
    with Client(db):
        pass
    result = run(*command, env={"WEBHOOKCORE_DATABASE_URL": db})
    assert result.exit_code == 2
    assert "is not UTF-8" in result.stderr.splitlines()[-1]


@pytest.mark.parametrize("url", ["sqlite:///\udcff.db", "sqlite://[x/y"])
@pytest.mark.parametrize("by", ["option", "environment"])
def test_a_store_url_that_is_none_is_misuse(url, by):
    given = ["--db", url] if by == "option" else []
    result = run_process("endpoints", "list", *given, env={"WEBHOOKCORE_DATABASE_URL": url})
    assert result.returncode == 2
    assert b"Traceback" not in result.stderr


def test_a_body_may_be_any_bytes(db, server):
    create(db, server.url)
    raw = ["--raw", "--data", "\udcff", "--content-type", "x/y"]
    sent = run("messages", "send", "order.created", *raw, "--db", db, "--json")
    with Client(db) as client:
        assert client.messages.get(row(sent)["id"]).body == b"\xff"


def test_the_quick_start_shows_a_delivery_of_its_listing(db, server):
    for _ in range(2):
        create(db, server.url)
    run("messages", "send", "order.created", "--db", db)
    page = Path(__file__).parents[3] / "docs" / "quickstart.md"
    lines = [line.partition("#")[0].split() for line in page.read_text().splitlines()]
    (shows,) = [line[1:] for line in lines if line[:3] == ["webhookcore", "deliveries", "show"]]
    for delivery in rows(run("deliveries", "list", "--db", db, "--json")):
        asked = [delivery["id"] if word == "DELIVERY" else word for word in shows]
        assert row(run(*asked, "--db", db, "--json"))["id"] == delivery["id"]
