"""Several appliers share a plan: each line is applied once, and nobody waits for another."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from support.appliers import finish, start_applier
from support.guard import RUNNER, Guard


@pytest.mark.parametrize("appliers", [2, 4])
def test_processes_that_share_a_plan(guard: Guard, appliers: int) -> None:
    users = guard.add_short_wallets(1200)
    limits = {"max_affected_share": 1, "max_net_quantity": 1200}
    plan = guard.plan_and_begin(**{"raise": limits})
    # All of them stand at their first batch before one of them may begin.
    with guard.gate("apply_batch") as gate:
        started = [start_applier(guard, plan) for _ in range(appliers)]
        gate.wait_until_reached(appliers)
        gate.open()
        codes = [finish(applier) for applier in started]

    assert guard.state(plan) == "applied"
    assert guard.lines(plan) == dict.fromkeys(users, "applied")
    assert guard.rows("select distinct streakshield_count from user_wallet_balances") == [(2,)]
    assert guard.rows("select * from claim_ops.check_journal()") == []
    assert codes == [0] * appliers


def test_lines_that_another_applier_holds_are_passed_over(
    guard: Guard, beside: ThreadPoolExecutor
) -> None:
    """The second applier takes the lines after those that the first has in hand."""
    users = guard.add_short_wallets(5)
    plan = guard.plan_and_begin()
    with guard.gate("_seal_journal") as gate:
        first = beside.submit(guard.batch, plan, limit=3)
        gate.wait_until_reached()
        gate.let_others_pass()
        second = guard.batch(plan, limit=3)
        assert not first.done()
        gate.open()
        assert first.result() == {"last_line": 3, "applied": 3, "skipped": 0, "pending": 0}

    assert second == {"last_line": 5, "applied": 2, "skipped": 0, "pending": 0}
    assert guard.lines(plan) == dict.fromkeys(users, "applied")


def test_lines_that_another_applier_finished_while_we_looked_are_left_alone(
    guard: Guard, beside: ThreadPoolExecutor
) -> None:
    """Our snapshot is older than its commit: the locked lines are looked at again."""
    guard.add_short_wallets(3)
    plan = guard.plan_and_begin()
    with guard.gate_in_query("_lock_lines", "plan_lines.line_no > p_after_line") as gate:
        late = beside.submit(guard.batch, plan)
        gate.wait_until_reached()
        gate.let_others_pass()
        guard.batch(plan)
        gate.open()
        assert late.result() is None

    assert guard.call(RUNNER, "finish_apply", plan)["applied"] == 3


def test_an_applier_that_comes_too_late_finds_nothing_to_do(guard: Guard) -> None:
    """Another one finished the plan between its batches: that is no fault, and writes nothing."""
    guard.add_short_wallets(3)
    plan = guard.approve(guard.plan())
    outcome = guard.apply(plan)
    before = guard.snapshot()
    assert guard.batch(plan) is None
    assert guard.call(RUNNER, "finish_apply", plan) == outcome
    assert guard.snapshot() == before


def test_lines_of_an_applier_that_dies_are_taken_over_by_the_one_that_waits(guard: Guard) -> None:
    users = guard.add_short_wallets(5)
    plan = guard.plan_and_begin()
    with guard.connect(autocommit=False) as dying:
        dying.execute("select claim_ops._lock_lines(%s, 0, 2)", [plan])
        waiting = start_applier(guard, plan)
        guard.wait_until(
            f"count(*) = 3 from claim_ops.line_states where state = 'applied' and plan_id = {plan}"
        )
        assert waiting.poll() is None
        dying.rollback()
        assert finish(waiting) == 0

    assert guard.lines(plan) == dict.fromkeys(users, "applied")
