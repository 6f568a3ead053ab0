"""`claimctl export`: the evidence of one plan, for an auditor."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claimctl.errors import ClaimctlError, ExitCode, WrongUsageError
from claimctl.options import NOT_BLANK, PLAN_ID, Command, Options, global_options
from claimctl.output import say

if TYPE_CHECKING:
    from claimctl.database import Database

# Each is a query of sql/export, a CSV file and a JSON file.
PARTS = ("plan", "approvals", "lines", "left_out", "outcomes", "digests", "chain", "problems")
MANIFEST = "manifest.json"


@click.command(cls=Command)
@click.argument("plan_id", metavar="PLAN", type=PLAN_ID)
@click.argument("folder", metavar="DIR", type=NOT_BLANK)
@global_options
@click.pass_obj
def export(options: Options, plan_id: int, folder: str) -> None:
    """Write the evidence of PLAN into DIR, as CSV and as JSON, with a manifest of SHA-256 hashes.

    The plan, its approvals, each line before and after, outcomes, digests, the journal's chain, and
    where they disagree, all as of one moment. DIR is made; one that holds files already is refused.
    Keep the printed hash of the manifest elsewhere: it covers all the files.

    Exit code 0: written, 1: written, and the journal was changed, 2: no such plan or folder, 3: no
    connection or no guard, 4: refused.

    \b
    Example:
      claimctl export 7 evidence_of_plan_7
    """
    import psycopg

    from claimctl.guard import guard, show_plan
    from claimctl.output import print_json

    place = _made(Path(folder))
    with guard(options) as connection:
        show_plan(connection, plan_id)
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with connection.transaction():
            connection.execute(
                "select set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO', true)"
            )
            manifest = {
                "plan_id": plan_id,
                **(
                    connection.execute("select now() as as_of, session_user as by").fetchone() or {}
                ),
                "files": [
                    entry
                    for part in PARTS
                    for entry in _write(connection, place, part, {"plan_id": plan_id})
                ],
            }
    text = json.dumps(manifest, indent=2, default=str) + "\n"
    _save(place / MANIFEST, text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    rows = {entry["file"]: entry["rows"] for entry in manifest["files"]}
    if options.as_json:
        print_json({"folder": str(place), "manifest_sha256": digest, **manifest})
    else:
        say(f"The evidence of plan {plan_id} is in {place}: {rows['lines.csv']} lines.")
        say(f"\nHash of its manifest, to keep elsewhere:\n  {digest}")
        if rows["problems.csv"]:
            say("\nPlan and journal disagree; problems.csv says where.")
    if rows["problems.csv"]:
        raise SystemExit(ExitCode.FINDINGS)


def _made(folder: Path) -> Path:
    """Make the folder, and refuse one in which something lies already."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise WrongUsageError(f"{folder} is not empty. Name a folder that is new.")
    except OSError as error:
        raise WrongUsageError(f"{folder} cannot be made: {error.strerror}.") from error
    return folder


def _write(
    connection: Database, folder: Path, part: str, parameters: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Write the rows of a query as CSV and as JSON, however many they are."""
    query = (files("claimctl") / f"sql/export/{part}.sql").read_text(encoding="utf-8")
    count = 0
    try:
        with (
            connection.cursor(name=part) as cursor,
            (folder / f"{part}.csv").open("w", encoding="utf-8", newline="") as table,
            (folder / f"{part}.json").open("w", encoding="utf-8") as document,
        ):
            cursor.execute(query.encode(), parameters)
            writer = csv.writer(table, lineterminator="\n")
            writer.writerow([column.name for column in cursor.description or ()])
            document.write("[")
            for count, row in enumerate(cursor, start=1):
                writer.writerow([_cell(value) for value in row.values()])
                document.write((",\n" if count > 1 else "\n") + json.dumps(row, default=str))
            document.write("\n]\n")
    except OSError as error:
        raise ClaimctlError(f"{folder} could not be written: {error.strerror}.") from error
    for name in (f"{part}.csv", f"{part}.json"):
        content = (folder / name).read_bytes()
        yield {
            "file": name,
            "rows": count,
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }


def _cell(value: Any) -> Any:
    return json.dumps(value, default=str) if isinstance(value, dict | list) else value


def _save(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ClaimctlError(f"{file} could not be written: {error.strerror}.") from error
