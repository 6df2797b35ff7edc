"""D2: send() for scripts signs, sends, retries in place and says how each attempt went.

Thoroughly: client/test_sending.py, cli/test_send_command.py.
"""

from __future__ import annotations

import json

import pytest

import webhookcore as wh
from support.command import run
from webhookcore.testing import Answer

from .conftest import ids

SECRET = wh.generate_secret()


def test_it_signs_and_sends_to_one_url(server):
    result = wh.send(server.url, "order.created", {"id": 7}, secret=SECRET, policy=server.policy)
    assert (result.success, result.attempts, result.status) == (True, 1, 200)
    event = server.event("standard", [SECRET])
    assert (event.type, event.json()["data"]) == ("order.created", {"id": 7})
    assert event.id == result.message_id


def test_it_retries_in_place_and_returns_each_attempt(server):
    server.answer(500, Answer(503, b"busy"), 200)
    result = wh.send(server.url, "a", {}, secret=SECRET, retry=[0, 0.01], policy=server.policy)
    assert (result.success, result.attempts, result.status) == (True, 3, 200)
    assert [attempt.status for attempt in result.log] == [500, 503, 200]
    assert result.log[1].response_body == b"busy"
    assert set(ids(server)) == {result.message_id}


def test_a_receiver_that_never_takes_it_is_no_exception(server):
    server.answer(500)
    result = wh.send(server.url, "a", {}, secret=SECRET, retry=[0, 0], policy=server.policy)
    assert (result.success, result.attempts, result.status) == (False, 3, 500)


def test_a_url_that_may_not_be_called_is_an_error_before_anything_is_sent():
    with pytest.raises(wh.BlockedAddressError):
        wh.send("https://169.254.169.254/", "a", {}, secret=SECRET)


def test_the_command_line_does_the_same(server):
    options = ["--allow-http", "--allow", "127.0.0.0/8", "--json"]
    data = ["--data", '{"id": 7}', "--secret", "env:MINE"]
    sent = run("send", server.url, "order.created", *data, *options, env={"MINE": SECRET})
    assert sent.exit_code == 0, sent.output
    assert json.loads(sent.stdout.splitlines()[-1])["status"] == 200
    assert server.event("standard", [SECRET]).type == "order.created"
