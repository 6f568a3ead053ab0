"""What became of the injected faults, and the demo's last table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psycopg
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from sandbox.comparison import Comparison

QUERY = Path(__file__).parent / "outcome.sql"

# Settled or not: our own repair is a recent change of the wallet, which must be no excuse.
STILL_LISTED = """
select count(*)
from dbt_claim_reconciliation.fct_wallet_discrepancies
where user_id in (select user_id from sandbox.injected_faults where not in_flight)
"""


@dataclass(frozen=True)
class Repair:
    """One kind of fault: balances in a plan, those set right, and why the others were not."""

    fault: str
    in_flight: bool
    planned: int
    repaired: int
    left: dict[str, int]


@dataclass(frozen=True)
class Outcome:
    """All faults; wallets planned that nobody had spoilt; what is still listed though repaired."""

    repairs: list[Repair]
    planned_strangers: int
    still_listed: int

    def complaint(self) -> str | None:
        """Say what is not as it should be: all settled faults repaired, nobody else touched."""
        if self.planned_strangers:
            return f"planned although nobody had spoilt them: {self.planned_strangers} wallets."
        for repair in self.repairs:
            if repair.in_flight and repair.planned:
                return f"planned although in flight: {repair.planned} balances."
            if repair.left and not repair.in_flight:
                return f"{repair.fault} is not repaired: {reasons(repair)}."
        if self.still_listed:
            return f"the models still list {self.still_listed} balances of repaired users."
        return None


def reasons(repair: Repair) -> str:
    """Return why balances were left alone, with their number."""
    return ", ".join(f"{count} {reason}" for reason, count in sorted(repair.left.items()))


def look_at_outcome(connection: psycopg.Connection) -> Outcome:
    """Hold sandbox.injected_faults against the plans' lines and what the models list now."""
    *repairs, strangers = connection.execute(QUERY.read_bytes()).fetchall()
    listed = connection.execute(STILL_LISTED).fetchone()
    assert listed is not None
    return Outcome([Repair(*row) for row in repairs], strangers[2], listed[0])


def print_outcome(console: Console, comparison: Comparison, outcome: Outcome) -> None:
    """Print each kind of fault from injection to repair, counted in balances, sums last."""
    repairs = {repair.fault: repair for repair in outcome.repairs}
    table = Table(box=SIMPLE, show_footer=True, padding=0)
    injected = sum(fault.injected for fault in comparison.faults)
    found = sum(fault.found for fault in comparison.faults)
    repaired = sum(repair.repaired for repair in outcome.repairs)
    table.add_column("fault", footer="together", no_wrap=True)
    table.add_column("injected", justify="right", footer=str(injected))
    table.add_column("found", justify="right", footer=str(found))
    table.add_column("repaired", justify="right", footer=str(repaired))
    table.add_column("skipped with reason", justify="right")
    table.add_column(
        "false alarms",
        justify="right",
        footer=str(comparison.false_alarms + outcome.planned_strangers),
    )
    for fault in comparison.faults:
        repair = repairs[fault.name]
        counts = (fault.injected, fault.found, repair.repaired)
        table.add_row(fault.name, *map(str, counts), reasons(repair))
    console.print(table)
