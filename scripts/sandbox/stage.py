"""What the demo's steps share: places, server, and what one step hands on to a later one."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from rich.console import Console
from rich.status import Status

from sandbox.comparison import Comparison
from sandbox.dbt_build import run_dbt
from sandbox.errors import DemoError
from sandbox.outcome import Outcome
from sandbox.server import Server
from sandbox.traffic import Account, start_traffic

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("SANDBOX_FOLDER", ROOT / ".demo"))
TRAFFIC = FOLDER / "traffic"
ENDPOINT = FOLDER / "endpoint.pid"
USERS = 22_000
REQUESTS_PER_SECOND = 30
TRAFFIC_ENDS_AFTER_SECONDS = 3_600
RUN_RESULTS = FOLDER / "target" / "run_results.json"


@dataclass
class Demo:
    """What the steps hand on to each other."""

    console: Console
    status: Status
    users: int = USERS
    vars: dict[str, object] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    server: Server = field(init=False)
    endpoint: str = field(init=False)
    wallet_seconds: float = field(init=False)
    comparison: Comparison = field(init=False)
    first_plan: int = field(init=False)
    outcome: Outcome = field(init=False)
    account: Account = field(init=False)

    def connect(self) -> psycopg.Connection:
        """Open a connection to the demo's database."""
        return psycopg.connect(self.server.dsn(), autocommit=True)

    def start_traffic(self) -> None:
        """Start the live traffic, which goes on when the demo has ended."""
        start_traffic(
            TRAFFIC,
            self.server.dsn(),
            self.users,
            per_second=REQUESTS_PER_SECOND,
            seconds=TRAFFIC_ENDS_AFTER_SECONDS,
        )

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead dbt, psql and claimctl to the demo."""
        return {
            **self.server.environment,
            "DBT_SCHEMA": "dbt",
            "DBT_PROFILES_DIR": str(FOLDER),
            "DBT_TARGET_PATH": str(FOLDER / "target"),
            "DBT_LOG_PATH": str(FOLDER / "logs"),
            # They judge the models' SQL, which no build changes, and take most of its time.
            "DBT_EXCLUDE_RESOURCE_TYPES": "unit_test",
        }

    def dbt(self, *arguments: str, log: Path) -> int:
        """Run dbt with the drill's vars, showing how far it is; return its exit code."""
        if self.vars:
            arguments = (*arguments, "--vars", json.dumps(self.vars))
        environment = {**os.environ, **self.environment}
        return run_dbt(
            ROOT,
            environment,
            log,
            lambda done: self.status.update(f"dbt {arguments[0]}: {done}"),
            *arguments,
        )

    def dbt_or_error(self, *arguments: str, log: Path) -> None:
        """Run dbt; anything but success ends the demo."""
        if self.dbt(*arguments, log=log):
            raise DemoError(f"dbt {arguments[0]} failed (see {shown(log)}).")


@dataclass(frozen=True)
class Done:
    """A step that went well: when it ended, what it was, and its outcome."""

    ended_at: datetime
    title: str
    outcome: str


def go_through(demo: Demo, steps: Sequence[Callable[[Demo], str]]) -> list[Done]:
    """Go through the steps, telling each one's outcome; return what was done, nothing on failure.

    A step's docstring says what it is about to do, what it returns what came of it.
    """
    done = []
    for step in steps:
        title = (step.__doc__ or "").partition("\n")[0].rstrip(".")
        started = time.monotonic()
        demo.status.update(f"{title} ...")
        try:
            with demo.status:
                outcome = step(demo)
        except (DemoError, OSError, RuntimeError, psycopg.Error) as error:
            demo.console.print(f"[red]✗[/] {title}: {' '.join(str(error).split())}")
            return []
        demo.console.print(f"[green]✓[/] {outcome} [dim]({time.monotonic() - started:.1f} s)[/]")
        done.append(Done(datetime.now(UTC), title, outcome))
    return done


def shown(path: Path) -> Path:
    """Return a path as somebody in this folder would write it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
