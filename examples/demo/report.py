"""The tables at the end."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from checks import Check
from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from story import Story
from workload import real_bodies

console = Console(highlight=False)


def show(story: Story, found: Sequence[Check], sender_file: Path, receiver_file: Path) -> None:
    console.print(_sent(story))
    console.print(_received(story))
    console.print(_timeline(story))
    console.print(_dead(story))
    console.print(_verdicts(found))
    _show_next_steps(story, sender_file, receiver_file)


def _table(title: str, *columns: str, numbers: Sequence[str] = ()) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold cyan",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    return table


def _sent(story: Story) -> Table:
    numbers = ("messages", "delivered", "retried", "attempts", "dead")
    table = _table("Sent", "endpoint", "signed as", *numbers, numbers=numbers)
    for name, endpoint in story.endpoints.items():
        rows = [one for one in story.deliveries if one.endpoint_id == endpoint.id]
        delivered = sum(1 for one in rows if one.state == "delivered")
        dead = sum(1 for one in rows if one.state == "dead")
        table.add_row(
            name,
            ", ".join(endpoint.schemes),
            str(len(rows)),
            Text(str(delivered), style="green"),
            str(sum(1 for one in rows if one.attempts > 1 and one.state == "delivered")),
            str(sum(one.attempts for one in rows)),
            Text(str(dead), style="red" if dead else "dim"),
        )
    return table


_MEANING = {
    "accepted": "stored, answered 202, handled by the worker",
    "processed": "handled while the sender waited, answered 200",
    "duplicate": "a repeat, answered 200 and dropped",
    "signature_mismatch": "the forged request, answered 401",
}


def _received(story: Story) -> Table:
    table = _table("Received", "outcome", "requests", "what it means", numbers=("requests",))
    for outcome, count in sorted(story.requests.items(), key=lambda item: -item[1]):
        table.add_row(outcome, str(count), Text(_MEANING.get(outcome, ""), style="dim"))
    table.add_row("events handled", str(len(story.handled.times)), Text("each once", style="dim"))
    return table


def _timeline(story: Story) -> Table:
    delivery = story.timeline_of
    title = f"One delivery: {delivery.id}, {delivery.type}" if delivery else "One delivery"
    table = _table(title, "attempt", "after", "", "took", "status", "outcome", numbers=("attempt",))
    began = story.timeline[0].started_at
    last = (story.timeline[-1].started_at - began).total_seconds() or 1.0
    for attempt in story.timeline:
        after = (attempt.started_at - began).total_seconds()
        good = attempt.outcome == "delivered"
        table.add_row(
            str(attempt.number),
            f"{after:.2f} s",
            Text("─" * round(30 * after / last) + "●", style="green" if good else "yellow"),
            f"{attempt.duration * 1000:.0f} ms",
            str(attempt.status),
            Text(attempt.outcome, style="green" if good else "yellow"),
        )
    return table


def _dead(story: Story) -> Table:
    table = _table("Dead letters", "delivery", "type", "attempts", "last status", "now")
    now = {one.id: one.state for one in story.deliveries}
    for delivery in story.dead_before:
        state = now.get(delivery.id, "?")
        told = "delivered, after a replay" if state == "delivered" else state
        table.add_row(
            delivery.id,
            delivery.type,
            str(delivery.attempts),
            str(delivery.last_status),
            Text(told, style="green" if state == "delivered" else "red"),
        )
    return table


def _verdicts(found: Sequence[Check]) -> Table:
    table = _table("Every count", "", "what", "must be", "is")
    for check in found:
        mark = Text("✓", style="bold green") if check.passed else Text("✗", style="bold red")
        told = "" if check.passed else str(check.found)
        table.add_row(mark, check.text, _plain(check.expected), told or _plain(check.found))
    return table


def _plain(value: object) -> str:
    if value is True:
        return "yes"
    if isinstance(value, (tuple, set)):
        return ", ".join(_plain(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{count} times {_plain(answer)}" for answer, count in value.items())
    return str(value)


def _show_next_steps(story: Story, sender_file: Path, receiver_file: Path) -> None:
    command = _shown(Path(sys.executable).with_name("webhookcore"))
    shown = story.timeline_of.id if story.timeline_of else "dlv_1"
    lines = Text()
    providers = len({provider for provider, _ in real_bodies()})
    lines.append(
        f"{story.seconds:.1f} s. The bodies are those of real requests of {providers} providers\n"
        "(tests/vectors), each sent once as standard and once as github. Stripe's id is in\n"
        "the body, so most of its events are the same few bodies with another id.\n\n"
    )
    lines.append(f"sender    {_shown(sender_file)}\nreceiver  {_shown(receiver_file)}\n\n")
    lines.append("Try next:\n", style="bold")
    for text in (
        f"export WEBHOOKCORE_DATABASE_URL=sqlite:///{_shown(sender_file)}",
        f"{command} deliveries show {shown}",
        f"{command} dead-letters list",
        f"{command} dead-letters replay --all --dry-run",
        f"{command} doctor",
    ):
        lines.append(f"  {text}\n", style="cyan")
    lines.rstrip()
    console.print(Panel(lines, box=box.ROUNDED, expand=False))


def _shown(path: Path) -> str:
    """Relative where that is shorter; an absolute one makes a sqlite:// URL of four slashes."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
