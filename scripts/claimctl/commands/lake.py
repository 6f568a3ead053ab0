"""`claimctl lake`: the service's tables as Parquet, for engines that read a lake."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import click

from claimctl.options import NOT_BLANK, Command, Group, Options, global_options
from claimctl.output import say

if TYPE_CHECKING:
    from claimctl.database import Database
    from claimctl.lake.snapshot import OnPart, OnRows, Outcome, Part
    from claimctl.lake.sources import Table

BLOCKS_A_MIB = 128


@click.group(cls=Group)
@global_options
def lake() -> None:
    """Write the service's tables to a lake; what is found there comes back as proposals.

    \b
    Example:
      claimctl lake snapshot s3://analytics/claims
    """


@lake.command(cls=Command)
@click.argument("place", metavar="DIR|URL", type=NOT_BLANK)
@click.option(
    "--table",
    "names",
    type=NOT_BLANK,
    multiple=True,
    metavar="TABLE",
    help="Only this table, by the package's name, such as purchase_claims.",
)
@click.option(
    "--connections",
    type=click.IntRange(1, 16),
    default=2,
    show_default=True,
    help="How many connections read.",
)
@click.option(
    "--part-mib",
    type=click.IntRange(1, 4096),
    default=128,
    show_default=True,
    help="How much of a table becomes one file.",
)
@click.option(
    "--snapshot",
    "snapshot_id",
    type=NOT_BLANK,
    metavar="ID",
    help="A snapshot that another session has exported and holds; a killed run goes on with it.",
)
@global_options
@click.pass_obj
def snapshot(
    options: Options,
    place: str,
    names: tuple[str, ...],
    connections: int,
    part_mib: int,
    snapshot_id: str | None,
) -> None:
    """Write the service's tables, as of one moment, into a new folder of DIR as Parquet.

    Tables and columns keep their names; columns that no model reads are not written. A folder is
    complete when it has its manifest.json: rows, hashes, and the digest of settings and catalogue.
    What a killed run left is removed by the next one on the same server, unless its snapshot is
    still held; what another server or somebody else left is named and left alone. Needs the extra
    `lake` of the package, and the right to read the tables. It changes nothing in the database,
    holds its oldest snapshot for as long as it runs, and vacuum waits for that.

    Exit code 0: written, 1: the place cannot be written, 2: wrong usage, 3: no connection,
    4: a table may not be read, is locked, or the snapshot is over.

    \b
    Example:
      claimctl lake snapshot s3://analytics/claims --connections 4
    """
    from claimctl.lake import open_place, require_library

    require_library()
    from claimctl.lake.snapshot import held_snapshot, parts_of, told, write
    from claimctl.lake.sources import choose

    tables = choose(_tables(options), names)
    file_system, path = open_place(place)
    with held_snapshot(options, tables, snapshot_id) as (connection, held):
        digest = _settings_digest(connection, options)
        parts = parts_of(tables, part_mib * BLOCKS_A_MIB)
        with _bar(parts) as (on_part, on_rows):
            outcome = write(options, file_system, path, held, parts, connections, on_part, on_rows)
        with told():
            # Without the lock that it held, a table may have been written anew between two parts.
            connection.execute("select 1")
        # Before the snapshot is over: another run removes what is unfinished then.
        manifest = {
            "run_id": outcome.folder.name,
            "as_of": held["as_of"].isoformat(),
            "database": held["identity"]["database"],
            "settings_digest": digest,
            "version": version("claim-reconciliation"),
            "tables": [_entry(table, outcome) for table in tables],
        }
        manifest_sha256 = outcome.folder.complete(manifest)
    _print(options, place, manifest, manifest_sha256, outcome)


def _tables(options: Options) -> list[Table]:
    """Return the service's tables, by the names that the guard recorded or the project says."""
    from claimctl.config import Project, find_project, load_project
    from claimctl.database import reading
    from claimctl.guard import is_installed, recorded, refuse_stranger
    from claimctl.lake.sources import find_tables

    project = find_project(options)
    with reading(options) as connection:
        if is_installed(connection):
            project = Project(recorded(connection), [])
        elif project is None:
            refuse_stranger(connection)
        return find_tables(connection, (project or load_project(options)).settings)


def _settings_digest(connection: Database, options: Options) -> str | None:
    """Return the digest of settings and catalogue: the guard's, else the models', else none."""
    from psycopg.sql import SQL, Identifier

    from claimctl.guard import is_installed
    from claimctl.models import schemas_of_models

    if is_installed(connection):
        place = Identifier("claim_ops", "settings"), Identifier("digest")
    else:
        schemas = schemas_of_models(connection, options)
        if len(schemas) != 1:
            return None
        place = Identifier(schemas[0], "rpt_wallet_build"), Identifier("settings_digest")
    query = SQL("select {1} as digest from {0}").format(*place)
    row = connection.execute(query).fetchone()
    return row["digest"] if row else None


def _entry(table: Table, outcome: Outcome) -> dict[str, Any]:
    """Return what the manifest says of a table."""
    files = [
        entry
        for part, entry in sorted(outcome.parts.items(), key=lambda each: each[0].number)
        if part.table is table and entry["file"]
    ]
    return {
        "source": table.source,
        "relation": table.relation,
        "folder": table.source,
        "rows": sum(entry["rows"] for entry in files),
        "bytes": sum(entry["bytes"] for entry in files),
        "columns": {each.name: str(each.type) for each in table.schema()},
        "files": files,
    }


@contextmanager
def _bar(parts: Sequence[Part]) -> Iterator[tuple[OnPart, OnRows]]:
    """Show a bar over the blocks of all tables on a terminal, nothing elsewhere."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.fields[table]}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TimeRemainingColumn(),
    )
    ends = {part: part.end_block or max(part.table.blocks, part.first_block + 1) for part in parts}
    blocks = {part: ends[part] - part.first_block for part in parts}
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("", total=sum(blocks.values()), table="", rows=0)
        rows: dict[str, int] = defaultdict(int)

        def on_rows(part: Part, count: int) -> None:
            rows[part.table.source] += count
            bar.update(task, table=part.table.source, rows=sum(rows.values()))

        yield (lambda part: bar.advance(task, blocks[part])), on_rows


def _print(
    options: Options, place: str, manifest: dict[str, Any], digest: str, outcome: Outcome
) -> None:
    from claimctl.lake import shown
    from claimctl.output import print_json, print_rows

    folder = f"{shown(place).rstrip('/')}/{outcome.folder.name}"
    if options.as_json:
        print_json(
            {
                "folder": folder,
                "manifest_sha256": digest,
                **manifest,
                "kept_parts": outcome.kept_parts,
                "removed": outcome.removed,
                "left_alone": outcome.left_alone,
            }
        )
        return
    say(f"The snapshot of {manifest['as_of'][:19]} is in {folder}.")
    print_rows(
        "",
        ("table", "rows", "files", "MB"),
        (
            (each["source"], f"{each['rows']:,}", len(each["files"]), f"{each['bytes'] / 1e6:,.1f}")
            for each in manifest["tables"]
        ),
    )
    if outcome.kept_parts:
        say(f"  {outcome.kept_parts} parts were there already, of the same snapshot.")
    for name in outcome.removed:
        say(f"  {name} was unfinished and its snapshot is over: it is removed.")
    for name in outcome.left_alone:
        say(
            f"  {name} is unfinished and may be another run's: it is left alone. Remove it if "
            "no run writes to it."
        )
    say(f"\nHash of its manifest, to keep elsewhere:\n  {digest}")
