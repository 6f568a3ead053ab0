"""One snapshot of the database, read by several connections into Parquet files.

The first connection exports its snapshot, and holds it, and a lock that keeps rows where they are,
until all is written. The others read parts of the tables, by the places of their rows, at the same
snapshot. A snapshot ends with the transaction that exported it, so that a run that is killed can go
on only where somebody else holds its snapshot (--snapshot).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from claimctl.database import connect, run_sql
from claimctl.errors import ClaimctlError, NoConnectionError, RefusedError
from claimctl.lake.folder import Folder, unfinished
from claimctl.lake.sources import LOCKED_KINDS, Table
from claimctl.options import Options

if TYPE_CHECKING:
    import pyarrow as pa
    from psycopg import Copy
    from pyarrow.fs import FileSystem

    from claimctl.database import Database

SETTINGS = """
select
    set_config('row_security', 'off', true),
    set_config('TimeZone', 'UTC', true),
    set_config('DateStyle', 'ISO', true),
    set_config('jit', 'off', true),
    set_config('search_path', 'pg_catalog', true),
    set_config('lock_timeout', '5s', true),
    -- A part takes as long as it takes, and meanwhile the first connection waits.
    set_config(name, '0', true)
from pg_catalog.pg_settings
where name in ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')
"""
# What of a part is in memory: rows as text, and the row group that is made of them.
MOST_BYTES, MOST_ROWS = 32 * 2**20, 131_072
MOST_TRIES = 3


@dataclass(frozen=True)
class Part:
    """Some blocks of a table, which become one file."""

    table: Table
    number: int
    first_block: int
    end_block: int | None

    @property
    def name(self) -> str:
        """The name of its note."""
        return f"{self.table.source}-{self.number:05d}"

    @property
    def file(self) -> str:
        """The name of its file, below the run's folder."""
        return f"{self.table.source}/part-{self.number:05d}.parquet"


@dataclass(frozen=True)
class Outcome:
    """What a run has written, and what it has found."""

    folder: Folder
    parts: dict[Part, dict[str, Any]]
    kept_parts: int
    removed: list[str]
    left_alone: list[str]


OnRows = Callable[[Part, int], None]
OnPart = Callable[[Part], None]


def parts_of(tables: Sequence[Table], blocks_a_part: int) -> list[Part]:
    """Return the parts of all tables; the last of each has no end."""
    parts = []
    for table in tables:
        starts = range(0, max(table.blocks, 1), blocks_a_part) if table.has_places else range(1)
        for number, start in enumerate(starts):
            is_last = number == len(starts) - 1
            parts.append(Part(table, number, start, None if is_last else start + blocks_a_part))
    return parts


@contextmanager
def held_snapshot(
    options: Options, tables: Sequence[Table], snapshot: str | None
) -> Iterator[tuple[Database, dict[str, Any]]]:
    """Export a snapshot, or take part in one, and hold it; yield the connection and what it is."""
    import psycopg

    locked = [table.relation for table in tables if table.kind in LOCKED_KINDS]
    with connect(options) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        with told():
            # Before the snapshot: what is rewritten in between would look empty.
            connection.execute("set local lock_timeout = '5s'")
            if locked:
                statement = f"lock table {', '.join(locked)} in access share mode"
                connection.execute(statement.encode())
            if snapshot is not None:
                _import(connection, snapshot)
            connection.execute(SETTINGS)
            exported = snapshot or _value(connection, "select pg_export_snapshot() as value")
            found = run_sql(connection, "lake/identity.sql", {})[0]
            ids = {"table_ids": [table.table_id for table in tables]}
            places = {row["table_id"]: row for row in run_sql(connection, "lake/storage.sql", ids)}
        for table in tables:
            table.blocks = places[table.table_id]["blocks"]
            table.files = places[table.table_id]["files"]
        as_of = found.pop("as_of")
        identity = {
            "snapshot": exported,
            **found,
            "tables": {
                table.source: [table.relation, [each.name for each in table.columns], table.files]
                for table in tables
            },
        }
        yield connection, {"as_of": as_of, "identity": json.loads(json.dumps(identity))}


def write(
    options: Options,
    file_system: FileSystem,
    lake: str,
    held: dict[str, Any],
    parts: Sequence[Part],
    connections: int,
    on_part: OnPart,
    on_rows: OnRows,
) -> Outcome:
    """Write the parts that are not there yet, into the folder of this snapshot or a new one."""
    identity = held["identity"] | {"parts": [[each.name, each.first_block] for each in parts]}
    folder, removed, left_alone = None, [], []
    for each in unfinished(file_system, lake):
        begun = each.begun()
        if begun is not None and begun == identity and folder is None:
            folder = each
        elif begun is None or not is_over(options, begun):
            # Somebody else's, or another run is writing it: it would end without its files.
            left_alone.append(each.name)
        else:
            each.remove()
            removed.append(each.name)
    if folder is None:
        folder = Folder.new(file_system, lake, held["as_of"])
        folder.begin(identity)
    done = {part: folder.finished_part(part.name) for part in parts}
    kept = {part: entry for part, entry in done.items() if entry is not None}
    for part, entry in kept.items():
        on_rows(part, entry["rows"])
        on_part(part)
    missing = [part for part in parts if part not in kept]
    written = _Writers(options, identity["snapshot"], folder, on_part, on_rows).write(
        missing, connections
    )
    return Outcome(folder, kept | written, len(kept), removed, left_alone)


def is_over(options: Options, begun: dict[str, Any]) -> bool:
    """Return whether a snapshot was of this server, and no transaction holds it any more."""
    import psycopg

    with connect(options) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with told():
            here = run_sql(connection, "lake/identity.sql", {})[0]
        if any(begun.get(name) != here[name] for name in ("database", "server_started_at")):
            # Whether it is held there, nobody can say here.
            return False
        connection.rollback()
        try:
            _import(connection, str(begun["snapshot"]))
        except psycopg.Error as error:
            if _is_of_no_snapshot(error):
                return True
            raise _said(error) from error
        # A number may be given again; the snapshot of a run is told by what it sees.
        visible = run_sql(connection, "lake/identity.sql", {})[0]["visible"]
        return bool(visible != begun.get("visible"))


class _Writers:
    """Threads with a connection each, which read parts at one snapshot and write them."""

    def __init__(
        self, options: Options, snapshot: str, folder: Folder, on_part: OnPart, on_rows: OnRows
    ) -> None:
        self.options = options
        self.snapshot = snapshot
        self.folder = folder
        self.on_part = on_part
        self.on_rows = on_rows
        self.local = threading.local()
        self.stop = threading.Event()
        self.opened: list[Database] = []

    def write(self, parts: Sequence[Part], connections: int) -> dict[Part, dict[str, Any]]:
        """Write all the parts, or none of those that are left once one has failed."""
        pool = ThreadPoolExecutor(connections)
        waiting = {pool.submit(self._write, part): part for part in parts}
        try:
            return {waiting[each]: each.result() for each in as_completed(waiting)}
        finally:
            self.stop.set()
            pool.shutdown(cancel_futures=True)
            for connection in self.opened:
                connection.close()

    def _write(self, part: Part) -> dict[str, Any]:
        import psycopg

        for number in range(1, MOST_TRIES + 1):
            try:
                connection = self._connection()
                entry = self._write_part(connection, part)
                break
            except psycopg.Error as error:
                # A connection that was cut is made anew; what the server says of data stays true.
                self.local.connection = None
                if number == MOST_TRIES or not isinstance(error, psycopg.OperationalError):
                    raise _said(error) from error
        self.folder.keep_part(part.name, entry)
        self.on_part(part)
        return entry

    def _connection(self) -> Database:
        import psycopg

        connection: Database | None = getattr(self.local, "connection", None)
        if connection is None:
            connection = connect(self.options)
            self.opened.append(connection)
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            _import(connection, self.snapshot)
            connection.execute(SETTINGS)
            self.local.connection = connection
        return connection

    def _write_part(self, connection: Database, part: Part) -> dict[str, Any]:
        from pyarrow.parquet import ParquetWriter

        schema = part.table.schema()
        query = part.table.query(part.first_block, part.end_block)
        rows = 0
        with connection.cursor() as cursor, cursor.copy(query) as copy:
            groups = self._groups(copy, schema)
            first = next(groups, None)
            if first is None and part.number > 0:
                return {"file": None, "rows": 0}
            with (
                self.folder.part_file(part.file) as file,
                ParquetWriter(file, schema, compression="zstd") as writer,
            ):
                while first is not None:
                    writer.write_table(first)
                    rows += first.num_rows
                    self.on_rows(part, first.num_rows)
                    first = next(groups, None)
        return {
            "file": part.file,
            "rows": rows,
            "bytes": file.bytes,
            "sha256": file.digest.hexdigest(),
        }

    def _groups(self, copy: Copy, schema: pa.Schema) -> Iterator[pa.Table]:
        """Yield the rows of a COPY by the row group; each piece that it hands out is a row."""
        lines: list[bytes] = []
        size = 0
        for line in copy:
            lines.append(bytes(line))
            size += len(line)
            if size >= MOST_BYTES or len(lines) >= MOST_ROWS:
                yield _parsed(lines, schema)
                lines, size = [], 0
                if self.stop.is_set():
                    raise ClaimctlError("Stopped.")
        if lines:
            yield _parsed(lines, schema)


def _parsed(lines: list[bytes], schema: pa.Schema) -> pa.Table:
    from pyarrow import ArrowInvalid, csv

    from claimctl.lake import first_line

    content = b"".join(lines)
    try:
        return csv.read_csv(
            BytesIO(content),
            csv.ReadOptions(
                use_threads=False, block_size=len(content) + 1, column_names=schema.names
            ),
            csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            csv.ConvertOptions(
                column_types=schema,
                true_values=["t"],
                false_values=["f"],
                # PostgreSQL writes a null as nothing and an empty text in quotes.
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
    except ArrowInvalid as error:
        raise ClaimctlError(f"A value does not fit into Parquet: {first_line(error)}.") from error


def _import(connection: Database, snapshot: str) -> None:
    from psycopg.sql import SQL, Literal

    connection.execute(SQL("set transaction snapshot {}").format(Literal(snapshot)))


def _value(connection: Database, query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    return row["value"] if row else None


@contextmanager
def told() -> Iterator[None]:
    """Turn what the database refuses into a sentence."""
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        raise _said(error) from error


def _said(error: Any) -> ClaimctlError:
    import psycopg

    message = " ".join((error.diag.message_primary or str(error)).split()).rstrip(".")
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return RefusedError(
            "A table is locked for longer than 5 s, and waiting would stop its writers. Call it "
            "again when that is over; to see who holds the lock:",
            "claimctl database",
        )
    if _is_of_no_snapshot(error):
        return RefusedError(
            f"The snapshot is over: {message}. It lives as long as the transaction that exported "
            "it. Call it again without --snapshot."
        )
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return RefusedError(
            f"The login may not read that: {message}. To see what it needs:", "claimctl doctor"
        )
    if error.sqlstate is None or error.sqlstate.startswith(("57P", "08")):
        return NoConnectionError(f"The connection was lost: {message}. Call it again.")
    return ClaimctlError(f"The database refused to answer: {message}.")


def _is_of_no_snapshot(error: Any) -> bool:
    return error.sqlstate in ("22023", "42704", "55000") and "snapshot" in str(error)
