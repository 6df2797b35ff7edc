"""D4: with a catalogue of event types, what nobody knows is refused with the nearest known names.

Thoroughly: client/test_event_types.py, cli/test_event_types_command.py.
"""

from __future__ import annotations

import pytest

import webhookcore as wh

URL = "https://example.com/hook"
SCHEMA = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}


@pytest.fixture
def catalogue(client):
    client.event_types.create("order.created", schema=SCHEMA)
    client.event_types.create("order.paid")


def test_without_a_catalogue_any_type_goes(client):
    assert client.send("whatever.it.is", {}).deliveries == []


@pytest.mark.usefixtures("catalogue")
def test_an_unknown_type_is_refused_with_the_nearest_known_names(client):
    with pytest.raises(wh.UnknownEventTypeError) as refused:
        client.send("order.creatd", {"id": 7})
    assert refused.value.near[0] == "order.created"
    assert client.messages.list() == []


@pytest.mark.usefixtures("catalogue")
def test_a_subscription_that_matches_nothing_is_refused_likewise(client):
    with pytest.raises(wh.UnknownEventTypeError) as refused:
        client.endpoints.create(URL, events=["order.payed"])
    assert refused.value.near[0] == "order.paid"
    assert client.endpoints.create(URL, events=["order.*"]).events == ("order.*",)


@pytest.mark.usefixtures("catalogue")
def test_data_that_does_not_fit_the_schema_is_refused(client):
    with pytest.raises(wh.ConfigError, match=r"data\.id"):
        client.send("order.created", {"id": "seven"})
    assert client.send("order.created", {"id": 7}).id
