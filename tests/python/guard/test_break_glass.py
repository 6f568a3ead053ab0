"""Break-glass: a kill switch is applied first and approved afterwards; nothing else ever is."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.forgery import let_expire, login
from support.guard import CHECKER, MAKER, RUNNER, SHIELD, Guard

REASON = "claims fail, nobody answers"
LISTED = "select plan_id, by::text, reason from claim_ops.unapproved_break_glass"


@pytest.fixture
def plan(guard: Guard) -> int:
    """A plan of the maker that switches the shields off."""
    return guard.make("plan_kill_switch", is_on=False, sku=SHIELD)


@pytest.fixture
def anna(guard: Guard) -> Iterator[str]:
    """A login with every right."""
    with login(guard, "anna", "claim_planner", "claim_approver", "claim_applier") as name:
        yield name


def break_glass(guard: Guard, plan_id: int, name: str = RUNNER) -> None:
    """Apply a plan that nobody approved."""
    guard.call(name, "break_glass", plan_id, REASON)
    assert guard.batch(plan_id)
    guard.call(name, "finish_apply", plan_id)


def test_it_is_applied_listed_and_approved_afterwards(guard: Guard, plan: int) -> None:
    break_glass(guard, plan)
    assert guard.value(f"select value -> '{SHIELD}' from store_config") is False
    assert guard.state(plan) == "applied"
    assert guard.rows(LISTED) == [(plan, RUNNER, REASON)]
    assert guard.rows(
        "select actor, detail from claim_ops.journal where event = 'broke_glass'"
    ) == [(RUNNER, {"reason": REASON})]
    guard.approve(plan)
    assert guard.rows(LISTED) == []
    assert guard.rows("select state, approved_by, broke_glass_by from claim_ops.plans") == [
        ("applied", CHECKER, RUNNER)
    ]
    with guard.refuses("CO002"):
        guard.approve(plan)


def test_it_is_listed_from_the_first_moment_on(guard: Guard, plan: int) -> None:
    guard.call(RUNNER, "break_glass", plan, REASON)
    assert guard.rows(LISTED) == [(plan, RUNNER, REASON)]
    guard.approve(plan)
    assert guard.state(plan) == "applying"


def test_neither_maker_nor_breaker_approves_it(guard: Guard, plan: int, anna: str) -> None:
    break_glass(guard, plan, anna)
    with guard.refuses("CO003", f"claimctl approve {plan}"):
        guard.call(anna, "approve_plan", plan)
    own = guard.call(anna, "plan_kill_switch", "test", True)
    break_glass(guard, own)
    with guard.refuses("CO003"):
        guard.call(anna, "approve_plan", own)


def test_two_that_approve_at_once_are_one_approval(
    guard: Guard, plan: int, anna: str, beside: ThreadPoolExecutor
) -> None:
    break_glass(guard, plan)
    with guard.gate("_find_plan") as gate:
        approvals = [
            beside.submit(guard.call, who, "approve_plan", plan) for who in (anna, CHECKER)
        ]
        gate.wait_until_reached(2)
        gate.open()
        errors = [approval.exception() for approval in approvals]
    assert [getattr(error, "sqlstate", None) for error in errors if error] == ["CO002"]


def test_one_operator_may_approve_his_own(guard: Guard, plan: int, anna: str) -> None:
    guard.call("postgres", "set_single_operator", True, "night shift")
    break_glass(guard, plan, anna)
    guard.call(anna, "approve_plan", plan)
    assert guard.value("select is_single_operator from claim_ops.plans")


def test_no_other_kind_breaks_glass(guard: Guard) -> None:
    guard.add_short_wallet("alice")
    plan = guard.plan()
    with guard.refuses("CO003", f"claimctl approve {plan}"):
        guard.call(RUNNER, "break_glass", plan, REASON)
    with guard.refuses("23514"):
        guard.execute(
            f"""
            update claim_ops.plans
            set state = 'applying', broke_glass_by = 'x', broke_glass_reason = 'y'
            where plan_id = {plan}
            """
        )


def test_no_plan_is_applied_without_either(guard: Guard, plan: int) -> None:
    with guard.refuses("CO002"):
        guard.execute("update claim_ops.plans set state = 'applying'")
    guard.execute("alter table claim_ops.plans disable trigger user")
    with guard.refuses("23514"):
        guard.execute("update claim_ops.plans set state = 'applying'")
    with guard.refuses("23514"):
        guard.execute(
            "update claim_ops.plans set state = 'approved', broke_glass_by = 'x',"
            " broke_glass_reason = 'y'"
        )


def test_the_constraint_knows_the_breaker_too(guard: Guard, plan: int) -> None:
    break_glass(guard, plan)
    with guard.refuses("23514"):
        guard.execute(
            "update claim_ops.plans set approved_by = 'x', approved_by_oid = broke_glass_by_oid"
        )


@pytest.mark.parametrize("reason", [None, " "])
def test_glass_is_broken_with_a_reason(guard: Guard, plan: int, reason: str | None) -> None:
    with guard.refuses("CO013"):
        guard.call(RUNNER, "break_glass", plan, reason)


def test_only_who_may_apply_breaks_glass(guard: Guard, plan: int) -> None:
    for name in (MAKER, CHECKER):
        with guard.refuses("42501"):
            guard.call(name, "break_glass", plan, REASON)


def test_a_plan_whose_time_is_over_or_that_is_rejected(guard: Guard, plan: int) -> None:
    let_expire(guard, plan)
    with guard.refuses("CO007"):
        guard.call(RUNNER, "break_glass", plan, REASON)
    other = guard.make("plan_kill_switch", is_on=False, sku=SHIELD)
    guard.call(CHECKER, "reject_plan", other, "no")
    with guard.refuses("CO002"):
        guard.call(RUNNER, "break_glass", other, REASON)


def test_a_forged_plan_breaks_no_glass(guard: Guard, plan: int) -> None:
    guard.execute(
        "set session_replication_role = replica;"
        " update claim_ops.plan_lines set after = after || '{\"hat\": true}'"
    )
    with guard.refuses("CO004"):
        guard.call(RUNNER, "break_glass", plan, REASON)
