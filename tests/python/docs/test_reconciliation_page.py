"""The example of docs/reconciliation.md, against the stand-ins of both APIs."""

from __future__ import annotations

import functools
import os
import time

import webhookcore as wh
from support.pages import DOCS, examples
from support.provider_apis import KEY, Delivery, GitHub, Stripe, stripe_event
from webhookcore.testing import sample


def test_the_example_of_the_page_runs(monkeypatch, capsys):
    monkeypatch.setenv("STRIPE_API_KEY", KEY)
    monkeypatch.setenv("GITHUB_TOKEN", KEY)
    now = int(time.time())
    stripe = Stripe(events=[stripe_event(1, now - 60)])
    github = GitHub(deliveries=[Delivery(1, "guid", now - 60, 500)])
    (example,) = examples(DOCS / "reconciliation.md")
    with wh.Receiver("memory://") as receiver, stripe.serve() as one, github.serve() as two:
        places = {"stripe": one, "github": two}
        for name in places:
            receiver.add_source(name, secrets=sample(name).secrets)
        ask = receiver.reconcile

        @functools.wraps(ask)
        def asked_here(source, **options):
            server = places[source]
            return ask(source, base_url=server.base_url, policy=server.policy, **options)

        monkeypatch.setattr(receiver, "reconcile", asked_here)
        names = {"receiver": receiver, "os": os, "since": now - 3600}
        exec(compile(example.code, str(example), "exec"), names)
        assert [one.reconciled for one in receiver.inbox.list()] == [True, True]
    assert capsys.readouterr().out == "1 missed, 1 stored, 0 known already\n"
