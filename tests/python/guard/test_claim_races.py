"""Recovery, replay and override beside a live claim of the same purchase, and under kill -9.

Whichever is quicker: there is one claim, one credit, and no writer dies of us.
"""

from __future__ import annotations

import random
import signal
import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from sandbox.writers import KINDS, Answer, Purchase
from support.appliers import (
    end_session,
    finish,
    let_apply_and_kill,
    start_applier,
    start_applier_at_the_ready,
)
from support.guard import RUNNER, SHIELD, Guard
from support.guard_templates import Guards

CLAIM = f"select status_code from claim_purchase('tx', 'alice', '{SHIELD}')"
INSERT_CLAIM = f"""
    insert into purchase_claims (tx_id, user_id, sku) values ('tx', 'alice', '{SHIELD}')
"""

ADD_SHIELD = """
    insert into user_wallet_balances (user_id, streakshield_count) values ('alice', 1)
    on conflict (user_id) do update
    set streakshield_count = user_wallet_balances.streakshield_count + 1, updated_at = now()
"""
# The ways in which a service may claim, but for the one that credits before it knows whether the
# claim is its own: whichever is quicker, that one credits in any case.
KINDS_OF_WRITERS = ("atomic", "upsert", "claim-then-wallet")
LONG_AGO = timedelta(days=300)
LONG_ENOUGH = 0.1  # Seconds in which most plans of one line are applied.


@pytest.fixture
def queued(guards: Guards) -> Guard:
    """A database whose guard knows the queue, without caps in the service."""
    guard = guards.fresh({"settle_minutes": 0, "has_queued_purchases": True})
    guard.execute("update sku_limits set weekly_cap = null, monthly_cap = null")
    return guard


def plan(guard: Guard, function: str, **arguments: Any) -> int:
    """Plan what claims the purchase tx of alice, or all that there are, and have it approved."""
    if function == "plan_recovery":
        now = datetime.now(UTC)
        arguments = {"from": now - LONG_AGO, "to": now, **arguments}
    if function == "plan_override":
        arguments = {"tx_id": "tx", "user_id": "alice", "ticket": "SUP-1"}
    return guard.approve(guard.make(function, **arguments))


@pytest.fixture(params=["plan_recovery", "plan_queue", "plan_override"])
def approved(request: pytest.FixtureRequest, queued: Guard) -> int:
    """An approved plan of each kind for one purchase of alice, who has a wallet."""
    queued.add_wallet("alice")
    queued.add_purchase("alice")
    queued.add_purchase("alice", table="queued_purchases")
    return plan(queued, request.param)


@pytest.fixture
def recovery(queued: Guard) -> int:
    """An approved recovery of one purchase of alice, who has a wallet."""
    queued.add_wallet("alice")
    queued.add_purchase("alice")
    return plan(queued, "plan_recovery")


def assert_once(guard: Guard, user_id: str = "alice") -> None:
    """There is one claim, and one shield in the wallet."""
    claims = f"select count(*) from purchase_claims where user_id = '{user_id}'"
    assert (guard.value(claims), guard.shields(user_id)) == (1, 1)


# Step by step


def test_a_live_claim_that_was_quicker(queued: Guard, approved: int) -> None:
    queued.execute(CLAIM)
    assert queued.apply(approved)["reasons"] == {"claimed": 1}
    assert_once(queued)


def test_a_live_claim_that_comes_later(queued: Guard, approved: int) -> None:
    queued.apply(approved)
    assert queued.rows(CLAIM) == [(200,)]
    assert_once(queued)


def test_a_writer_that_holds_the_wallet_and_waits_for_our_claim(
    queued: Guard, approved: int, beside: ThreadPoolExecutor
) -> None:
    """The reference function locks the wallet first: we give our claim back, and it goes on."""
    queued.begin(approved)
    with queued.gate("_lock_wallets") as gate:
        applying = beside.submit(queued.batch, approved)
        gate.wait_until_reached()
        writing = beside.submit(queued.rows, CLAIM)
        queued.wait_until("exists (select from pg_locks where not granted)")
        gate.open()
        row = applying.result()
        assert writing.result() == [(200,)]
    assert row is not None
    assert (row["applied"], row["skipped"], row["pending"]) == (0, 0, 1)
    queued.batch(approved)
    assert queued.lines(approved) == {"alice": "claimed"}
    assert_once(queued)


def test_a_wallet_that_somebody_holds_is_not_waited_for(queued: Guard, recovery: int) -> None:
    queued.begin(recovery)
    # So that waiting would take half of it: a loaded machine is told from a wait.
    queued.execute("alter role runner set deadlock_timeout = '20s'")
    with queued.connect(autocommit=False) as writer:
        writer.execute("select from user_wallet_balances for update")
        started = time.monotonic()
        try:
            queued.batch(recovery)
        finally:
            queued.execute("alter role runner reset deadlock_timeout")
        assert time.monotonic() - started < 5
        assert queued.lines(recovery) == {"alice": "pending"}
        assert queued.rows("table purchase_claims") == []
    queued.batch(recovery)
    assert_once(queued)


def test_a_writer_whose_claim_is_not_committed_is_waited_for(
    queued: Guard, recovery: int, beside: ThreadPoolExecutor
) -> None:
    queued.begin(recovery)
    with queued.connect(autocommit=False) as writer:
        writer.execute(INSERT_CLAIM.encode())
        applying = beside.submit(queued.batch, recovery)
        queued.wait_until("exists (select from pg_locks where not granted)")
        writer.execute(ADD_SHIELD)
        writer.commit()
        assert applying.result()
    assert queued.lines(recovery) == {"alice": "claimed"}
    assert_once(queued)


def test_a_writer_that_keeps_us_waiting_is_left_before_the_server_looks_for_a_deadlock(
    queued: Guard, recovery: int
) -> None:
    queued.begin(recovery)
    with queued.connect(autocommit=False) as writer:
        writer.execute(INSERT_CLAIM.encode())
        started = time.monotonic()
        queued.batch(recovery)
        assert 0.3 < time.monotonic() - started < 0.9
        assert queued.lines(recovery) == {"alice": "pending"}
        queued.batch(recovery, number=10)
        assert queued.lines(recovery) == {"alice": "busy"}
        writer.rollback()
    assert (queued.shields("alice"), queued.rows("table purchase_claims")) == (0, [])


def test_a_batch_ends_when_its_waiting_time_is_used_up(queued: Guard) -> None:
    """A writer that waits for its first line must not wait until the second has waited, too."""
    for user in ("alice", "bob", "carl"):
        queued.add_wallet(user)
        queued.add_purchase(user, f"tx {user}")
    made = queued.begin(plan(queued, "plan_recovery"))
    with queued.connect(autocommit=False) as writer:
        writer.execute(
            "insert into purchase_claims (tx_id, user_id, sku) values ('tx bob', 'bob', 'hat')"
        )
        row = queued.batch(made)
        assert row is not None
        assert (row["last_line"], row["applied"], row["pending"]) == (2, 1, 1)
        writer.rollback()
    assert queued.apply(made)["applied"] == 3


@pytest.mark.parametrize("has_committed", [False, True])
def test_a_wallet_that_a_writer_is_making(
    queued: Guard, has_committed: bool, beside: ThreadPoolExecutor
) -> None:
    """Of a user who has none: the claim waits for our claim, we for its wallet, and we give up."""
    queued.add_claims("somebody")
    queued.add_purchase("alice")
    made = queued.begin(plan(queued, "plan_recovery"))
    with queued.connect(autocommit=False) as writer:
        writer.execute(ADD_SHIELD)
        queued.batch(made)
        assert queued.lines(made) == {"alice": "pending"}
        writer.execute(INSERT_CLAIM.encode())
        (writer.commit if has_committed else writer.rollback)()
    queued.batch(made)
    assert queued.lines(made) == {"alice": "changed" if has_committed else "applied"}
    assert_once(queued)


def test_a_claim_of_another_purchase_comes_in_between(
    queued: Guard, recovery: int, beside: ThreadPoolExecutor
) -> None:
    """Committed after our claim and before our lock: the ledger is looked at after the lock."""
    queued.begin(recovery)
    with queued.gate("_wallet_states_with") as gate:
        applying = beside.submit(queued.batch, recovery)
        gate.wait_until_reached()
        queued.execute(INSERT_CLAIM.replace("'tx'", "'another'"))
        gate.open()
        assert applying.result()
    assert queued.lines(recovery) == {"alice": "ledger_changed"}
    assert queued.rows("select tx_id from purchase_claims") == [("another",)]


# Many times


def outcome_of(guard: Guard, made: int) -> dict[str, Any]:
    """Go on where an applier was killed; return what the plan has come to."""
    if guard.state(made) in ("approved", "applying"):
        return guard.apply(made)
    outcome: dict[str, Any] = guard.call(RUNNER, "finish_apply", made)
    return outcome


def race(guard: Guard, number: int, function: str, kind: str) -> bool:
    """Let a live claim and a plan run for the same purchase, either with a head start.

    The applier is killed somewhere on its way; returns whether it had not yet come to its end.
    """
    applier = start_applier_at_the_ready(guard)
    user, tx_id = f"user-{number:04d}", f"tx-{number:04d}"
    chance = random.Random(number)
    if chance.random() < 0.7:
        guard.add_wallet(user)
    guard.add_purchase(user, tx_id)
    guard.add_purchase(user, tx_id, table="queued_purchases")
    arguments: dict[str, Any] = {"user_id": user}
    if function == "plan_override":
        arguments = {"user_id": user, "tx_id": tx_id, "ticket": "SUP-1"}
    elif function == "plan_recovery":
        now = datetime.now(UTC)
        arguments |= {"from": now - LONG_AGO, "to": now}
    limits = {"max_wallets": 9999, "max_net_quantity": 9999}
    made = guard.approve(guard.make(function, **arguments, **{"raise": limits}))

    def live() -> Answer:
        with guard.connect() as connection:
            time.sleep(chance.random() * 0.02)
            for _ in range(5):
                try:
                    return KINDS[kind](connection, Purchase(tx_id, user, SHIELD))
                # Behind our claim, or our wallet: its transaction is gone whole, the store retries.
                except psycopg.errors.UniqueViolation:
                    continue
            raise AssertionError("a writer never got through")

    with ThreadPoolExecutor() as threads:
        claiming: Future[Answer] = threads.submit(live)
        time.sleep(chance.random() * 0.02)
        was_killed = let_apply_and_kill(guard, applier, made, chance.random() * LONG_ENOUGH)
        outcome = outcome_of(guard, made)
        assert claiming.result().status_code == 200
    assert outcome["pending"] == 0
    assert_once(guard, user)
    assert outcome["applied"] == (not claiming.result().is_new) or kind == "atomic"
    return was_killed


@pytest.mark.parametrize("trials", [pytest.param(20), pytest.param(200, marks=pytest.mark.slow)])
def test_one_claim_and_one_credit(queued: Guard, trials: int) -> None:
    functions = ("plan_recovery", "plan_queue", "plan_override")
    killed = sum(
        race(queued, number, functions[number % 3], KINDS_OF_WRITERS[number // 3 % 3])
        for number in range(trials)
    )
    assert trials / 4 < killed
    assert (
        queued.value(
            "select count(*) from purchase_claims join user_wallet_balances using (user_id)"
            " where streakshield_count = 1"
        )
        == trials
    )
    assert queued.rows("select * from claim_ops.check_wallet_integrity()") == []
    assert queued.rows("select * from claim_ops.check_journal()") == []


# Under kill -9


@pytest.fixture
def many(queued: Guard) -> Guard:
    """Forty users who lack a claim each, every third without wallet, every fifth credited."""
    queued.execute(
        f"""
        insert into user_wallet_balances
        select 'user-' || to_char(n, 'fm000'), (n % 5 = 0)::int, null, now() - interval '241 hours'
        from generate_series(1, 40) as n where n % 3 > 0;
        insert into audit_purchases
        select 'tx-' || n, 'user-' || to_char(n, 'fm000'), '{SHIELD}', 'INITIAL_PURCHASE',
            now() - interval '240 hours'
        from generate_series(1, 40) as n;
        insert into queued_purchases (tx_id, user_id, sku, received_at)
        select tx_id, user_id, sku, purchased_at from audit_purchases;
        """
    )
    return queued


@pytest.mark.parametrize("function", ["plan_recovery", "plan_queue"])
@pytest.mark.parametrize(
    ("place", "when"),
    [
        ("_lock_wallets", "(select count(*) from public.purchase_claims) > 8"),
        ("_seal_journal", "(select count(*) from public.purchase_claims) > 8"),
        ("finish_apply", "true"),
    ],
)
def test_a_killed_applier_claims_nothing_twice(
    many: Guard, function: str, place: str, when: str
) -> None:
    made = plan(many, function)
    with many.gate(place, when=when) as gate:
        applier = start_applier(many, made)
        gate.wait_until_reached()
        applier.kill()
        assert finish(applier) == -signal.SIGKILL
        end_session(many)
    assert finish(start_applier(many, made)) == 0
    assert_all_once(many, made)


def test_a_killed_applier_of_an_override(queued: Guard) -> None:
    queued.add_wallet("alice")
    queued.add_purchase("alice")
    made = plan(queued, "plan_override")
    with queued.gate("_write_lines") as gate:
        applier = start_applier(queued, made)
        gate.wait_until_reached()
        applier.kill()
        finish(applier)
        end_session(queued)
    assert queued.rows("table purchase_claims") == []
    assert finish(start_applier(queued, made)) == 0
    assert_once(queued)


def assert_all_once(guard: Guard, made: int) -> None:
    """Each user has one claim and one shield, each line one outcome, and the journal is whole."""
    assert guard.rows("select distinct streakshield_count from user_wallet_balances") == [(1,)]
    assert guard.rows("select count(*), count(distinct user_id) from purchase_claims") == [(40, 40)]
    assert guard.rows(
        f"""
        select event, count(*) from claim_ops.journal
        where plan_id = {made} and line_no is not null group by event
        """
    ) == [("applied", 40)]
    assert guard.rows("select * from claim_ops.check_wallet_integrity()") == []
    assert guard.rows("select * from claim_ops.check_journal()") == []
