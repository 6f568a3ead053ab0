"""Writers and the guard at the same wallet, step by step: nobody's claim is lost, nobody waits."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
from support.guard import BOOSTER, SHIELD, Guard

INSERT_CLAIM = "insert into purchase_claims (tx_id, user_id, sku) values ('live', %s, %s)"
ADD_SHIELD = """
    update user_wallet_balances
    set streakshield_count = streakshield_count + 1, updated_at = clock_timestamp()
    where user_id = %s
"""


@contextmanager
def uncommitted(guard: Guard) -> Iterator[psycopg.Connection]:
    """Open a writer's transaction, which the test commits or rolls back."""
    with guard.connect(autocommit=False) as connection:
        yield connection


def add_excess_booster(guard: Guard, user_id: str) -> None:
    """Add a wallet whose booster ends later than any claim gives, live ones of today included.

    A claim leaves such a wallet as it is, because the later end stays: `before` still holds, and
    nothing but the ledger shows that the user is owed more than was planned.
    """
    guard.add_wallet(user_id, booster_hours=720)
    guard.add_claims(user_id, sku=BOOSTER, hours_ago=120)
    guard.mark_wrong(user_id, "xp_booster", "excess")


def claim_booster(guard: Guard, user_id: str) -> None:
    """Claim a booster as the reference function does: claim and wallet in one commit."""
    assert guard.rows(f"select * from claim_purchase('live', '{user_id}', '{BOOSTER}')") == [
        (200, None)
    ]


def booster_days(guard: Guard, user_id: str) -> int:
    """Return in how many days the booster in the wallet ends, to the nearest day."""
    return int(
        guard.value(
            f"""
            select round(extract(epoch from xp_booster_until - now()) / 86400)
            from user_wallet_balances where user_id = '{user_id}'
            """
        )
    )


def replace_wallet(guard: Guard, user_id: str) -> None:
    """Delete a wallet and insert it again as it was, in one commit."""
    with guard.connect(autocommit=False) as writer:
        (wallet,) = writer.execute(
            "delete from user_wallet_balances where user_id = %s returning *", [user_id]
        )
        writer.execute("insert into user_wallet_balances values (%s, %s, %s, %s)", wallet)


def test_claim_first_writer_uncommitted_at_the_recompute(
    guard: Guard, beside: ThreadPoolExecutor
) -> None:
    """Its claim is unseen and its wallet change comes after ours: it adds to what we wrote."""
    guard.add_short_wallet("alice", claims=2, shields=1)
    plan = guard.plan_and_begin()
    with guard.gate("_wallet_states") as gate, uncommitted(guard) as writer:
        applying = beside.submit(guard.batch, plan)
        gate.wait_until_reached()
        writer.execute(INSERT_CLAIM, ["alice", SHIELD])
        writing = beside.submit(writer.execute, ADD_SHIELD, ["alice"])
        guard.wait_until("exists (select from pg_locks where not granted)")
        gate.open()
        assert applying.result()
        writing.result()
        writer.commit()

    assert guard.lines(plan) == {"alice": "applied"}
    assert guard.shields("alice") == 3


def test_wallet_first_writer_uncommitted_at_the_recompute(guard: Guard) -> None:
    """It holds the wallet: the line stays pending, and is skipped once the wallet has changed."""
    guard.add_short_wallet("alice", claims=2, shields=1)
    plan = guard.plan_and_begin()
    with uncommitted(guard) as writer:
        writer.execute(ADD_SHIELD, ["alice"])
        row = guard.batch(plan)
        assert row is not None
        assert (row["applied"], row["skipped"], row["pending"]) == (0, 0, 1)
        writer.execute(INSERT_CLAIM, ["alice", SHIELD])
        writer.commit()

    guard.batch(plan)
    assert guard.lines(plan) == {"alice": "changed"}
    assert guard.shields("alice") == 2


def test_a_writer_that_rolls_back_leaves_the_line_for_the_next_pass(guard: Guard) -> None:
    guard.add_short_wallet("alice", claims=2, shields=1)
    plan = guard.plan_and_begin()
    with uncommitted(guard) as writer:
        writer.execute(ADD_SHIELD, ["alice"])
        guard.batch(plan)
        assert guard.lines(plan) == {"alice": "pending"}
        writer.rollback()

    guard.batch(plan)
    assert guard.lines(plan) == {"alice": "applied"}
    assert guard.shields("alice") == 2


def test_a_claim_committed_between_lock_and_recompute_is_seen(
    guard: Guard, beside: ThreadPoolExecutor
) -> None:
    """A two-commit writer's first half: the recompute reads the ledger after the lock."""
    guard.add_short_wallet("alice", claims=2, shields=1)
    plan = guard.plan_and_begin()
    with guard.gate("_wallet_states") as gate, guard.connect() as writer:
        applying = beside.submit(guard.batch, plan)
        gate.wait_until_reached()
        writer.execute(INSERT_CLAIM, ["alice", SHIELD])
        gate.open()
        applying.result()
        writer.execute(ADD_SHIELD, ["alice"])

    assert guard.lines(plan) == {"alice": "ledger_changed"}
    assert guard.shields("alice") == 2


def test_a_claim_committed_just_before_the_lock_is_seen(
    guard: Guard, beside: ThreadPoolExecutor
) -> None:
    """What was read before the lock is old: only the recompute in a later statement sees it."""
    add_excess_booster(guard, "alice")
    plan = guard.plan_and_begin(include_excess=["xp_booster"])
    with guard.gate("_lock_wallets") as gate:
        applying = beside.submit(guard.batch, plan)
        gate.wait_until_reached()
        claim_booster(guard, "alice")
        gate.open()
        applying.result()

    assert guard.lines(plan) == {"alice": "ledger_changed"}
    assert booster_days(guard, "alice") == 30


def test_a_row_replaced_while_we_lock_is_not_ours(guard: Guard, beside: ThreadPoolExecutor) -> None:
    """Deleted and inserted again within the lock's statement, a row is not among the returned keys.

    It is not locked, and so the next claim can come between our recompute and our write.
    """
    add_excess_booster(guard, "alice")
    plan = guard.plan_and_begin(include_excess=["xp_booster"])
    with (
        guard.gate_in_query("_lock_wallets", "any(p_user_ids)") as scan,
        guard.gate("_apply_in_halves", when="p_write = '_write_lines'") as write,
    ):
        applying = beside.submit(guard.batch, plan)
        scan.wait_until_reached()
        replace_wallet(guard, "alice")
        scan.open()
        write.wait_until_reached()
        claim_booster(guard, "alice")
        write.open()
        row = applying.result()

    assert row is not None
    assert (row["applied"], row["skipped"], row["pending"]) == (0, 0, 1)
    assert booster_days(guard, "alice") == 30
    guard.batch(plan)
    assert guard.lines(plan) == {"alice": "ledger_changed"}


def test_a_writer_that_locks_in_the_other_order_meets_no_deadlock(
    guard: Guard, beside: ThreadPoolExecutor
) -> None:
    """We hold the first wallet and leave out the second, which the writer holds."""
    first, second = guard.add_short_wallets(2)
    plan = guard.plan_and_begin()
    with guard.gate("_wallet_states") as gate, uncommitted(guard) as writer:
        writer.execute(ADD_SHIELD, [second])
        applying = beside.submit(guard.batch, plan)
        gate.wait_until_reached()
        writing = beside.submit(writer.execute, ADD_SHIELD, [first])
        guard.wait_until("exists (select from pg_locks where not granted)")
        gate.open()
        # The writer is still at it: our batch waited for nobody.
        row = applying.result()
        writing.result()
        writer.commit()

    assert row is not None
    assert (row["applied"], row["pending"]) == (1, 1)
    assert guard.lines(plan) == {first: "applied", second: "pending"}
    assert (guard.shields(first), guard.shields(second)) == (3, 2)


def test_a_wallet_that_is_deleted_meanwhile_is_skipped(guard: Guard) -> None:
    guard.add_short_wallet("alice")
    plan = guard.plan_and_begin()
    guard.execute("delete from user_wallet_balances")
    guard.batch(plan)
    assert guard.lines(plan) == {"alice": "changed"}
    assert guard.shields("alice") is None


def test_lines_busy_for_ever_are_skipped_in_the_tenth_pass(guard: Guard) -> None:
    busy, free = guard.add_short_wallets(2)
    plan = guard.approve(guard.plan())
    with uncommitted(guard) as writer:
        writer.execute(ADD_SHIELD, [busy])
        outcome = guard.apply(plan)
        writer.rollback()

    assert outcome["reasons"] == {"busy": 1}
    assert guard.lines(plan) == {busy: "busy", free: "applied"}
    assert guard.state(plan) == "applied"
    assert guard.shields(busy) == 1
