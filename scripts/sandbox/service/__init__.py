"""The claim service: its tables, and the reference function that claims a purchase atomically."""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg import sql

from sandbox.scripts import run_script

FOLDER = Path(__file__).parent
USER_ID_TYPES = ("text", "uuid")


def create_tables(
    connection: psycopg.Connection, user_id_type: str = "uuid", schema: str = "public"
) -> None:
    """Create the service's tables and functions, empty but for the switch of the SKUs."""
    if user_id_type not in USER_ID_TYPES:
        raise ValueError(f"user_id is {' or '.join(USER_ID_TYPES)}, not {user_id_type}")
    name = sql.Identifier(schema)
    with connection.transaction():
        connection.execute(sql.SQL("create schema if not exists {}").format(name))
        connection.execute(sql.SQL("set local search_path = {}").format(name))
        for file in ("schema.sql", "sku_limits.sql", "claim_purchase.sql"):
            run_script(connection, FOLDER / file, user_id_type=user_id_type)


def add_constraints(connection: psycopg.Connection, schema: str = "public") -> None:
    """Add what lets no wallet drift unseen; only an atomic service can live with it."""
    with connection.transaction():
        connection.execute(sql.SQL("set local search_path = {}").format(sql.Identifier(schema)))
        run_script(connection, FOLDER / "constraints.sql")
