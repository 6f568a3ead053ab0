"""A claim of several units gives each of them, and so does the claim that a plan inserts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.guard import BOOSTER, CHECKER, RUNNER, SHIELD, Guard
from support.guard_templates import Guards, Vars, install

TABLES = ("purchase_claims", "audit_purchases", "queued_purchases")
VARS: Vars = {
    "settle_minutes": 0,
    "has_queued_purchases": True,
    "claim_service_columns": {table: {"units": "pieces"} for table in TABLES},
}


@pytest.fixture
def guard(guards: Guards) -> Guard:
    """A database whose claims, purchases and queue have units; the claims must have them."""
    guard = guards.with_models()
    for table in TABLES:
        guard.execute(f"alter table {table} add column pieces smallint")
    guard.execute("alter table purchase_claims alter column pieces set default 1")
    with guard.connect() as connection:
        install(connection, guards.script(VARS))
    return guard


def add_purchase(guard: Guard, user_id: str, units: int | None, **details: Any) -> None:
    guard.add_purchase(user_id, **details)
    number = "null" if units is None else units
    table = details.get("table", "audit_purchases")
    guard.execute(f"update {table} set pieces = {number} where user_id = '{user_id}'")


def recovery(guard: Guard, **arguments: Any) -> int:
    now = datetime.now(UTC)
    return guard.make("plan_recovery", **{"from": now - timedelta(days=30), "to": now, **arguments})


def claims_of(guard: Guard, user_id: str) -> list[tuple[Any, ...]]:
    return guard.rows(f"select tx_id, sku, pieces from purchase_claims where user_id = '{user_id}'")


def hours_left(guard: Guard, user_id: str) -> float:
    return float(
        guard.value(
            "select extract(epoch from xp_booster_until - clock_timestamp()) / 3600"
            f" from user_wallet_balances where user_id = '{user_id}'"
        )
    )


def test_wallets_are_corrected_to_all_units_of_a_claim(guard: Guard) -> None:
    guard.add_wallet("right", 3)
    guard.add_wallet("short", 1, booster_hours=68)
    for user_id in ("right", "short"):
        guard.add_claims(user_id)
        guard.mark_wrong(user_id)
    guard.add_claims("short", sku=BOOSTER, hours_ago=100)
    guard.execute(f"update purchase_claims set pieces = 3 where sku = '{SHIELD}'")
    guard.execute(f"update purchase_claims set pieces = 2 where sku = '{BOOSTER}'")
    plan = guard.plan(include_excess=["streakshield", "xp_booster"])
    guard.apply(guard.approve(plan))
    assert guard.lines(plan) == {"short": "applied"}
    assert guard.shields("short") == 3
    assert hours_left(guard, "short") == pytest.approx(236, abs=0.05)
    assert guard.rows("select user_id from claim_ops.check_wallet_integrity()") == []


def test_a_recovered_claim_is_of_as_many_units_as_the_purchase(guard: Guard) -> None:
    guard.add_claims("somebody")
    add_purchase(guard, "three", 3, tx_id="tx3")
    add_purchase(guard, "unsaid", None, tx_id="tx1")
    add_purchase(guard, "week", 2, tx_id="tx2", sku=BOOSTER, hours_ago=24)
    plan = guard.approve(recovery(guard, include_over_cap=True))
    guard.apply(plan)
    assert set(guard.lines(plan).values()) == {"applied"}
    assert claims_of(guard, "three") == [("tx3", SHIELD, 3)]
    assert claims_of(guard, "unsaid") == [("tx1", SHIELD, 1)]
    assert claims_of(guard, "week") == [("tx2", BOOSTER, 2)]
    assert (guard.shields("three"), guard.shields("unsaid")) == (3, 1)
    assert hours_left(guard, "week") == pytest.approx(312, abs=0.05)
    assert guard.call(RUNNER, "verify_plan", plan)["as_written"] == 3

    guard.execute("update purchase_claims set pieces = 2 where tx_id = 'tx3'")
    assert guard.call(RUNNER, "verify_plan", plan)["wrong"] == 1
    back = guard.roll_back(plan)
    guard.apply(back)
    assert guard.lines(back) == {"three": "changed", "unsaid": "applied", "week": "applied"}
    assert claims_of(guard, "week") == []


def test_units_count_against_the_cap(guard: Guard) -> None:
    """A cap of one a week leaves out a purchase of two; one of the next week is within it."""
    guard.add_claims("somebody")
    add_purchase(guard, "two", 2, tx_id="tx2")
    add_purchase(guard, "one", 1, tx_id="tx1")
    plan = recovery(guard)
    assert guard.lines(plan) == {"one": "pending"}
    assert guard.left_out(plan) == {"tx2": "over_cap"}


def test_a_purchase_that_changes_its_units_is_left(guard: Guard) -> None:
    guard.add_claims("somebody")
    add_purchase(guard, "alice", 3)
    plan = recovery(guard, include_over_cap=True)
    guard.call(CHECKER, "approve_plan", plan)
    guard.execute("update audit_purchases set pieces = 2")
    guard.apply(plan)
    assert guard.lines(plan) == {"alice": "conflicting_units"}


def test_the_queue_says_of_how_many_units_an_event_is(guard: Guard) -> None:
    guard.add_claims("somebody")
    add_purchase(guard, "queued", 3, tx_id="tx3", table="queued_purchases")
    add_purchase(guard, "other", 3, tx_id="tx4", table="queued_purchases")
    add_purchase(guard, "other", 2, tx_id="tx4")
    plan = guard.approve(guard.make("plan_queue", include_over_cap=True))
    guard.apply(plan)
    assert guard.lines(plan) == {"queued": "applied"}
    assert guard.left_out(plan) == {"tx4": "conflicting_units"}
    assert claims_of(guard, "queued") == [("tx3", SHIELD, 3)]


@pytest.mark.slow
def test_several_units_are_left_where_claims_have_no_column_for_them(guards: Guards) -> None:
    guard = guards.with_models()
    guard.execute("alter table audit_purchases add column units int")
    with guard.connect() as connection:
        columns = {"audit_purchases": {"units": "units"}}
        install(connection, guards.script({"settle_minutes": 0, "claim_service_columns": columns}))
    guard.add_claims("somebody")
    for user_id, units in (("one", "null"), ("two", "2"), ("none", "0")):
        guard.add_purchase(user_id, f"tx-{user_id}")
        guard.execute(f"update audit_purchases set units = {units} where user_id = '{user_id}'")
    plan = recovery(guard, include_over_cap=True)
    assert guard.lines(plan) == {"one": "pending"}
    assert guard.left_out(plan) == {"tx-two": "units_not_kept", "tx-none": "no_units"}
