"""D4: with a catalogue, an unknown type is refused with the nearest known names."""

from __future__ import annotations

import asyncio
import pickle
import sys

import pytest

import webhookcore as wh
from client.conftest import URL

SCHEMA = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": {"type": "integer"},
        "lines": {"type": "array", "items": {"type": "string"}},
    },
}


@pytest.fixture
def catalogue(client):
    client.event_types.create("order.created", "somebody bought something", schema=SCHEMA)
    client.event_types.create("order.paid")
    return client.event_types


def test_an_unknown_type_is_refused_with_the_nearest_known_names(client, catalogue):
    with pytest.raises(wh.UnknownEventTypeError) as refused:
        client.send("order.create", {"id": 7})
    assert refused.value.near[0] == "order.created"
    assert "did you mean order.created" in str(refused.value)
    assert pickle.loads(pickle.dumps(refused.value)).near == refused.value.near
    assert client.messages.list() == []


def test_a_subscription_that_matches_nothing_is_refused_likewise(client, catalogue):
    for events in (["order.*", "invoice.*"], ["order.payed"]):
        with pytest.raises(wh.UnknownEventTypeError) as refused:
            client.endpoints.create(URL, events=events)
        assert refused.value.type == events[-1]
    endpoint = client.endpoints.create(URL, events=["order.*"])
    with pytest.raises(wh.UnknownEventTypeError):
        client.endpoints.update(endpoint, events=["ordr.*"])
    assert client.endpoints.create(URL, events=["*"]).events == ("*",)


def test_without_a_catalogue_anything_can_be_sent(client):
    assert client.event_types.list() == []
    client.endpoints.create(URL, events=["whatever.*"])
    client.send("whatever.it.is", {})


def test_data_that_does_not_fit_the_schema_is_refused_with_its_place(client, catalogue):
    for data, place in (
        ({"id": "7"}, "data.id"),
        ({}, "data"),
        ({"id": 1, "lines": [1]}, "data.lines[0]"),
    ):
        with pytest.raises(wh.ConfigError) as refused:
            client.send("order.created", data)
        assert refused.value.field == place
    client.send("order.created", {"id": 7})
    client.send("order.paid", {"any": "thing"})
    client.send("order.created", b"raw bodies are not looked into")


def test_a_catalogue_made_in_another_process_counts_at_once(client, tmp_path):
    with wh.Client(f"sqlite:///{tmp_path}/webhooks.db") as other:
        client.send("a", {})
        other.event_types.create("b")
        with pytest.raises(wh.UnknownEventTypeError):
            client.send("a", {})
        client.send("b", {})
        other.event_types.create("a")
        client.send("a", {})
        with pytest.raises(wh.UnknownEventTypeError, match=r"messages\[1\]"):
            client.send_many([{"type": "a", "data": 1}, {"type": "c", "data": 1}])
        other.event_types.create("c")
        client.send_many([{"type": "a", "data": 1}, {"type": "c", "data": 1}])
    assert client.messages.list(type="c")[0].type == "c"


def test_an_archived_type_is_known_and_not_sent(client, catalogue):
    message = client.send("order.paid", {})
    catalogue.archive("order.paid")
    with pytest.raises(wh.UnknownEventTypeError, match="archived"):
        client.send("order.paid", {})
    assert [row.name for row in catalogue.list(archived=False)] == ["order.created"]
    assert [row.name for row in catalogue.list(archived=True)] == ["order.paid"]
    assert client.messages.get(message.id).type == "order.paid"
    catalogue.update("order.paid", archived=False)
    client.send("order.paid", {})


def test_with_its_last_type_the_catalogue_is_off_again(client, catalogue):
    catalogue.delete("order.paid")
    catalogue.delete("order.created")
    client.send("whatever", {})
    with pytest.raises(wh.NotFoundError):
        catalogue.delete("order.paid")


def test_a_type_shows_what_was_given_and_changes_only_what_is_named(client, catalogue):
    row = catalogue.get("order.created")
    assert (row.description, row.schema, row.archived) == (
        "somebody bought something",
        SCHEMA,
        False,
    )
    catalogue.update("order.created", description="bought")
    assert catalogue.get("order.created").schema == SCHEMA
    assert catalogue.update("order.created", schema=None).schema is None
    client.send("order.created", {})
    with pytest.raises(wh.NotFoundError):
        catalogue.get("order.unknown")


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"name": "no spaces"}, "name"),
        ({"name": "order.paid"}, "name"),
        ({"name": "a", "description": 7}, "description"),
        ({"name": "a", "schema": "{}"}, "schema"),
        ({"name": "a", "schema": {"type": "objekt"}}, "schema"),
        ({"name": "a", "schema": {"x": {1, 2}}}, "schema"),
    ],
)
def test_a_type_that_cannot_be_is_refused(catalogue, arguments, field):
    with pytest.raises(wh.ConfigError) as refused:
        catalogue.create(**arguments)
    assert refused.value.field == field


SCHEMAS_THAT_CANNOT_BE = {
    "a reference to a URL, which is not fetched": {"$ref": "http://127.0.0.1:9/schema.json"},
    "a reference to nowhere": {"$ref": "#/nope"},
    "one that few data would reach": {"properties": {"a": {"items": {"$ref": "#/$defs/nope"}}}},
    "an anchor that is not there": {"$dynamicRef": "#nope"},
    "a reference to itself": {"$ref": "#"},
    "an id that is no URI": {"$id": "http://[bad", "$ref": "x"},
    "a pattern that is none": {"properties": {"a": {"pattern": "["}}},
    "a pattern of names that is none": {"patternProperties": {"(": {}}},
}


@pytest.mark.parametrize(
    "schema", SCHEMAS_THAT_CANNOT_BE.values(), ids=list(SCHEMAS_THAT_CANNOT_BE)
)
def test_a_schema_that_cannot_work_is_refused_when_it_is_given(client, schema):
    for give in (client.event_types.create, client.event_types.update):
        with pytest.raises(wh.ConfigError) as refused:
            give("a", schema=schema)
        assert refused.value.field == "schema"
        if give == client.event_types.create:
            client.event_types.create("a")


def test_a_schema_may_refer_to_its_own_parts(client):
    tree = {
        "$id": "https://example.com/tree",
        "$defs": {"node": {"$anchor": "n", "type": "array", "items": {"$ref": "#n"}}},
        "$ref": "#/$defs/node",
    }
    client.event_types.create("a", schema=tree)
    client.send("a", [[], [[]]])
    with pytest.raises(wh.ConfigError):
        client.send("a", [[1]])


def test_the_json_that_is_sent_is_checked_and_not_the_python_it_was_made_of(client):
    client.event_types.create("list", schema={"type": "array"})
    client.send("list", (1, 2))
    digits = {"type": "object", "patternProperties": {"^[0-9]+$": {"type": "integer"}}}
    client.event_types.create("digits", schema=digits)
    client.send("digits", {1: 2})
    with pytest.raises(wh.ConfigError, match="does not fit"):
        client.send("digits", {1: "2"})
    with pytest.raises(wh.ConfigError, match="as JSON") as refused:
        client.send("list", [object()])
    assert refused.value.field == "data"


@pytest.mark.parametrize(
    ("schema", "data"),
    [
        ({"multipleOf": 0.01}, 10**400),
        (
            {"type": "object", "properties": {"a": {"allOf": [{"$ref": "#/properties/a"}]}}},
            {"a": 1},
        ),
    ],
    ids=["too large", "for ever"],
)
def test_data_that_a_schema_cannot_judge_is_refused_with_a_typed_error(client, schema, data):
    client.event_types.create("a", schema=schema)
    with pytest.raises(wh.ConfigError, match="cannot be applied") as refused:
        client.send("a", data)
    assert refused.value.field == "schema"


def test_a_schema_without_the_package_says_what_to_install(client, monkeypatch):
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    with pytest.raises(wh.ConfigError, match=r"webhookcore\[schema\]"):
        client.event_types.create("a", schema={})
    client.event_types.create("a")
    client.send("a", {})


def test_a_repeated_idempotency_key_outlives_a_change_of_the_catalogue(client, catalogue):
    first = client.send("order.paid", {}, idempotency_key="k")
    catalogue.update("order.paid", description="changed")
    assert client.send("order.paid", {}, idempotency_key="k").id == first.id


def test_an_awaited_send_sees_a_change_of_the_catalogue_at_once(client, tmp_path):
    async def main():
        async with wh.AsyncClient(f"sqlite:///{tmp_path}/webhooks.db") as awaited:
            await awaited.send("a", {})
            client.event_types.create("b")
            with pytest.raises(wh.UnknownEventTypeError):
                await awaited.send("a", {})
            await awaited.event_types.create("a")
            client.event_types.create("c")
            sent = await awaited.send_many([{"type": "a", "data": 1}, {"type": "c", "data": 1}])
            assert [message.type for message in sent] == ["a", "c"]
            assert [row.name for row in await awaited.event_types.list()] == ["a", "b", "c"]

    asyncio.run(main())
