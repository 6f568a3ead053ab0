"""Builds beside live traffic: no false alarm, no fault in flight overlooked, no empty answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sandbox.history import IN_FLIGHT, create_history, inject_fault
from sandbox.traffic import account_for, start_traffic, stop_traffic
from support.databases import MODELS_SCHEMA, Database
from support.dbt_project import DbtProject, Outcome
from support.readers import never_empty

BUILDS = 20
USERS = 4_000
IN_FLIGHT_USERS = 6
ASSERTIONS = ("assert_settled_wallets_match_claims", "assert_unsettled_wallets_are_few")
MODELS = (
    "int_wallet_balances",
    "fct_claim_totals",
    "fct_expected_wallet_balances",
    "fct_wallet_discrepancies",
    "rpt_wallet_balance_health",
    "rpt_wallet_build",
)
SELECTED = ("--indirect-selection", "empty", "--select")
NEVER_EMPTY = ("fct_claim_totals", "fct_expected_wallet_balances", "rpt_wallet_balance_health")


@pytest.fixture
def history(database: Database) -> Database:
    """A service whose wallets are all right."""
    with database.connect() as connection:
        create_history(connection, USERS, user_id_type="text")
    return database


def build(dbt: DbtProject, vars: dict[str, Any] | None = None) -> Outcome:
    """Build the wallet models and run the assertions about single users and about their mass."""
    outcome = dbt.build(*SELECTED, *MODELS, *ASSERTIONS, vars=vars)
    assert outcome.named("success") >= set(MODELS), outcome.explain()
    assert outcome.named("error", "skipped") == set(), outcome.explain()
    return outcome


def build_for_the_first_time(dbt: DbtProject, vars: dict[str, Any] | None = None) -> None:
    dbt.build(*SELECTED, "sku_catalog", "stg_claim_service__*", vars=vars)
    build(dbt, vars)


@contextmanager
def traffic(database: Database, folder: Path, **options: Any) -> Iterator[None]:
    """Let writers run, and prove at the end that they wrote and lost nothing."""
    start_traffic(folder, database.dsn, USERS, **options)
    try:
        yield
    finally:
        stop_traffic(folder)
    with database.connect() as connection:
        account = account_for(connection, folder)
    assert account.acknowledged > 10 * BUILDS
    assert account.lost_or_doubled == 0, account


@pytest.mark.slow
def test_atomic_writers_never_show_a_discrepancy(
    history: Database, dbt: DbtProject, tmp_path: Path
) -> None:
    """Without any time to settle, only the one snapshot keeps claims and wallets together."""
    vars = {"settle_minutes": 0}
    build_for_the_first_time(dbt, vars)
    atomic = ("atomic", "atomic", "atomic")
    with (
        traffic(history, tmp_path, kinds=atomic, per_second=120),
        never_empty(history, NEVER_EMPTY, at_least=10 * BUILDS + 1),
    ):
        for _ in range(BUILDS):
            outcome = build(dbt, vars)
            found = history.rows(f"select * from {MODELS_SCHEMA}.fct_wallet_discrepancies")
            assert found == []
            assert outcome.named("fail", "warn") == set()


@pytest.mark.slow
def test_users_in_flight_are_shown_and_are_no_error(
    history: Database, dbt: DbtProject, tmp_path: Path
) -> None:
    """Writers of all kinds leave users in flight for moments, some faults for longer."""
    with history.connect() as connection:
        inject_fault(connection, IN_FLIGHT, IN_FLIGHT_USERS)
    build_for_the_first_time(dbt)
    with (
        traffic(history, tmp_path, per_second=40),
        never_empty(history, (*NEVER_EMPTY, "fct_wallet_discrepancies"), at_least=10 * BUILDS + 1),
    ):
        for _ in range(BUILDS):
            outcome = build(dbt)
            assert outcome.named("fail") == set(), outcome.explain()
            assert outcome.status("assert_unsettled_wallets_are_few") == "warn"
            assert unsettled_faults(history) == IN_FLIGHT_USERS


def unsettled_faults(database: Database) -> int:
    """Return how many of the injected faults are shown as what they are, in flight."""
    return int(
        database.value(
            f"""
            select count(*)
            from sandbox.injected_faults
            inner join {MODELS_SCHEMA}.fct_wallet_discrepancies
                using (user_id, item, discrepancy_type)
            where in_flight and not is_settled
            """
        )
    )


@pytest.mark.slow
def test_a_bulk_overwrite_is_an_error_although_it_is_in_flight(
    history: Database, dbt: DbtProject
) -> None:
    build_for_the_first_time(dbt)
    assert build(dbt).named("fail", "warn") == set()

    history.execute(
        """
        update user_wallet_balances
        set streakshield_count = streakshield_count + 1, updated_at = now() - interval '1 minute'
        where user_id in (
            select user_id from sandbox.users where user_number % 10 < 3
        )
        """
    )
    outcome = build(dbt)
    assert outcome.named("fail") == {"assert_unsettled_wallets_are_few"}
    overwritten = history.value(
        "select count(*) from user_wallet_balances inner join sandbox.users using (user_id)"
        " where user_number % 10 < 3"
    )
    assert outcome.failures("assert_unsettled_wallets_are_few") == overwritten
