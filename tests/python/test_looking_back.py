"""A build as of a past moment stands beside production and leaves it alone."""

from __future__ import annotations

from typing import Any

import pytest
from support.databases import MODELS_SCHEMA, Database
from support.dbt_project import DbtProject

# A second before a Monday, so that both claims are within the weekly cap.
AS_OF = "2025-03-30 23:59:59+00"
LOOK_BACK_SCHEMA = f"{MODELS_SCHEMA}_as_of"

HISTORY = f"""
insert into purchase_claims (tx_id, user_id, sku, claimed_at) values
    ('before', 'anna', 'consumable_streakshield_1', '{AS_OF}'),
    ('after', 'anna', 'consumable_streakshield_1', timestamptz '{AS_OF}' + interval '1 second');
insert into audit_purchases (tx_id, user_id, sku, status, purchased_at)
select tx_id, user_id, sku, 'NON_RENEWING_PURCHASE', claimed_at from purchase_claims;
insert into user_wallet_balances (user_id, streakshield_count, updated_at) values
    ('anna', 2, timestamptz '{AS_OF}' + interval '1 second');
"""


def relations(database: Database) -> list[tuple[Any, ...]]:
    """Production's relations; one that was built again has another object id."""
    return database.rows(
        "select relname, pg_class.oid from pg_class"
        " join pg_namespace on pg_namespace.oid = relnamespace"
        f" where nspname = '{MODELS_SCHEMA}' order by relname"
    )


@pytest.mark.slow
def test_a_look_back_leaves_production_alone(database: Database, dbt: DbtProject) -> None:
    database.execute(HISTORY)
    outcome = dbt.build()
    assert outcome.success, outcome.explain()
    before = relations(database)

    outcome = dbt.build(vars={"as_of": AS_OF})
    assert outcome.named("skipped", "error", "fail") == set(), outcome.explain()
    assert relations(database) == before
    assert database.value(f"select as_of is null from {MODELS_SCHEMA}.rpt_wallet_build")

    # The claim after it is not read. The wallet, which has no history, is in flight for it.
    found = database.rows(
        "select user_id, expected_quantity, wallet_quantity, is_settled, built_at = as_of"
        f" from {LOOK_BACK_SCHEMA}.fct_wallet_discrepancies"
        f" join {LOOK_BACK_SCHEMA}.rpt_wallet_build using (built_at)"
    )
    assert found == [("anna", 1, 2, False, True)]
    assert database.rows(
        f"select user_id, ended_at from {LOOK_BACK_SCHEMA}.fct_discrepancy_history"
    ) == [("anna", None)]
