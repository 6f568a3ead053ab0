"""Levels above READ COMMITTED read the ledger of long ago: they are refused at every step."""

from __future__ import annotations

import psycopg
import pytest
from support.guard import CHECKER, MAKER, RUNNER, SHIELD, Guard, call

LEVELS = pytest.mark.parametrize(
    "level",
    [psycopg.IsolationLevel.REPEATABLE_READ, psycopg.IsolationLevel.SERIALIZABLE],
    ids=["repeatable read", "serializable"],
)


@LEVELS
def test_a_stricter_level_is_refused_at_every_step(
    guard: Guard, level: psycopg.IsolationLevel
) -> None:
    guard.add_short_wallet("alice")
    with guard.refuses("CO009"):
        call_at(guard, level, MAKER, "plan_wallets", "test")
    plan = guard.plan()
    with guard.refuses("CO009"):
        call_at(guard, level, CHECKER, "approve_plan", plan)
    guard.approve(plan)
    with guard.refuses("CO009"):
        call_at(guard, level, RUNNER, "begin_apply", plan)
    guard.begin(plan)
    with guard.refuses("CO009"):
        call_at(guard, level, RUNNER, "apply_batch", plan, 0, 500, 1)
    guard.batch(plan)
    with guard.refuses("CO009"):
        call_at(guard, level, RUNNER, "finish_apply", plan)
    guard.call(RUNNER, "finish_apply", plan)
    with guard.refuses("CO009"):
        call_at(guard, level, RUNNER, "verify_plan", plan)
    with guard.refuses("CO009"):
        call_at(guard, level, MAKER, "plan_rollback", plan, "test")


@LEVELS
def test_an_old_snapshot_writes_no_old_number(guard: Guard, level: psycopg.IsolationLevel) -> None:
    """The claim comes after the transaction's first look, and its wallet change comes later still.

    Nothing but the level shows it: the wallet's row is unchanged, so PostgreSQL finds no conflict.
    """
    guard.add_short_wallet("alice", claims=2, shields=1)
    plan = guard.plan_and_begin()
    with guard.session(autocommit=False) as applier:
        applier.isolation_level = level
        applier.execute("select from claim_ops.plans")
        guard.execute(f"insert into purchase_claims values ('live', 'alice', '{SHIELD}')")
        with pytest.raises(psycopg.Error) as caught:
            call(applier, "apply_batch", plan, 0, 500, 1)
    assert guard.shields("alice") == 1
    assert caught.value.sqlstate == "CO009"


def call_at(
    guard: Guard, level: psycopg.IsolationLevel, login: str, function: str, *arguments: object
) -> None:
    """Call a function in a transaction of this level."""
    with guard.session(login) as connection:
        connection.isolation_level = level
        with connection.transaction():
            call(connection, function, *arguments)
