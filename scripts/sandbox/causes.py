"""Why wallets are wrong: the cause that was injected against the one that the models name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psycopg
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

QUERY = Path(__file__).parent / "causes.sql"

# What each fault does, in the models' words. A booster that is gone leaves no trace of why.
INJECTED = {
    "lost wallet update": "lost_update",
    "doubled update on retry": "doubled_update",
    "claim without wallet": "no_wallet_row",
    "shields without claims": "bulk_write",
    "booster stacked wrongly": "stacking_policy",
    "booster an hour off": "time_zone",
    "booster lost": "unknown",
    "restored from old backup": "restored_backup",
    "hand edit": "hand_edit",
}
NAMED_SHARE = 0.9
MISNAMED_FAULTS = 1


@dataclass(frozen=True)
class Causes:
    """One kind of fault: its cause, how many balances are said to have which, and since when."""

    fault: str
    injected: str
    found: dict[str, int]
    since: str

    @property
    def named(self) -> int:
        """How many balances are said to have the cause that was injected."""
        return self.found.get(self.injected, 0)

    @property
    def is_named(self) -> bool:
        """Whether nearly all are."""
        return self.named >= NAMED_SHARE * sum(self.found.values())


def find_causes(connection: psycopg.Connection) -> list[Causes]:
    """Hold sandbox.injected_faults against fct_discrepancy_causes."""
    found: dict[str, dict[str, int]] = {}
    since: dict[str, str] = {}
    for fault, cause, balances, earliest in connection.execute(QUERY.read_bytes()).fetchall():
        found.setdefault(fault, {})[cause] = balances
        since.setdefault(fault, earliest or "")
    return [Causes(fault, INJECTED[fault], counts, since[fault]) for fault, counts in found.items()]


def complaint(causes: list[Causes]) -> str | None:
    """Say what is not as it should be: all faults but one named right, nearly everywhere."""
    misnamed = [each.fault for each in causes if not each.is_named]
    if len(misnamed) > MISNAMED_FAULTS:
        return f"the cause is named wrong of {', '.join(misnamed)}."
    return None


EPISODES = """
select
    coalesce(how_it_ended, 'still wrong') as how,
    count(*) as episodes,
    percentile_disc(0.5) within group (
        order by extract(epoch from coalesce(ended_at, last_found_at) - first_found_at)
    )::int as median_seconds
from dbt_claim_reconciliation.fct_discrepancy_history
group by how_it_ended
order by episodes desc
"""


def print_episodes(console: Console, connection: psycopg.Connection) -> None:
    """Print what became of what was wrong, and how long builds found it."""
    table = Table(box=SIMPLE, padding=0)
    table.add_column("what became of it", no_wrap=True)
    table.add_column("balances", justify="right")
    table.add_column("wrong for, median", justify="right")
    for how, episodes, seconds in connection.execute(EPISODES.encode()).fetchall():
        table.add_row(how, str(episodes), f"{seconds:,} s")
    console.print(table)


def print_causes(console: Console, causes: list[Causes]) -> None:
    """Print the kinds of faults as a table, with the causes found."""
    table = Table(box=SIMPLE, padding=0)
    table.add_column("fault", no_wrap=True)
    table.add_column("cause injected", no_wrap=True)
    table.add_column("cause found")
    table.add_column("since", no_wrap=True)
    for each in causes:
        found = ", ".join(f"{cause} {count}" for cause, count in each.found.items())
        table.add_row(each.fault, each.injected, found, each.since)
    console.print(table)
