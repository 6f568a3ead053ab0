"""What somebody accepted for a while: excused by name, never planned, an error once it ran out."""

from __future__ import annotations

import pytest
from support.databases import MODELS_SCHEMA, Database
from support.dbt_project import DbtProject
from support.guard import Guard
from support.guard_templates import Guards, install

VARS = {"settle_minutes": 0, "has_accepted_discrepancies": True}
SHIELD = "consumable_streakshield_1"
ACCEPTED = """
    create table accepted_discrepancies (
        user_id text, item text, reason text, accepted_by text, accepted_until timestamptz
    );
    insert into accepted_discrepancies values
        ('excused', 'streakshield', 'tester', 'mira', now() + interval '1 day'),
        ('run out', 'streakshield', 'tester', 'mira', now() - interval '1 day'),
        ('nameless', 'streakshield', 'tester', ' ', now() + interval '1 day')
"""


@pytest.fixture
def guard(guards: Guards) -> Guard:
    """A database with the guard, which knows the table, and three short wallets."""
    guard = guards.with_models()
    guard.execute(ACCEPTED)
    with guard.connect() as connection:
        install(connection, guards.script(VARS))
    for user_id in ("excused", "run out", "nameless"):
        guard.add_short_wallet(user_id)
    return guard


def test_what_is_accepted_is_never_planned(guard: Guard) -> None:
    plan = guard.plan()
    assert set(guard.lines(plan)) == {"run out", "nameless"}
    assert guard.rows("select user_id, reason from claim_ops.plan_balances_left_out") == [
        ("excused", "accepted")
    ]
    guard.begin(guard.approve(plan))
    guard.execute("update accepted_discrepancies set accepted_by = 'mira' where accepted_by = ' '")
    guard.batch(plan)
    assert guard.lines(plan) == {"run out": "applied", "nameless": "accepted"}


@pytest.mark.slow
def test_what_is_accepted_is_counted_apart(dbt: DbtProject, database: Database) -> None:
    database.execute(ACCEPTED)
    database.execute(
        f"""
        insert into user_wallet_balances (user_id, streakshield_count, updated_at)
        select name, 1, now() - interval '9 days'
        from unnest(array['excused', 'run out', 'nameless', 'right']) as name;
        insert into purchase_claims (tx_id, user_id, sku, claimed_at)
        select user_id || n, user_id, '{SHIELD}', now() - interval '10 days'
        from user_wallet_balances, generate_series(1, 2) as n
        where user_id <> 'right' or n = 1;
        """
    )
    outcome = dbt.build("--exclude-resource-type", "unit_test")
    failed = outcome.named("fail")
    assert "assert_accepted_discrepancies_are_in_force" in failed
    assert "assert_settled_wallets_match_claims" in failed
    health = f"""
        select short, accepted, accuracy
        from {MODELS_SCHEMA}.rpt_wallet_balance_health where item = 'streakshield'
    """
    assert database.rows(health) == [(2, 1, 0.5)]
    database.execute("update accepted_discrepancies set accepted_until = now() + interval '1 day'")
    database.execute("update accepted_discrepancies set accepted_by = 'mira'")
    outcome = dbt.build("--exclude-resource-type", "unit_test")
    assert not {each for each in outcome.named("fail") if "accepted" in each or "settled" in each}
    assert database.rows(health) == [(0, 3, 1.0)]
    names = f"select user_id, accepted_because from {MODELS_SCHEMA}.fct_wallet_discrepancies"
    assert ("excused", "tester") in database.rows(names)
