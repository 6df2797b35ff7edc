"""How a ratio is measured and shown.

Absolute times differ by half from one minute to the next on a shared machine; what two pieces
of code need in the same moment does not. So each run times both, one right after the other, and
only their ratio is kept.
"""

from __future__ import annotations

import gc
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

RUNS = 7
SECONDS_PER_SIDE = 0.06  # Long against a scheduler's slice of noise, short against patience.

Timer = Callable[[int], float]  # Rounds to do -> seconds they took.


@dataclass(frozen=True)
class Goal:
    """What the ratio should be: `<=` or `>=` some number."""

    direction: str
    value: float

    def __str__(self) -> str:
        return f"{self.direction} {self.value:g}"

    def is_met_by(self, ratio: float) -> bool:
        return ratio <= self.value if self.direction == "<=" else ratio >= self.value


@dataclass(frozen=True)
class Row:
    """One thing to measure. `ratios` makes one ratio per interleaved pair, five at least."""

    name: str
    what: str
    goal: Goal
    ratios: Callable[[], list[float]]


@dataclass(frozen=True)
class Result:
    row: Row
    ratios: tuple[float, ...]

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)

    @property
    def is_met(self) -> bool:
        return self.row.goal.is_met_by(self.ratio)

    def to_json(self) -> str:
        return json.dumps(
            {
                "name": self.row.name,
                "ratio": round(self.ratio, 3),
                "target": str(self.row.goal),
                "runs": len(self.ratios),
                "min": round(min(self.ratios), 3),
                "max": round(max(self.ratios), 3),
            }
        )


def loop(call: Callable[[], object]) -> Timer:
    """A timer of a plain call."""

    def rounds(count: int) -> float:
        turns = range(count)
        begin = time.perf_counter()
        for _ in turns:
            call()
        return time.perf_counter() - begin

    return rounds


def _rounds_for(timer: Timer, side: float) -> int:
    """How many rounds fill a side's time; finding out is the warm-up too."""
    count = 1
    while (seconds := timer(count)) < side / 4:
        count *= 2
    return max(1, round(count * side / seconds))


def time_ratios(
    numerator: Timer, denominator: Timer, runs: int = RUNS, side_lasts: float = SECONDS_PER_SIDE
) -> list[float]:
    """Time of a round of the one over time of a round of the other, in interleaved pairs.

    Which of the two goes first alternates, so that neither always finds the warmer machine.
    `side_lasts` is how long, in seconds, each is timed: longer where the disk is in it.
    """
    sides = (numerator, denominator)
    counts = tuple(_rounds_for(timer, side_lasts) for timer in sides)
    ratios = []
    collecting = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        for run in range(runs):
            seconds = [0.0, 0.0]
            for side in (0, 1) if run % 2 == 0 else (1, 0):
                seconds[side] = sides[side](counts[side]) / counts[side]
            ratios.append(seconds[0] / seconds[1])
    finally:
        if collecting:
            gc.enable()
    return ratios


def measure(row: Row) -> Result:
    return Result(row, tuple(row.ratios()))


def show_table(results: list[Result]) -> None:
    table = Table(title="webhookcore benchmarks", title_justify="left")
    table.add_column("name", no_wrap=True)
    table.add_column("ratio", justify="right")
    table.add_column("goal")
    table.add_column("min - max", justify="right", no_wrap=True)
    table.add_column("runs", justify="right")
    table.add_column("what")
    for result in results:
        colour = "green" if result.is_met else "yellow"
        table.add_row(
            result.row.name,
            f"[{colour}]{result.ratio:.2f}[/]",
            str(result.row.goal),
            f"{min(result.ratios):.2f} - {max(result.ratios):.2f}",
            str(len(result.ratios)),
            result.row.what,
        )
    Console().print(table)


def show_json_line(result: Result) -> None:
    print(result.to_json(), flush=True)


def say(text: str) -> None:
    """Progress is for people: standard output holds results alone."""
    print(text, file=sys.stderr, flush=True)
