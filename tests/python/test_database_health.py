"""Indexes, statements and connections as the server itself has them."""

from __future__ import annotations

import pytest
from support.claimctl import claimctl, faults, on
from support.databases import MODELS_SCHEMA, Database
from support.dbt_project import DbtProject, Outcome

NO_INDEXES = """
alter table purchase_claims drop constraint purchase_claims_pkey;
drop index purchase_claims_user_id_sku_claimed_at_idx;
create index audit_purchases_user_id_idx_new on audit_purchases (user_id) where sku = 'shield';
alter table user_wallet_balances drop constraint user_wallet_balances_pkey;
create index user_wallet_balances_user_id_key on user_wallet_balances (updated_at);
drop index audit_purchases_tx_id_idx;
drop index audit_purchases_user_id_idx;
drop index function_metrics_timestamp_idx;
"""


def build(dbt: DbtProject) -> Outcome:
    """Build what looks at the server alone."""
    outcome = dbt.build(
        *("--select", "staging.server", "database", "warn_statements_are_not_recorded")
    )
    assert outcome.named("error", "skipped", "fail") == set(), outcome.explain()
    return outcome


def test_doctor_and_models_ask_for_the_same_indexes(database: Database, dbt: DbtProject) -> None:
    """The doctor works without models and has the rule a second time; what either says, works."""
    database.execute(NO_INDEXES)
    build(dbt)
    coverage = f"select ddl from {MODELS_SCHEMA}.rpt_index_coverage where status = 'missing'"
    asked = {ddl for (ddl,) in database.rows(coverage)}
    advice = {
        fault["advice"]
        for fault in faults(claimctl("doctor", "--json", *on(database)))
        if fault["check"] == "indexes"
    }
    assert len(asked) == 6
    assert asked == advice

    for ddl in asked:
        database.execute(ddl)
    assert database.rows(coverage) == []


def test_an_index_that_another_one_covers_is_named(database: Database, dbt: DbtProject) -> None:
    """The runbook creates an index on the column that is the wallets' key."""
    database.execute(
        "create index if not exists idx_user_wallet_balances_user_id"
        " on user_wallet_balances (user_id)"
    )
    build(dbt)
    redundant = (
        f"select reason, ddl from {MODELS_SCHEMA}.rpt_index_coverage where status = 'redundant'"
    )
    ((reason, ddl),) = database.rows(redundant)
    assert reason == "covered by user_wallet_balances_pkey"
    database.execute(ddl)
    assert database.rows(redundant) == []


@pytest.mark.parametrize("is_recorded", [True, False])
def test_statements_are_shown_or_a_warning_says_why_not(
    database: Database, dbt: DbtProject, is_recorded: bool
) -> None:
    if is_recorded:
        # Once the server holds 5,000 statements, of all tests, it forgets what is rarely called.
        database.execute("create extension pg_stat_statements; select pg_stat_statements_reset()")
        database.rows("select count(*) from purchase_claims where sku = 'shield'")
    outcome = build(dbt)
    warned = outcome.status("warn_statements_are_not_recorded")
    found = database.rows(
        f"select calls from {MODELS_SCHEMA}.rpt_slow_statements"
        " where statement like 'select count(*) from purchase_claims where sku =%'"
    )
    assert (warned, found) == (("pass", [(1,)]) if is_recorded else ("warn", []))
    # No view stands in the way of the extension's next version.
    database.execute("drop extension if exists pg_stat_statements")


def test_open_transactions_and_locks_are_counted(database: Database, dbt: DbtProject) -> None:
    build(dbt)
    activity = (
        "select connections, blocked_connections, longest_transaction_seconds > 0"
        f" from {MODELS_SCHEMA}.rpt_database_activity where state = 'idle in transaction'"
    )
    assert database.rows(activity) == []
    with database.connect(autocommit=False) as connection:
        connection.execute("select count(*) from purchase_claims")
        assert database.rows(activity) == [(1, 0, True)]
