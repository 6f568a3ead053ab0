"""Every order in which two appliers, a rollback, a pause and a writer can take their steps.

The steps run on the real guard in real sessions, one after the other; a transaction that is left
open between two steps is a session that the others meet. What must hold is said by a model of a few
lines, which knows who wrote each wallet last and what the ledger says.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from support.databases import MODELS_SCHEMA
from support.guard import CHECKER, MAKER, RUNNER, SHIELD, Guard, call
from support.mutants import mutants

NO_LIMITS = {
    "max_affected_share": 10**6,
    "max_wallets": 10**6,
    "max_net_quantity": 10**6,
    "max_suspected_spends": 10**6,
    "max_suspected_share": 10**6,
}
# Taken as "somebody holds it": the step is tried again after the next one.
WOULD_WAIT = (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled)


@dataclass
class World:
    """The guard with its sessions; each order gets two users and a plan of its own."""

    guard: Guard
    number: int = 0
    owner: psycopg.Connection = field(init=False)
    users: tuple[str, str] = ("", "")
    plan: int = 0
    rollback: int | None = None
    last_write: dict[str, Any] = field(default_factory=dict)
    claims_since: dict[str, int] = field(default_factory=dict)
    sessions: dict[str, psycopg.Connection] = field(default_factory=dict)
    seen: int = 0

    def __post_init__(self) -> None:
        self.owner = self.guard.connect()

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Return rows that the owner reads."""
        cursor = self.owner.cursor(row_factory=dict_row)
        return cursor.execute(query.encode(), values).fetchall()

    def session(self, name: str, login: str) -> psycopg.Connection:
        """Return the open session of an actor, with little patience."""
        if name not in self.sessions:
            self.sessions[name] = self.guard.session(login, autocommit=False)
            self.sessions[name].execute("set lock_timeout = '60ms'")
            self.sessions[name].commit()
        return self.sessions[name]

    def begin(self) -> None:
        """Give two new users a claim too many for their wallets, and have a plan approved."""
        self.number += 1
        self.users = (f"a-{self.number}", f"b-{self.number}")
        self.owner.execute(
            f"""
            delete from {MODELS_SCHEMA}.fct_wallet_discrepancies;
            insert into user_wallet_balances
            select u, 1, null, now() - interval '1 day' from unnest(array{list(self.users)}) as u;
            insert into purchase_claims
            select u || k, u, '{SHIELD}', now() - interval '2 days'
            from unnest(array{list(self.users)}) as u, generate_series(1, 2) as k;
            insert into {MODELS_SCHEMA}.fct_wallet_discrepancies
                (user_id, item, discrepancy_type, is_settled, built_at)
            select u, 'streakshield', 'short', true, now() from unnest(array{list(self.users)}) as u
            """.encode()
        )
        maker, checker = self.session("maker", MAKER), self.session("checker", CHECKER)
        row = maker.execute(
            "select claim_ops.plan_wallets('SUP-412 test', p_raise => %s)", [Jsonb(NO_LIMITS)]
        ).fetchone()
        assert row is not None
        maker.commit()
        self.plan = row[0]
        call(checker, "approve_plan", self.plan)
        checker.commit()
        self.rollback = None
        self.last_write = dict.fromkeys(self.users, "beginning")
        self.claims_since = dict.fromkeys(self.users, 0)
        (head,) = self.rows("select coalesce(max(entry_id), 0) as entry from claim_ops.journal")
        self.seen = head["entry"]

    def wallets(self) -> dict[str, int]:
        """Return what the two wallets hold."""
        rows = self.rows(
            "select user_id, streakshield_count as shields from user_wallet_balances"
            " where user_id = any(%s)",
            list(self.users),
        )
        return {row["user_id"]: row["shields"] for row in rows}

    def look(self, before: dict[str, int], writes: dict[str, int]) -> None:
        """Compare what a step did with what it may do; `writes` are the writer's own changes."""
        after = self.wallets()
        entries = self.rows(
            "select journal.*, kind from claim_ops.journal join claim_ops.plans using (plan_id)"
            f" where event = 'applied' and line_no is not null and entry_id > {self.seen}"
            " order by entry_id"
        )
        self.seen = max([self.seen, *(entry["entry_id"] for entry in entries)])
        written = dict(before)
        for entry in entries:
            user_id = entry["user_id"]
            assert written[user_id] == entry["before"]["streakshield_count"], "over another value"
            written[user_id] = entry["after"]["streakshield_count"]
            if entry["kind"] == "rollback":
                assert self.last_write[user_id] == entry["reverses"], "somebody else wrote it last"
                assert not self.claims_since[user_id], "he claimed since"
            else:
                (ledger,) = self.rows(
                    "select count(*) as claims from purchase_claims where user_id = %s", user_id
                )
                assert written[user_id] == ledger["claims"], "not what the ledger says"
            self.last_write[user_id] = entry["entry_id"]
            self.claims_since[user_id] = 0
        for user_id, by in writes.items():
            written[user_id] += by
            self.last_write[user_id] = "writer"
        assert after == written, "a change that nobody made"


Step = Callable[[World], dict[str, int]]


def begins(world: World) -> dict[str, int]:
    call(world.session("first", RUNNER), "begin_apply", world.plan)
    world.session("first", RUNNER).commit()
    return {}


def batch(session: str, of: str, *, commits: bool = True, lines: int = 2) -> Step:
    """Apply a batch of the plan or its rollback; left open, it is committed by another step."""

    def step(world: World) -> dict[str, int]:
        plan = world.plan if of == "plan" else world.rollback
        connection = world.session(session, RUNNER)
        if plan is None:
            return {}
        if of == "rollback":
            call(connection, "begin_apply", plan)
        connection.execute("select claim_ops.apply_batch(%s, 0, %s, 1)", [plan, lines])
        if commits:
            connection.commit()
            call(connection, "finish_apply", plan)
            connection.commit()
        return {}

    return step


def ends(session: str) -> Step:
    """Commit what a session left open."""

    def step(world: World) -> dict[str, int]:
        world.session(session, RUNNER).commit()
        return {}

    return step


def plans_rollback(world: World) -> dict[str, int]:
    connection = world.session("maker", MAKER)
    world.rollback = call(connection, "plan_rollback", world.plan, "test")
    connection.commit()
    return {}


def approves(world: World) -> dict[str, int]:
    if world.rollback is not None:
        connection = world.session("checker", CHECKER)
        call(connection, "approve_plan", world.rollback)
        connection.commit()
    return {}


def loses(world: World) -> dict[str, int]:
    """The first wallet loses a shield; nothing tells, not even its time."""
    return writer(
        world,
        "update user_wallet_balances set streakshield_count = streakshield_count - 1"
        " where user_id = %(user)s",
        -1,
    )


def claims(world: World) -> dict[str, int]:
    """He claims: wallet and claim in one transaction."""
    writes = writer(
        world,
        "with claim as (insert into purchase_claims values (gen_random_uuid(), %(user)s, %(sku)s))"
        " update user_wallet_balances set streakshield_count = streakshield_count + 1,"
        " updated_at = clock_timestamp() where user_id = %(user)s",
        1,
    )
    world.claims_since[world.users[0]] += 1
    return writes


def writer(world: World, statement: str, by: int) -> dict[str, int]:
    connection = world.session("writer", "postgres")
    connection.execute(statement.encode(), {"user": world.users[0], "sku": SHIELD})
    connection.commit()
    return {world.users[0]: by}


def pauses(world: World) -> dict[str, int]:
    call(world.session("checker", CHECKER), "pause", "test")
    world.session("checker", CHECKER).commit()
    return {}


def resumes(world: World) -> dict[str, int]:
    call(world.session("checker", CHECKER), "resume", "test")
    world.session("checker", CHECKER).commit()
    return {}


SMALL: Sequence[Sequence[Step]] = (
    (batch("first", "plan"),),
    (plans_rollback, approves, batch("second", "rollback")),
    (loses, claims),
)
WIDE: Sequence[Sequence[Step]] = (
    (batch("first", "plan", commits=False, lines=1), ends("first"), batch("first", "plan")),
    (batch("second", "plan"),),
    (plans_rollback, approves, batch("second", "rollback", commits=False), ends("second")),
    (batch("first", "rollback"),),
    (loses, claims, loses),
    (pauses, resumes),
)


def orders(actors: Sequence[Sequence[Step]]) -> Iterator[list[Step]]:
    """Yield every order of all steps in which each actor's own come in turn."""
    if not any(actors):
        yield []
    for number, steps in enumerate(actors):
        if steps:
            rest = [*actors[:number], steps[1:], *actors[number + 1 :]]
            for order in orders(rest):
                yield [steps[0], *order]


def some_orders(actors: Sequence[Sequence[Step]], count: int, seed: int) -> Iterator[list[Step]]:
    """Yield so many orders of them, drawn."""
    choice = random.Random(seed)
    for _ in range(count):
        left = [list(steps) for steps in actors]
        order = []
        while any(left):
            order.append(choice.choice([steps for steps in left if steps]).pop(0))
        yield order


def walk(world: World, order: list[Step]) -> None:
    """Take the steps in this order; one that would wait comes again after the next."""
    world.begin()
    begins(world)
    waiting: list[Step] = []
    for step in [*order, *[ends("first"), ends("second"), resumes]]:
        waiting.append(step)
        for each in list(waiting):
            before = world.wallets()
            try:
                writes = each(world)
            except psycopg.errors.IdleInTransactionSessionTimeout:
                # An applier that was silent for too long: its batch is rolled back.
                roll_back(world)
                writes = {}
            except WOULD_WAIT:
                roll_back(world)
                continue
            except psycopg.Error as refused:
                # A refusal of the guard's: paused, another state. Nothing of it stays.
                if not (refused.sqlstate or "").startswith("CO"):
                    raise
                roll_back(world)
                writes = {}
            waiting.remove(each)
            world.look(before, writes)
    for connection in world.sessions.values():
        connection.rollback()


def walk_all(world: World, every: Iterator[list[Step]]) -> None:
    """Take the steps in each of these orders."""
    for order in every:
        walk(world, order)


def roll_back(world: World) -> None:
    """End the transactions that failed, and no other; forget a session that was ended."""
    for name, connection in list(world.sessions.items()):
        if connection.closed:
            del world.sessions[name]
        elif connection.info.transaction_status == psycopg.pq.TransactionStatus.INERROR:
            connection.rollback()


def test_every_order_of_the_small_model(guard: Guard) -> None:
    world = World(guard)
    walk_all(world, orders(SMALL))
    assert world.number == 60
    assert guard.rows("select * from claim_ops.check_journal()") == []


def test_the_small_model_finds_a_rollback_by_values(guard: Guard) -> None:
    """The hole that it is for: a rollback that takes equal values for its own write."""
    (mutant,) = (each for each in mutants() if "equal values may be" in each.name)
    mutant.apply(guard)
    world = World(guard)
    with pytest.raises(AssertionError, match=r"somebody else wrote it last|he claimed since"):
        walk_all(world, orders(SMALL))


@pytest.mark.slow
def test_many_orders_of_the_wide_model(guard: Guard) -> None:
    world = World(guard)
    walk_all(world, some_orders(WIDE, 80, seed=1))
    assert guard.rows("select * from claim_ops.check_journal()") == []
