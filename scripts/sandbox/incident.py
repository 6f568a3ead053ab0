"""The back-dated incident of the service, replayed by the states of its alert minute by minute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg
from rich.console import Console
from rich.text import Text

QUERY = Path(__file__).parent / "incident.sql"
BARS = "▁▂▃▄▅▆▇█"
STATES = {"ok": ("·", "green"), "pending": ("p", "yellow"), "firing": ("F", "bold red")}
# What the project's var alert_error_rate_minutes says: a trailing window that long in a row.
MINUTES_TO_FIRE = 15


@dataclass(frozen=True)
class Minute:
    """One minute: the trailing error rate and the state of the alert."""

    judged_at: datetime
    error_rate: float
    state: str
    is_incident: bool


@dataclass(frozen=True)
class Replay:
    """The minutes of an incident, with some before and after it."""

    minutes: list[Minute]

    def first(self, state: str, after: datetime | None = None) -> datetime | None:
        """Return when the alert first was in a state, or first again after a moment."""
        moments = [each.judged_at for each in self.minutes if each.state == state]
        return next((at for at in moments if after is None or at > after), None)

    def complaint(self) -> str | None:
        """Say what is not as it should be: pending, firing at the 15th minute, and ok again."""
        pending = [each for each in self.minutes if each.state == "pending"]
        if (fired_at := self.first("firing")) is None:
            return "the alert did not fire over the incident."
        if len(pending) != MINUTES_TO_FIRE - 1 or pending[-1].judged_at > fired_at:
            return f"the alert fired after {len(pending)} pending minutes."
        if self.minutes[0].state != "ok" or self.minutes[-1].state != "ok":
            return "the alert is not ok before and after the incident."
        return None

    def __str__(self) -> str:
        pending, fired = self.first("pending"), self.first("firing")
        recovered = self.first("ok", after=fired)
        return (
            f"error_rate was pending from {pending:%H:%M} on, fired at {fired:%H:%M}, the"
            f" {MINUTES_TO_FIRE}th minute in a row, and was over at {recovered:%H:%M} UTC"
        )


def replay(connection: psycopg.Connection) -> Replay:
    """Read the states around the incident."""
    with connection.transaction():
        connection.execute("set local timezone = 'UTC'")
        rows = connection.execute(QUERY.read_bytes()).fetchall()
    return Replay([Minute(*row) for row in rows])


def print_replay(console: Console, incident: Replay) -> None:
    """Draw a bar and a letter a minute."""
    minutes = incident.minutes
    most = max((each.error_rate for each in minutes), default=0) or 1
    console.print(f"\n  error rate, at most {most:.0%}; each column is a minute")
    console.print(Text("  " + "".join(_bar(each.error_rate / most) for each in minutes)))
    line = Text("  ")
    for each in minutes:
        line.append(*STATES.get(each.state, ("?", "magenta")))
    console.print(line)
    console.print(f"  {_axis(minutes)}")
    console.print("  · ok   p pending   F firing", style="dim")


def _bar(share: float) -> str:
    return BARS[min(int(share * len(BARS)), len(BARS) - 1)]


def _axis(minutes: Sequence[Minute]) -> str:
    """Return the times below the columns, every fifteen minutes."""
    axis = ""
    for column, each in enumerate(minutes):
        if each.judged_at.minute % 15 == 0 and len(axis) <= column:
            axis = axis.ljust(column) + f"{each.judged_at:%H:%M}"
    return axis
