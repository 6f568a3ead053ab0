"""Wallets that do not exist yet, where no row can be locked: the writer's insert against ours."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from support.guard import BOOSTER, SHIELD, Guard

CLAIM = "insert into purchase_claims (tx_id, user_id, sku) values ('live', 'alice', %s)"
PLAIN_INSERT = "insert into user_wallet_balances (user_id, streakshield_count) values ('alice', 1)"
UPSERT = f"""
    {PLAIN_INSERT} on conflict (user_id) do update
    set streakshield_count = user_wallet_balances.streakshield_count + 1
"""
INSERTS = pytest.mark.parametrize("insert", [PLAIN_INSERT, UPSERT], ids=["plain", "upsert"])


@pytest.fixture
def plan(guard: Guard) -> int:
    """A plan that creates the wallet of alice, who has two claims."""
    guard.add_claims("alice", 2)
    guard.mark_wrong("alice", discrepancy="missing_wallet")
    return guard.plan_and_begin()


def test_a_missing_wallet_is_created(guard: Guard, plan: int) -> None:
    guard.batch(plan)
    assert guard.lines(plan) == {"alice": "applied"}
    assert guard.shields("alice") == 2


def test_one_item_asked_for_creates_the_whole_wallet(guard: Guard) -> None:
    """Half a wallet would be wrong again, and the second look would skip it."""
    guard.add_claims("alice", 2)
    guard.add_claims("alice", sku=BOOSTER, hours_ago=24)
    guard.mark_wrong("alice", discrepancy="missing_wallet")
    plan = guard.plan_and_begin(item="streakshield")
    guard.batch(plan)
    assert guard.lines(plan) == {"alice": "applied"}
    assert guard.rows(
        "select streakshield_count, xp_booster_until > now() from user_wallet_balances"
    ) == [(2, True)]


@INSERTS
def test_a_writers_insert_that_commits_wins(guard: Guard, plan: int, insert: str) -> None:
    """We wait for it no longer than a writer may wait, and leave the line pending."""
    with guard.connect(autocommit=False) as writer:
        writer.execute(CLAIM, [SHIELD])
        writer.execute(insert.encode())
        started = time.monotonic()
        guard.batch(plan)
        # The server's deadlock_timeout is one second: beyond it the writer may be the one to die.
        assert time.monotonic() - started < 0.9
        assert guard.lines(plan) == {"alice": "pending"}
        writer.commit()

    guard.batch(plan)
    assert guard.lines(plan) == {"alice": "changed"}
    assert guard.shields("alice") == 1


@INSERTS
def test_a_writers_insert_that_rolls_back_leaves_the_line(
    guard: Guard, plan: int, insert: str
) -> None:
    with guard.connect(autocommit=False) as writer:
        writer.execute(insert.encode())
        guard.batch(plan)
        writer.rollback()

    guard.batch(plan)
    assert guard.lines(plan) == {"alice": "applied"}
    assert guard.shields("alice") == 2


def test_an_insert_that_holds_its_row_for_ever_is_skipped_in_the_tenth_pass(
    guard: Guard, plan: int
) -> None:
    with guard.connect(autocommit=False) as writer:
        writer.execute(PLAIN_INSERT.encode())
        guard.batch(plan, number=10)
        writer.rollback()

    assert guard.lines(plan) == {"alice": "busy"}
    assert guard.shields("alice") is None


def test_an_upsert_that_waits_for_our_insert_adds_to_it(
    guard: Guard, plan: int, beside: ThreadPoolExecutor
) -> None:
    with guard.gate("_wallet_states") as gate, guard.connect(autocommit=False) as writer:
        applying = beside.submit(guard.batch, plan)
        gate.wait_until_reached()
        writer.execute(CLAIM, [SHIELD])
        writing = beside.submit(writer.execute, UPSERT.encode())
        guard.wait_until("exists (select from pg_locks where not granted)")
        gate.open()
        applying.result()
        writing.result()
        writer.commit()

    assert guard.lines(plan) == {"alice": "applied"}
    assert guard.shields("alice") == 3


def test_a_plain_insert_that_waits_for_our_insert_fails_whole(
    guard: Guard, plan: int, beside: ThreadPoolExecutor
) -> None:
    """As behind any other insert: its claim is gone with it, and can be tried again."""
    with guard.gate("_wallet_states") as gate, guard.connect(autocommit=False) as writer:
        applying = beside.submit(guard.batch, plan)
        gate.wait_until_reached()
        writer.execute(CLAIM, [SHIELD])
        writing = beside.submit(writer.execute, PLAIN_INSERT.encode())
        guard.wait_until("exists (select from pg_locks where not granted)")
        gate.open()
        applying.result()
        with pytest.raises(psycopg.errors.UniqueViolation):
            writing.result()
        writer.rollback()

    assert guard.lines(plan) == {"alice": "applied"}
    assert guard.shields("alice") == 2
    assert guard.value("select count(*) from purchase_claims") == 2


@INSERTS
def test_an_insert_that_waits_for_one_that_we_take_back_goes_on(
    guard: Guard, plan: int, beside: ThreadPoolExecutor, insert: str
) -> None:
    """A claim comes while we look again: our empty wallet goes, the writer's comes."""
    with guard.gate("_wallet_states") as gate, guard.connect() as writer:
        applying = beside.submit(guard.batch, plan)
        gate.wait_until_reached()
        writer.execute(CLAIM, [SHIELD])
        writing = beside.submit(writer.execute, insert.encode())
        guard.wait_until("exists (select from pg_locks where not granted)")
        gate.open()
        applying.result()
        writing.result()

    assert guard.lines(plan) == {"alice": "ledger_changed"}
    assert guard.shields("alice") == 1


def test_a_skipped_line_leaves_no_empty_wallet(guard: Guard, plan: int) -> None:
    guard.add_claims("alice")
    guard.batch(plan)
    assert guard.lines(plan) == {"alice": "ledger_changed"}
    assert guard.shields("alice") is None


def test_a_wallet_whose_user_is_gone_is_skipped(guard: Guard, plan: int) -> None:
    guard.execute(
        """
        create table users (user_id text primary key);
        alter table user_wallet_balances add foreign key (user_id) references users
        """
    )
    guard.batch(plan)
    assert guard.lines(plan) == {"alice": "no_such_user"}
