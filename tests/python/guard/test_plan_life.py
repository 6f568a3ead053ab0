"""A plan's life: its states, its end in time, and the rules that it was made by."""

from __future__ import annotations

import pytest
from support.databases import MODELS_SCHEMA
from support.forgery import forge_expiry, let_expire, waits
from support.guard import CHECKER, MAKER, RUNNER, Guard, batch, call
from support.guard_templates import NOTHING_TO_SETTLE, Guards, build_by_the_rules


@pytest.fixture
def plan(guard: Guard) -> int:
    """A plan of the maker that gives two users the shields that they are owed."""
    guard.add_short_wallets(2)
    return guard.plan()


# What a plan's state allows


def test_every_step_is_journalled_with_its_login(guard: Guard, plan: int) -> None:
    guard.apply(guard.approve(plan))
    guard.call(RUNNER, "verify_plan", plan)
    assert guard.state(plan) == "applied"
    assert guard.rows(
        f"select event, actor from claim_ops.journal where plan_id = {plan} order by entry_id"
    ) == [
        ("planned", MAKER),
        ("approved", CHECKER),
        ("applying", RUNNER),
        ("applied", RUNNER),
        ("applied", RUNNER),
        ("finished", RUNNER),
        ("verified", RUNNER),
    ]


def test_an_unapproved_plan_is_not_applied(guard: Guard, plan: int) -> None:
    with guard.refuses("CO002", f"claimctl approve {plan}"):
        guard.begin(plan)
    with guard.refuses("CO002", f"claimctl approve {plan}"):
        guard.batch(plan)


def test_no_batch_comes_before_its_apply(guard: Guard, plan: int) -> None:
    guard.approve(plan)
    with guard.refuses("CO002", f"claimctl apply {plan}"):
        guard.batch(plan)


def test_a_plan_is_applied_once(guard: Guard, plan: int) -> None:
    guard.apply(guard.approve(plan))
    with guard.refuses("CO002", f"claimctl verify {plan}"):
        guard.apply(plan)
    assert guard.batch(plan) is None
    with guard.refuses("CO002"):
        guard.approve(plan)


def test_a_plan_with_lines_to_do_is_not_finished(guard: Guard, plan: int) -> None:
    guard.begin(guard.approve(plan))
    guard.batch(plan, limit=1)
    assert guard.call(RUNNER, "finish_apply", plan)["pending"] == 1
    assert guard.state(plan) == "applying"


def test_an_unknown_plan_is_refused(guard: Guard, plan: int, subtests: pytest.Subtests) -> None:
    calls: list[tuple[str, str, list[object]]] = [
        (CHECKER, "approve_plan", []),
        (CHECKER, "reject_plan", ["no"]),
        (RUNNER, "begin_apply", []),
        (RUNNER, "apply_batch", [0, 500, 1]),
        (RUNNER, "finish_apply", []),
        (RUNNER, "verify_plan", []),
        (MAKER, "plan_rollback", ["test"]),
    ]
    for login, function, arguments in calls:
        with subtests.test(function), guard.refuses("CO001", "claimctl plans"):
            guard.call(login, function, plan + 1, *arguments)


def test_a_rejected_plan_stays_rejected(guard: Guard, plan: int) -> None:
    guard.call(CHECKER, "reject_plan", plan, "too many")
    assert guard.rows(
        "select actor, detail ->> 'reason' from claim_ops.journal where event = 'rejected'"
    ) == [(CHECKER, "too many")]
    for refused in (guard.approve, guard.begin, guard.batch):
        with guard.refuses("CO002", "claimctl plan --help"):
            refused(plan)


def test_an_approved_plan_can_be_rejected_and_a_begun_one_cannot(guard: Guard, plan: int) -> None:
    other = guard.begin(guard.approve(guard.plan()))
    guard.call(MAKER, "reject_plan", guard.approve(plan), "second thoughts")
    assert guard.state(plan) == "rejected"
    with guard.refuses("CO002", f"claimctl apply {other}"):
        guard.call(CHECKER, "reject_plan", other, "too late")


def test_reject_and_approve_at_once_are_one(guard: Guard, plan: int) -> None:
    with guard.session(MAKER, autocommit=False) as maker:
        call(maker, "reject_plan", plan, "second thoughts")
        with waits(guard, CHECKER, "approve_plan", plan) as approval:
            maker.commit()
            with guard.refuses("CO002"):
                approval.result()


def test_the_owner_changes_no_plan_in_passing(
    guard: Guard, plan: int, subtests: pytest.Subtests
) -> None:
    for code, change in [
        ("CO002", "state = 'applied', approved_by = 'x', approved_by_oid = 1"),
        ("CO002", "state = 'applying', approved_by = 'x', approved_by_oid = 1"),
        ("CO002", "state = 'rolled_back', approved_by = 'x', approved_by_oid = 1"),
        ("CO012", "reason = 'harmless'"),
        ("CO012", "expires_at = 'infinity'"),
        ("CO012", "made_by_oid = 1"),
        ("CO012", "digest = ''"),
        ("23514", "state = 'approved'"),
    ]:
        with subtests.test(change), guard.refuses(code):
            guard.execute(f"set role claim_owner; update claim_ops.plans set {change}")


# Its end in time


def test_a_plan_lives_for_24_hours(guard: Guard, plan: int) -> None:
    life = "extract(epoch from expires_at - made_at) / 3600 from claim_ops.plans"
    assert guard.value(f"select {life}") == pytest.approx(24, abs=0.01)


def test_an_expired_plan_is_not_approved(guard: Guard, plan: int) -> None:
    let_expire(guard, plan)
    with guard.refuses("CO007", "claimctl plan --help"):
        guard.approve(plan)


def test_an_approval_does_not_outlive_its_plan(guard: Guard, plan: int) -> None:
    let_expire(guard, guard.approve(plan))
    with guard.refuses("CO007", "claimctl plan --help"):
        guard.begin(plan)


def test_a_plan_expires_between_its_batches(guard: Guard, plan: int) -> None:
    guard.begin(guard.approve(plan))
    guard.batch(plan, limit=1)
    let_expire(guard, plan)
    with guard.refuses("CO007", "claimctl plan --help"):
        guard.batch(plan)
    assert [guard.shields(user) for user in ("user-00001", "user-00002")] == [2, 1]


def test_a_plan_expires_inside_a_long_transaction(guard: Guard, plan: int) -> None:
    guard.begin(guard.approve(plan))
    forge_expiry(guard, plan, "clock_timestamp() + interval '0.3 seconds'")
    with guard.session(autocommit=False) as connection:
        connection.execute("select pg_sleep(0.4)")
        with guard.refuses("CO007"):
            batch(connection, plan)


def test_an_expired_plan_is_written_down_and_can_be_rolled_back(guard: Guard, plan: int) -> None:
    guard.begin(guard.approve(plan))
    guard.batch(plan, limit=1)
    let_expire(guard, plan)
    assert guard.call(RUNNER, "expire_plan", plan) is True
    assert guard.state(plan) == "expired"
    assert guard.call(RUNNER, "expire_plan", plan) is False
    assert guard.value("select count(*) from claim_ops.journal where event = 'expired'") == 1
    guard.apply(guard.roll_back(plan))
    assert (guard.state(plan), guard.shields("user-00001")) == ("rolled_back", 1)


def test_a_plan_in_its_time_does_not_expire(guard: Guard, plan: int) -> None:
    before = guard.snapshot()
    assert guard.call(MAKER, "expire_plan", plan) is False
    assert guard.snapshot() == before


# The rules that it was made by


def change_catalogue(guard: Guard) -> None:
    guard.execute(
        f"update {MODELS_SCHEMA}.sku_catalog set quantity = 5 where item = 'streakshield'"
    )


def install_again(guard: Guard, guards: Guards) -> None:
    guard.execute(f"begin; {guards.script(NOTHING_TO_SETTLE)} commit;")


def build_models(guard: Guard) -> None:
    with guard.connect() as connection:
        build_by_the_rules(connection)


def test_another_catalogue_ends_the_plans_that_were_made(
    guard: Guard, guards: Guards, plan: int
) -> None:
    approved, begun = guard.approve(guard.plan()), guard.plan_and_begin()
    change_catalogue(guard)
    install_again(guard, guards)
    with guard.refuses("CO008", "dbt build"):
        guard.plan()
    build_models(guard)
    for refused, plan_id in (
        (guard.approve, plan),
        (guard.begin, approved),
        (guard.begin, begun),
        (guard.batch, begun),
    ):
        with guard.refuses("CO008", f"claimctl reject {plan_id}"):
            refused(plan_id)
    guard.approve(guard.plan())


def test_other_settings_end_the_plans_that_were_made(
    guard: Guard, guards: Guards, plan: int
) -> None:
    guard.execute(f"begin; {guards.script()} commit;")
    build_models(guard)
    with guard.refuses("CO008", f"claimctl reject {plan}"):
        guard.approve(plan)


def test_settings_that_changed_after_the_first_batch_stop_the_next(guard: Guard) -> None:
    guard.add_short_wallets(2)
    plan = guard.plan_and_begin()
    guard.batch(plan, limit=1)
    guard.execute("update claim_ops.settings set digest = 'another'")
    with guard.refuses("CO008", f"claimctl reject {plan}"):
        guard.batch(plan, limit=1)


def test_models_of_another_catalogue_are_refused_without_an_install(
    guard: Guard, plan: int
) -> None:
    approved = guard.approve(guard.plan())
    guard.execute(f"update {MODELS_SCHEMA}.rpt_wallet_build set settings_digest = 'another'")
    with guard.refuses("CO008", "dbt run-operation install_guard"):
        guard.plan()
    with guard.refuses("CO008", "dbt run-operation install_guard"):
        guard.approve(plan)
    with guard.refuses("CO008", "dbt run-operation install_guard"):
        guard.begin(approved)


BUILD = f"{MODELS_SCHEMA}.rpt_wallet_build"


@pytest.mark.parametrize(
    ("fault", "hint"),
    [
        (f"update {BUILD} set as_of = now()", "Build without as_of: dbt build"),
        (f"update {BUILD} set too_old_at = now() - interval '1 minute'", "dbt build"),
        (f"delete from {BUILD}", "dbt build"),
        (f"drop table {BUILD} cascade", "dbt run-operation install_guard"),
        (f"alter table {BUILD} drop column as_of", "dbt run-operation install_guard"),
        (f"drop schema {MODELS_SCHEMA} cascade", "dbt run-operation install_guard"),
        (f"revoke select on {BUILD} from claim_guard", "dbt run-operation install_guard"),
    ],
    ids=[
        "look back", "old", "empty", "missing", "of another version", "no schema",
        "unreadable",
    ],
)  # fmt: skip
def test_nothing_is_planned_from_unfit_models(
    guard: Guard, plan: int, fault: str, hint: str
) -> None:
    approved = guard.approve(guard.plan())
    guard.execute(fault)
    with guard.refuses("CO010", hint):
        guard.plan()
    with guard.refuses("CO010", hint):
        guard.approve(plan)
    with guard.refuses("CO010", hint):
        guard.begin(approved)


def test_models_of_yesterday_are_young_enough(guard: Guard, plan: int) -> None:
    assert guard.value(f"select too_old_at = built_at + interval '24 hours' from {BUILD}")
    guard.execute(f"update {BUILD} set too_old_at = now() + interval '1 minute'")
    guard.approve(plan)


def test_a_rollback_needs_no_models(guard: Guard, plan: int) -> None:
    guard.apply(guard.approve(plan))
    guard.execute(f"drop schema {MODELS_SCHEMA} cascade")
    guard.apply(guard.roll_back(plan))
    assert guard.state(plan) == "rolled_back"


def test_strict_mode_looks_again_settle_minutes_after_the_plan(guards: Guards) -> None:
    """The only fence that trusts no time of the service: three seconds apart, here."""
    guard = guards.fresh({"settle_minutes": 0.05, "strict": True})
    guard.add_short_wallet("alice")
    plan = guard.approve(guard.plan())
    with guard.refuses("CO007", f"claimctl apply {plan}"):
        guard.begin(plan)
    guard.wait_until("clock_timestamp() > made_at + interval '3 s' from claim_ops.plans")
    guard.apply(plan)
    assert guard.lines(plan) == {"alice": "applied"}
