"""Rules that nothing reaches while those before them stand: each with its first line taken away."""

from __future__ import annotations

import psycopg
import pytest
from support.guard import BOOSTER, MAKER, Guard

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


def test_an_excess_that_reached_a_plan_unasked_is_not_taken(guard: Guard) -> None:
    guard.edit_function("_judge_balances", "not wrong.item = any(p_include_excess)", "false")
    guard.add_wallet("alice", booster_hours=720)
    guard.add_claims("alice", sku=BOOSTER, hours_ago=120)
    guard.mark_wrong("alice", "xp_booster")
    plan = guard.plan_and_begin()
    guard.batch(plan)
    assert guard.lines(plan) == {"alice": "excess_not_asked_for"}


def test_a_created_wallet_of_another_time_is_not_deleted(guard: Guard) -> None:
    guard.add_claims("alice", 2)
    guard.mark_wrong("alice", discrepancy="missing_wallet")
    plan = guard.approve(guard.plan())
    guard.apply(plan)
    rollback = guard.begin(guard.roll_back(plan))
    guard.edit_function("_roll_back_wallets", "not states.is_own_write", "false")
    guard.execute("update user_wallet_balances set updated_at = now()")
    guard.batch(rollback)
    assert guard.lines(rollback) == {"alice": "changed"}
    assert guard.shields("alice") == 2


def test_a_created_wallet_of_nobody_is_refused_by_its_insert(guard: Guard) -> None:
    guard.edit_function("_write_wallets", "set constraints all immediate;", "")
    guard.execute(
        """
        create table users (user_id text primary key);
        alter table user_wallet_balances add constraint a_wallet_has_a_user
            foreign key (user_id) references users deferrable initially deferred
        """
    )
    guard.add_claims("alice", 2)
    guard.mark_wrong("alice", discrepancy="missing_wallet")
    plan = guard.plan_and_begin()
    guard.batch(plan)
    assert guard.lines(plan) == {"alice": "no_such_user"}


def test_indexes_keep_a_line_from_being_taken_back_twice(guard: Guard) -> None:
    guard.add_short_wallet("alice")
    plan = guard.approve(guard.plan())
    guard.apply(plan)
    guard.edit_function("plan_rollback", "perform claim_ops._check_only_rollback(p_plan_id);", "")
    guard.call(MAKER, "plan_rollback", plan, "test")
    with pytest.raises(psycopg.errors.UniqueViolation, match="a_plan_has_one_rollback_at_a_time"):
        guard.call(MAKER, "plan_rollback", plan, "test")
    with pytest.raises(psycopg.errors.UniqueViolation, match="an_entry_is_reversed_once"):
        guard.execute(
            """
            insert into claim_ops.journal (batch_id, event, reverses)
            select 1, 'applied', entry_id from claim_ops.journal, generate_series(1, 2)
            where event = 'applied'
            """
        )
