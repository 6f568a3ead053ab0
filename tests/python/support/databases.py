"""Databases of the tests: a fresh copy of a template for each test that commits."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row
from sandbox.server import Server

# One name for all, because a parsed manifest holds it.
DATABASE = "claims"
MODELS_SCHEMA = "dbt_claim_reconciliation"
# A copy of a database is 350 small files: in memory it takes a fifteenth of the time.
MEMORY = Path("/dev/shm")
NEEDED_MEMORY = 4 * 2**30


@contextlib.contextmanager
def running_server(**options: Any) -> Iterator[Server]:
    """Start a server whose folder, in memory where there is room, is gone afterwards."""
    in_memory = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > NEEDED_MEMORY
    # Outside the home of the user, because the server's user may have to go there.
    folder = tempfile.mkdtemp(
        prefix="claim_reconciliation_tests_", dir=MEMORY if in_memory else None
    )
    try:
        with Server(Path(folder), **options) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Database:
    """The database that a test works on, made anew from a template with the service's tables."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.name = DATABASE

    @property
    def dsn(self) -> str:
        """The connection string of the superuser."""
        return self.server.dsn(self.name)

    def connect(self, *, autocommit: bool = True) -> psycopg.Connection:
        """Open a connection, each statement committed by itself unless told otherwise."""
        dsn = f"{self.dsn} options='-c timezone=UTC'"
        return psycopg.connect(dsn, autocommit=autocommit)

    def execute(self, statement: str) -> None:
        """Run a statement and commit it."""
        with self.connect() as connection:
            connection.execute(statement.encode())

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return a query's rows."""
        with self.connect() as connection:
            return connection.execute(query.encode()).fetchall()

    def records(self, query: str) -> list[dict[str, Any]]:
        """Return a query's rows, each by the names of its columns."""
        with self.connect() as connection:
            return connection.cursor(row_factory=dict_row).execute(query.encode()).fetchall()

    def value(self, query: str) -> Any:
        """Return the only value of a query's only row."""
        ((value,),) = self.rows(query)
        return value

    def version(self) -> int:
        """Return the server's major version."""
        return int(self.value("show server_version_num")) // 10000


TableMaker = Callable[[psycopg.Connection, str], None]


class Templates:
    """Templates with the service's tables, one a type of user_id, made when first asked for."""

    def __init__(self, server: Server, create_tables: TableMaker) -> None:
        self.server = server
        self.create_tables = create_tables
        self.made: set[str] = set()

    def fresh_database(self, template: str = "text") -> Database:
        """Replace the tests' database by a copy of a template: a type of user_id, or a kept one."""
        with psycopg.connect(self.server.dsn(), autocommit=True) as connection:
            if template not in self.made:
                connection.execute(f"create database template_{template}".encode())
                with psycopg.connect(self.server.dsn(f"template_{template}")) as tables:
                    self.create_tables(tables, template)
                self.made.add(template)
            copy_database(connection, f"template_{template}", DATABASE)
        return Database(self.server)

    def keep(self, name: str) -> None:
        """Keep the tests' database as it is now, to be copied under this name."""
        with psycopg.connect(self.server.dsn(), autocommit=True) as connection:
            copy_database(connection, DATABASE, f"template_{name}")
        self.made.add(name)


def copy_database(connection: psycopg.Connection, template: str, name: str) -> None:
    """Make a database, in place of one of the same name, as a copy of another."""
    connection.execute(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s",
        [template],
    )
    connection.execute(f"drop database if exists {name} with (force)".encode())
    connection.execute(f"create database {name} template {template} strategy file_copy".encode())
