"""What is taken from users: only where it was asked for, and never what a purchase explains."""

from __future__ import annotations

import pytest
from support.guard import BOOSTER, SHIELD, Guard

TWO_SECONDS = 2 / 3600


def add_excess_shield(guard: Guard, user_id: str = "alice") -> None:
    """Add a wallet that holds three shields where the claims give two."""
    guard.add_wallet(user_id, 3)
    guard.add_claims(user_id, 2)
    guard.mark_wrong(user_id, discrepancy="excess")


def add_purchase(guard: Guard, status: str = "NON_RENEWING_PURCHASE", tx_id: str = "tx") -> None:
    """Add a purchase of a shield to the audit trail, long ago."""
    guard.execute(
        f"""
        insert into audit_purchases (tx_id, user_id, sku, status, purchased_at)
        values ('{tx_id}', 'alice', '{SHIELD}', '{status}', now() - interval '9 days')
        """
    )


def test_an_excess_is_not_taken_unless_asked_for(guard: Guard) -> None:
    add_excess_shield(guard)
    with guard.refuses("CO014"):
        guard.plan()
    plan = guard.approve(guard.plan(include_excess=["streakshield"]))
    guard.apply(plan)
    assert guard.shields("alice") == 2


def test_an_unclaimed_purchase_explains_an_excess(guard: Guard) -> None:
    """A writer that changed the wallet first and died: however long ago, this is no excess."""
    add_excess_shield(guard)
    add_purchase(guard)
    with guard.refuses("CO014"):
        guard.plan(include_excess=["streakshield"])


def test_a_purchase_that_comes_after_planning_is_skipped(guard: Guard) -> None:
    add_excess_shield(guard)
    plan = guard.plan_and_begin(include_excess=["streakshield"])
    add_purchase(guard)
    guard.batch(plan)
    assert guard.lines(plan) == {"alice": "unclaimed_purchase"}
    assert guard.shields("alice") == 3


@pytest.mark.parametrize("status", ["CANCELLATION", "REFUND"])
def test_a_refunded_purchase_explains_nothing(guard: Guard, status: str) -> None:
    add_excess_shield(guard)
    add_purchase(guard)
    add_purchase(guard, status)
    guard.apply(guard.approve(guard.plan(include_excess=["streakshield"])))
    assert guard.shields("alice") == 2


def test_what_is_bought_again_after_a_refund_explains_it(guard: Guard) -> None:
    add_excess_shield(guard)
    for status, hours in (("INITIAL_PURCHASE", 240), ("REFUND", 200), ("INITIAL_PURCHASE", 100)):
        guard.add_purchase("alice", status=status, hours_ago=hours)
    with guard.refuses("CO014"):
        guard.plan(include_excess=["streakshield"])


def test_a_claimed_purchase_explains_nothing(guard: Guard) -> None:
    add_excess_shield(guard)
    claimed = guard.value("select min(tx_id) from purchase_claims")
    add_purchase(guard, tx_id=claimed)
    guard.apply(guard.approve(guard.plan(include_excess=["streakshield"])))
    assert guard.shields("alice") == 2


def test_a_running_booster_is_not_shortened_unasked(guard: Guard) -> None:
    guard.add_wallet("alice", booster_hours=720)
    guard.add_claims("alice", sku=BOOSTER, hours_ago=120)
    guard.mark_wrong("alice", "xp_booster", "excess")
    with guard.refuses("CO014"):
        guard.plan(include_excess=["streakshield"])


def test_an_excess_outside_take_stays_while_its_wallet_is_corrected(guard: Guard) -> None:
    """One line holds what is owed; the booster in excess of the same wallet is no part of it."""
    guard.add_wallet("alice", 1, booster_hours=720)
    guard.add_claims("alice", 2)
    guard.add_claims("alice", sku=BOOSTER, hours_ago=120)
    guard.mark_wrong("alice")
    until = guard.value("select xp_booster_until from user_wallet_balances")
    guard.apply(guard.approve(guard.plan()))
    assert guard.rows("select streakshield_count, xp_booster_until from user_wallet_balances") == [
        (2, until)
    ]


def test_a_booster_that_expires_before_its_turn_is_skipped(guard: Guard) -> None:
    guard.add_wallet("alice", booster_hours=TWO_SECONDS)
    guard.add_claims("alice", sku=BOOSTER, hours_ago=240)
    guard.mark_wrong("alice", "xp_booster", "excess")
    plan = guard.plan_and_begin(include_excess=["xp_booster"])
    guard.wait_until("max(xp_booster_until) < now() from user_wallet_balances")
    before = guard.rows("select * from user_wallet_balances")
    guard.batch(plan)
    assert guard.lines(plan) == {"alice": "expired"}
    assert guard.rows("select * from user_wallet_balances") == before


def test_an_expired_booster_is_not_planned(guard: Guard) -> None:
    guard.add_wallet("alice", booster_hours=-2)
    guard.add_claims("alice", sku=BOOSTER, hours_ago=169)
    guard.mark_wrong("alice", "xp_booster", "short")
    with guard.refuses("CO014"):
        guard.plan()
