"""GitHub's own example payloads, from npm, pass through signing and verification unchanged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import webhookcore as wh
from support.node import ask, encode, require
from support.senders import TEXT_SECRET, canonical

FOLDERS = ["api.github.com", "ghes-31", "ghes-32", "ghes-33", "ghes-34", "ghes-35"]


def payloads(folder: str) -> list[tuple[str, str, bytes]]:
    """Event name, expected type and body of every example of one GitHub version."""
    path = require("@octokit/webhooks-examples") / folder / "index.json"
    events = json.loads(path.read_text(encoding="utf-8"))
    found = []
    for event in events:
        name = event["name"]
        for example in event["examples"]:
            body = json.dumps(example, ensure_ascii=False, separators=(",", ":")).encode()
            action = example.get("action")
            found.append((name, f"{name}.{action}" if action else name, body))
    return found


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_payload_verifies_byte_for_byte_with_its_type(folder):
    examples = payloads(folder)
    assert len(examples) >= 49
    verifier = wh.Verifier("github", secrets=[TEXT_SECRET])
    for number, (name, event_type, body) in enumerate(examples):
        headers = wh.sign(
            "github", body=body, secret=TEXT_SECRET, id=f"d-{number}", type=event_type
        )
        assert canonical(headers)["X-Github-Event"] == name
        event = verifier.verify(body, headers)
        assert (event.type, event.id) == (event_type, f"d-{number}")
        assert event.body == body
        assert event.json() == json.loads(body)


def test_a_bare_event_name_is_a_type_to_sign_with_too():
    for name, event_type, body in payloads("api.github.com")[:60]:
        headers = wh.sign("github", body=body, secret=TEXT_SECRET, type=name)
        event = wh.verify("github", body=body, headers=headers, secrets=[TEXT_SECRET])
        assert event.type == event_type


def test_octokit_and_we_make_the_same_signature_for_every_payload():
    examples = payloads("api.github.com")
    assert len(examples) == 329
    questions = [
        {"op": "github.sign", "secret": TEXT_SECRET, "body": encode(body)}
        for _, _, body in examples
    ]
    for (name, _, body), theirs in zip(examples, ask(questions), strict=True):
        ours = canonical(wh.sign("github", body=body, secret=TEXT_SECRET))
        assert ours["X-Hub-Signature-256"] == theirs, name


def test_no_folder_of_payloads_is_left_out():
    package = require("@octokit/webhooks-examples")
    assert {Path(path).parent.name for path in package.glob("*/index.json")} == set(FOLDERS)
