"""`claimctl plans` and `claimctl show PLAN`: look at plans."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from claimctl.errors import ClaimctlError, WrongUsageError
from claimctl.options import COUNT, NOT_BLANK, PLAN_ID, Command, Options, global_options
from claimctl.output import say

if TYPE_CHECKING:
    from claimctl.database import Database

PLAN_COLUMNS = (
    *("plan_id", "kind", "state", "lines", "reason"),
    *("made_by", "made_at", "approved_by", "verified_at"),
)
LINE_COLUMNS = (
    *("line_no", "user_id", "before", "after", "claims", "grounds", "causes"),
    *("state", "skipped_because", "decided_at"),
)
SHOWN_LINES = 10


@click.command(cls=Command)
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
    from claimctl.database import plain_times, run_sql
    from claimctl.guard import guard
    from claimctl.output import print_json, print_rows

    with guard(options) as connection, plain_times(connection):
        rows = run_sql(connection, "guard/plans.sql", {"limit": limit})
    if options.as_json:
        print_json(rows)
    elif not rows:
        say("There is no plan yet. Next:\n  claimctl plan wallets --reason WHY")
    else:
        cells = ([_cell(row[column]) for column in PLAN_COLUMNS] for row in rows)
        print_rows("Plans. Times are in UTC.", PLAN_COLUMNS, cells, wraps=["reason"])


def _cell(value: Any) -> Any:
    return f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else value


@click.command(cls=Command)
@click.argument("plan_id", metavar="PLAN", type=PLAN_ID)
@click.option(
    "--lines",
    type=click.IntRange(0, COUNT.max),
    show_default="10, or all with --json",
    help="How many of its lines to show.",
)
@click.option(
    "--csv",
    "csv_file",
    type=NOT_BLANK,
    metavar="FILE",
    help="Write every line as CSV there, - for here.",
)
@global_options
@click.pass_obj
def show(options: Options, plan_id: int, lines: int | None, csv_file: str | None) -> None:
    """Show what PLAN changes, its digest and limits, and what became of its lines.

    Exit code 0: shown, 2: no such plan, 3: no connection or no guard, 4: no right to look.

    \b
    Example:
      claimctl show 7 --csv affected_users.csv
    """
    from claimctl.database import plain_times, run_sql
    from claimctl.guard import guard, show_plan
    from claimctl.output import print_json, print_rows
    from claimctl.summary import print_plan

    if options.as_json and csv_file is not None:
        raise WrongUsageError("Say in which form: --json or --csv FILE.")
    if lines is None and not options.as_json:
        lines = SHOWN_LINES
    with guard(options) as connection:
        plan = show_plan(connection, plan_id)
        if csv_file is not None:
            _write_csv(connection, plan_id, csv_file)
            return
        with plain_times(connection):
            rows = run_sql(connection, "guard/lines.sql", {"plan_id": plan_id, "limit": lines})
    if options.as_json:
        print_json({**plan, "plan_lines": [_line_document(row) for row in rows]})
        return
    print_plan(plan)
    if rows:
        columns = LINE_COLUMNS[:-1]
        cells = ([row[c] for c in columns] for row in rows)
        print_rows("The first lines", columns, cells)


def _line_document(row: dict[str, Any]) -> dict[str, Any]:
    """Return a line for programs: before, after and claims as objects."""
    values = {name: row[name] and json.loads(row[name]) for name in ("before", "after")}
    others = {"item": row["item"], "claims": row["claim_list"] or []}
    return {**{c: row[c] for c in LINE_COLUMNS}, **values, **others}


def _write_csv(connection: Database, plan_id: int, name: str) -> None:
    """Stream the lines to a file, however many they are."""
    from importlib.resources import files

    from claimctl.database import plain_times

    query = (files("claimctl") / "sql/guard/lines.sql").read_text(encoding="utf-8")
    with plain_times(connection), connection.cursor(name="lines") as cursor:
        cursor.execute(query, {"plan_id": plan_id, "limit": None})
        try:
            with click.open_file(name, "w", encoding="utf-8", errors="replace") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow(LINE_COLUMNS)
                for row in cursor:
                    writer.writerow([row[column] for column in LINE_COLUMNS])
        except BrokenPipeError:
            raise
        except OSError as error:
            raise ClaimctlError(f"{name} could not be written: {error.strerror}.") from error
