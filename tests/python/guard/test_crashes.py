"""Appliers that die, and servers under them: apply goes on, each line is applied exactly once."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import psycopg
import pytest
from sandbox.server import Server
from support.appliers import end_session, finish, start_applier
from support.databases import running_server
from support.guard import MAKER, RUNNER, Guard
from support.guard_templates import Guards

WALLETS = 250
# The first batch of claimctl has 100 lines.
AFTER_FIRST_BATCH = (
    "(select count(*) from public.user_wallet_balances where streakshield_count = 2) >= 100"
)
BETWEEN_BATCHES = pytest.param("apply_batch", AFTER_FIRST_BATCH, id="between batches")
INSIDE_A_BATCH = pytest.param("_write_wallets", AFTER_FIRST_BATCH, id="inside a batch")
AFTER_THE_LAST = pytest.param("finish_apply", "true", id="after the last batch")


def approved_plan(guard: Guard) -> int:
    """Return an approved plan for wallets that have one shield and are owed two."""
    guard.add_short_wallets(WALLETS)
    return guard.approve(guard.plan())


def assert_applied_once(guard: Guard, plan: int) -> None:
    """Each wallet holds what it should, each line has one outcome, and the journal is whole."""
    assert guard.rows("select distinct streakshield_count from user_wallet_balances") == [(2,)]
    assert guard.rows(
        f"""
        select event, count(*), count(distinct user_id)
        from claim_ops.journal where plan_id = {plan} and line_no is not null group by event
        """
    ) == [("applied", WALLETS, WALLETS)]
    assert guard.rows("select * from claim_ops.check_journal()") == []
    assert guard.state(plan) == "applied"
    assert guard.call(RUNNER, "verify_plan", plan)["as_written"] == WALLETS


@pytest.mark.parametrize(("function", "when"), [BETWEEN_BATCHES, INSIDE_A_BATCH, AFTER_THE_LAST])
def test_a_killed_applier_loses_nothing_and_doubles_nothing(
    guard: Guard, function: str, when: str
) -> None:
    plan = approved_plan(guard)
    with guard.gate(function, when=when) as gate:
        applier = start_applier(guard, plan)
        gate.wait_until_reached()
        applier.kill()
        assert finish(applier) == -signal.SIGKILL
        end_session(guard)

    assert guard.state(plan) == "applying"
    assert finish(start_applier(guard, plan)) == 0
    assert_applied_once(guard, plan)


def test_a_batch_whose_applier_was_killed_is_rolled_back(guard: Guard) -> None:
    """The server learns of the death only when it answers; the transaction was never committed."""
    plan = approved_plan(guard)
    with guard.gate("_write_wallets") as gate:
        applier = start_applier(guard, plan)
        gate.wait_until_reached()
        applier.kill()
        finish(applier)
        gate.open()
        guard.wait_until(
            "not exists (select from pg_stat_activity where application_name = 'claimctl')"
        )
    assert set(guard.lines(plan).values()) == {"pending"}
    assert finish(start_applier(guard, plan)) == 0
    assert_applied_once(guard, plan)


@pytest.mark.parametrize(("function", "when"), [BETWEEN_BATCHES, INSIDE_A_BATCH])
def test_an_applier_whose_session_is_ended_goes_on_by_itself(
    guard: Guard, function: str, when: str
) -> None:
    plan = approved_plan(guard)
    with guard.gate(function, when=when) as gate:
        applier = start_applier(guard, plan)
        gate.wait_until_reached()
        guard.rows(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
            " where wait_event = 'PgSleep'"
        )
        gate.open()
        assert finish(applier) == 0
    assert_applied_once(guard, plan)


def test_an_applier_that_falls_silent_before_its_commit_holds_no_wallet_for_long(
    guard: Guard,
) -> None:
    """Nobody tells the server that its client is gone: no packet comes any more."""
    guard.add_short_wallet("alice")
    plan = guard.plan_and_begin()
    with guard.session(autocommit=False) as silent:
        silent.execute("select * from claim_ops.apply_batch(%s, 0, 500, 1)", [plan])
        guard.wait_until(
            "not exists (select from pg_stat_activity where state like 'idle in transaction%')",
            seconds=2,
        )
        silent.close()
    assert guard.lines(plan) == {"alice": "pending"}
    assert guard.shields("alice") == 1


@pytest.fixture
def durable_guard(guards: Guards, server: Server) -> Iterator[Guard]:
    """A database with the guard on a server of its own, which may crash."""
    with running_server(durable=True) as crashing:
        yield guards.copy_to(crashing, {"settle_minutes": 0})


def test_a_server_that_crashes_under_an_applier(durable_guard: Guard) -> None:
    """A kill -9 of a backend makes the whole server start anew."""
    guard = durable_guard
    plan = approved_plan(guard)
    with guard.gate("_write_wallets", when=AFTER_FIRST_BATCH) as gate:
        applier = start_applier(guard, plan)
        gate.wait_until_reached()
        pid = guard.value("select pid from pg_stat_activity where wait_event = 'PgSleep'")
        os.kill(pid, signal.SIGKILL)
        assert finish(applier) == 0
    wait_for_answer(guard)
    assert_applied_once(guard, plan)
    assert guard.call(MAKER, "plan_rollback", plan, "test") > plan


def wait_for_answer(guard: Guard) -> None:
    """Wait until a server that starts anew takes connections."""
    for _ in range(200):
        try:
            guard.connect().close()
            return
        except psycopg.OperationalError:
            time.sleep(0.05)
    raise AssertionError("the server did not come back")
