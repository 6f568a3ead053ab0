"""Who has no account any more: his discrepancies end, are counted apart, and never planned."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from support.databases import MODELS_SCHEMA, Database
from support.dbt_project import DbtProject
from support.guard import SHIELD, Guard
from support.guard_templates import NOTHING_OPTIONAL, Guards, install

ACCOUNTS = {
    "has_users": True,
    "claim_service_tables": {"users": "accounts"},
    "claim_service_columns": {"users": {"user_id": "id"}},
    "claim_service_filters": {"users": "deleted_at is null"},
}
VARS = {"settle_minutes": 0, **ACCOUNTS}
TABLE = """
    create table accounts (id text primary key, deleted_at timestamptz);
    insert into accounts
    values ('somebody', null), ('here', null), ('deleted', now() - interval '1 day')
"""


@pytest.fixture
def guard(guards: Guards) -> Guard:
    """Three users with a claim too few in their wallets: one has an account, two have none."""
    guard = guards.with_models()
    guard.execute(TABLE)
    with guard.connect() as connection:
        install(connection, guards.script(VARS))
    for user_id in ("here", "deleted", "never there"):
        guard.add_short_wallet(user_id)
    return guard


def test_nothing_is_planned_for_who_has_no_account(guard: Guard) -> None:
    plan = guard.plan()
    assert set(guard.lines(plan)) == {"here"}
    assert guard.rows(
        "select user_id, reason from claim_ops.plan_balances_left_out order by user_id"
    ) == [("deleted", "account_gone"), ("never there", "account_gone")]
    guard.begin(guard.approve(plan))
    guard.execute("update accounts set deleted_at = now() where id = 'here'")
    guard.batch(plan)
    assert guard.lines(plan) == {"here": "account_gone"}


def test_an_empty_table_says_of_nobody_that_he_is_gone(guard: Guard) -> None:
    guard.execute("update accounts set deleted_at = now()")
    assert set(guard.lines(guard.plan())) == {"here", "deleted", "never there"}


def test_no_purchase_is_recovered_for_who_has_no_account(guard: Guard) -> None:
    guard.add_wallet("here too", 0)
    guard.execute("insert into accounts values ('here too')")
    for user_id in ("here too", "deleted"):
        guard.add_purchase(user_id, f"tx of {user_id}")
    now = datetime.now(UTC)
    plan = guard.make("plan_recovery", **{"from": now - timedelta(days=30), "to": now})
    assert guard.lines(plan) == {"here too": "pending"}
    assert guard.left_out(plan) == {"tx of deleted": "account_gone"}
    guard.approve(plan)
    guard.execute("delete from accounts where id = 'here too'")
    guard.apply(plan)
    assert guard.lines(plan) == {"here too": "account_gone"}
    with guard.refuses("CO013") as caught:
        guard.make("plan_override", ticket="SUP-1", tx_id="tx of deleted", user_id="deleted")
    assert "its user has no account any more" in str(caught.value)


@pytest.mark.slow
def test_who_has_no_account_is_counted_apart(dbt: DbtProject, database: Database) -> None:
    """Neither accuracy nor an alert nor an assertion speaks of him; the row stays and says why."""
    database.execute(TABLE)
    database.execute(
        f"""
        insert into user_wallet_balances (user_id, streakshield_count, updated_at)
        values ('here', 1, now() - interval '9 days'), ('deleted', 5, now() - interval '9 days');
        insert into purchase_claims (tx_id, user_id, sku, claimed_at)
        select user_id, user_id, '{SHIELD}', now() - interval '10 days'
        from user_wallet_balances;
        insert into audit_purchases (tx_id, user_id, sku, status, purchased_at)
        select user_id, user_id, '{SHIELD}', 'INITIAL_PURCHASE', now() - interval '10 days'
        from user_wallet_balances where user_id = 'here'
        """
    )
    outcome = dbt.build(vars={**ACCOUNTS, **NOTHING_OPTIONAL})
    assert outcome.named("fail", "error", "skipped") == set(), outcome.explain()
    assert database.rows(
        f"""
        select excess, accounts_gone, accepted, accuracy
        from {MODELS_SCHEMA}.rpt_wallet_balance_health where item = 'streakshield'
        """
    ) == [(0, 1, 0, 1.0)]
    assert database.rows(
        f"select user_id, excused_because from {MODELS_SCHEMA}.fct_wallet_discrepancies"
    ) == [("deleted", "account_gone")]
    assert database.rows(
        f"""
        select tx_id, discrepancy_type, is_account_gone
        from {MODELS_SCHEMA}.fct_purchase_discrepancies
        """
    ) == [("deleted", "unverified_claim", True)]
    findings = f"select alert, value from {MODELS_SCHEMA}.int_shop_findings order by alert"
    assert database.rows(findings) == [("old_discrepancies", 0), ("unclaimed_purchases", 0)]
