"""The drills: an outage with a queue, then the corruption of a third of the wallets."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from sandbox.demo import let_weeks_pass, start_server, stop_everything
from sandbox.drills import corruption, outage
from sandbox.drills.common import ONCALL, SETTLE_MINUTES
from sandbox.errors import DemoError
from sandbox.repair import install_guard
from sandbox.stage import FOLDER, REQUESTS_PER_SECOND, Demo, Done, go_through

USERS = 6_000
# Nothing else is relaxed: breakers, four eyes, quiet check and caps are the project's.
VARS: dict[str, object] = {"settle_minutes": SETTLE_MINUTES, "has_queued_purchases": True}
TRAFFIC_BEFORE_SECONDS = 5


def let_traffic_flow(demo: Demo) -> str:
    """Start the live traffic."""
    demo.start_traffic()
    time.sleep(TRAFFIC_BEFORE_SECONDS)
    return f"four kinds of writers answer {REQUESTS_PER_SECOND} requests a second"


def build_and_install(demo: Demo) -> str:
    """Build the models and install the guard."""
    # Without the tests: what caps refused a minute ago nobody has refunded yet.
    kinds = ("--resource-type", "seed", "--resource-type", "model")
    demo.dbt_or_error("build", *kinds, log=FOLDER / "dbt_build.log")
    install_guard(demo)
    with demo.connect() as connection:
        connection.execute(
            f"create role {ONCALL} login in role claim_planner, claim_applier".encode()
        )
    return (
        f"the guard is installed with settle_minutes {SETTLE_MINUTES} and the queue;"
        f" nothing else is relaxed\n  {ONCALL} is on call: claim_planner, claim_applier"
    )


PREPARATION: Sequence[Callable[[Demo], str]] = (
    start_server,
    let_weeks_pass,
    let_traffic_flow,
    build_and_install,
)
DRILLS: Mapping[str, Sequence[Callable[[Demo], str]]] = {
    "outage": outage.STEPS,
    "corruption": corruption.STEPS,
}


def run(users: int, names: Sequence[str]) -> int:
    """Go through these drills, print the timeline and end the server; return the exit code."""
    console = Console(highlight=False, soft_wrap=True)
    demo = Demo(console, console.status(""), users=users, vars=VARS)
    timeline: list[tuple[str, list[Done]]] = []
    parts = {"preparation": PREPARATION, **{name: DRILLS[name] for name in names}}
    try:
        for name, steps in parts.items():
            console.print(f"\n[bold]{name}[/]")
            done = go_through(demo, steps)
            if not done:
                return 1
            timeline.append((name, done))
    except DemoError as error:
        console.print(f"[red]✗[/] {error}")
        return 1
    finally:
        stop_everything()
    _print_timeline(console, timeline)
    return 0


def _print_timeline(console: Console, timeline: list[tuple[str, list[Done]]]) -> None:
    table = Table(title="Timeline, in UTC", box=SIMPLE, padding=0, title_justify="left")
    for column in ("time", "drill", "what was done", "outcome"):
        table.add_column(column, overflow="fold")
    for name, steps in timeline:
        for step in steps:
            first_line = step.outcome.partition("\n")[0]
            table.add_row(f"{step.ended_at:%H:%M:%S}", name, step.title, first_line)
    console.print(table)
