"""A SKU gives what the catalogue gave when it was claimed, in plans as in models."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from support.databases import MODELS_SCHEMA, Database
from support.dbt_project import DbtProject
from support.guard import BOOSTER, MAKER, SHIELD, Guard
from support.guard_templates import NOTHING_OPTIONAL, NOTHING_TO_SETTLE, Guards, install

# Until 100 hours ago a shield gave one, and a booster a week; since then five, and a day.
CHANGE = f"""
    update {MODELS_SCHEMA}.sku_catalog
    set valid_to = now() - interval '100 hours', weekly_cap = null, monthly_cap = null;
    insert into {MODELS_SCHEMA}.sku_catalog
        (sku, item, quantity, duration_hours, unit_price, valid_from)
    select sku, item, case when duration_hours is null then 5 else 1 end,
        duration_hours / 7, 2 * unit_price, valid_to
    from {MODELS_SCHEMA}.sku_catalog
"""


@pytest.fixture
def guard(guards: Guards) -> Guard:
    guard = guards.with_models()
    guard.execute(CHANGE)
    with guard.connect() as connection:
        install(connection, guards.script(NOTHING_TO_SETTLE))
    return guard


def recovery(guard: Guard, **arguments: Any) -> int:
    now = datetime.now(UTC)
    return guard.make("plan_recovery", **{"from": now - timedelta(days=9), "to": now, **arguments})


def test_earlier_buyers_are_not_short_when_a_quantity_changes(guard: Guard) -> None:
    guard.add_wallet("right", 6)
    guard.add_wallet("short", 2, booster_hours=500)
    for user_id in ("right", "short"):
        guard.add_claims(user_id, hours_ago=150)
        guard.add_claims(user_id, hours_ago=50)
        guard.mark_wrong(user_id)
    guard.add_claims("short", sku=BOOSTER, hours_ago=150)
    guard.add_claims("short", sku=BOOSTER, hours_ago=20)
    plan = guard.plan(include_excess=["xp_booster"])
    guard.apply(guard.approve(plan))
    assert guard.lines(plan) == {"short": "applied"}
    assert guard.shields("short") == 6
    left = guard.value(
        "select extract(epoch from xp_booster_until - clock_timestamp()) / 3600"
        " from user_wallet_balances where user_id = 'short'"
    )
    assert float(left) == pytest.approx(18, abs=0.05)
    assert guard.rows("select user_id from claim_ops.check_wallet_integrity()") == []


def test_a_recovered_purchase_gives_what_it_gave_when_it_was_bought(guard: Guard) -> None:
    guard.add_claims("somebody")
    guard.add_purchase("before", "tx1", hours_ago=150)
    guard.add_purchase("after", "tx2", hours_ago=50)
    now = recovery(guard, claimed_at="now")
    assert guard.lines(now) == {"after": "pending"}
    assert guard.left_out(now) == {"tx1": "catalogue_changed"}
    guard.call(MAKER, "reject_plan", now, "the other way")

    plan = guard.approve(recovery(guard))
    guard.apply(plan)
    assert guard.lines(plan) == {"before": "applied", "after": "applied"}
    assert (guard.shields("before"), guard.shields("after")) == (1, 5)


def test_a_purchase_at_a_time_that_nothing_covers_is_left(guard: Guard) -> None:
    guard.execute(
        "update claim_ops.sku_catalog set valid_from = valid_from + interval '10 hours'"
        " where valid_from <> '-infinity'"
    )
    guard.add_claims("somebody", hours_ago=150)
    guard.add_purchase("alice", "tx1", hours_ago=95)
    guard.add_purchase("bob", "tx2", hours_ago=80)
    plan = recovery(guard)
    assert guard.lines(plan) == {"bob": "pending"}
    assert guard.left_out(plan) == {"tx1": "unknown_sku"}


def test_rows_that_are_in_force_at_once_are_refused(guards: Guards) -> None:
    guard = guards.with_models()
    guard.execute(CHANGE)
    guard.execute(f"update {MODELS_SCHEMA}.sku_catalog set valid_to = null where sku = '{SHIELD}'")
    with guard.connect() as connection, pytest.raises(psycopg.Error) as caught:
        install(connection, guards.script(NOTHING_TO_SETTLE))
    assert f"in force for the SKU {SHIELD} at once" in str(caught.value)


@pytest.mark.slow
def test_a_catalogue_that_overlaps_builds_nothing(dbt: DbtProject, database: Database) -> None:
    """Each fault of its dates is named with its SKU, and no balance is built from it."""
    assert dbt.run("seed", vars=NOTHING_OPTIONAL).success
    check = ("test", "--select", "sku_catalog_is_valid")
    for change, faults in (
        ("set valid_to = null", 0),
        ("set valid_from = now(), valid_to = now() - interval '1 day'", 2),
        ("set valid_from = now() - interval '1 day', valid_to = null", 0),
    ):
        database.execute(f"update {MODELS_SCHEMA}.sku_catalog {change}")
        assert dbt.run(*check, vars=NOTHING_OPTIONAL).failures("sku_catalog_is_valid") == faults
    database.execute(
        f"""
        insert into {MODELS_SCHEMA}.sku_catalog
        select sku, item, quantity, duration_hours, null, null, unit_price, null, now()
        from {MODELS_SCHEMA}.sku_catalog where sku = '{SHIELD}'
        """
    )
    assert dbt.run(*check, vars=NOTHING_OPTIONAL).failures("sku_catalog_is_valid") == 1
    database.execute(
        f"""
        delete from {MODELS_SCHEMA}.sku_catalog;
        alter table {MODELS_SCHEMA}.sku_catalog alter column valid_from type timestamp;
        insert into {MODELS_SCHEMA}.sku_catalog (sku, item, quantity, valid_from)
        values ('zoneless', 'streakshield', 1, '2026-01-01')
        """
    )
    assert dbt.run(*check, vars=NOTHING_OPTIONAL).failures("sku_catalog_is_valid") == 1


def test_a_guard_of_before_gets_its_dates(guard: Guard, guards: Guards) -> None:
    guard.execute(
        # Which no guard of before had.
        "drop view claim_ops.wallet_writes cascade;"
        " alter table claim_ops.sku_catalog drop constraint sku_catalog_pkey, drop valid_from,"
        " drop valid_to; delete from claim_ops.sku_catalog where sku in"
        " (select sku from claim_ops.sku_catalog group by sku having count(*) > 1);"
        " alter table claim_ops.sku_catalog add primary key (sku)"
    )
    with guard.connect() as connection:
        install(connection, guards.script(NOTHING_TO_SETTLE))
    catalogue = "select count(*), count(distinct sku) from claim_ops.sku_catalog"
    assert guard.rows(catalogue) == [(4, 2)]


def test_a_seed_of_before_gets_its_dates(dbt: DbtProject, database: Database) -> None:
    """Somebody upgrades: dbt empties the table that is there, and makes no new columns itself."""
    database.execute(
        f"""
        create schema {MODELS_SCHEMA};
        create table {MODELS_SCHEMA}.sku_catalog (
            sku text, item text, quantity int, duration_hours int, weekly_cap int,
            monthly_cap int, unit_price numeric(10, 2)
        )
        """
    )
    outcome = dbt.run("seed", vars=NOTHING_OPTIONAL)
    assert outcome.success, outcome.explain()
    catalogue = f"select count(*), count(valid_from) from {MODELS_SCHEMA}.sku_catalog"
    assert database.rows(catalogue) == [(2, 0)]
