"""`claimctl analyse NAME`: an investigation of the package, whole, as a table or as JSON."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click

from claimctl.errors import ClaimctlError, WrongUsageError
from claimctl.options import NOT_BLANK, Command, Options, global_options
from claimctl.output import say


@click.command(cls=Command)
@click.argument("name", required=False, type=NOT_BLANK)
@click.option("--user", type=NOT_BLANK, help="The user of claim_history_of_user.")
@click.option(
    "--zone",
    type=NOT_BLANK,
    help="The second zone of cap_decisions_by_timezone; for override_candidates the zone of users "
    "without one of their own. Without it: the var local_timezone.",
)
@global_options
@click.pass_obj
def analyse(options: Options, name: str | None, user: str | None, zone: str | None) -> None:
    """Run the analysis NAME on the models and print all its rows; without NAME, list them all.

    dbt compiles it with the vars of your project. It changes nothing. Times are in UTC.

    Exit code 0: shown, 1: it did not compile, 2: wrong usage, 3: no connection, 4: this login may
    not look.

    \b
    Example:
      claimctl analyse override_candidates
    """
    from claimctl.config import package_folder, project_folder
    from claimctl.output import print_json, print_rows

    folder = project_folder(options)
    analyses = package_folder(folder) / "analyses"
    names = sorted(path.stem for path in analyses.glob("*.sql"))
    if name is None:
        found = [{"name": each, "description": _grain(analyses / f"{each}.sql")} for each in names]
        if options.as_json:
            print_json(found)
        else:
            rows = [tuple(each.values()) for each in found]
            print_rows("", ("analysis", "what it shows"), rows, wraps=["what it shows"])
        return
    if name not in names:
        raise WrongUsageError(f"There is no analysis {name}. To list them all:", "claimctl analyse")
    text = (analyses / f"{name}.sql").read_text(encoding="utf-8")
    given = {"user": user} if user else {}
    if ('var("user"' in text) != bool(user):
        raise WrongUsageError(
            f"{name} is about every user: leave --user out."
            if user
            else f"{name} is about one user: name the user by --user."
        )
    if zone:
        if 'var("zone"' not in text and "var('zone'" not in text:
            raise WrongUsageError(f"{name} takes no zone: leave --zone out.")
        given["zone"] = _known_zone(options, zone)
    columns, rows = _rows(options, compiled(folder, name, given))
    if options.as_json:
        print_json({"analysis": name, "rows": [dict(zip(columns, r, strict=True)) for r in rows]})
    elif rows:
        print_rows(f"{name}. Times are in UTC.", columns, [[_cell(v) for v in r] for r in rows])
    else:
        say(f"{name} finds nothing.")


def compiled(folder: Path, name: str, variables: dict[str, str]) -> str:
    """Return the SQL that dbt makes of an analysis in a project's folder."""
    beside = Path(sys.executable).with_name("dbt")
    dbt = str(beside) if beside.exists() else shutil.which("dbt")
    if dbt is None:
        raise ClaimctlError("dbt compiles analyses, and is not installed here.")
    ended = subprocess.run(
        [
            *(dbt, "--quiet", "--no-use-colors", "compile", "--output", "json"),
            *("--select", f"package:claim_reconciliation,resource_type:analysis,{name}"),
            *("--vars", json.dumps(variables)),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    start = ended.stdout.find("{")
    if ended.returncode or start < 0:
        reason = " ".join(ended.stdout.split()) or "it said nothing"
        raise ClaimctlError(f"dbt could not compile {name}: {reason}.", f"dbt compile -s {name}")
    return str(json.loads(ended.stdout[start:])["compiled"])


def _rows(options: Options, query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    from claimctl.database import reading

    with reading(options) as connection:
        cursor = connection.execute(query.encode())
        columns = [column.name for column in cursor.description or ()]
        return columns, [tuple(row[column] for column in columns) for row in cursor]


def _known_zone(options: Options, zone: str) -> str:
    """Return a zone, if the database knows it by name: an offset, UTC+2, lies two hours west."""
    from claimctl.database import reading

    with reading(options) as connection:
        known = "select from pg_catalog.pg_timezone_names where name = %s"
        if connection.execute(known, (zone,)).fetchone() is None:
            raise WrongUsageError(
                f"{zone} is no zone that the database knows by name, such as Europe/Berlin; "
                "the view pg_timezone_names lists them."
            )
    return zone


def _grain(path: Path) -> str:
    """Return the comment that an analysis begins with, as one text."""
    lines = path.read_text(encoding="utf-8").splitlines()
    comment = []
    for line in lines:
        if not line.startswith("-- "):
            break
        comment.append(line.removeprefix("-- "))
    return " ".join(comment).removeprefix("Grain: ")


def _cell(value: Any) -> Any:
    return f"{value:%Y-%m-%d %H:%M:%S}" if hasattr(value, "strftime") else value
