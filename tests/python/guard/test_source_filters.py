"""Which rows count: the conditions of claim_service_filters hold for models and guard alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from support.databases import MODELS_SCHEMA
from support.guard import Guard
from support.guard_templates import NOTHING_OPTIONAL, Guards

VARS = {
    "settle_minutes": 0,
    "claim_service_filters": {
        "purchase_claims": "tx_id not like 'deleted-%'",
        "audit_purchases": "tx_id not like 'sandbox-%'",
        "user_wallet_balances": "user_id not like 'closed%'",
    },
}


@pytest.fixture
def shop(guards: Guards) -> Guard:
    """Alice has a claim and one that was deleted; Bob bought in a sandbox; Carol's is deleted."""
    guard = guards.fresh(VARS)
    guard.add_wallet("alice", 0)
    guard.add_wallet("closed", 5)
    guard.add_claims("alice")
    guard.add_purchase("bob", "sandbox-1")
    guard.add_purchase("carol", "deleted-2")
    guard.add_purchase("carol", "tx-3", hours_ago=1200)
    guard.execute(
        """
        insert into purchase_claims (tx_id, user_id, sku, claimed_at)
        select tx_id, user_id, 'consumable_streakshield_1', clock_timestamp() - interval '240 hours'
        from (values ('deleted-1', 'alice'), ('deleted-2', 'carol')) as claims (tx_id, user_id)
        """
    )
    return guard


def test_models_and_guard_count_the_same_rows(shop: Guard, guards: Guards) -> None:
    models = ("int_wallet_balances", "fct_wallet_discrepancies", "fct_purchase_discrepancies")
    selected = ("stg_claim_service__*", *models, "rpt_wallet_build")
    outcome = guards.dbt.run("run", "--select", *selected, vars={**VARS, **NOTHING_OPTIONAL})
    assert outcome.success, outcome.explain()
    assert shop.rows(
        "select user_id, discrepancy_type, expected_quantity"
        f" from {MODELS_SCHEMA}.fct_wallet_discrepancies"
    ) == [("alice", "short", 1)]
    assert shop.rows(
        f"select tx_id, reason from {MODELS_SCHEMA}.fct_purchase_discrepancies"
        " where discrepancy_type = 'missing_claim' order by tx_id"
    ) == [("deleted-2", "claim_not_counted"), ("tx-3", None)]

    # The digest is the same on both sides, or this would be refused.
    made = shop.approve(shop.plan())
    shop.apply(made)
    assert shop.lines(made) == {"alice": "applied"}
    assert shop.shields("alice") == 1
    assert shop.rows("select user_id from claim_ops.check_wallet_integrity()") == []

    now = datetime.now(UTC)
    period = {"from": now - timedelta(days=300), "to": now}
    recovery = shop.approve(shop.make("plan_recovery", **period))
    assert shop.left_out(recovery) == {"deleted-2": "claim_not_counted"}
    shop.apply(recovery)
    assert shop.lines(recovery) == {"carol": "applied"}
    assert shop.shields("carol") == 1


def test_a_claim_that_is_deleted_after_the_plan_takes_its_tx_id(shop: Guard) -> None:
    """The insert finds the tx_id taken: the line is skipped with a reason, nothing of it stays."""
    now = datetime.now(UTC)
    shop.execute("delete from purchase_claims where tx_id = 'deleted-2'")
    period = {"from": now - timedelta(days=300), "to": now}
    recovery = shop.approve(shop.make("plan_recovery", **period))
    shop.execute(
        "insert into purchase_claims (tx_id, user_id, sku, claimed_at) values"
        " ('deleted-2', 'carol', 'consumable_streakshield_1', now() - interval '240 hours')"
    )
    shop.apply(recovery)
    assert shop.lines(recovery) == {"carol": "claimed"}
    assert shop.shields("carol") is None
