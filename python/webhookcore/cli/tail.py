"""``webhookcore tail``."""

from __future__ import annotations

import fnmatch
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

import click

from ..client import Attempt, Client, Delivery
from ..errors import NotFoundError
from ..receiver import Inbox, InboxEvent
from .inbox import event_json
from .json_rows import row_json
from .options import json_option, open_client, read_number, store_option
from .output import coloured, print_json, shown

Row = TypeVar("Row", bound="InboxEvent | Delivery")

# Rows that are looked at in one round: what a burst may bring, and what may still change.
_MOST_NEW: Final = 5000
_MOST_WATCHED: Final = 500
_COLOURS: Final = {"done": "green", "delivered": "green", "dead": "red", "permanent": "red"}


@click.command()
@click.option("--only", type=click.Choice(("inbox", "attempts")), help="One of the two.")
@click.option("--source", help="Events of this source.")
@click.option("--type", "type_", metavar="PATTERN", help="Such as 'invoice.*'.")
@click.option("--lines", type=click.IntRange(0, 1000), default=10, show_default=True)
@click.option("--follow/--no-follow", default=True, show_default=True)
@click.option("--interval", type=float, default=1.0, show_default=True, callback=read_number)
@store_option
@json_option
def tail(
    only: str | None,
    source: str | None,
    type_: str | None,
    lines: int,
    follow: bool,
    interval: float,
    db: str,
    as_json: bool,
) -> None:
    """Follow what is received and what is sent: each event and each attempt, as it happens.

    Ctrl-C ends it.
    """
    if not 0.05 <= interval <= 3600:
        raise click.BadParameter("must be 0.05 to 3600 seconds", param_hint="--interval")
    wanted = Wanted(only, source, type_)
    with open_client(db) as client:
        inbox = Inbox(client._store, time.time, lambda: None)
        followed = Tail(client, inbox, wanted, lines)
        try:
            _print(followed.poll(), as_json)
            while follow:
                time.sleep(interval)
                _print(followed.poll(), as_json)
        except KeyboardInterrupt:
            return


@dataclass(frozen=True)
class Wanted:
    """What to show of it all."""

    only: str | None = None
    source: str | None = None
    type: str | None = None

    def event(self, event: InboxEvent) -> bool:
        return self.source in (None, event.source) and self._type(event.type)

    def delivery(self, delivery: Delivery) -> bool:
        return self._type(delivery.type)

    def _type(self, type: str | None) -> bool:
        return self.type is None or fnmatch.fnmatchcase(type or "", _only_stars(self.type))


@dataclass(frozen=True)
class Happened:
    """One line."""

    at: Any
    text: str
    state: str
    json: dict[str, Any]


class Tail:
    """Gives, at each call of ``poll()``, what has happened since the last one, oldest first.

    The store is read, nothing else: a poll looks at the newest rows, and at the last 500 that it
    has seen and that may still change.

    Args:
        lines: How many of each kind the first poll gives.
    """

    def __init__(self, client: Client, inbox: Inbox, wanted: Wanted, lines: int) -> None:
        self._client = client
        self._wanted = wanted
        self._lines = lines
        self._events = _Watch[InboxEvent](
            inbox.list, inbox.get, lambda row: (row.state, row.attempts, row.crashes),
            lambda row: row.state in ("done", "dead"),
        )  # fmt: skip
        self._deliveries = _Watch[Delivery](
            client.deliveries.list, client.deliveries.get, lambda row: (row.attempts, row.state),
            _never,  # It may be replayed, and its row is small.
        )  # fmt: skip
        self._told: OrderedDict[str, int] = OrderedDict()

    def poll(self) -> list[Happened]:
        found: list[Happened] = []
        if self._wanted.only != "attempts":
            rows = self._events.changed(self._lines)
            found += [_event(row) for row, _ in rows if self._wanted.event(row)]
        if self._wanted.only != "inbox":
            for row, before in self._deliveries.changed(self._lines):
                if self._wanted.delivery(row):
                    found += self._attempts(row, 0 if before is None else before[0])
        return sorted(found, key=lambda one: one.at)

    def _attempts(self, delivery: Delivery, before: int) -> Iterator[Happened]:
        try:
            attempts = list(self._client.deliveries.attempts(delivery))
        except NotFoundError:  # Pruned meanwhile.
            return
        # By the log and not by the delivery's count, which a replay begins anew.
        told = self._told.pop(delivery.id, before)
        self._told[delivery.id] = len(attempts)
        while len(self._told) > 2 * _MOST_WATCHED:
            self._told.popitem(last=False)
        for attempt in attempts[told:]:
            yield _attempt(delivery, attempt)


class _Watch(Generic[Row]):
    """Rows by their ids, with what was seen of each."""

    def __init__(
        self,
        list_rows: Callable[..., Any],
        get: Callable[[str], Any],
        look: Callable[[Row], tuple[Any, ...]],
        is_final: Callable[[Row], bool],
    ) -> None:
        self._list = list_rows
        self._get = get
        self._look = look
        self._is_final = is_final
        self._seen: OrderedDict[str, tuple[Any, ...]] = OrderedDict()
        self._newest: int | None = None

    def changed(self, first: int) -> list[tuple[Row, tuple[Any, ...] | None]]:
        """Rows that are new or other than before, with what was seen of them before."""
        fresh = self._fresh(first)
        ids = {row.id for row in fresh}
        watched = [row for row in map(self._again, list(self._seen)) if row is not None]
        found = []
        for row in [*(row for row in watched if row.id not in ids), *reversed(fresh)]:
            before, now = self._seen.get(row.id), self._look(row)
            if before != now:
                found.append((row, before))
            if self._is_final(row):
                self._seen.pop(row.id, None)
            else:
                self._seen[row.id] = now
        while len(self._seen) > _MOST_WATCHED:
            self._seen.popitem(last=False)
        return found

    def _fresh(self, first: int) -> list[Row]:
        """The rows after the newest one that was seen, newest first."""
        if self._newest is None:
            rows: list[Row] = list(self._list(limit=_MOST_WATCHED))
            for row in reversed(rows[first:]):
                if not self._is_final(row):
                    self._seen[row.id] = self._look(row)
            self._newest = _number(rows[0].id) if rows else 0
            return list(rows[:first])
        fresh: list[Row] = []
        for row in self._list(limit=_MOST_NEW):
            if _number(row.id) <= self._newest:
                break
            fresh.append(row)
        if fresh:
            self._newest = _number(fresh[0].id)
        return fresh

    def _again(self, id: str) -> Row | None:
        try:
            row: Row = self._get(id)
        except NotFoundError:
            self._seen.pop(id, None)
            return None
        return row


def _never(row: Delivery) -> bool:
    del row
    return False


def _number(id: str) -> int:
    return int(id.rpartition("_")[2])


def _event(row: InboxEvent) -> Happened:
    parts = ("event", row.id, row.source, row.type, row.event_id, row.last_error)
    text = "  ".join(shown(part) for part in parts if part)
    return Happened(row.updated_at, text, row.state, {"kind": "event", **event_json(row)})


def _attempt(delivery: Delivery, attempt: Attempt) -> Happened:
    parts = (
        "attempt",
        f"{delivery.id} #{attempt.number}",
        delivery.type,
        attempt.url,
        attempt.status,
        attempt.error if attempt.error != "none" else None,
        f"{attempt.duration * 1000:.0f} ms",
    )
    text = "  ".join(shown(part) for part in parts if part)
    told = {"kind": "attempt", "delivery": delivery.id, "type": delivery.type}
    return Happened(attempt.started_at, text, attempt.outcome, {**told, **row_json(attempt)})


def _print(happened: list[Happened], as_json: bool) -> None:
    for one in happened:
        if as_json:
            print_json(one.json)
            continue
        state = coloured(one.state, _COLOURS.get(one.state, "yellow"))
        click.echo(f"{one.at:%H:%M:%S}  {one.text}  {state}")


def _only_stars(pattern: str) -> str:
    """For fnmatch, which knows more wildcards than a pattern has."""
    return pattern.replace("[", "[[]").replace("?", "[?]")
