"""Adjustments that took more than there was: a policy says what the wallet should hold."""

from __future__ import annotations

import pytest
from support.claimctl import claimctl, on
from support.guard import MAKER, Guard
from support.guard_templates import Guards

SHIELDS = {"even": 0, "in debt": -1, "short": -5}


def shop(guards: Guards, policy: str) -> Guard:
    """Three users whose ledger says -1, and one who has no wallet."""
    guard = guards.fresh(
        {"settle_minutes": 0, "has_wallet_adjustments": True, "negative_ledger_policy": policy}
    )
    guard.add_claims("somebody")
    for user_id in (*SHIELDS, "no wallet"):
        guard.mark_wrong(user_id)
        guard.execute(
            f"""
            insert into wallet_adjustments (adjustment_id, user_id, item, quantity, adjusted_at)
            values ('{user_id}', '{user_id}', 'streakshield', -1, now() - interval '300 hours')
            """
        )
    for user_id, shields in SHIELDS.items():
        guard.add_wallet(user_id, shields)
    return guard


def planned(guard: Guard) -> dict[str, int | None]:
    plan = guard.plan(include_excess=["streakshield"])
    guard.apply(guard.approve(plan))
    assert set(guard.lines(plan).values()) == {"applied"}
    return {user_id: guard.shields(user_id) for user_id in guard.lines(plan)}


def test_by_default_nothing_is_planned_and_the_refusal_says_how_to_settle_it(
    guards: Guards,
) -> None:
    guard = shop(guards, "ask")
    with guard.refuses("CO014", "negative_ledger_policy to clamp or allow") as caught:
        guard.plan(include_excess=["streakshield"])
    assert "negative_ledger 3" in str(caught.value)

    guard.add_short_wallet("owed")
    plan = guard.plan(include_excess=["streakshield"])
    assert guard.lines(plan) == {"owed": "pending"}
    shown = claimctl("show", str(plan), *on(guard, user=MAKER))
    assert "3 balances are left out because adjustments took more" in " ".join(shown.stdout.split())


def test_clamped_a_wallet_should_hold_nothing(guards: Guards) -> None:
    guard = shop(guards, "clamp")
    assert planned(guard) == {"in debt": 0, "short": 0}
    assert guard.rows("select user_id from claim_ops.check_wallet_integrity()") == [("somebody",)]


@pytest.mark.slow
def test_allowed_a_wallet_may_owe(guards: Guards) -> None:
    assert planned(shop(guards, "allow")) == {"even": -1, "short": -1, "no wallet": -1}


@pytest.mark.parametrize(("policy", "is_recovered"), [("ask", False), ("allow", True)])
def test_a_purchase_of_a_user_in_debt(guards: Guards, policy: str, is_recovered: bool) -> None:
    """A recovery credits a wallet below nothing only where that is allowed."""
    guard = shop(guards, policy)
    guard.execute("update wallet_adjustments set quantity = -3 where user_id = 'in debt'")
    guard.execute("update user_wallet_balances set streakshield_count = -3")
    guard.add_purchase("in debt")
    now = "clock_timestamp()"
    plan_it = f"select claim_ops.plan_recovery('x', {now} - interval '30 days', {now})"
    with guard.session(MAKER) as connection:
        if is_recovered:
            assert connection.execute(plan_it.encode()).fetchone() is not None
        else:
            with pytest.raises(Exception, match="wallet_disagrees 1"):
                connection.execute(plan_it.encode())
