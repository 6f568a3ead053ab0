"""Four eyes: the approver is another login than the maker, whatever either is called."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.forgery import login
from support.guard import CHECKER, MAKER, RUNNER, Guard


@pytest.fixture
def plan(guard: Guard) -> int:
    """A plan of the maker that gives alice the shield that she is owed."""
    guard.add_short_wallet("alice")
    return guard.plan()


@pytest.fixture
def anna(guard: Guard) -> Iterator[str]:
    """A login with every right, so that the rule of two logins alone stands in the way."""
    with login(guard, "anna", "claim_planner", "claim_approver") as name:
        yield name


def test_another_login_approves(guard: Guard, plan: int) -> None:
    guard.approve(plan)
    assert guard.rows("select state, made_by, approved_by from claim_ops.plans") == [
        ("approved", MAKER, CHECKER)
    ]


def test_the_maker_cannot_approve_his_own_plan(guard: Guard, anna: str) -> None:
    guard.add_short_wallet("alice")
    plan = guard.call(anna, "plan_wallets", "test")
    with guard.refuses("CO003", f"claimctl approve {plan}"):
        guard.call(anna, "approve_plan", plan)


def test_a_new_name_makes_no_new_login(guard: Guard, anna: str) -> None:
    guard.add_short_wallet("alice")
    plan = guard.call(anna, "plan_wallets", "test")
    guard.execute(f"alter role {anna} rename to beate")
    try:
        with guard.refuses("CO003", f"claimctl approve {plan}"):
            guard.call("beate", "approve_plan", plan)
    finally:
        guard.execute(f"alter role beate rename to {anna}")


def test_a_new_login_of_the_old_name_is_the_same_maker(guard: Guard, anna: str) -> None:
    guard.add_short_wallet("alice")
    plan = guard.call(anna, "plan_wallets", "test")
    oid = guard.value(f"select '{anna}'::regrole::oid")
    with login(guard, anna, "claim_approver"):
        assert guard.value(f"select '{anna}'::regrole::oid") != oid
        with guard.refuses("CO003"):
            guard.call(anna, "approve_plan", plan)


def test_set_role_makes_no_second_login(guard: Guard, anna: str) -> None:
    guard.add_short_wallet("alice")
    plan = guard.call(anna, "plan_wallets", "test")
    with guard.session(anna) as connection:
        connection.execute("set role claim_approver")
        with guard.refuses("CO003"):
            connection.execute("select claim_ops.approve_plan(%s)", [plan])


def test_a_definer_function_makes_no_second_login(guard: Guard, plan: int) -> None:
    guard.execute(
        """
        create function public.approve_for_me(bigint) returns void language sql security definer
        as 'select claim_ops.approve_plan($1)';
        """
    )
    with guard.session(MAKER) as connection, guard.refuses("CO003"):
        connection.execute("select public.approve_for_me(%s)", [plan])


def test_a_constraint_knows_the_two_logins_too(guard: Guard, plan: int) -> None:
    with guard.refuses("23514"):
        guard.execute(
            "update claim_ops.plans"
            " set state = 'approved', approved_by = 'x', approved_by_oid = made_by_oid"
        )


def test_one_operator_approves_after_the_owner_allowed_it(guard: Guard, anna: str) -> None:
    guard.add_short_wallet("alice")
    plan = guard.call(anna, "plan_wallets", "test")
    guard.call("postgres", "set_single_operator", True, "night shift")
    guard.call(anna, "approve_plan", plan)
    assert guard.rows(
        """
        select event, actor, detail ->> 'reason', detail ->> 'is_on', detail ->> 'single_operator'
        from claim_ops.journal where event in ('single_operator', 'approved') order by entry_id
        """
    ) == [
        ("single_operator", "postgres", "night shift", "true", None),
        ("approved", anna, None, None, "true"),
    ]
    assert guard.value("select is_single_operator from claim_ops.plans")


def test_two_logins_leave_no_mark_of_the_one_operator(guard: Guard, plan: int) -> None:
    guard.call("postgres", "set_single_operator", True, "night shift")
    guard.approve(plan)
    assert not guard.value("select is_single_operator from claim_ops.plans")


def test_the_owner_ends_the_one_operators_night(guard: Guard, anna: str) -> None:
    guard.add_short_wallet("alice")
    plan = guard.call(anna, "plan_wallets", "test")
    guard.call("postgres", "set_single_operator", True, "night shift")
    guard.call("postgres", "set_single_operator", False, "morning")
    with guard.refuses("CO003"):
        guard.call(anna, "approve_plan", plan)


def test_only_the_owner_allows_one_operator(guard: Guard, anna: str) -> None:
    for name in (anna, MAKER, CHECKER, RUNNER):
        with guard.refuses("42501"):
            guard.call(name, "set_single_operator", True, "please")
    with login(guard, "head", "claim_owner"):
        guard.call("head", "set_single_operator", True, "night shift")
    assert guard.value("select is_single_operator from claim_ops.control")
