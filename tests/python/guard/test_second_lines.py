"""Rules that nothing reaches while those before them stand: each with its first line taken away."""

from __future__ import annotations

from support.guard import Guard

FIRST_LOOK = "(states.wallet @> lines.before) is not true"


def test_before_in_the_where_keeps_a_wallet_that_changed(guard: Guard) -> None:
    """The look under the lock skips a changed wallet; without it, the update finds no row."""
    guard.add_short_wallet("alice", claims=2, shields=1)
    plan = guard.plan_and_begin()
    guard.edit_function("_judge_lines", FIRST_LOOK, "false")
    guard.execute("update user_wallet_balances set streakshield_count = 0")
    guard.batch(plan)
    assert guard.lines(plan) == {"alice": "not_written"}
    assert guard.shields("alice") == 0


def test_before_in_the_where_keeps_a_wallet_of_a_rollback(guard: Guard) -> None:
    guard.add_short_wallet("alice", claims=2, shields=1)
    plan = guard.approve(guard.plan())
    guard.apply(plan)
    rollback = guard.begin(guard.roll_back(plan))
    guard.edit_function("_roll_back_wallets", FIRST_LOOK, "false")
    guard.edit_function("_roll_back_wallets", "not states.is_own_write", "false")
    guard.execute("update user_wallet_balances set streakshield_count = 7")
    guard.batch(rollback)
    assert guard.lines(rollback) == {"alice": "not_written"}
    assert guard.shields("alice") == 7
