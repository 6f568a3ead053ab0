"""Calls of the guard's functions, and its refusals as errors of the command line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from claimctl.database import connect, plain_times, run_sql
from claimctl.errors import (
    ClaimctlError,
    NoConnectionError,
    NothingToDoError,
    RefusedError,
    WrongUsageError,
    split_hint,
)
from claimctl.options import Options

if TYPE_CHECKING:
    import psycopg

    from claimctl.database import Database

# The version of claim_ops that these commands speak to: guard_version() in macros/guard.
GUARD_VERSION = 2
INSTALL = "dbt run-operation install_guard"
WRONG_USAGE_STATES = ("CO001", "CO013")
NOTHING_TO_DO_STATE = "CO014"
LOCK_TIMEOUT = "30s"
LOCK_TIMEOUT_STATE = "55P03"
# The server ends or refuses connections, or the connection itself failed.
LOST_STATES = ("57P", "08")


@contextmanager
def guard(options: Options) -> Iterator[Database]:
    """Connect to a database with the guard; each statement is a transaction of its own."""
    import psycopg

    with refusals(), connect(options) as connection:
        connection.autocommit = True
        try:
            _check_version(connection)
            yield connection
        except psycopg.errors.ReadOnlySqlTransaction as error:
            raise RefusedError(_only_reads(connection)) from error
        except psycopg.errors.InsufficientPrivilege as error:
            raise lacking_right(connection, error) from error


@contextmanager
def refusals() -> Iterator[None]:
    """Turn the guard's errors, and the database's, into sentences with an exit code."""
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        raise refusal(error) from error


@contextmanager
def expiring(options: Options, plan_id: int) -> Iterator[None]:
    """On a refusal have it written down if the plan's time is over: a refusal itself cannot."""
    try:
        yield
    except RefusedError:
        with suppress(ClaimctlError), guard(options) as connection:
            call(connection, "expire_plan", plan_id=plan_id)
        raise


def refusal(error: psycopg.Error) -> ClaimctlError:
    """Return the error of the command line that says what the database said."""
    import psycopg

    diagnosis = error.diag
    message = _line(diagnosis.message_primary or str(error))
    state = error.sqlstate or ""
    if not state and isinstance(error, psycopg.DataError):
        return WrongUsageError(f"The database cannot take or give that: {message.rstrip('.')}.")
    if not state or state.startswith(LOST_STATES):
        return NoConnectionError(f"The connection was lost: {message.rstrip('.')}. Call it again.")
    if state == NOTHING_TO_DO_STATE:
        hint, commands = split_hint(_line(diagnosis.message_hint or ""))
        return NothingToDoError(_sentences(message, hint), *commands)
    if state == LOCK_TIMEOUT_STATE:
        return RefusedError(
            f"Another session has held a lock that this needs for {LOCK_TIMEOUT}. Nothing was "
            "changed; pg_stat_activity shows who is idle in a transaction."
        )
    hint, commands = split_hint(_line(diagnosis.message_hint or ""))
    text = _sentences(message, diagnosis.message_detail, hint)
    if not state.startswith("CO"):
        where = _line((diagnosis.context or "").split("\n")[0])
        text = _sentences(f"{message} ({state})", where)
    kind = WrongUsageError if state in WRONG_USAGE_STATES else RefusedError
    return kind(text, *commands)


def lacking_right(connection: Database, error: psycopg.Error) -> ClaimctlError:
    """Return the refusal that names the one role that is needed, and the logins that have it."""
    message = _line(error.diag.message_primary or str(error))
    # With a context it is no right of this login, but of a function or of a trigger that it fired.
    if error.diag.context:
        return refusal(error)
    connection.rollback()
    denied = re.fullmatch(r"permission denied for function (\w+)", message)
    parameters = {"function": denied.group(1) if denied else None}
    rows = run_sql(connection, "guard/needed_role.sql", parameters)
    if not rows:
        return refusal(error)
    row = rows[0]
    has = f", which {row['holders']} has" if row["holders"] else ", which no login has yet"
    return RefusedError(
        f"The login {row['login']} may not do that: {message}. It needs the role {row['role']}"
        f"{has}. Connect as such a login, or let a superuser run:",
        row["advice"],
    )


def call(connection: Database, function: str, **arguments: Any) -> Any:
    """Call a function of claim_ops by the names of its arguments and return what it returns."""
    from psycopg.sql import SQL, Identifier, Placeholder

    named = SQL(", ").join(
        SQL("{} => {}").format(Identifier(f"p_{name}"), Placeholder(name)) for name in arguments
    )
    statement = SQL("select claim_ops.{}({}) as result").format(Identifier(function), named)
    with plain_times(connection):
        connection.execute("select set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
        row = connection.execute(statement, arguments).fetchone()
    return row["result"] if row else None


def show_plan(connection: Database, plan_id: int) -> dict[str, Any]:
    """Return the document about a plan."""
    with plain_times(connection):
        rows = run_sql(connection, "guard/show.sql", {"plan_id": plan_id})
    if not rows:
        raise WrongUsageError(f"There is no plan {plan_id}. To list them all:", "claimctl plans")
    document: dict[str, Any] = rows[0]["plan"]
    return document


def is_installed(connection: Database) -> bool:
    """Return whether this database has the guard and this login may look at it."""
    row = connection.execute(
        "select to_regclass('claim_ops.plans') is not null"
        " and has_table_privilege(to_regclass('claim_ops.plans')::oid, 'select') as yes"
        " where has_schema_privilege(to_regnamespace('claim_ops')::oid, 'usage')"
    ).fetchone()
    return bool(row and row["yes"])


def refuse_stranger(connection: Database) -> None:
    """Refuse a login that may not read the guard's settings, where there is a guard."""
    row = connection.execute(
        "select current_user as login from pg_namespace where nspname = 'claim_ops'"
    ).fetchone()
    if row:
        needed = run_sql(connection, "guard/needed_role.sql", {"function": None})
        raise RefusedError(
            f"The login {row['login']} may not read the guard's settings. A superuser grants:",
            *(each["advice"] for each in needed),
        )


def recorded(connection: Database) -> dict[str, Any]:
    """Return the rules, the names of the service's tables and the models' schema as installed."""
    row = connection.execute(
        "select settings || sources || jsonb_build_object('models_schema', models_schema) as known"
        " from claim_ops.settings"
    ).fetchone()
    return row["known"] if row else {}


def _check_version(connection: Database) -> None:
    import psycopg

    try:
        row = connection.execute("select version from claim_ops.settings").fetchone()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName) as error:
        raise NoConnectionError("The guard is not installed here:", INSTALL) from error
    version = row["version"] if row else None
    if version != GUARD_VERSION:
        raise NoConnectionError(
            f"The guard has version {version}, this claimctl speaks to {GUARD_VERSION}: "
            "install the same release of both, and run:",
            INSTALL,
        )


def _only_reads(connection: Database) -> str:
    """Return why nothing can be written here."""
    row = connection.execute("select pg_is_in_recovery() as is_standby").fetchone()
    if row and row["is_standby"]:
        return "This server is a standby, which only reads: connect to the primary."
    return (
        "Transactions of this login only read here: connect to the primary, or set "
        "default_transaction_read_only to off."
    )


def _sentences(*parts: str | None) -> str:
    lines = [_line(part).rstrip(".") for part in parts if part]
    text = ". ".join(lines)
    # A command follows on a line of its own.
    return text if text.endswith(":") else f"{text}."


def _line(text: str) -> str:
    return " ".join(text.split())
