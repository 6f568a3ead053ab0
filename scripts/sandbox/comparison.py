"""What was injected against what the models found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psycopg
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

QUERY = Path(__file__).parent / "comparison.sql"


@dataclass(frozen=True)
class Fault:
    """One kind of fault: wallets, and balances that it made wrong, all of which should be found."""

    name: str
    in_flight: bool
    wallets: int
    injected: int
    found: int

    @property
    def missed(self) -> int:
        """How many the models did not show, or showed as something else."""
        return self.injected - self.found


@dataclass(frozen=True)
class Comparison:
    """All kinds of faults, and what was found although nobody injected it."""

    faults: list[Fault]
    false_alarms: int

    def complaint(self) -> str | None:
        """Say what is not as it should be: each fault found, nothing else called wrong."""
        if not self.faults:
            return "no fault was injected."
        missed = {fault.name: fault.missed for fault in self.faults if fault.missed}
        if missed or self.false_alarms:
            listed = ", ".join(f"{name} ({count})" for name, count in missed.items())
            return f"missed: {listed or 'none'}; false alarms: {self.false_alarms}."
        return None


def compare(connection: psycopg.Connection) -> Comparison:
    """Hold sandbox.injected_faults against fct_wallet_discrepancies."""
    *faults, alarms = connection.execute(QUERY.read_bytes()).fetchall()
    return Comparison([Fault(*row) for row in faults], false_alarms=alarms[-1])


def print_comparison(console: Console, comparison: Comparison) -> None:
    """Print the kinds of faults as a table, false alarms and sums last."""
    table = Table(box=SIMPLE, show_footer=True, padding=0)
    faults = comparison.faults
    sums = [sum(getattr(fault, name) for fault in faults) for name in ("wallets", "injected")]
    table.add_column("fault", footer="together", no_wrap=True)
    table.add_column("wallets", justify="right", footer=str(sums[0]))
    table.add_column("injected", justify="right", footer=str(sums[1]))
    table.add_column("found", justify="right", footer=str(sum(fault.found for fault in faults)))
    table.add_column("missed", justify="right", footer=str(sum(fault.missed for fault in faults)))
    table.add_column("false alarms", justify="right", footer=str(comparison.false_alarms))
    for fault in faults:
        counts = (fault.wallets, fault.injected, fault.found, fault.missed)
        name = f"{fault.name} (shown as unsettled)" if fault.in_flight else fault.name
        table.add_row(name, *map(str, counts))
    console.print(table)
