"""Several appliers share a plan: each line is applied once, and nobody waits for another."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from claimctl import applying
from claimctl.database import connect, run_sql
from claimctl.options import Options
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


def sizes(guard: Guard) -> list[int]:
    """Return how many lines each batch has applied."""
    query = (
        "select count(*) from claim_ops.journal where event = 'applied' and line_no is not null"
        " group by batch_id order by batch_id"
    )
    return [lines for (lines,) in guard.rows(query)]


def test_after_a_writer_had_to_wait_batches_are_smaller_and_later(
    guard: Guard, beside: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A claim of a user in the batch stands behind it until it commits; we see it before that."""
    users = guard.add_short_wallets(500)
    limits = {"max_affected_share": 1, "max_net_quantity": 1200}
    plan = guard.plan_and_begin(**{"raise": limits})
    # By time alone each batch would be twice as large as the last one.
    monkeypatch.setattr(applying, "TARGET_SECONDS", 600)
    options = Options(dsn=guard.server.dsn(guard.name, RUNNER))
    progress = applying.Progress(lambda lines: None)
    claim = "update user_wallet_balances set xp_booster_until = null where user_id = '{}'"
    with guard.gate("_seal_journal") as gate:
        applied = beside.submit(applying.apply_plan, options, plan, 1, progress)
        gate.wait_until_reached()
        writers = [beside.submit(guard.execute, claim.format(user)) for user in users[:2]]
        guard.wait_until("count(*) = 2 from pg_locks where not granted")
        gate.open()
        applied.result()
    for writer in writers:
        writer.result()
    assert sizes(guard) == [100, 50, 70, 90, 110, 80]
    (longest,) = progress.waits_ms
    assert 0 < longest < 60_000
    assert guard.lines(plan) == dict.fromkeys(users, "applied")


def test_batches_that_nobody_waits_for_grow_as_time_allows(
    guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard.add_short_wallets(500)
    limits = {"max_affected_share": 1, "max_net_quantity": 1200}
    plan = guard.plan_and_begin(**{"raise": limits})
    monkeypatch.setattr(applying, "TARGET_SECONDS", 600)
    progress = applying.Progress(lambda lines: None)
    options = Options(dsn=guard.server.dsn(guard.name, RUNNER))
    applying.apply_plan(options, plan, 1, progress)
    assert sizes(guard) == [100, 200, 200]
    assert progress.waits_ms == []


@pytest.mark.parametrize(
    ("table", "key", "expected"),
    [("claim_ops.locks", "name = 'journal'", 0), ("user_wallet_balances", "user_id = 'ann'", 1)],
)
def test_an_applier_that_waits_for_its_turn_is_no_writer(
    guard: Guard, beside: ThreadPoolExecutor, table: str, key: str, expected: int
) -> None:
    guard.add_wallet("ann")
    lock = f"select from {table} where {key} for update"
    with connect(Options(dsn=guard.dsn)) as connection:
        connection.execute(lock.encode())
        waits = beside.submit(guard.execute, lock)
        guard.wait_until("count(*) = 1 from pg_locks where not granted")
        assert run_sql(connection, "guard/waiting.sql", {})[0]["sessions"] == expected
        connection.rollback()
    waits.result()


def test_a_batch_that_writers_waited_for_is_followed_by_a_pause(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paused: list[float] = []
    progress = applying.Progress(lambda lines: None)
    monkeypatch.setattr(progress.stop, "wait", paused.append)
    applier = applying._Applier(Options(), 1, progress)
    waited = {"waiting": {"sessions": 2, "longest_ms": 40.0}}
    alone = {"waiting": {"sessions": 0, "longest_ms": 0.0}}
    seen = []
    for elapsed, batch in ((0.04, waited), (9, waited), (0.04, alone), (0.01, alone)):
        applier._pace(elapsed, batch)
        seen.append(applier.lines)
    assert paused == [0.04, applying.LONGEST_PAUSE_SECONDS]
    assert seen == [50, 20, 25, 45]
