"""What the benchmark of accepting sends is signed, accepted and stored; nobody measures refusals."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest

import webhookcore as wh

ROOT = Path(__file__).parents[3]
NAMES = (
    *("fastapi_router", "fastapi_depends", "asgi_64", "asgi_16", "flask_view", "wsgi"),
    *("sqlite3_depends", "sqlite3_router", "p99_router", "p99_depends", "p99_asgi", "p99_gate"),
)


@pytest.fixture
def accept(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.chdir(ROOT)
    from bench import accept

    return accept


def test_the_rows_have_the_names_that_others_ask_for(accept, monkeypatch):
    monkeypatch.setattr(accept.shutil, "which", lambda program: f"/usr/bin/{program}")
    assert [row.name for row in accept.rows()][: len(NAMES)] == [f"accept.{one}" for one in NAMES]


@pytest.mark.parametrize(
    ("kind", "routes"),
    [
        ("fastapi", ["/hooks/stripe", "/depends", "/sqlite3"]),
        ("asgi", ["/stripe"]),
        ("flask", ["/hooks/stripe", "/front/stripe"]),
        ("busy", ["/stripe", "/busy"]),
    ],
)
def test_each_route_accepts_what_was_signed_for_it(accept, tmp_path, kind, routes):
    signed = iter(accept._sign(tmp_path, len(routes)).read_text().splitlines())
    with accept._serving(kind, tmp_path) as url:
        for route in routes:
            id, _, signature = next(signed).partition(" ")
            body = (accept.PREFIX + id + accept.SUFFIX).encode()
            headers = {"Content-Type": "application/json", "Stripe-Signature": signature}
            asked = urllib.request.Request(url + route, body, headers)
            with urllib.request.urlopen(asked, timeout=20) as response:
                assert response.status == 202, route
        if kind != "busy":
            with urllib.request.urlopen(f"{url}/bare", b"", timeout=20) as response:
                assert response.status == 200
    ours = [route for route in routes if route not in ("/sqlite3", "/busy")]
    with wh.Receiver(f"sqlite:///{tmp_path}/ours.db") as receiver:
        assert len(list(receiver.inbox.list())) == len(ours)
