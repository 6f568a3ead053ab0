"""`claimctl doctor`: is everything there that the models and repairs need?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from claimctl.errors import ExitCode
from claimctl.options import Command, Options, global_options
from claimctl.output import say

if TYPE_CHECKING:
    from claimctl.config import Project
    from claimctl.database import Database

Finding = dict[str, Any]

# One file of sql/doctor each, in the order in which a fault explains the ones below it.
CHECKS = (
    "server",
    "settings",
    "sources",
    "columns",
    "types",
    "writes",
    "filters",
    "privileges",
    "log",
    "indexes",
    "triggers",
    "vacuum",
    "guard",
)

# Without an error of these the service's tables can be read.
READABLE = ("settings", "sources", "columns", "types")


@click.command(cls=Command)
@global_options
@click.pass_obj
def doctor(options: Options) -> None:
    """Check the database and say what is missing and what to do.

    It checks the connection, the server's version, the service's tables, their columns, types and
    first rows, the conditions on rows, privileges and indexes, whether the service may write its
    log and does so, triggers on wallets, vacuum, the models' age and settings, the store's
    statuses, and the guard. It changes nothing. If the guard is installed, it needs no dbt
    project.

    Exit code 0: nothing to do, 1: findings, 2: wrong usage, 3: no connection.

    \b
    Example:
      claimctl doctor --project-dir ~/analytics
    """
    from claimctl.config import Project, find_project, load_project
    from claimctl.database import reading
    from claimctl.guard import is_installed, recorded, refuse_stranger

    project = find_project(options)
    with reading(options) as connection:
        if is_installed(connection):
            known = recorded(connection)
            project = project or Project(known, [])
            options.models_schema = options.models_schema or known["models_schema"]
        elif project is None:
            refuse_stranger(connection)
        findings = examine(connection, options, project or load_project(options))
    states = Counter(finding["state"] for finding in findings)
    if options.as_json:
        _print_json(findings, states)
    else:
        _print_findings(findings, states)
    if states["error"] or states["warning"]:
        raise SystemExit(ExitCode.FINDINGS)


def examine(connection: Database, options: Options, project: Project) -> list[Finding]:
    """Run every check and return its findings: check, state, finding and advice."""
    from psycopg.sql import Identifier
    from psycopg.types.json import Jsonb

    from claimctl.database import run_sql
    from claimctl.guard import GUARD_VERSION, is_installed
    from claimctl.models import schemas_of_models

    given = Jsonb(project.settings)
    columns = run_sql(connection, "service_columns.sql", {"settings": given})
    _probe_expressions(connection, columns)
    found = _found(columns)
    schemas = schemas_of_models(connection, options)
    parameters = {
        "settings": Jsonb(project.settings | _resolved(columns, found)),
        "columns": Jsonb(columns),
        "found": Jsonb(found),
        "unknown_vars": Jsonb(project.unknown_vars),
        "schemas": schemas,
        "models_schema": options.models_schema,
        "version": GUARD_VERSION,
    }
    findings: list[Finding] = []

    def check(name: str, file: str, names: dict[str, Identifier] | None = None) -> list[Finding]:
        rows = run_sql(connection, f"doctor/{file}.sql", parameters, names)
        found = [{"check": name, **row} for row in rows]
        findings.extend(found)
        return found

    for name in CHECKS:
        check(name, name)
    if not any(finding["state"] == "error" for finding in findings if finding["check"] in READABLE):
        parameters["values"] = Jsonb(_look_at_values(connection, parameters))
        check("values", "values")
    has_guard = is_installed(connection)
    if has_guard:
        check("guard", "guard_state")
    if check("models", "models")[-1]["state"] == "ok":
        models = {"models": Identifier(schemas[0])}
        check("build", "build", models)
        check("statuses", "statuses", models)
        if _may_read(connection, schemas[0], "rpt_schedule"):
            check("schedule", "schedule", models)
        if _may_read(connection, schemas[0], "rpt_alerts"):
            check("log", "log_state", models)
        if has_guard:
            parameters["models_schema"] = schemas[0]
            check("guard", "guard_models", models)
    return findings


def _may_read(connection: Database, schema: str, relation: str) -> bool:
    """Return whether the relation is there, for this login too."""
    row = connection.execute(
        "select has_table_privilege(to_regclass(format('%%I.%%I', %s::text, %s::text)), 'select')"
        " as yes",
        [schema, relation],
    ).fetchone()
    return bool(row and row["yes"])


def _probe_expressions(connection: Database, columns: Sequence[Finding]) -> None:
    """Let PostgreSQL say of which type each expression is that stands for a column, or refuse."""
    import psycopg

    for column in columns:
        if column["is_read"] and column["expression"]:
            try:
                column.update(_look(connection, column["probe"]))
            except psycopg.errors.LockNotAvailable:
                # The check of values says it.
                continue
            except psycopg.Error as error:
                column["refused"] = error.diag.message_primary or str(error)


def _look_at_values(connection: Database, parameters: Mapping[str, Any]) -> list[Finding]:
    """Return what the first rows of each table that is only read hold, or why it cannot be read."""
    import psycopg

    from claimctl.database import run_sql

    looks: list[Finding] = []
    for look in run_sql(connection, "doctor/value_queries.sql", parameters):
        answer: Finding = {"source": look["source"], "relation": look["relation"]}
        try:
            answer.update(_look(connection, look["query"]))
        except psycopg.errors.InsufficientPrivilege:
            # The check of rights says it, of a login that has to read the table.
            continue
        except psycopg.errors.LockNotAvailable:
            answer["is_locked"] = True
        except psycopg.Error as error:
            answer["failed"] = error.diag.message_primary or str(error)
        looks.append(answer)
    return looks


def _look(connection: Database, query: str) -> Finding:
    """Return the row of a query over the service's tables, for whose locks nobody waits."""
    with connection.transaction():
        connection.execute("set local lock_timeout = '200ms'")
        return connection.execute(query.encode()).fetchone() or {}


def _found(columns: Sequence[Mapping[str, Any]]) -> dict[str, bool]:
    """Return which optional tables and columns there are, as rpt_wallet_build keeps it."""
    found: dict[str, bool] = {}
    for column in columns:
        if column["is_optional_source"]:
            found[column["source"]] = column["is_read_source"]
        if column["is_optional"]:
            found[f"{column['source']}.{column['name']}"] = column["is_read"]
    return found


def _resolved(columns: Sequence[Mapping[str, Any]], found: Mapping[str, bool]) -> dict[str, bool]:
    """Return what a build keeps among its settings of optional tables and of units."""
    tables = {f"has_{name}": is_there for name, is_there in found.items() if "." not in name}
    return tables | {
        f"units_of_{column['source']}": column["is_read"]
        for column in columns
        if column["name"] == "units"
    }


def _print_json(findings: list[Finding], states: Counter[str]) -> None:
    from claimctl.output import print_json

    print_json({"errors": states["error"], "warnings": states["warning"], "findings": findings})


def _print_findings(findings: list[Finding], states: Counter[str]) -> None:
    from rich.table import Table
    from rich.text import Text

    from claimctl.output import STATE_STYLES, print_table
    from claimctl.text import printable

    table = Table.grid(padding=(0, 2))
    for can_wrap in (False, False, True):
        table.add_column(no_wrap=not can_wrap, overflow="fold")
    for finding in findings:
        state = Text(finding["state"], style=STATE_STYLES[finding["state"]])
        table.add_row(state, finding["check"], Text(printable(finding["finding"])))
        if finding["advice"]:
            table.add_row("", "", Text(f"-> {printable(finding['advice'])}", style="italic"))
    print_table(table)
    if states["error"] or states["warning"]:
        counts = (_counted(states[state], state) for state in ("error", "warning"))
        say(f"\n{', '.join(counts)}: do what the arrows say.")
    else:
        say("\nNothing to do.")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
