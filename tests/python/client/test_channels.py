"""D3: an endpoint with channels gets only the messages that share one."""

from __future__ import annotations

import pytest

import webhookcore as wh
from client.conftest import URL


def reached(message):
    return {delivery.endpoint_id for delivery in message.deliveries}


def test_an_endpoint_with_channels_gets_only_messages_that_share_one(client):
    project = client.endpoints.create(URL, events=["*"], channels=["project_7", "project_8"])
    everything = client.endpoints.create(URL, events=["*"])
    assert reached(client.send("a", {}, channels=["project_8", "eu"])) == {
        project.id,
        everything.id,
    }
    assert reached(client.send("a", {}, channels=["project_9"])) == {everything.id}
    assert reached(client.send("a", {})) == {everything.id}


def test_channels_can_be_changed_and_taken_away(client):
    endpoint = client.endpoints.create(URL, events=["*"], channels=["a", "a", "b"])
    assert endpoint.channels == ("a", "b")
    assert client.endpoints.update(endpoint, channels=["c"]).channels == ("c",)
    assert client.send("x", {}, channels=["b"]).deliveries == []
    client.endpoints.update(endpoint, channels=None)
    assert len(client.send("x", {}).deliveries) == 1


def test_channels_narrow_the_event_types_down(client):
    client.endpoints.create(URL, events=["order.*"], channels=["a"])
    assert client.send("user.created", {}, channels=["a"]).deliveries == []


@pytest.mark.parametrize(
    ("channels", "field"),
    [("a", "channels"), ([""], "channels[0]"), (["a", 7], "channels[1]"), (7, "channels")],
)
def test_what_is_no_channel_is_refused(client, channels, field):
    for call in (
        lambda: client.send("a", {}, channels=channels),
        lambda: client.endpoints.create(URL, events=["*"], channels=channels),
    ):
        with pytest.raises(wh.ConfigError) as refused:
            call()
        assert refused.value.field == field


def test_a_message_has_a_few_channels(client):
    client.send("a", {}, channels=[f"c{n}" for n in range(20)])
    with pytest.raises(wh.ConfigError, match="at most 20"):
        client.send("a", {}, channels=[f"c{n}" for n in range(21)])
