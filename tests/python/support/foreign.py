"""Services whose tables have forms of their own, and the guard beside them."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Any

import psycopg
from sandbox.server import Server

from support.databases import DATABASE, Database
from support.dbt_project import DbtProject
from support.guard import LOGINS, SHIELD, Guard

# The others' models only rename what these read.
PARTS = (
    "path:models/staging",
    "path:models/wallets",
    "path:models/purchases",
    "path:models/caps",
    "sku_catalog",
)


@dataclass(frozen=True)
class Shape:
    """A service's tables: what is altered in the ones that the simulator makes, and the vars."""

    alter: str
    vars: dict[str, Any] = field(default_factory=dict)
    users: tuple[str, ...] = ("anna", "ben", "carla", "dora")
    sku: str = SHIELD
    tx_ids: tuple[str, ...] = tuple(f"tx-{number}" for number in range(1, 6))
    # How the service writes the moment of so many hours ago.
    moment: str = "now() - interval '{} hours'"


def fill(database: Database, shape: Shape) -> None:
    """Anna lacks a shield of two, Ben his wallet; Carla paid and has no claim; Dora is right."""
    anna, ben, carla, dora = shape.users
    old, older = shape.moment.format(240), shape.moment.format(241)
    claims = [(0, anna), (1, anna), (2, ben), (4, dora)]
    database.execute(
        "insert into purchase_claims (tx_id, user_id, sku, claimed_at) values "
        + ", ".join(f"('{shape.tx_ids[n]}', '{user}', '{shape.sku}', {old})" for n, user in claims)
    )
    database.execute(
        "insert into user_wallet_balances (user_id, streakshield_count, updated_at) values "
        + ", ".join(
            f"('{user}', {held}, {older})" for user, held in [(anna, 1), (carla, 0), (dora, 1)]
        )
    )
    database.execute(
        "insert into audit_purchases (tx_id, user_id, sku, status, purchased_at) values "
        f"('{shape.tx_ids[3]}', '{carla}', '{shape.sku}', 'NON_RENEWING_PURCHASE', {older})"
    )


def range_of(database: Database) -> dict[str, Any]:
    """Return a range that holds all purchases but today's."""
    return {
        "from": database.value("select now() - interval '300 hours'"),
        "to": database.value("select now() - interval '100 hours'"),
    }


def installed(server: Server, dbt: DbtProject, vars: dict[str, Any]) -> Guard:
    """Install the guard as its owner does, with the tests' logins."""
    outcome = dbt.run("run-operation", "install_guard", vars=vars)
    assert outcome.success, outcome.exception
    with psycopg.connect(server.dsn(DATABASE), autocommit=True) as connection:
        for login, role in LOGINS.items():
            with contextlib.suppress(psycopg.errors.DuplicateObject):
                connection.execute(f"create role {login} login".encode())
            connection.execute(f"grant {role} to {login}".encode())
    return Guard(server)
