"""Rollback: what still is as the plan left it goes back; what changed since is left and listed."""

from __future__ import annotations

from typing import Any

import pytest
from support.forgery import let_expire
from support.guard import BOOSTER, CHECKER, MAKER, RUNNER, SHIELD, Guard

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


def test_who_bought_something_since_is_left(guard: Guard) -> None:
    """Our write is no longer the wallet's last one, whatever the item was."""
    guard.add_short_wallet("alice", claims=2, shields=1)
    plan = applied(guard)
    guard.rows(f"select claim_purchase('live', 'alice', '{BOOSTER}')")
    before = wallets(guard)
    rollback = guard.roll_back(plan)
    guard.apply(rollback)
    assert guard.lines(rollback) == {"alice": "changed"}
    assert wallets(guard) == before


def test_a_plan_has_one_rollback_at_a_time(guard: Guard) -> None:
    guard.add_short_wallet("alice")
    plan = applied(guard)
    first = guard.call(MAKER, "plan_rollback", plan, "test")
    with guard.refuses("CO002", f"claimctl reject {first}"):
        guard.call(MAKER, "plan_rollback", plan, "test")
    guard.approve(first)
    with guard.refuses("CO002", f"claimctl reject {first}"):
        guard.call(MAKER, "plan_rollback", plan, "test")
    guard.call(CHECKER, "reject_plan", first, "no")
    guard.apply(guard.roll_back(plan))
    with guard.refuses("CO002"):
        guard.call(MAKER, "plan_rollback", plan, "test")


def test_an_equal_value_is_not_our_write(guard: Guard) -> None:
    """The wallet holds what the plan wrote, but the last shield came with a claim."""
    guard.add_short_wallet("alice", claims=2, shields=1)
    rollback = guard.roll_back(applied(guard))
    guard.execute("update user_wallet_balances set streakshield_count = 1, updated_at = now()")
    guard.rows(f"select claim_purchase('live', 'alice', '{SHIELD}')")
    assert guard.shields("alice") == 2
    guard.apply(rollback)
    assert guard.lines(rollback) == {"alice": "changed"}
    assert guard.shields("alice") == 2


def test_a_write_that_leaves_the_time_alone_is_seen(guard: Guard) -> None:
    """There and back without updated_at: the row's version tells."""
    guard.add_short_wallet("alice", claims=2, shields=1)
    rollback = guard.roll_back(applied(guard))
    guard.execute("update user_wallet_balances set streakshield_count = 1")
    guard.execute("update user_wallet_balances set streakshield_count = 2")
    guard.apply(rollback)
    assert guard.lines(rollback) == {"alice": "changed"}
    assert guard.shields("alice") == 2


def test_what_a_later_plan_wrote_is_its_own(guard: Guard) -> None:
    guard.add_short_wallet("bob", claims=2, shields=1)
    first = applied(guard)
    guard.execute(
        "update user_wallet_balances set streakshield_count = 1,"
        " updated_at = now() - interval '10 days'"
    )
    second = applied(guard)
    rollback = guard.roll_back(first)
    guard.apply(rollback)
    assert guard.lines(rollback) == {"bob": "changed"}
    assert guard.shields("bob") == 2
    assert guard.call(RUNNER, "verify_plan", second)["as_written"] == 1


def test_a_claim_whose_wallet_comes_later_counts_against_it(guard: Guard) -> None:
    """A claim in two commits, of which only the first is there."""
    guard.add_short_wallet("alice", claims=2, shields=1)
    rollback = guard.roll_back(applied(guard))
    guard.add_claims("alice", hours_ago=-0.001)
    guard.apply(rollback)
    assert guard.lines(rollback) == {"alice": "changed"}


def test_a_rollback_hides_no_writer_in_flight(guard_that_waits: Guard) -> None:
    """He changed the wallet a minute ago; his claim comes when the next correction looks."""
    guard = guard_that_waits
    guard.add_wallet("alice", 2, booster_hours=24)
    guard.add_claims("alice", 2)
    guard.add_claims("alice", sku=BOOSTER, hours_ago=120)
    guard.mark_wrong("alice", "xp_booster")
    plan = applied(guard)
    rollback = guard.roll_back(plan)
    guard.execute("update user_wallet_balances set streakshield_count = 3, updated_at = now()")
    guard.apply(rollback)
    guard.mark_wrong("alice", "streakshield", "excess")
    with guard.refuses("CO014"):
        guard.plan(include_excess=["streakshield"])
    assert guard.shields("alice") == 3


def test_the_last_write_of_others_is_handed_on(guard_that_waits: Guard) -> None:
    """Our own writes are no sign of life, and of the wallet's time they keep what was there."""
    guard = guard_that_waits
    guard.add_short_wallet("alice", claims=2, shields=1)
    changed_at = guard.value("select updated_at from user_wallet_balances")
    plan = applied(guard)
    rollback = guard.roll_back(plan)
    guard.apply(rollback)
    assert (
        guard.rows("select wallet_changed_at from claim_ops.journal where line_no is not null")
        == [(changed_at,)] * 2
    )
    assert guard.lines(applied(guard)) == {"alice": "applied"}


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
        # There and back: value and time are equal, and the write is somebody else's.
        "streakshield_count = streakshield_count",
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
    assert guard.state(plan) == "applied"


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


def test_a_wallet_that_stayed_busy_is_rolled_back_later(guard: Guard) -> None:
    """Ten passes found it locked: what is left is planned again, and then all is rolled back."""
    guard.add_short_wallets(2)
    plan = applied(guard)
    rollback = guard.roll_back(plan)
    with guard.connect(autocommit=False) as writer:
        writer.execute("select from user_wallet_balances where user_id = 'user-00001' for update")
        assert guard.apply(rollback)["reasons"] == {"busy": 1}
    assert guard.state(plan) == "applied"
    rest = guard.roll_back(plan)
    assert guard.lines(rest) == {"user-00001": "pending"}
    guard.apply(rest)
    assert guard.state(plan) == "rolled_back"
    assert [guard.shields(f"user-0000{number}") for number in (1, 2)] == [1, 1]


def test_a_busy_wallet_is_rolled_back_in_a_later_pass(guard: Guard) -> None:
    guard.add_short_wallet("alice")
    rollback = guard.begin(guard.roll_back(applied(guard)))
    with guard.connect(autocommit=False) as writer:
        writer.execute("select from user_wallet_balances for update")
        guard.batch(rollback)
        assert guard.lines(rollback) == {"alice": "pending"}
    guard.batch(rollback)
    assert guard.lines(rollback) == {"alice": "applied"}


@pytest.fixture
def not_closed(guard: Guard) -> tuple[int, int]:
    """A plan, and its rollback: every line is taken back, but its applier died before the end."""
    guard.add_short_wallet("ann")
    plan = applied(guard)
    rollback = guard.begin(guard.roll_back(plan))
    guard.batch(rollback)
    assert (guard.state(plan), guard.state(rollback)) == ("applied", "applying")
    return plan, rollback


def test_a_rollback_stopped_after_its_last_line_has_rolled_back(
    guard: Guard, not_closed: tuple[int, int]
) -> None:
    plan, rollback = not_closed
    again = guard.roll_back(rollback)
    assert (guard.state(plan), guard.state(rollback)) == ("rolled_back", "expired")
    guard.apply(again)
    assert (guard.state(plan), guard.state(rollback)) == ("applied", "rolled_back")


def test_a_rollback_that_expires_after_its_last_line_has_rolled_back(
    guard: Guard, not_closed: tuple[int, int]
) -> None:
    plan, rollback = not_closed
    let_expire(guard, rollback)
    assert guard.call(RUNNER, "expire_plan", rollback)
    assert (guard.state(plan), guard.state(rollback)) == ("rolled_back", "expired")


def test_a_plan_that_was_stopped_half_way_is_in_force_again_as_such(guard: Guard) -> None:
    """It is not applied: nobody decided its other line, and no later batch will."""
    guard.add_short_wallets(2)
    plan = guard.plan_and_begin()
    guard.batch(plan, limit=1)
    rollback = guard.roll_back(plan)
    guard.apply(rollback)
    assert guard.state(plan) == "rolled_back"
    guard.apply(guard.roll_back(rollback))
    assert (guard.state(plan), guard.state(rollback)) == ("expired", "rolled_back")
    assert guard.lines(plan) == {"user-00001": "applied", "user-00002": "pending"}
    assert guard.rows("select problem from claim_ops.plan_problems") == []
