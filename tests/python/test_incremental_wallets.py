"""A build that computes only the users whose rows changed leaves what a full one would."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest
from support.databases import MODELS_SCHEMA, Templates
from support.dbt_project import DbtProject
from support.histories import CATALOG, store_catalog
from support.wallet_rounds import Builds, Rounds

ROUNDS = 30
HISTORIES = 6
# Type of user_id, vars.
WORLDS = {
    "max_text": ("text", {"has_wallet_adjustments": False}),
    "extend_uuid": ("uuid", {"booster_stacking_policy": "extend", "has_wallet_adjustments": True}),
}
MODELS = ("stg_claim_service__*", "stg_claim_ops__*", "int_wallet_balances")


def first_build(templates: Templates, dbt: DbtProject, world: str, name: str) -> Builds:
    """Build an empty service once by dbt, and keep the database for the histories."""
    user_id_type, vars = WORLDS[world]
    database = templates.fresh_database(user_id_type)
    database.execute("alter table purchase_claims alter user_id drop not null")
    with database.connect() as connection:
        store_catalog(CATALOG, MODELS_SCHEMA, connection)
    models = (*MODELS, "fct_wallet_discrepancies", "rpt_wallet_balance_health")
    outcome = dbt.run("run", "--select", *models, vars={**vars, "user_id_data_type": user_id_type})
    assert outcome.success, outcome.explain()
    templates.keep(name)
    return Builds.of(dbt.scratch / "target")


def play(templates: Templates, name: str, builds: Builds, world: str, seed: int) -> None:
    """Let a history of rounds go by, with a build after each."""
    user_id_type, vars = WORLDS[world]
    database = templates.fresh_database(name)
    rounds = Rounds(
        seed,
        database,
        datetime.now(UTC),
        as_uuid=user_id_type == "uuid",
        adjusts=bool(vars["has_wallet_adjustments"]),
    )
    with database.connect() as connection:
        rounds.fill(connection)
        builds.build(database, rounds.now)
        for number in range(ROUNDS):
            rounds.round(connection)
            builds.build(database, rounds.now)
            assert builds.differences(database) == [], (seed, number, builds.said[-1])
    rounds.end()


@pytest.mark.parametrize("world", WORLDS)
def test_incremental_builds_leave_what_a_full_one_would(
    world: str, templates: Templates, dbt: DbtProject
) -> None:
    builds = first_build(templates, dbt, world, "incremental")
    for _ in range(HISTORIES):
        play(templates, "incremental", builds, world, random.randrange(2**32))
    assert builds.full <= HISTORIES
