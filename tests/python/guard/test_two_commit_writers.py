"""Writers that commit claim and wallet one after the other: who is in flight is left alone."""

from __future__ import annotations

import pytest
from support.guard import BOOSTER, Guard


@pytest.fixture
def guard(guard_that_waits: Guard) -> Guard:
    """A fresh database with the guard under the project's settings: 180 minutes of quiet."""
    return guard_that_waits


def test_claim_first_before_planning_is_not_planned(guard: Guard) -> None:
    """One claim has no wallet change yet: it looks like a lost update."""
    guard.add_short_wallet("alice", claims=1, shields=1)
    guard.add_claims("alice", hours_ago=0.02)
    with guard.refuses("CO014"):
        guard.plan()
    assert guard.shields("alice") == 1


def test_wallet_first_before_planning_is_not_planned(guard: Guard) -> None:
    """The wallet is ahead of the ledger: taking the excess would take a shield that was bought."""
    guard.add_wallet("alice", 2, hours_ago=0.02)
    guard.add_claims("alice", 1)
    guard.mark_wrong("alice", discrepancy="excess")
    with guard.refuses("CO014"):
        guard.plan(include_excess=["streakshield"])


def test_claim_first_after_planning_is_skipped(guard: Guard) -> None:
    guard.add_short_wallet("alice", claims=2, shields=1)
    plan = guard.plan_and_begin()
    guard.add_claims("alice", hours_ago=0)
    guard.batch(plan)
    assert guard.lines(plan) == {"alice": "in_flight"}
    assert guard.shields("alice") == 1


def test_wallet_first_after_planning_is_skipped(guard: Guard) -> None:
    guard.add_short_wallet("alice", claims=2, shields=1)
    plan = guard.plan_and_begin()
    change_wallet(guard, "streakshield_count = streakshield_count + 1")
    guard.batch(plan)
    assert guard.lines(plan) == {"alice": "changed"}
    assert guard.shields("alice") == 2


def test_wallet_first_after_planning_is_skipped_where_only_its_time_tells(guard: Guard) -> None:
    """The booster in excess ends later than the one just bought: the writer's change shows nowhere.

    `before` holds and the ledger says what was planned. What is in the wallet is about to be
    claimed in part, and only the quiet check knows.
    """
    guard.add_wallet("alice", booster_hours=720)
    guard.add_claims("alice", sku=BOOSTER, hours_ago=120)
    guard.mark_wrong("alice", "xp_booster", "excess")
    plan = guard.plan_and_begin(include_excess=["xp_booster"])
    change_wallet(
        guard, "xp_booster_until = greatest(xp_booster_until, now() + interval '168 hours')"
    )
    before = guard.rows("select * from user_wallet_balances")
    guard.batch(plan)
    assert guard.lines(plan) == {"alice": "in_flight"}
    assert guard.rows("select * from user_wallet_balances") == before


def test_a_claim_that_changes_nothing_planned_is_a_sign_of_life(guard: Guard) -> None:
    """A claim of another item, whose wallet change is to come: one line is one whole wallet."""
    guard.add_short_wallet("alice", claims=2, shields=1)
    plan = guard.plan_and_begin()
    guard.add_claims("alice", sku=BOOSTER, hours_ago=2.9)
    guard.batch(plan)
    assert guard.lines(plan) == {"alice": "in_flight"}


def test_a_missing_wallet_in_flight_is_not_created(guard: Guard) -> None:
    guard.add_claims("alice", 2)
    guard.mark_wrong("alice", discrepancy="missing_wallet")
    plan = guard.plan_and_begin()
    guard.add_claims("alice", sku=BOOSTER, hours_ago=0)
    guard.batch(plan)
    assert guard.lines(plan) == {"alice": "in_flight"}
    assert guard.shields("alice") is None


def test_our_own_last_write_is_no_sign_of_life(guard: Guard) -> None:
    """A second plan for a wallet that the first has just repaired."""
    guard.add_short_wallet("alice", claims=2, shields=1)
    guard.apply(guard.approve(guard.plan()))
    # Found only now, because it was stored with the time of its purchase.
    guard.add_claims("alice")
    second = guard.approve(guard.plan())
    guard.apply(second)
    assert guard.lines(second) == {"alice": "applied"}
    assert guard.shields("alice") == 3


def test_a_foreign_write_after_ours_is_a_sign_of_life(guard: Guard) -> None:
    guard.add_short_wallet("alice", claims=2, shields=1)
    guard.apply(guard.approve(guard.plan()))
    guard.add_claims("alice")
    second = guard.plan_and_begin()
    change_wallet(guard, "streakshield_count = streakshield_count")
    guard.batch(second)
    assert guard.lines(second) == {"alice": "in_flight"}
    with guard.refuses("CO014"):
        guard.plan()


def change_wallet(guard: Guard, change: str) -> None:
    """Change alice's wallet as a service does, with the time of now."""
    guard.execute(f"update user_wallet_balances set {change}, updated_at = now()")
