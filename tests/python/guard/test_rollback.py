"""Rollback: what still is as the plan left it goes back; what changed since is left and listed."""

from __future__ import annotations

from typing import Any

import pytest
from support.guard import BOOSTER, RUNNER, Guard

TWO_SECONDS = 2 / 3600


def applied(guard: Guard, **arguments: Any) -> int:
    """Plan and apply what is wrong; return the plan."""
    plan = guard.approve(guard.plan(**arguments))
    guard.apply(plan)
    return plan


def wallets(guard: Guard) -> list[tuple[Any, ...]]:
    """Return what the wallets hold, without the time of their last change."""
    return guard.rows(
        "select user_id, streakshield_count, xp_booster_until from user_wallet_balances order by 1"
    )


def test_a_rollback_gives_back_what_was_there_before(guard: Guard) -> None:
    guard.add_short_wallets(3)
    before = wallets(guard)
    plan = applied(guard)
    assert wallets(guard) != before
    rollback = guard.roll_back(plan)
    assert guard.apply(rollback)["applied"] == 3
    assert wallets(guard) == before
    assert guard.state(plan) == "rolled_back"


def test_what_changed_since_is_left_alone_and_listed(guard: Guard) -> None:
    kept, changed = guard.add_short_wallets(2)
    plan = applied(guard)
    rollback = guard.roll_back(plan)
    guard.execute(
        f"""
        update user_wallet_balances set streakshield_count = 7 where user_id = '{changed}'
        """
    )
    outcome = guard.apply(rollback)
    assert outcome["reasons"] == {"changed": 1}
    assert guard.lines(rollback) == {kept: "applied", changed: "changed"}
    assert (guard.shields(kept), guard.shields(changed)) == (1, 7)


def test_a_change_of_another_item_is_no_obstacle(guard: Guard) -> None:
    """A line is about the columns that it changed; what a user bought since stays."""
    guard.add_short_wallet("alice", claims=2, shields=1)
    plan = applied(guard)
    guard.rows(f"select claim_purchase('live', 'alice', '{BOOSTER}')")
    ((_, _, until),) = wallets(guard)
    guard.apply(guard.roll_back(plan))
    assert wallets(guard) == [("alice", 1, until)]


def test_a_wallet_that_the_plan_created_is_deleted(guard: Guard) -> None:
    guard.add_claims("alice", 2)
    guard.mark_wrong("alice", discrepancy="missing_wallet")
    plan = applied(guard)
    assert guard.shields("alice") == 2
    rollback = guard.roll_back(plan)
    guard.apply(rollback)
    assert guard.shields("alice") is None
    assert guard.lines(rollback) == {"alice": "applied"}


@pytest.mark.parametrize(
    "change",
    [
        "streakshield_count = 3",
        "xp_booster_until = now() + interval '1 day'",
        "updated_at = now()",
    ],
)
def test_a_created_wallet_that_changed_since_is_left(guard: Guard, change: str) -> None:
    """Whatever changed, somebody uses the wallet: it is not deleted under him."""
    guard.add_claims("alice", 2)
    guard.mark_wrong("alice", discrepancy="missing_wallet")
    plan = applied(guard)
    guard.execute(f"update user_wallet_balances set {change}")
    before = guard.rows("select * from user_wallet_balances")
    rollback = guard.roll_back(plan)
    guard.apply(rollback)
    assert guard.rows("select * from user_wallet_balances") == before
    assert guard.lines(rollback) == {"alice": "changed"}


def test_a_rollback_is_rolled_back(guard: Guard) -> None:
    """A corrected wallet and a created one, back and forth."""
    guard.add_short_wallet("alice", claims=2, shields=1)
    guard.add_claims("bob", 2)
    guard.mark_wrong("bob", discrepancy="missing_wallet")
    plan = applied(guard)
    rollback = guard.roll_back(plan)
    guard.apply(rollback)
    assert (guard.shields("alice"), guard.shields("bob")) == (1, None)
    again = guard.roll_back(rollback)
    guard.apply(again)
    assert (guard.shields("alice"), guard.shields("bob")) == (2, 2)
    assert guard.lines(again) == {"alice": "applied", "bob": "applied"}
    assert guard.state(rollback) == "rolled_back"


@pytest.mark.parametrize(
    ("wallet_hours", "discrepancy"),
    [(24, "short"), (720, "excess")],
    ids=["lengthened", "shortened"],
)
def test_a_changed_booster_goes_back(guard: Guard, wallet_hours: int, discrepancy: str) -> None:
    """Without any --include-excess: a rollback restores what was there."""
    guard.add_wallet("alice", booster_hours=wallet_hours)
    guard.add_claims("alice", sku=BOOSTER, hours_ago=120)
    guard.mark_wrong("alice", "xp_booster", discrepancy)
    before = wallets(guard)
    plan = applied(guard, include_excess=["xp_booster"])
    assert wallets(guard) != before
    rollback = guard.roll_back(plan)
    guard.apply(rollback)
    assert guard.lines(rollback) == {"alice": "applied"}
    assert wallets(guard) == before


def test_a_booster_that_has_ended_since_goes_back_too(guard: Guard) -> None:
    """A rollback is exempt from the rule that spares what has expired."""
    guard.add_wallet("alice", booster_hours=TWO_SECONDS)
    guard.add_claims("alice", sku=BOOSTER, hours_ago=240)
    guard.mark_wrong("alice", "xp_booster", "excess")
    before = wallets(guard)
    plan = applied(guard, include_excess=["xp_booster"])
    assert guard.lines(plan) == {"alice": "applied"}
    rollback = guard.roll_back(plan)
    ((_, _, until),) = before
    guard.wait_until(f"now() > '{until}'")
    guard.apply(rollback)
    assert guard.lines(rollback) == {"alice": "applied"}
    assert wallets(guard) == before


def test_a_plan_that_is_being_applied_is_stopped_and_rolled_back(guard: Guard) -> None:
    users = guard.add_short_wallets(4)
    plan = guard.plan_and_begin()
    guard.batch(plan, limit=3)
    rollback = guard.roll_back(plan)
    assert guard.state(plan) == "expired"
    with guard.refuses("CO002"):
        guard.batch(plan)
    assert guard.apply(rollback)["applied"] == 3
    assert guard.state(plan) == "rolled_back"
    assert [guard.shields(user) for user in users] == [1, 1, 1, 1]


def test_a_rollback_needs_applied_lines(guard: Guard) -> None:
    guard.add_short_wallet("alice")
    plan = guard.plan_and_begin()
    guard.execute("update user_wallet_balances set streakshield_count = 5")
    guard.call(RUNNER, "apply_batch", plan, 0, 500, 1)
    guard.call(RUNNER, "finish_apply", plan)
    with guard.refuses("CO014"):
        guard.roll_back(plan)


def test_a_busy_wallet_is_rolled_back_in_a_later_pass(guard: Guard) -> None:
    guard.add_short_wallet("alice")
    rollback = guard.begin(guard.roll_back(applied(guard)))
    with guard.connect(autocommit=False) as writer:
        writer.execute("select from user_wallet_balances for update")
        guard.batch(rollback)
        assert guard.lines(rollback) == {"alice": "pending"}
    guard.batch(rollback)
    assert guard.lines(rollback) == {"alice": "applied"}
