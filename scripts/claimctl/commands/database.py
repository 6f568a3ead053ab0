"""`claimctl database`: who does what in the database now, and who waits for whom."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from claimctl.options import SECONDS, Command, Options, global_options
from claimctl.output import say

if TYPE_CHECKING:
    from claimctl.database import Database

Document = dict[str, Any]


@click.command(cls=Command)
@click.option(
    "--seconds",
    type=SECONDS,
    default=2,
    show_default=True,
    metavar="SECONDS",
    help="How long to count the statements.",
)
@global_options
@click.pass_obj
def database(options: Options, seconds: float) -> None:
    """Show why the database is slow: latency, statements, index builds, sessions, who blocks whom.

    Latency by the minute of the last hour, the statements that ended in the last SECONDS, indexes
    that are being built or are invalid, and sessions with what each blocks or is blocked by. It
    says what this login may not see and which role would. It changes nothing and ends no session.
    It needs no dbt project and no guard. Times are in UTC.

    Exit code 0: shown, 2: wrong usage, 3: no connection, 4: this login may not look.

    \b
    Example:
      claimctl database
    """
    from claimctl.database import reading
    from claimctl.output import print_json

    with reading(options) as connection:
        document = look(connection, options, seconds)
    if options.as_json:
        print_json(document)
    else:
        _print(document)


def look(connection: Database, options: Options, seconds: float) -> Document:
    """Return the document; what cannot be read, because it is locked or hidden, is noted."""
    from psycopg.sql import Identifier

    from claimctl.database import run_sql
    from claimctl.models import schemas_of_models

    notes: list[str] = []
    recorder = run_sql(connection, "database/recorder.sql", {})
    schemas = schemas_of_models(connection, options)
    requests = run_sql(connection, "database/requests.sql", {"schemas": schemas})[0]
    statements: list[Any] = []
    if recorder:
        names = {"recorder": Identifier(recorder[0]["schema_name"])}
        before = run_sql(connection, "database/statements_before.sql", {}, names)[0]["counts"]
        time.sleep(seconds)
        statements = _counted(connection, before, names)
    latency: list[Any] = []
    if requests["schema_name"]:
        models = {"models": Identifier(requests["schema_name"])}
        latency = _unless_locked(connection, "database/latency.sql", models, notes)
    state = {
        "is_recorded": bool(recorder),
        "is_built": requests["is_built"],
        "is_readable": requests["schema_name"] is not None,
    }
    notes += [row["sentence"] for row in run_sql(connection, "database/notes.sql", state)]
    return {
        "latency": latency,
        "statements": statements,
        "index_builds": run_sql(connection, "database/index_builds.sql", {}),
        "sessions": run_sql(connection, "database/sessions.sql", {}),
        **run_sql(connection, "database/idle.sql", {})[0],
        "notes": notes,
    }


def _counted(connection: Database, before: Any, names: dict[str, Any]) -> list[Any]:
    from psycopg.types.json import Jsonb

    from claimctl.database import run_sql

    return run_sql(connection, "database/statements.sql", {"before": Jsonb(before)}, names)


def _unless_locked(
    connection: Database, file: str, names: dict[str, Any], notes: list[str]
) -> list[Any]:
    """Run a file on the service's tables; where somebody locks one, the rest is shown all the same.

    A statement that waits for a lock, or for a slow disk, is part of the picture, not its end.
    """
    import psycopg

    from claimctl.database import run_sql

    try:
        with connection.transaction():
            connection.execute(
                "select set_config('lock_timeout', '2s', true),"
                " set_config('statement_timeout', '15s', true)"
            )
            return run_sql(connection, file, {}, names)
    except (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled):
        notes.append(
            "The service's log could not be read in time, somebody locks it or the disk is slow: "
            "there is no latency by the minute."
        )
        return []


def _print(document: Document) -> None:
    """Print what happened first and who holds up whom last, where a terminal shows it."""
    from claimctl.output import print_rows, utc
    from claimctl.text import printable

    if document["latency"]:
        columns = ("minute", "requests", "errors", "p50_latency_ms", "p95_latency_ms", "longest_ms")
        print_rows(
            "Latency by the minute of the last hour. Times are in UTC.",
            columns,
            (
                [utc(row["minute"].isoformat())[:16], *_cells(row, columns[1:])]
                for row in document["latency"]
            ),
        )
    if document["statements"]:
        of_statements = ("calls", "mean_ms", "mean_ms_before", "statement")
        rows = (_cells(row, of_statements) for row in document["statements"])
        print_rows("Statements that ended just now", of_statements, rows, wraps=["statement"])
    for build in document["index_builds"]:
        say(
            f"\n{printable(build['index_name'] or 'An index of ' + (build['table_name'] or '?'))}"
            f" is {build['state']}"
            f"{'' if build['pid'] is None else ' by ' + str(build['pid'])}"
            f"{'' if build['phase'] is None else ': ' + build['phase']}"
            f"{'' if build['percent'] is None else ', ' + str(build['percent']) + ' %'}. "
            f"{printable(build['meaning'])}"
        )
    _print_sessions(document)
    for note in document["notes"]:
        say(f"\n{printable(note)}")


def _print_sessions(document: Document) -> None:
    from claimctl.output import print_rows

    columns = (
        *("pid", "login", "application", "state", "transaction", "blocks", "blocked_by"),
        *("you_may_end_it", "waits_for", "statement"),
    )
    print_rows(
        f"Sessions ({document['connections']} of {document['max_connections']} connections; "
        f"{document['idle_sessions']} idle ones are not listed)",
        columns,
        (
            (
                row["pid"],
                row["login"],
                row["application"],
                row["state"],
                _age(row["transaction_seconds"]),
                ", ".join(map(str, row["blocks"])),
                ", ".join(map(str, row["blocked_by"])),
                "yes" if row["is_endable"] else "no",
                row["waits_for"],
                row["statement"],
            )
            for row in document["sessions"]
        ),
        wraps=["application", "waits_for", "statement"],
    )


def _cells(row: Document, columns: tuple[str, ...]) -> list[Any]:
    return [row[column] for column in columns]


def _age(seconds: int | None) -> str:
    return "" if seconds is None else f"{seconds // 60}:{seconds % 60:02}"
