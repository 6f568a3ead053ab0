"""Databases with types and names of their own: each is built, repaired, verified and explained."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sandbox.server import Server
from support.claimctl import claimctl, consumer_project, faults, on
from support.databases import MODELS_SCHEMA, Templates
from support.dbt_project import DbtProject
from support.foreign import PARTS, Shape, fill, installed, range_of
from support.guard import RUNNER, SHIELD
from support.halves import half_of_today


def users_as(type_name: str) -> str:
    """Return the statements that give every user_id this type."""
    tables = (
        *("purchase_claims", "user_wallet_balances", "audit_purchases"),
        *("wallet_adjustments", "queued_purchases"),
    )
    return "".join(
        f"alter table {table} alter user_id type {type_name} using user_id::{type_name};"
        for table in tables
    )


def columns_as(type_name: str, *columns: str, using: str = "{}::{}") -> str:
    """Return the statements that give columns, named `table.column`, this type."""
    statements = []
    for column in columns:
        table, name = column.split(".")
        statements.append(
            f"alter table {table} alter {name} drop default;"
            f"alter table {table} alter {name} type {type_name}"
            f" using {using.format(name, type_name)};"
        )
    return "".join(statements)


TX_IDS = ("purchase_claims.tx_id", "audit_purchases.tx_id", "queued_purchases.tx_id")
SKUS = ("purchase_claims.sku", "audit_purchases.sku", "queued_purchases.sku")
TIMES = {
    "purchase_claims": "claimed_at",
    "user_wallet_balances": "updated_at",
    "audit_purchases": "purchased_at",
    "function_metrics": "timestamp",
}
UUIDS = tuple(f"a0000000-0000-4000-8000-00000000000{number}" for number in range(1, 6))
NUMBERS = ("11", "12", "13", "14", "15")
WITHOUT_ZONE = "".join(
    f'alter table {table} alter "{column}" drop default;'
    f'alter table {table} alter "{column}" type timestamp'
    f" using \"{column}\" at time zone 'Asia/Tokyo';"
    for table, column in {**TIMES, "user_wallet_balances": "updated_at"}.items()
) + columns_as("timestamp", "user_wallet_balances.xp_booster_until")
INDEX = "create index on function_metrics ((\"timestamp\" at time zone 'Asia/Tokyo'::text));"
TOKYO = dict.fromkeys(TIMES, "Asia/Tokyo")

SHAPES = {
    "citext, and times without a zone": Shape(
        "create extension citext;"
        + WITHOUT_ZONE
        + INDEX
        + users_as("citext")
        + columns_as("citext", *SKUS, *TX_IDS, "audit_purchases.status")
        + columns_as("json", "store_config.value"),
        users=("Anna", "BEN", "Carla", "dora"),
        sku="Consumable_StreakShield_1",
        tx_ids=tuple(f"TX-{number}" for number in range(1, 6)),
        vars={"claim_service_time_zones": TOKYO},
        moment="(now() - interval '{} hours') at time zone 'Asia/Tokyo'",
    ),
    "numbers": Shape(
        users_as("bigint")
        + columns_as("bigint", *TX_IDS)
        + columns_as("text", "store_config.value"),
        {"user_id_data_type": "bigint"},
        users=("1", "2", "3", "4"),
        tx_ids=NUMBERS,
    ),
    "varchar": Shape(users_as("varchar(36)") + columns_as("varchar(64)", *TX_IDS, *SKUS)),
    "char": Shape(users_as("char(12)") + columns_as("char(40)", *TX_IDS)),
    "uuid": Shape(
        users_as("uuid") + columns_as("uuid", *TX_IDS),
        {"user_id_data_type": "uuid"},
        users=UUIDS[:4],
        tx_ids=UUIDS,
    ),
    "domain": Shape(
        "create domain user_key as varchar(20) check (value <> '');" + users_as("user_key"),
    ),
    "small and numeric quantities": Shape(
        columns_as("numeric(12, 0)", "user_wallet_balances.streakshield_count", using="{}"),
    ),
    "smallint": Shape(
        columns_as("smallint", "user_wallet_balances.streakshield_count", using="{}"),
    ),
    "enums": Shape(
        f"create type sku as enum ('{SHIELD}', 'consumable_xp_booster_7d');"
        "create type status as enum ('NON_RENEWING_PURCHASE', 'REFUND');"
        + columns_as("sku", *SKUS)
        + columns_as("status", "audit_purchases.status"),
    ),
    "dates of purchase": Shape(
        columns_as("date", "audit_purchases.purchased_at"),
        {"claim_service_time_zones": {"audit_purchases": "Europe/Berlin"}},
    ),
}
FAST = {"citext, and times without a zone"}


@pytest.mark.parametrize(
    "name",
    [
        *FAST,
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in half_of_today(SHAPES.keys() - FAST)
        ),
    ],
)
def test_it_is_built_repaired_verified_and_explained(
    name: str, templates: Templates, dbt: DbtProject, server: Server, tmp_path: Path
) -> None:
    shape = SHAPES[name]
    vars = shape.vars
    database = templates.fresh_database()
    citext = "select true from pg_available_extensions where name = 'citext'"
    if "citext" in name and not database.rows(citext):
        pytest.skip("not run: these programs of PostgreSQL come without citext")
    database.execute(shape.alter)
    fill(database, shape)
    options = on(database, consumer_project(tmp_path, {"claim_reconciliation": vars}))
    assert faults(claimctl("doctor", "--json", *options)) == []

    # The others' models only rename what these read; the whole table of shapes builds them too.
    chosen = ["--select", *PARTS] if name in FAST else []
    outcome = dbt.build("--exclude-resource-type", "test", *chosen, vars=vars)
    assert outcome.success, outcome.explain()
    anna, ben, carla, dora = (user.lower() for user in shape.users)
    assert database.rows(
        f"""
        select user_id::text, item, discrepancy_type from {MODELS_SCHEMA}.fct_wallet_discrepancies
        order by user_id
        """
    ) == [(anna, "streakshield", "short"), (ben, "streakshield", "missing_wallet")]
    assert database.rows(
        f"""
        select tx_id, discrepancy_type from {MODELS_SCHEMA}.fct_purchase_discrepancies
        where discrepancy_type = 'missing_claim'
        """
    ) == [(shape.tx_ids[3].lower(), "missing_claim")]

    guard = installed(server, dbt, vars)
    carla_typed = shape.users[2].upper() if "citext" in name else shape.users[2]
    plans = [
        guard.make("plan_wallets"),
        guard.make("plan_recovery", user_id=carla_typed, **range_of(database)),
        guard.make("plan_kill_switch", sku=SHIELD, is_on=False),
    ]
    for plan_id in plans:
        guard.approve(plan_id)
        outcome_of_plan = guard.apply(plan_id)
        assert outcome_of_plan["skipped"] == 0, guard.lines(plan_id)
        assert guard.call(RUNNER, "verify_plan", plan_id)["wrong"] == 0
    held = dict(
        database.rows(
            "select lower(btrim(user_id::text)), streakshield_count from user_wallet_balances"
        )
    )
    assert held == {anna: 2, ben: 1, carla: 1, dora: 1}
    # Each is written as the service writes it: just now, in the clocks of its zone.
    assert database.value(
        "select count(*) = 3 from user_wallet_balances"
        f" where updated_at between ({shape.moment.format(1)}) and ({shape.moment.format(-1)})"
    )
    assert database.value("select count(*) from purchase_claims") == 5
    answer = claimctl("explain", anna, "--json", *options)
    assert answer.exit_code == 0, answer
    assert len(answer.document["ledger"]) == 2

    rollback = guard.roll_back(plans[1])
    assert guard.apply(rollback)["skipped"] == 0, guard.lines(rollback)
    assert database.value("select count(*) from purchase_claims") == 4


@pytest.mark.usefixtures("database")
def test_a_schema_whose_name_would_be_cut_is_refused(dbt: DbtProject) -> None:
    for schema, is_refused in {"a" * 63: False, "ä" * 32: True, "a" * 64: True}.items():
        outcome = dbt.run(
            "run-operation", "refuse_long_schemas", "--args", json.dumps({"schemas": [schema]})
        )
        assert outcome.success != is_refused, schema
