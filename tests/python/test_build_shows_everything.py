"""A failing assertion never hides the picture, and no moment of a build is without one."""

from __future__ import annotations

from typing import Any

import pytest
from support.databases import MODELS_SCHEMA, Database
from support.dbt_project import DbtProject, Outcome
from support.readers import never_empty

PUBLIC = (
    "fct_claim_totals",
    "fct_expected_wallet_balances",
    "fct_wallet_discrepancies",
    "rpt_wallet_balance_health",
    "rpt_wallet_build",
)
HISTORY_AND_SERVICE = (
    "fct_wallet_balance_history",
    "rpt_alerts",
    "rpt_claim_service_health",
    "rpt_error_budget",
    "rpt_slo_windows",
    "v_claim_conflicts_rolling",
)
WARNINGS = {
    "warn_claims_in_the_future",
    "warn_claims_of_unknown_skus",
    "warn_metrics_in_the_future",
    "warn_statements_are_not_recorded",
}
ADJUSTMENTS = {"has_wallet_adjustments": True}

# Every fault that an assertion or a warning knows: of wallets in a few users, and a service that
# has been down for more than an hour.
FAULTS = """
insert into purchase_claims (tx_id, user_id, sku, claimed_at) values
    ('claim-1', 'short', 'consumable_streakshield_1', now() - interval '1 day'),
    ('claim-2', 'without_wallet', 'consumable_xp_booster_7d', now() - interval '1 day'),
    ('claim-3', 'unknown_sku', 'consumable_of_last_year', now() - interval '1 day'),
    ('claim-4', 'from_the_future', 'consumable_streakshield_1', now() + interval '1 day'),
    ('claim-5', null, 'consumable_streakshield_1', now() - interval '1 day');
insert into user_wallet_balances (user_id, streakshield_count, updated_at) values
    ('short', 0, now() - interval '1 day'),
    ('excess', 3, now() - interval '1 day');
insert into user_wallet_balances (user_id, streakshield_count, updated_at)
select 'overwritten_' || number, 2, now() - interval '1 minute'
from generate_series(1, 12) as number;
insert into wallet_adjustments (adjustment_id, user_id, item, quantity, adjusted_at) values
    ('1', 'spent_too_much', 'streakshield', -5, now() - interval '1 day');
insert into function_metrics ("timestamp", function_name, status_code, duration_ms)
select now() - number * interval '5 seconds', 'claim', 500, 900
from generate_series(1, 900) as number
union all
select now() + interval '1 day', 'claim', 500, 900;
"""


def plant_faults(database: Database) -> None:
    database.execute("alter table purchase_claims alter column user_id drop not null")
    database.execute(FAULTS)


def tables_of_balances(database: Database) -> list[tuple[Any, ...]]:
    return database.rows(
        "select tablename from pg_tables where tablename like 'int_wallet_balances%'"
    )


def assert_only_production_is_blamed(outcome: Outcome) -> None:
    """Every assertion fails, every warning warns, and all else is built and right."""
    assertions = {name for name in outcome.nodes if name.startswith("assert_")}
    assert outcome.named("fail") == assertions != set(), outcome.explain()
    assert outcome.named("warn") == WARNINGS
    assert outcome.named("skipped", "error") == set(), outcome.explain()
    assert {outcome.status(model) for model in PUBLIC} == {"success"}


def test_everything_passes_on_empty_tables(database: Database, dbt: DbtProject) -> None:
    outcome = dbt.build(unit_tests=True)
    assert outcome.success, outcome.explain()
    assert any(node.node.resource_type == "unit_test" for node in outcome.nodes.values())
    assert database.value(f"select count(*) from {MODELS_SCHEMA}.rpt_wallet_balance_health") == 2


def test_failing_assertions_skip_nothing(database: Database, dbt: DbtProject) -> None:
    plant_faults(database)
    assert_only_production_is_blamed(dbt.build(vars=ADJUSTMENTS))

    with never_empty(database, PUBLIC + HISTORY_AND_SERVICE):
        assert_only_production_is_blamed(dbt.build(vars=ADJUSTMENTS))
        assert_only_production_is_blamed(dbt.build(vars=ADJUSTMENTS))
    assert tables_of_balances(database) == [("int_wallet_balances",)]

    found = database.rows(
        "select user_id, item, discrepancy_type, is_settled"
        f" from {MODELS_SCHEMA}.fct_wallet_discrepancies where user_id not like 'overwritten%'"
        " order by user_id"
    )
    assert found == [
        ("excess", "streakshield", "excess", True),
        ("from_the_future", "streakshield", "missing_wallet", False),
        ("short", "streakshield", "short", True),
        ("spent_too_much", "streakshield", "missing_wallet", True),
        ("without_wallet", "xp_booster", "missing_wallet", True),
    ]


def test_a_wrong_table_of_balances_leaves_the_last_good_picture(
    database: Database, dbt: DbtProject
) -> None:
    """Where the models themselves are wrong, what people read stays as it was."""
    plant_faults(database)
    assert_only_production_is_blamed(dbt.build(vars=ADJUSTMENTS))
    before = {name: database.rows(f"select * from {MODELS_SCHEMA}.{name}") for name in PUBLIC}

    database.execute("alter table user_wallet_balances drop constraint user_wallet_balances_pkey")
    database.execute("insert into user_wallet_balances select * from user_wallet_balances")
    with never_empty(database, PUBLIC):
        outcome = dbt.build(vars=ADJUSTMENTS)
    assert "unique_int_wallet_balances_user_id" in outcome.named("fail")
    assert {outcome.status(model) for model in PUBLIC} == {"skipped"}
    for name, rows in before.items():
        assert database.rows(f"select * from {MODELS_SCHEMA}.{name}") == rows, name

    database.execute("delete from user_wallet_balances")
    with never_empty(database, PUBLIC):
        assert dbt.build(vars=ADJUSTMENTS).named("skipped", "error") == set()
    assert tables_of_balances(database) == [("int_wallet_balances",)]


def test_a_hidden_row_is_an_error(
    database: Database, dbt: DbtProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader who is kept from rows by a policy learns so, and sees no user without claims."""
    database.execute(
        """
        create role hindered_reader login;
        grant create on database claims to hindered_reader;
        grant select on all tables in schema public to hindered_reader;
        """
    )
    monkeypatch.setenv("PGUSER", "hindered_reader")
    try:
        outcome = dbt.build()
        assert outcome.success, outcome.explain()

        database.execute("alter table purchase_claims enable row level security")
        outcome = dbt.build()
        assert outcome.status("int_wallet_balances") == "error"
        assert "row-level security" in outcome.message("int_wallet_balances")
    finally:
        database.execute("drop owned by hindered_reader; drop role hindered_reader")
