"""Figures with their goals, and how they are measured and shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median
from typing import Literal

from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One measured value; its goal, if any, bounds the ratio to the reference, or else itself."""

    name: str
    value: float
    goal: float | None
    reference: float | None = None
    unit: str = "s"
    sign: Literal["≤", "=", "≥"] = "≤"

    @property
    def ratio(self) -> float | None:
        """How many times the reference the value is."""
        return None if self.reference is None else self.value / self.reference

    @property
    def passed(self) -> bool:
        """Whether the goal is met; a figure without one is only shown."""
        if self.goal is None:
            return True
        measured = self.value if self.ratio is None else self.ratio
        return {"≤": measured <= self.goal, "=": measured == self.goal, "≥": measured >= self.goal}[
            self.sign
        ]


def medians_in_turn(runs: int, *actions: Callable[[], float]) -> list[float]:
    """Return the median of each action's values; the actions take turns, so that noise hits all."""
    rounds = [[action() for action in actions] for _ in range(runs)]
    return [median(values) for values in zip(*rounds, strict=True)]


def table_of(figures: Iterable[Figure]) -> Table:
    """Return the figures as a table for people."""
    table = Table("figure", box=None)
    for column in ("value", "reference", "ratio", "goal"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for figure in figures:
        unit = "" if figure.reference else figure.unit
        passed = "[green]pass[/]" if figure.passed else "[red]miss[/]"
        table.add_row(
            figure.name,
            _text(figure.value, figure.unit),
            "" if figure.reference is None else _text(figure.reference, figure.unit),
            "" if figure.ratio is None else f"{figure.ratio:.2f}",
            "" if figure.goal is None else f"{figure.sign} {_text(figure.goal, unit)}",
            "shown" if figure.goal is None else passed,
        )
    return table


def _text(value: float, unit: str) -> str:
    return f"{value:,.0f} {unit}" if value >= 1000 else f"{value:.3g} {unit}".strip()
