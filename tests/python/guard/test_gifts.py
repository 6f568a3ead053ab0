"""Adjustments of boosters are hours: a gift is expected, and no plan takes it."""

from __future__ import annotations

import pytest
from support.guard import BOOSTER, Guard
from support.guard_templates import Guards, Vars
from support.halves import half_of_today

VARS: Vars = {"settle_minutes": 0, "has_wallet_adjustments": True}
# A booster of 168 hours, claimed 24 hours ago, and three gifts of 72 hours, an hour apart.
ENDS_IN = {"max": 144.0, "extend": 144.0 + 3 * 72}


def add_gift(guard: Guard, user_id: str, number: int, hours: int, hours_ago: float) -> None:
    guard.execute(
        f"""
        insert into wallet_adjustments (adjustment_id, user_id, item, quantity, adjusted_at)
        values ('{user_id}-{number}', '{user_id}', 'xp_booster', {hours},
            clock_timestamp() - {hours_ago} * interval '1 hour')
        """
    )


@pytest.mark.parametrize("policy", half_of_today(ENDS_IN))
def test_no_plan_takes_a_gift_of_hours(guards: Guards, policy: str) -> None:
    guard = guards.fresh({**VARS, "booster_stacking_policy": policy})
    for user_id, hours in (("right", ENDS_IN[policy]), ("short", 5), ("gifted", 72 - 22)):
        guard.add_wallet(user_id, 0, booster_hours=hours)
        guard.mark_wrong(user_id, "xp_booster", "excess")
    for user_id in ("right", "short"):
        guard.add_claims(user_id, sku=BOOSTER, hours_ago=24)
        for number in range(3):
            add_gift(guard, user_id, number, 72, 22 - number)
    add_gift(guard, "gifted", 0, 72, 22)
    guard.add_wallet("excess", 0, booster_hours=500)
    guard.mark_wrong("excess", "xp_booster", "excess")

    plan = guard.plan(include_excess=["xp_booster"])
    assert set(guard.lines(plan)) == {"short", "excess"}
    guard.apply(guard.approve(plan))
    assert set(guard.lines(plan).values()) == {"applied"}
    ends_in = guard.value(
        "select extract(epoch from xp_booster_until - clock_timestamp()) / 3600"
        " from user_wallet_balances where user_id = 'short'"
    )
    assert abs(float(ends_in) - ENDS_IN[policy]) < 0.05
