"""`claimctl plans` and `claimctl show PLAN`: look at plans."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import click

from claimctl.errors import ClaimctlError
from claimctl.options import COUNT, PLAN_ID, Options, global_options

if TYPE_CHECKING:
    from claimctl.database import Database

PLAN_COLUMNS = (
    *("plan_id", "kind", "state", "lines", "reason"),
    *("made_by", "made_at", "approved_by", "verified_at"),
)
LINE_COLUMNS = (
    *("line_no", "user_id", "before", "after", "claims"),
    *("state", "skipped_because", "decided_at"),
)


@click.command()
@click.option("--limit", type=COUNT, default=20, show_default=True, help="At most so many plans.")
@global_options
@click.pass_obj
def plans(options: Options, limit: int) -> None:
    """List the plans, the newest first.

    Exit code 0: listed, 2: wrong usage, 3: no connection or no guard, 4: no right to look.

    \b
    Example:
      claimctl plans --limit 5
    """
    from claimctl.database import run_sql
    from claimctl.guard import guard
    from claimctl.output import print_json, print_rows

    with guard(options) as connection, connection.transaction():
        connection.execute("select set_config('TimeZone', 'UTC', true)")
        rows = run_sql(connection, "guard/plans.sql", {"limit": limit})
    for row in rows:
        for name in ("made_at", "expires_at", "verified_at"):
            row[name] = row[name] and f"{row[name]:%Y-%m-%d %H:%M:%S}"
    if options.as_json:
        print_json(rows)
    elif not rows:
        print("There is no plan yet. Next: claimctl plan wallets --reason ...")
    else:
        cells = ([row[column] for column in PLAN_COLUMNS] for row in rows)
        print_rows("Plans. Times are in UTC.", PLAN_COLUMNS, cells)


@click.command()
@click.argument("plan_id", metavar="PLAN", type=PLAN_ID)
@click.option(
    "--lines",
    type=click.IntRange(0, COUNT.max),
    default=10,
    show_default=True,
    help="Show so many of its lines.",
)
@click.option(
    "--csv",
    "csv_file",
    metavar="FILE",
    help="Write every line as CSV there, - for here.",
)
@global_options
@click.pass_obj
def show(options: Options, plan_id: int, lines: int, csv_file: str | None) -> None:
    """Show what PLAN changes, its digest and limits, and what became of its lines.

    Exit code 0: shown, 2: no such plan, 3: no connection or no guard, 4: no right to look.

    \b
    Example:
      claimctl show 7 --csv affected_users.csv
    """
    from claimctl.database import run_sql
    from claimctl.guard import guard, show_plan
    from claimctl.output import print_json, print_rows
    from claimctl.summary import print_plan

    with guard(options) as connection:
        plan = show_plan(connection, plan_id)
        if csv_file is not None:
            _write_csv(connection, plan_id, csv_file)
            return
        rows = run_sql(connection, "guard/lines.sql", {"plan_id": plan_id, "limit": lines})
    if options.as_json:
        print_json(plan)
        return
    print_plan(plan)
    if rows:
        columns = LINE_COLUMNS[:-1]
        print_rows("The first lines", columns, ([row[c] for c in columns] for row in rows))


def _write_csv(connection: Database, plan_id: int, name: str) -> None:
    """Stream the lines to a file, however many they are."""
    from importlib.resources import files

    query = (files("claimctl") / "sql/guard/lines.sql").read_text(encoding="utf-8")
    with connection.transaction(), connection.cursor(name="lines") as cursor:
        connection.execute("select set_config('TimeZone', 'UTC', true)")
        cursor.execute(query, {"plan_id": plan_id, "limit": None})
        try:
            with click.open_file(name, "w", encoding="utf-8") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(LINE_COLUMNS)
                for row in cursor:
                    writer.writerow([row[column] for column in LINE_COLUMNS])
        except BrokenPipeError:
            raise
        except OSError as error:
            raise ClaimctlError(f"{name} could not be written: {error.strerror}.") from error
