"""Breakers: a plan that is too large is refused before anybody is asked to approve it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from support.databases import MODELS_SCHEMA
from support.forgery import let_expire, waits
from support.guard import CHECKER, MAKER, Guard, call
from support.guard_templates import Guards

# All but the one that a test is about.
RAISED = {"max_wallets": 99999, "max_affected_share": 1, "max_net_quantity": 99999}


def raised(limits: dict[str, Any]) -> dict[str, Any]:
    """Return the argument that raises these breakers and no others."""
    return {"raise": limits}


def raised_but(name: str) -> dict[str, Any]:
    """Return the argument that raises every other breaker."""
    return raised({key: value for key, value in RAISED.items() if key != name})


def set_limit(guard: Guard, name: str, value: int) -> None:
    guard.execute(f"update claim_ops.settings set settings = settings || '{{\"{name}\": {value}}}'")


def add_right_wallets(guard: Guard, wallets: int) -> None:
    guard.execute(
        f"""
        insert into user_wallet_balances
        select 'right-' || n, 0, null, null from generate_series(1, {wallets}) as n
        """
    )


def test_the_limits_are_those_of_the_project(guard: Guard) -> None:
    limits = guard.value("select settings from claim_ops.settings")
    assert {name: value for name, value in limits.items() if name.startswith("max_")} == {
        "max_affected_share": 0.01,
        "max_wallets": 10000,
        "max_model_age_hours": 24,
        "max_net_quantity": 1000,
        "max_suspected_spends": 20,
        "max_suspected_share": 0.5,
        "max_unexplained_excess": 50,
    }


def test_a_plan_holds_at_most_max_items(guard: Guard) -> None:
    set_limit(guard, "max_wallets", 3)
    guard.add_short_wallets(4)
    with guard.refuses("CO005", "--raise max_wallets=4"):
        guard.plan(**raised_but("max_wallets"))
    guard.plan(limit=3, **raised_but("max_wallets"))


@pytest.mark.slow
def test_ten_thousand_items_are_the_limit(guard: Guard) -> None:
    guard.add_short_wallets(10001)
    with guard.refuses("CO005", "--raise max_wallets=10001"):
        guard.plan(**raised_but("max_wallets"))
    guard.plan(limit=10000, **raised_but("max_wallets"))


@pytest.mark.parametrize(("wallets", "is_refused"), [(999, True), (1000, False)])
def test_a_plan_concerns_at_most_one_percent_of_the_wallets(
    guard: Guard, wallets: int, is_refused: bool
) -> None:
    guard.add_short_wallets(10)
    add_right_wallets(guard, wallets - 10)
    if is_refused:
        with guard.refuses("CO005", "--raise max_affected_share=0.0100"):
            guard.plan(**raised_but("max_affected_share"))
    else:
        guard.plan(**raised_but("max_affected_share"))


def test_nine_wallets_are_no_share(guard: Guard) -> None:
    guard.add_short_wallets(9)
    guard.plan(**raised_but("max_affected_share"))


def test_the_users_of_a_recovery_are_no_share(guard: Guard) -> None:
    """A recovery is not narrowed by the number of wallets; beside it a wallet is repaired."""
    for number in range(10):
        guard.add_wallet(f"buyer-{number}", 0)
        guard.add_purchase(f"buyer-{number}", f"tx-{number}")
    recovery = guard.make("plan_recovery", **{"from": "2000-01-01", "to": "now"})
    assert len(guard.lines(recovery)) == 10
    guard.add_short_wallet("alice")
    guard.plan(**raised_but("max_affected_share"))


def test_what_users_gain_is_limited(guard: Guard) -> None:
    guard.add_short_wallet("alice", claims=1000, shields=0)
    assert guard.plan(**raised_but("max_net_quantity"))
    guard.add_claims("alice")
    guard.call(CHECKER, "reject_plan", 1, "test")
    with guard.refuses("CO005", "--raise max_net_quantity=1001"):
        guard.plan(**raised_but("max_net_quantity"))


def test_what_users_lose_is_limited_and_gains_do_not_make_up_for_it(guard: Guard) -> None:
    guard.add_short_wallet("alice", claims=1000, shields=0)
    guard.add_wallet("bob", 1001)
    guard.mark_wrong("bob", discrepancy="excess")
    with guard.refuses("CO005", "--raise max_net_quantity=1001"):
        guard.plan(include_excess=["streakshield"], **raised_but("max_net_quantity"))


def test_an_empty_ledger_stops_everything(guard: Guard) -> None:
    guard.add_wallet("alice", 3)
    guard.mark_wrong("alice", discrepancy="excess")
    with guard.refuses("CO005", "claimctl doctor"):
        guard.plan(include_excess=["streakshield"], **raised_but(""))


# What looks like a spent shield


def add_spender(guard: Guard, user_id: str) -> None:
    """Add a wallet that is short and was changed long after its user's last claim."""
    guard.add_claims(user_id, 2, hours_ago=240)
    guard.add_wallet(user_id, 1, hours_ago=236)
    guard.mark_wrong(user_id)


def test_suspected_spends_are_few(guard_that_waits: Guard) -> None:
    guard = guard_that_waits
    set_limit(guard, "max_suspected_spends", 2)
    guard.add_short_wallets(5)
    for user_id in ("alice", "bob", "carol"):
        add_spender(guard, user_id)
    looks = "claimctl explain carol; claimctl explain bob; claimctl explain alice"
    with guard.refuses("CO005", looks) as refusal:
        guard.plan()
    # Not one paste away: what is raised, and to what, is for a person who has looked.
    assert "max_suspected_spends is 3, limit 2" in str(refusal.value)
    assert not re.search("--raise m", str(refusal.value))
    guard.execute("update user_wallet_balances set streakshield_count = 2 where user_id = 'carol'")
    plan = guard.plan()
    assert guard.rows(
        "select user_id from claim_ops.line_states where details ? 'suspected_spend' order by 1"
    ) == [("alice",), ("bob",)]
    assert len(guard.lines(plan)) == 7


def test_a_share_of_suspected_spends_refuses_whatever_the_plan_is_narrowed_to(
    guard_that_waits: Guard,
) -> None:
    """Twenty pass below the count; what all that is short looks like does not change by that."""
    guard = guard_that_waits
    spenders = [f"spender-{number:02d}" for number in range(12)]
    for user_id in spenders:
        add_spender(guard, user_id)
    guard.add_short_wallets(11)
    for narrowed in ({"limit": 1}, {"users": ["user-00001"]}, {"user_id": "user-00001"}):
        with guard.refuses("CO005", "claimctl explain spender-11; claimctl expl") as refusal:
            guard.plan(**narrowed)
        assert "max_suspected_share is 0.5217, limit 0.5" in str(refusal.value)
        assert "user spender-11 (streakshield holds 1, by 2 claims it would be 2" in str(
            refusal.value
        )
    shares = raised({"max_suspected_share": 1})
    with guard.refuses("CO013", "SUP-412"):
        guard.plan(**shares)
    plan = guard.plan(reason="OPS-7 asked", **raised({"max_suspected_share": 1, **RAISED}))
    guard.call(CHECKER, "reject_plan", plan, "test")
    # Below ten, and at the limit, nothing is suspected.
    guard.execute(
        f"update user_wallet_balances set streakshield_count = 2 where user_id = '{spenders[0]}'"
    )
    plan = guard.plan()
    figures = guard.value(f"select breakers from claim_ops.plans where plan_id = {plan}")
    assert (figures["max_suspected_share"], figures["max_suspected_spends"]) == (0.5, 11)


def test_excess_without_evidence_is_shown_apart_and_counted(guard_that_waits: Guard) -> None:
    """A retry, a restored backup and our own write explain an excess; goodwill does not.

    Nor does the claim of another item that happens to stand beside it.
    """
    guard = guard_that_waits
    for user_id, shields, wallet_hours in (
        ("retry", 3, 239.5),
        ("goodwill", 3, 200),
        ("too much", 9, 239.5),
        ("backup", 3, 300),
    ):
        guard.add_claims(user_id, 1, hours_ago=240)
        guard.add_wallet(user_id, shields, hours_ago=wallet_hours)
        guard.mark_wrong(user_id, discrepancy="excess")
    guard.add_wallet("gift", 1)
    guard.mark_wrong("gift", discrepancy="excess")
    guard.execute(
        "insert into purchase_claims (tx_id, user_id, sku, claimed_at)"
        " select 'booster beside it', user_id, 'consumable_xp_booster_7d', updated_at"
        " from user_wallet_balances where user_id = 'goodwill'"
    )
    set_limit(guard, "max_unexplained_excess", 2)
    excess = {"include_excess": ["streakshield"]}
    with guard.refuses("CO005", "Look for grants first") as refusal:
        guard.plan(**excess)
    assert "max_unexplained_excess is 3, limit 2" in str(refusal.value)
    with guard.refuses("CO013", "SUP-412"):
        guard.plan(**excess, **raised({"max_unexplained_excess": 3}))
    guard.plan(**excess, exclude=["goodwill"])
    assert guard.rows(
        "select user_id, details ? 'unexplained_excess', details -> 'evidence' ->> 'streakshield'"
        " from claim_ops.plan_lines order by 1"
    ) == [
        ("backup", False, "restored_backup"),
        ("gift", True, None),
        ("retry", False, "retry"),
        ("too much", True, None),
    ]


def test_a_retry_within_settle_minutes_is_no_spend(guard_that_waits: Guard) -> None:
    guard = guard_that_waits
    guard.add_claims("alice", 2, hours_ago=240)
    guard.add_wallet("alice", 1, hours_ago=237.1)
    guard.mark_wrong("alice")
    guard.plan()
    assert guard.value("select details ? 'suspected_spend' from claim_ops.plan_lines") is False


def test_our_own_write_is_no_spend(guard_that_waits: Guard) -> None:
    guard = guard_that_waits
    guard.add_short_wallet("alice")
    guard.apply(guard.approve(guard.plan()))
    guard.add_claims("alice", hours_ago=239)
    plan = guard.plan()
    details = guard.value(f"select details from claim_ops.plan_lines where plan_id = {plan}")
    assert details["discrepancies"] == {"streakshield": "short"}
    assert "suspected_spend" not in details
    assert details["grounds"]["streakshield"]["claims"] == 3


# What is in force


def test_what_was_rolled_back_and_forth_counts(guard: Guard) -> None:
    """The rollback of a rollback puts the first plan in force again."""
    set_limit(guard, "max_net_quantity", 5)
    guard.add_short_wallet("alice", claims=4, shields=0)
    plan = guard.approve(guard.plan())
    guard.apply(plan)
    rollback = guard.roll_back(plan)
    guard.apply(rollback)
    guard.apply(guard.roll_back(rollback))
    guard.add_short_wallet("bob", claims=4, shields=0)
    with guard.refuses("CO005", "--raise max_net_quantity=8"):
        guard.plan()


def test_a_stopped_plan_counts_by_what_it_applied(guard: Guard) -> None:
    """A plan that was stopped for a rollback, which is then rejected, is in force."""
    set_limit(guard, "max_net_quantity", 5)
    guard.add_short_wallet("alice", claims=4, shields=0)
    plan = guard.plan_and_begin()
    guard.batch(plan)
    rollback = guard.call(MAKER, "plan_rollback", plan, "test")
    guard.call(MAKER, "reject_plan", rollback, "no")
    assert guard.state(plan) == "expired"
    guard.add_short_wallet("bob", claims=4, shields=0)
    with guard.refuses("CO005", "--raise max_net_quantity=8"):
        guard.plan()


def test_skipped_lines_do_not_count(guard: Guard) -> None:
    set_limit(guard, "max_net_quantity", 5)
    guard.add_short_wallet("alice", claims=4, shields=0)
    plan = guard.approve(guard.plan())
    guard.execute("update user_wallet_balances set streakshield_count = 4")
    assert guard.apply(plan)["skipped"] == 1
    guard.add_short_wallet("bob", claims=4, shields=0)
    guard.plan()


def test_adjustments_that_match_nothing_switch_the_breaker_of_spends_not_off(
    guards: Guards,
) -> None:
    """Alice's spend is modelled, Bob's names an item that does not exist, Carol's is of old."""
    guard = guards.fresh({"has_wallet_adjustments": True})
    set_limit(guard, "max_suspected_spends", 1)
    for user_id in ("alice", "bob", "carol"):
        add_spender(guard, user_id)
    guard.execute("update user_wallet_balances set streakshield_count = 0 where user_id = 'alice'")
    guard.execute(
        """
        insert into wallet_adjustments (adjustment_id, user_id, item, quantity, adjusted_at)
        select row_number() over (), user_id, item, -1, clock_timestamp() - interval '236 hours'
        from (values
            ('alice', 'streakshield'), ('bob', 'Streakshield'), ('carol', 'xp_booster')
        ) as adjustments (user_id, item)
        """
    )
    with guard.refuses("CO005", "wallet_adjustments"):
        guard.plan()
    set_limit(guard, "max_suspected_spends", 2)
    guard.plan()
    assert guard.rows(
        "select user_id from claim_ops.line_states where details ? 'suspected_spend' order by 1"
    ) == [("bob",), ("carol",)]


# Raised with a reason


def test_what_was_raised_is_shown_and_journalled(guard: Guard) -> None:
    guard.add_short_wallets(10)
    guard.plan(**raised({"max_affected_share": 1, "max_wallets": 12}))
    limits, figures = guard.rows("select limits, breakers from claim_ops.plans")[0]
    assert limits["raise"] == {"max_affected_share": 1, "max_wallets": 12}
    assert figures == {
        "max_affected_share": 1,
        "max_wallets": 10,
        "max_net_quantity": 10,
        "max_suspected_spends": 0,
        "max_suspected_share": 0,
        "max_unexplained_excess": 0,
    }
    assert guard.rows(
        """
        select actor, detail ->> 'reason', detail -> 'limits', detail -> 'breakers'
        from claim_ops.journal where event = 'planned'
        """
    ) == [(MAKER, "test", limits, figures)]


def test_too_little_was_raised(guard: Guard) -> None:
    guard.add_short_wallets(10)
    with guard.refuses("CO005", "--raise max_affected_share=1"):
        guard.plan(**raised({"max_affected_share": 0.5}))


@pytest.mark.parametrize("limits", [{"max_rows": 1}, {"max_wallets": -1}, {"max_wallets": "many"}])
def test_what_is_no_limit_cannot_be_raised(guard: Guard, limits: dict[str, Any]) -> None:
    guard.add_short_wallet("alice")
    with guard.refuses("CO013", "--raise max_wallets="):
        guard.plan(**raised(limits))


def test_a_plan_needs_a_reason(guard: Guard) -> None:
    guard.add_short_wallet("alice")
    with guard.refuses("CO013", "--reason"):
        guard.call(MAKER, "plan_wallets", "  ")


# Several plans in a day


def reject(guard: Guard, plan: int) -> None:
    guard.call(CHECKER, "reject_plan", plan, "test")


def expire(guard: Guard, plan: int) -> None:
    let_expire(guard, plan)
    assert guard.call(CHECKER, "expire_plan", plan)


def apply(guard: Guard, plan: int) -> None:
    guard.apply(guard.approve(plan))


def apply_and_roll_back(guard: Guard, plan: int) -> None:
    apply(guard, plan)
    guard.apply(guard.roll_back(plan))
    assert guard.state(plan) == "rolled_back"


def apply_yesterday(guard: Guard, plan: int) -> None:
    apply(guard, plan)
    let_expire(guard, plan)


def add_other_wallets(guard: Guard) -> None:
    """Let the models find two wallets instead of those of the first plan."""
    guard.execute(f"delete from {MODELS_SCHEMA}.fct_wallet_discrepancies")
    guard.add_short_wallet("yara")
    guard.add_short_wallet("zoe")


COUNTED: dict[str, Callable[[Guard, int], object]] = {
    "planned": lambda guard, plan: None,
    "approved": Guard.approve,
    "begun": lambda guard, plan: guard.begin(guard.approve(plan)),
    "applied": apply,
}
NOT_COUNTED = {
    "rejected": reject,
    "expired": expire,
    "rolled back": apply_and_roll_back,
    "of yesterday": apply_yesterday,
}


@pytest.mark.parametrize("happens", COUNTED.values(), ids=COUNTED.keys())
@pytest.mark.parametrize("name", ["max_wallets", "max_net_quantity"])
def test_plans_of_a_day_count_together(
    guard: Guard, name: str, happens: Callable[[Guard, int], object]
) -> None:
    set_limit(guard, name, 3)
    guard.add_short_wallets(2)
    happens(guard, guard.plan())
    add_other_wallets(guard)
    with guard.refuses("CO005", f"--raise {name}=4"):
        guard.plan(**raised_but(name))


@pytest.mark.parametrize("happens", NOT_COUNTED.values(), ids=NOT_COUNTED.keys())
def test_plans_that_changed_nothing_today_do_not_count(
    guard: Guard, happens: Callable[[Guard, int], object]
) -> None:
    set_limit(guard, "max_wallets", 3)
    set_limit(guard, "max_net_quantity", 3)
    guard.add_short_wallets(2)
    happens(guard, guard.plan())
    add_other_wallets(guard)
    guard.plan()


def test_the_share_counts_the_wallets_of_a_day(guard: Guard) -> None:
    add_right_wallets(guard, 100)
    guard.add_short_wallets(9)
    guard.plan(**raised({}))
    add_other_wallets(guard)
    with guard.refuses("CO005", "max_affected_share"):
        guard.plan(**raised({}))


def test_suspected_spends_of_a_day_count_together(guard_that_waits: Guard) -> None:
    guard = guard_that_waits
    set_limit(guard, "max_suspected_spends", 1)
    add_spender(guard, "alice")
    guard.plan()
    add_spender(guard, "bob")
    with guard.refuses("CO005", "wallet_adjustments") as refusal:
        guard.plan()
    assert "max_suspected_spends is 2, limit 1" in str(refusal.value)


def test_a_wallet_of_two_plans_counts_once(guard: Guard) -> None:
    set_limit(guard, "max_wallets", 3)
    guard.add_short_wallets(2)
    guard.plan(user_id="user-00001")
    guard.plan()
    assert (
        guard.value(
            "select (breakers ->> 'max_wallets')::int from claim_ops.plans where plan_id = 2"
        )
        == 2
    )


def test_two_makers_at_once_count_together(guard: Guard) -> None:
    set_limit(guard, "max_wallets", 3)
    guard.add_short_wallets(2)
    with guard.session(MAKER, autocommit=False) as first:
        call(first, "plan_wallets", "first")
        add_other_wallets(guard)
        with waits(guard, MAKER, "plan_wallets", "second") as second:
            first.commit()
            with guard.refuses("CO005", "--raise max_wallets=4"):
                second.result()
