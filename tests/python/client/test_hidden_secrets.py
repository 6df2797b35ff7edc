"""S10 on the sending side: what a crash reporter shows of a failed call holds no secret."""

from __future__ import annotations

import asyncio
import base64
import copy
import pickle
import traceback
from pathlib import Path

import pytest

import webhookcore as wh

# In module variables: frames of the tests themselves do not hold them.
URL = "http://127.0.0.1:8999/hook"
PLAIN = b"supersecretbytes_supersecretbyte"
SECRET = "whsec_" + base64.b64encode(PLAIN).decode()
PACKAGE = Path(wh.__file__).parent


def _with_stored(change):
    def call(client):
        endpoint = client.endpoints.create(URL, events=["*"], uid="u", secret=SECRET)
        change(client.endpoints, endpoint)

    return call


async def _async(act):
    async with wh.AsyncClient("memory://") as client:
        await act(client)


def _endpoint(client, **options):
    client.endpoints.create(URL, **{"events": ["*"], **options})


FAILING = {
    "create": lambda client: _endpoint(client, events=[], secret=SECRET),
    "create, for a scheme": lambda client: _endpoint(client, schemes=["discord"], secret=SECRET),
    "create, in a list": lambda client: _endpoint(client, secret=[SECRET]),
    "rotate_secret": lambda client: client.endpoints.rotate_secret("nope", SECRET),
    "rotate_secret, overlap": lambda client: client.endpoints.rotate_secret(
        "x", SECRET, overlap=-1
    ),
    "rotate_secret, a bad one": _with_stored(lambda ours, one: ours.rotate_secret(one, "whsec_!")),
    "update": _with_stored(lambda ours, one: ours.update(one, schemes=["discord"])),
    "create again": _with_stored(
        lambda ours, one: ours.create(URL, events=["*"], uid="u", schemes=["discord"])
    ),
    "get of another tenant": _with_stored(lambda ours, one: ours.get(one, tenant="other")),
    "test": lambda client: client.endpoints.test(url="x", secret=SECRET),
    "test, for a scheme": lambda client: client.endpoints.test(
        url=URL, schemes=["discord"], secret=SECRET
    ),
    "send": lambda client: wh.send("x", "a.b", {}, secret=SECRET),
    "async create": lambda client: asyncio.run(
        _async(lambda awaited: awaited.endpoints.create(URL, events=[], secret=SECRET))
    ),
    "Alerts": lambda client: wh.Client("memory://", alerts=wh.Alerts(url="bad", secret=SECRET)),
    "Alerts, an option": lambda client: wh.Alerts(url="bad", secret=SECRET, events=[]),
    "add_source": lambda client: wh.Receiver("memory://").add_source("discord", secrets=[SECRET]),
    "add_source, a text": lambda client: wh.Receiver("memory://").add_source(
        "github", secrets=SECRET
    ),
    "add_source, a tuple": lambda client: wh.Receiver("memory://").add_source(
        "github", secrets=(SECRET,), types="x"
    ),
}


def shown_of(error):
    """Of the library's own frames, and of what it made."""
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    chain = [report]
    while chain[-1] and (chain[-1].__cause__ or chain[-1].__context__):
        chain.append(chain[-1].__cause__ or chain[-1].__context__)
    frames = [
        str(frame.locals)
        for one in chain
        for frame in one.stack
        if Path(frame.filename).is_relative_to(PACKAGE) or frame.filename == "<string>"
    ]
    return "\n".join([*frames, *(line for one in chain for line in one.format_exception_only())])


@pytest.mark.filterwarnings("ignore::webhookcore.ShortSecretWarning")
@pytest.mark.parametrize("call", FAILING.values(), ids=FAILING)
def test_a_failed_call_shows_no_secret(client, call):
    with pytest.raises((wh.WebhookError, ValueError, TypeError)) as failed:
        call(client)
    shown = shown_of(failed.value)
    assert shown
    for trace in (SECRET, SECRET[6:30], PLAIN.decode()):
        assert trace not in shown


def test_alerts_with_a_secret_are_not_pickled_but_copied():
    alerts = wh.Alerts(url="https://example.com/", secret=SECRET)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(alerts)
    assert copy.deepcopy(alerts) == copy.copy(alerts) == alerts
    without = wh.Alerts(url="https://example.com/", backlog_after=5)
    assert pickle.loads(pickle.dumps(without)) == without
    assert "example.com" in repr(alerts)
    assert SECRET not in repr(alerts)


def test_the_newest_secret_given_again_keeps_the_overlap_and_its_age(client):
    first = client.endpoints.create(URL, events=["*"], uid="u", secret=SECRET)
    rotated = client.endpoints.rotate_secret(first)
    newest = rotated.secret
    again = client.endpoints.create(URL, events=["a"], uid="u", secret=newest)
    assert (again.id, again.events, again.secret) == (first.id, ("a",), newest)
    assert again.secrets == rotated.secrets
    assert len(again.secrets) == 2
    other = client.endpoints.create(URL, events=["a"], uid="u", secret=SECRET)
    assert len(other.secrets) == 1


@pytest.mark.parametrize(
    ("call", "field", "says"),
    [
        (lambda ours, one: ours.create(URL, events=["*"], secret="whsec_!"), "secret", "standard"),
        (lambda ours, one: ours.rotate_secret(one, "whsec_!"), "secret", "standard"),
        (lambda ours, one: ours.test(url=URL, secret="whsec_!"), "secret", "standard"),
        (
            lambda ours, one: ours.update(one, schemes=["github", "discord"]),
            "schemes[1]",
            "discord",
        ),
        (
            lambda ours, one: ours.create(URL, events=["*"], schemes=["discord"]),
            "secret",
            "discord needs a secret of its own form",
        ),
        (lambda ours, one: ours.create(URL, events=["*"], schemes=["nope"]), "schemes[0]", "nope"),
        (lambda ours, one: ours.update(one, schemes=["github", "nope"]), "schemes[1]", "nope"),
        (lambda ours, one: ours.test(url=URL, schemes=["nope"]), "schemes[0]", "nope"),
    ],
)
def test_a_secret_or_scheme_that_cannot_sign_is_named(client, endpoint, call, field, says):
    with pytest.raises(wh.ConfigError, match=says) as refused:
        call(client.endpoints, endpoint)
    assert refused.value.field == field
