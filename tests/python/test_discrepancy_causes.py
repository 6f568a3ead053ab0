"""Causes of discrepancies: those injected into random histories against those found."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from support.cause_histories import SPOILT, World
from support.databases import MODELS_SCHEMA, Database, Templates
from support.dbt_project import DbtProject
from support.halves import half_of_today
from support.histories import CATALOG, store_catalog

# What no rule can know for sure: that nobody wrote, or that one person did.
GUESSES = {"unknown", "hand_edit"}
PRECISION = 0.95
CAUSES = f"{MODELS_SCHEMA}.fct_discrepancy_causes"
WORLDS = {
    "max, adjustments": ("text", "max", True),
    "max, spends not kept": ("text", "max", False),
    "extend, adjustments": ("uuid", "extend", True),
}
Matrix = Counter[tuple[str, str]]


@pytest.mark.parametrize("world", WORLDS)
def test_causes_are_named_right(world: str, templates: Templates, dbt: DbtProject) -> None:
    _judge(world, _matrix(templates, dbt, world, seed=20261127))


@pytest.mark.slow
@pytest.mark.parametrize("world", half_of_today(WORLDS))
def test_causes_are_named_right_in_five_histories(
    world: str, templates: Templates, dbt: DbtProject
) -> None:
    _judge(world, sum((_matrix(templates, dbt, world, seed) for seed in range(5)), Matrix()))


def _matrix(templates: Templates, dbt: DbtProject, world: str, seed: int) -> Matrix:
    """Return how many wrong balances of each injected cause were found to be of which."""
    user_id_type, policy, has_adjustments = WORLDS[world]
    database = templates.fresh_database(user_id_type)
    history = World(seed, policy, has_adjustments=has_adjustments, now=datetime.now(UTC))
    with database.connect() as connection:
        store_catalog(CATALOG, MODELS_SCHEMA, connection)
        history.store(connection)
        connection.execute("analyze")
    vars: dict[str, Any] = {
        "user_id_data_type": user_id_type,
        "booster_stacking_policy": policy,
        "has_wallet_adjustments": has_adjustments,
    }
    chosen = (
        "staging",
        "int_wallet_balances",
        "fct_wallet_discrepancies",
        "fct_discrepancy_causes",
    )
    outcome = dbt.run("run", "--select", *chosen, vars=vars)
    assert outcome.success, outcome.explain()
    found = database.rows(f"select user_id::text, probable_cause from {CAUSES}")
    # Who was not spoilt is right, whatever the others are.
    return Matrix((history.causes[user_id], cause) for user_id, cause in found)


def _judge(world: str, matrix: Matrix) -> None:
    """Print the matrix, and assert that what is named is what was injected."""
    injected = [cause for cause in SPOILT if any(pair[0] == cause for pair in matrix)]
    found = [*injected, *sorted({pair[1] for pair in matrix} - set(injected))]
    print(f"\n{world}: injected below, found beside")
    print(" " * 18, *(f"{cause[:10]:>10}" for cause in found))
    for cause in injected:
        print(f"{cause:18}", *(f"{matrix[cause, other] or '':>10}" for other in found))
    precisions = {
        cause: matrix[cause, cause] / sum(matrix[other, cause] for other in injected)
        for cause in found
        if any(pair[1] == cause for pair in matrix)
    }
    recalls = {
        cause: matrix[cause, cause] / sum(matrix[cause, other] for other in found)
        for cause in injected
    }
    for name, figures in (("precision", precisions), ("recall", recalls)):
        print(f"{name:18}", *(f"{figures.get(cause, 0):>10.3f}" for cause in found))
    assert set(precisions) >= set(injected) - GUESSES
    wrong = {
        cause: precision
        for cause, precision in precisions.items()
        if cause not in GUESSES and precision < PRECISION
    }
    assert wrong == {}
    assert min(recalls[cause] for cause in injected if cause not in GUESSES) > 0.5


@pytest.mark.slow
def test_only_claims_of_wrong_users_are_read(database: Database, dbt: DbtProject) -> None:
    """Neither claims nor purchases nor the log are read as a whole."""
    database.execute(
        """
        insert into purchase_claims (tx_id, user_id, sku, claimed_at)
        select n, n / 5, 'consumable_streakshield_1', now() - interval '30 days' - n * interval '1s'
        from generate_series(0, 99999) as n;
        insert into audit_purchases (tx_id, user_id, sku, status, purchased_at)
        select tx_id, user_id, sku, 'NON_RENEWING_PURCHASE', claimed_at from purchase_claims;
        insert into function_metrics ("timestamp", function_name, status_code, duration_ms)
        select claimed_at, 'claim', 200, 50 from purchase_claims;
        insert into user_wallet_balances (user_id, streakshield_count, updated_at)
        select user_id, 5, max(claimed_at) - interval '1 hour'
        from purchase_claims group by user_id;
        update user_wallet_balances set streakshield_count = user_id::int / 500 % 2 * 2 + 4
        where user_id::int % 500 = 0;
        analyze
        """
    )
    models = ("staging", "int_wallet_balances", "fct_wallet_discrepancies")
    assert dbt.run(
        "build", "--select", "sku_catalog", *models, "--exclude-resource-type", "test"
    ).success
    read = """
        select sum(seq_scan) from pg_stat_user_tables
        where relname in ('purchase_claims', 'audit_purchases', 'function_metrics')
    """
    before = database.value(read)
    outcome = dbt.run("run", "--select", "fct_discrepancy_causes")
    assert outcome.success, outcome.explain()
    assert database.value(f"select count(*) from {CAUSES}") == 40
    assert database.value(read) == before

    # A build that has come since has dropped the claims of those who are right now.
    causes = f"select * from {CAUSES} order by user_id"
    as_built = database.rows(causes)
    database.execute(
        "update user_wallet_balances set streakshield_count = 5 where user_id::int % 500 = 0"
    )
    assert dbt.run("run", "--select", "int_wallet_balances").success
    assert dbt.run("run", "--select", "fct_discrepancy_causes").success
    assert database.rows(causes) == as_built
