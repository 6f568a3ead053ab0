"""The past of the claim service: users, weeks of claims, and the faults that were done to some."""

from __future__ import annotations

from pathlib import Path

import psycopg

from sandbox.scripts import run_script

FOLDER = Path(__file__).parent
IN_FLIGHT = "in flight"
SPOILABLE_USERS = 1_000
QUIET_HOURS = 5
SETTLED_FAULTS = (
    "lost wallet update",
    "doubled update on retry",
    "claim without wallet",
    "shields without claims",
    "booster stacked wrongly",
    "booster an hour off",
    "booster lost",
    "restored from old backup",
    "hand edit",
)


def create_history(connection: psycopg.Connection, users: int, user_id_type: str = "uuid") -> None:
    """Fill the service's empty tables with weeks of claims of `users` users, all wallets right.

    The connection must commit by itself, as a vacuum cannot run inside a transaction.
    """
    with connection.transaction():
        run_script(
            connection,
            FOLDER / "users.sql",
            users=users,
            spoilable_users=SPOILABLE_USERS,
            user_id_type=user_id_type,
        )
        run_script(connection, FOLDER / "history.sql", quiet_hours=QUIET_HOURS)
    connection.execute("vacuum (analyze)")


def inject_fault(connection: psycopg.Connection, fault: str, wallets: int) -> None:
    """Do one kind of fault to so many wallets and record it in sandbox.injected_faults."""
    file = FOLDER / "faults" / f"{fault.replace(' ', '_')}.sql"
    with connection.transaction():
        run_script(connection, file, fault=fault, wallets=wallets)
        injected = connection.execute(
            "select count(distinct user_id) from sandbox.injected_faults where fault = %s", [fault]
        ).fetchone()
    if injected != (wallets,):
        raise RuntimeError(f"{fault}: the history has too few fitting users for {wallets} wallets")
