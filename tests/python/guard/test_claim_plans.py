"""What holds for each kind of plan that claims purchases: recovery, replay and override."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from support.databases import MODELS_SCHEMA
from support.guard import MAKER, RUNNER, SHIELD, Guard
from support.guard_templates import Guards, build_by_the_rules

QUEUED = {"settle_minutes": 0, "has_queued_purchases": True}
Make = Callable[[], int]


@pytest.fixture
def guard(guards: Guards) -> Guard:
    """One purchase of alice, audited and queued, who has a wallet and no claim."""
    guard = guards.fresh(QUEUED)
    guard.add_wallet("alice")
    guard.add_purchase("alice")
    guard.add_purchase("alice", table="queued_purchases")
    return guard


@pytest.fixture(params=["plan_recovery", "plan_queue", "plan_override"])
def make(request: pytest.FixtureRequest, guard: Guard) -> Make:
    """Plan the claim of the purchase, by each kind."""
    now = datetime.now(UTC)
    arguments: dict[str, dict[str, Any]] = {
        "plan_recovery": {"from": now - timedelta(days=300), "to": now},
        "plan_queue": {},
        "plan_override": {"tx_id": "tx", "user_id": "alice", "ticket": "SUP-1"},
    }
    return lambda: guard.make(request.param, **arguments[request.param])


@pytest.fixture
def plans(guard: Guard, make: Make) -> list[tuple[Callable[[int], Any], int]]:
    """What may be done with a plan that is made, one that is approved and one that is begun."""
    planned, approved, begun = make(), guard.approve(make()), guard.begin(guard.approve(make()))
    return [
        (guard.approve, planned),
        (guard.begin, approved),
        (guard.begin, begun),
        (guard.batch, begun),
    ]


def assert_nothing_was_claimed(guard: Guard) -> None:
    assert guard.shields("alice") == 0
    assert guard.rows("table purchase_claims") == []


def test_two_logins(guard: Guard, make: Make) -> None:
    made = make()
    guard.execute(f"grant claim_approver to {MAKER}")
    try:
        with guard.refuses("CO003", f"claimctl approve {made}"):
            guard.call(MAKER, "approve_plan", made)
    finally:
        guard.execute(f"revoke claim_approver from {MAKER}")
    with guard.refuses("CO002"):
        guard.call(RUNNER, "begin_apply", made)
    assert_nothing_was_claimed(guard)
    guard.apply(guard.approve(made))
    assert guard.shields("alice") == 1
    assert guard.rows(
        f"select made_by, approved_by, reason from claim_ops.plans where plan_id = {made}"
    ) == [("maker", "checker", "test")]


def test_a_cap_that_changed_ends_the_plans(
    guard: Guard, guards: Guards, make: Make, plans: list[tuple[Callable[[int], Any], int]]
) -> None:
    guard.execute(f"update {MODELS_SCHEMA}.sku_catalog set weekly_cap = 7 where sku = '{SHIELD}'")
    guard.execute(f"begin; {guards.script(QUEUED)} commit;")
    with guard.refuses("CO008", "dbt build"):
        make()
    with guard.connect() as connection:
        build_by_the_rules(connection)
    for attempt, plan_id in plans:
        with guard.refuses("CO008", f"claimctl reject {plan_id}"):
            attempt(plan_id)
    assert_nothing_was_claimed(guard)
    guard.apply(guard.approve(make()))
    assert guard.shields("alice") == 1


def test_models_of_other_caps_are_refused_without_an_install(
    guard: Guard, make: Make, plans: list[tuple[Callable[[int], Any], int]]
) -> None:
    guard.execute(f"update {MODELS_SCHEMA}.rpt_wallet_build set settings_digest = 'another'")
    with guard.refuses("CO008", "dbt run-operation install_guard"):
        make()
    # A batch of a plan that is begun looks at the guard's rules alone.
    for attempt, plan_id in plans[:3]:
        with guard.refuses("CO008", "dbt run-operation install_guard"):
            attempt(plan_id)
    assert_nothing_was_claimed(guard)


@pytest.mark.parametrize(
    "fault",
    [
        f"drop schema {MODELS_SCHEMA} cascade",
        f"delete from {MODELS_SCHEMA}.rpt_wallet_build",
        f"update {MODELS_SCHEMA}.rpt_wallet_build set too_old_at = '2020-01-01'",
    ],
    ids=["none", "empty", "old"],
)
def test_they_need_no_models(guard: Guard, make: Make, fault: str) -> None:
    guard.execute(fault)
    guard.apply(guard.approve(make()))
    assert guard.shields("alice") == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("insert into audit_purchases values ('tx', 'alice', '{SHIELD}', 'REFUND')", "refunded"),
        ("update audit_purchases set status = 'TEST'", "no_payment"),
        ("update audit_purchases set user_id = 'bob'", "conflicting_users"),
        ("insert into purchase_claims values ('tx', 'alice', '{SHIELD}')", "claimed"),
    ],
)
def test_each_is_looked_at_again(guard: Guard, make: Make, change: str, reason: str) -> None:
    made = guard.approve(make())
    guard.execute(change.format(SHIELD=SHIELD))
    claims = guard.rows("table purchase_claims")
    assert guard.apply(made)["reasons"] == {reason: 1}
    assert guard.shields("alice") == 0
    assert guard.rows("table purchase_claims") == claims


# A Sunday and the Monday after it in Kolkata, one week in UTC; six days apart, over two weeks.
SUNDAY = "2026-06-07 18:00+00", "2026-06-07 19:00+00"
SIX_DAYS = "2026-06-05 12:00+00", "2026-06-11 12:00+00"


@pytest.mark.parametrize(
    ("times", "rules", "left_out"),
    [
        (SUNDAY, {}, {"tx2": "over_cap"}),
        pytest.param(SUNDAY, {"cap_timezone": "Asia/Kolkata"}, {}, marks=pytest.mark.slow),
        (SIX_DAYS, {}, {}),
        pytest.param(
            SIX_DAYS, {"cap_window": "rolling"}, {"tx2": "over_cap"}, marks=pytest.mark.slow
        ),
    ],
)
def test_caps_are_those_of_the_models(
    guards: Guards, times: tuple[str, str], rules: dict[str, str], left_out: dict[str, str]
) -> None:
    guard = guards.fresh(QUEUED | rules)
    guard.add_wallet("alice")
    for number, time in enumerate(times, start=1):
        guard.execute(
            "insert into audit_purchases (tx_id, user_id, sku, status, purchased_at) values"
            f" ('tx{number}', 'alice', '{SHIELD}', 'INITIAL_PURCHASE', '{time}')"
        )
    first, last = (datetime.fromisoformat(time) for time in times)
    limits = {"from": first, "to": last + timedelta(hours=1)}
    assert guard.left_out(guard.make("plan_recovery", **limits)) == left_out
