"""The connection, made as libpq makes it, and what SQL files need of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from claimctl.errors import ClaimctlError, NoConnectionError, RefusedError
from claimctl.options import Options

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import DictRow
    from psycopg.sql import Composable

    Database = Connection[DictRow]

# Only settings of the transaction: a pooler hands those of the session to other clients.
READING_SETTINGS = """
select
    set_config('row_security', 'off', true),
    set_config('TimeZone', 'UTC', true),
    set_config('DateStyle', 'ISO', true),
    set_config('IntervalStyle', 'postgres', true),
    set_config('jit', 'off', true),
    set_config('search_path', 'pg_catalog', true),
    set_config('lock_timeout', '5s', true),
    set_config('statement_timeout', '60s', true)
"""


# A server that vanished without a word is noticed within half a minute, also while we wait for it.
DEADLINES = {"keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3}


def connect(options: Options) -> Database:
    """Connect as libpq does; --dsn and the PG variables decide."""
    import psycopg
    from psycopg.conninfo import conninfo_to_dict
    from psycopg.rows import dict_row

    try:
        parameters = conninfo_to_dict(options.dsn)
        if "PGCONNECT_TIMEOUT" not in os.environ:
            parameters.setdefault("connect_timeout", 10)
        for name, value in DEADLINES.items():
            parameters.setdefault(name, value)
        # Whatever PGCLIENTENCODING says: names and reasons are not of one alphabet.
        parameters["client_encoding"] = "utf8"
        return psycopg.connect(
            **parameters,  # type: ignore[arg-type]
            fallback_application_name="claimctl",
            # Behind a pooler the next transaction may meet a server process that prepared nothing.
            prepare_threshold=None,
            row_factory=dict_row,
        )
    except psycopg.Error as error:
        raise NoConnectionError(
            f"No connection to the database: {_with_host(_reason(error))}. "
            "Check --dsn, or PGHOST, PGPORT, PGUSER and PGDATABASE."
        ) from error


@contextmanager
def reading(options: Options) -> Iterator[Database]:
    """Open a transaction that only reads, at one snapshot, in UTC; a hidden row is an error."""
    import psycopg

    with connect(options) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        try:
            connection.execute(READING_SETTINGS)
            yield connection
        except psycopg.Error as error:
            if connection.broken:
                raise NoConnectionError(f"The connection was lost: {_reason(error)}.") from error
            denied = isinstance(error, psycopg.errors.InsufficientPrivilege)
            kind = RefusedError if denied else ClaimctlError
            raise kind(
                f"The database refused to answer: {_reason(error)}. To see what is missing:",
                "claimctl doctor",
            ) from error


@contextmanager
def plain_times(connection: Database) -> Iterator[None]:
    """Open a transaction in which times are in UTC, and written as psycopg reads them."""
    with connection.transaction():
        connection.execute(
            "select set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO', true)"
        )
        yield


def run_sql(
    connection: Database,
    file: str,
    parameters: Mapping[str, Any],
    names: Mapping[str, Composable] | None = None,
) -> list[DictRow]:
    """Run a file of the folder sql; `names` fill its {braces}, `parameters` its %(names)s."""
    from psycopg.sql import SQL

    text = (files("claimctl") / "sql" / file).read_text(encoding="utf-8")
    return connection.execute(SQL(text).format(**(names or {})), parameters).fetchall()


def _with_host(reason: str) -> str:
    """Name the host that psycopg could not resolve: it does not look at PGHOST."""
    return reason.replace("host None", f"host '{os.environ.get('PGHOST', '')}'")


def _reason(error: Exception) -> str:
    """Return the server's or libpq's words as one line, without what may hold a password."""
    diagnosis = getattr(getattr(error, "diag", None), "message_primary", None)
    line = " ".join((diagnosis or str(error)).split())
    return line.split(' after "')[0].removeprefix("connection failed: ").rstrip(".")
