"""Episodes of discrepancies: when each began, and what ended it, across plans and builds."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support.databases import MODELS_SCHEMA
from support.dbt_project import DbtProject
from support.guard import Guard
from support.guard_templates import NOTHING_OPTIONAL, NOTHING_TO_SETTLE

VARS = {**NOTHING_OPTIONAL, **NOTHING_TO_SETTLE}
HISTORY = f"{MODELS_SCHEMA}.fct_discrepancy_history"
BUILT = (
    *("stg_claim_ops__*", "int_wallet_balances", "fct_wallet_discrepancies", "rpt_wallet_build"),
    *("rpt_wallet_balance_health", "fct_discrepancy_causes", "fct_discrepancy_history"),
)


def build(dbt: DbtProject, *options: str) -> None:
    outcome = dbt.run("run", "--select", *BUILT, *options, vars=VARS)
    assert outcome.success, outcome.explain()


def episodes(guard: Guard, columns: str = "how_it_ended, plan_id") -> list[tuple[Any, ...]]:
    return guard.rows(f"select user_id, {columns} from {HISTORY} order by user_id, first_found_at")


@pytest.fixture
def spoilt(guard: Guard) -> Guard:
    """A database whose wallets were right once and lost an update each."""
    for user_id in ("anna", "ben", "cleo"):
        guard.add_claims(user_id, hours_ago=300)
        guard.add_wallet(user_id, 1, hours_ago=300)
        guard.add_claims(user_id, hours_ago=240)
    return guard


@pytest.mark.slow
def test_an_episode_follows_its_plan(spoilt: Guard, dbt: DbtProject) -> None:
    build(dbt)
    assert episodes(spoilt, "discrepancy_type, first_quantity, probable_cause, ended_at") == [
        (user_id, "short", -1, "lost_update", None) for user_id in ("anna", "ben", "cleo")
    ]
    first_found_at = spoilt.value(f"select min(first_found_at) from {HISTORY}")

    # A build that sees half a plan, one that sees all of it, and one without anything new.
    plan = spoilt.plan_and_begin(user_id=None, limit=2)
    spoilt.batch(plan, limit=1)
    build(dbt)
    half = [("anna", "repaired", plan), ("ben", None, None), ("cleo", None, None)]
    assert episodes(spoilt) == half
    spoilt.apply(plan)
    spoilt.execute("update user_wallet_balances set streakshield_count = 2 where user_id = 'cleo'")
    build(dbt)
    ended = [("anna", "repaired", plan), ("ben", "repaired", plan), ("cleo", "cleared", None)]
    assert episodes(spoilt) == ended
    build(dbt, "--full-refresh")
    assert episodes(spoilt) == ended
    assert spoilt.value(f"select min(first_found_at) from {HISTORY}") == first_found_at

    # What a rollback takes back was no repair, and is wrong again for the cause that it had.
    spoilt.apply(spoilt.roll_back(plan))
    build(dbt)
    assert episodes(spoilt, "how_it_ended, plan_id, probable_cause") == [
        ("anna", "rolled_back", plan, "lost_update"),
        ("anna", None, None, "lost_update"),
        ("ben", "rolled_back", plan, "lost_update"),
        ("ben", None, None, "lost_update"),
        ("cleo", "cleared", None, "lost_update"),
    ]

    # What is older than the limit goes.
    spoilt.execute(
        f"update {HISTORY} set ended_at = now() - interval '401 days' where ended_at > '-infinity'"
    )
    build(dbt)
    assert episodes(spoilt) == [("anna", None, None), ("ben", None, None)]


def test_of_two_builds_at_once_the_later_one_counts(
    spoilt: Guard, dbt: DbtProject, beside: ThreadPoolExecutor
) -> None:
    """A newer build holds the history while an older one comes: it waits, and adds nothing."""
    build(dbt)
    spoilt.execute(f"delete from {HISTORY}")
    waiting = (
        f"select count(*) from pg_locks where relation = '{HISTORY}'::regclass and not granted"
    )

    def newer_build() -> None:
        with spoilt.connect(autocommit=False) as connection:
            connection.execute(f"lock table {HISTORY} in share row exclusive mode".encode())
            started.append(True)
            deadline = time.monotonic() + 60
            while spoilt.value(waiting) == 0 and time.monotonic() < deadline:
                time.sleep(0.05)
            connection.execute(
                f"""
                insert into {HISTORY} (
                    user_id, item, first_found_at, last_found_at, discrepancy_type,
                    is_settled, is_accepted, probable_cause
                )
                select user_id, item, now() + interval '1 hour', now() + interval '1 hour', 'short',
                    true, false, 'unknown'
                from {MODELS_SCHEMA}.fct_wallet_discrepancies where user_id <> 'cleo'
                """.encode()
            )

    started: list[bool] = []
    newer = beside.submit(newer_build)
    while not started and not newer.done():
        time.sleep(0.01)
    build(dbt)
    newer.result()
    assert episodes(spoilt, "probable_cause") == [("anna", "unknown"), ("ben", "unknown")]
