"""`python -m storm --seconds 300 --seed 1`: a storm on its own server, and a verdict."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
import yaml
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from sandbox.dbt_build import run_dbt
from sandbox.server import Server
from sandbox.service import create_tables

from storm.run import SETTINGS, VARS, Storm, let_loose

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("STORM_FOLDER", ROOT / ".storm"))
LOGINS = {
    "maker": "claim_planner",
    "checker": "claim_approver",
    "runner": "claim_applier",
}
# So that five minutes have 14 restarts.
SECONDS_A_RESTART = 20


def main() -> int:
    """Run a storm; exit code 0 where nothing was wrong afterwards, 1 where something was."""
    parser = argparse.ArgumentParser(prog="python -m storm", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--seed", type=int, default=None, help="run a storm again")
    parser.add_argument("--users", type=int, default=240)
    parser.add_argument("--per-second", type=float, default=30, help="operations of all writers")
    parser.add_argument(
        "--without", help="a protection of tests/python/guard/mutants.yml: shows that it can fail"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    given = parser.parse_args()
    seed = int(time.time()) % 100_000 if given.seed is None else given.seed
    console = Console(stderr=given.json)
    shutil.rmtree(FOLDER, ignore_errors=True)
    server = Server(FOLDER / "server", settings=SETTINGS)
    try:
        with server, console.status("install the guard") as status:
            _install(server, status.update)
            if given.without:
                _take_away(server, given.without)
            status.stop()
            with Progress(
                TextColumn(f"storm, seed {seed}"), BarColumn(), TimeRemainingColumn(),
                console=console,
            ) as progress:  # fmt: skip
                task = progress.add_task("storm", total=given.seconds)
                storm = let_loose(
                    server,
                    "postgres",
                    FOLDER / "logs",
                    seed=seed,
                    seconds=given.seconds,
                    restarts=max(1, int(given.seconds / SECONDS_A_RESTART)),
                    models_schema="dbt_claim_reconciliation",
                    users=given.users,
                    per_second=given.per_second,
                    on_tick=lambda done: progress.update(task, completed=done),
                )
    finally:
        shutil.rmtree(FOLDER / "server", ignore_errors=True)
    if given.json:
        print(json.dumps(storm.document, indent=2))
    else:
        _show(console, storm)
    return 1 if storm.violations else 0


def _install(server: Server, tell: Any) -> None:
    """Install the service's tables, the models and the guard with the storm's settings."""
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        create_tables(connection, "text")
        for login in LOGINS:
            connection.execute(f"create role {login} login".encode())
    shutil.copy(ROOT / "profiles.example.yml", FOLDER / "profiles.yml")
    environment = {
        **os.environ,
        **server.environment,
        "DBT_SCHEMA": "dbt",
        "DBT_PROFILES_DIR": str(FOLDER),
        "DBT_TARGET_PATH": str(FOLDER / "target"),
        "DBT_LOG_PATH": str(FOLDER / "logs"),
    }
    vars = ("--vars", json.dumps({**VARS, "user_id_data_type": "text"}))
    for command in (
        ("build", "--resource-type", "model", "--resource-type", "seed"),
        ("run-operation", "install_guard"),
    ):
        log = FOLDER / f"{command[0]}.log"
        if run_dbt(ROOT, environment, log, lambda done: tell(f"dbt: {done}"), *command, *vars):
            raise SystemExit(f"dbt {command[0]} failed (see {log})")
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        for login, role in LOGINS.items():
            connection.execute(f"grant {role} to {login}".encode())


def _take_away(server: Server, name: str) -> None:
    """Take one protection out of the guard, as `make mutants` does."""
    rows = yaml.safe_load((ROOT / "tests/python/guard/mutants.yml").read_text())
    if name not in (names := [row["name"] for row in rows]):
        raise SystemExit("No such protection. There are:\n" + "\n".join(names))
    row = rows[names.index(name)]
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        statement = row.get("sql")
        if statement is None:
            found = connection.execute(
                "select pg_get_functiondef(('claim_ops.' || %s)::regproc)", [row["function"]]
            ).fetchone()
            old = row["old"].strip("\n")
            if found is None or found[0].count(old) != 1:
                raise SystemExit(f"{row['function']} does not hold this once: {old}")
            statement = found[0].replace(old, row["new"])
        connection.execute(statement.encode())


def _show(console: Console, storm: Storm) -> None:
    """Print what happened, what was compared, and what is wrong."""
    table = Table("what", "how often", box=None)
    for name, count in [*sorted(storm.done.items()), *sorted(storm.counts.items())]:
        table.add_row(name, f"{count:,}")
    table.add_row("longest wait of a writer for the guard", f"{storm.longest_wait:.2f} s")
    console.print(table)
    for violation in storm.violations[:20]:
        console.print(f"[red]✗[/] {violation}", highlight=False, soft_wrap=True)
    if storm.violations:
        console.print(
            f"[red]✗[/] {len(storm.violations)} things are wrong; logs: {FOLDER / 'logs'}."
            f" The same storm again: make storm SECONDS={storm.seconds:g} SEED={storm.seed}"
        )
    else:
        console.print("[green]✓[/] no claim lost or doubled, each wallet what its history says")


if __name__ == "__main__":
    sys.exit(main())
