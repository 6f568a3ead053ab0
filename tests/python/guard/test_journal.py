"""The journal: append-only for all who work with it, and a chain that shows who got around that."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from support.guard import CHECKER, RUNNER, Guard, batch, call

TABLES = ["journal", "journal_batches", "plan_lines", "plan_chunks", "plans"]
VERBS = ["update", "delete", "truncate"]


@pytest.fixture
def plan(guard: Guard) -> int:
    """A plan that gave three users their shields in two batches, verified."""
    guard.add_short_wallets(3)
    plan = guard.approve(guard.plan())
    guard.apply(plan, limit=2)
    return plan


def problems(guard: Guard) -> list[tuple[int | None, str]]:
    """Return what a reader sees wrong with the journal."""
    with guard.session(CHECKER) as connection:
        return connection.execute("select * from claim_ops.check_journal()").fetchall()


def statement(verb: str, table: str) -> str:
    column = {"journal": "event", "plans": "made_by"}.get(table, "plan_id")
    column = "entries" if table == "journal_batches" else column
    return {
        "update": f"update claim_ops.{table} set {column} = {column}",
        "delete": f"delete from claim_ops.{table}",
        "truncate": f"truncate claim_ops.{table} cascade",
    }[verb]


def test_evidence_is_never_changed(guard: Guard, plan: int, subtests: pytest.Subtests) -> None:
    for table, verb in product(TABLES, VERBS):
        for role in ("claim_owner", "postgres"):
            # A plan's state is written later; test_plan_life.py shows that nothing else of it is.
            if (verb, table) != ("update", "plans"):
                with (
                    subtests.test(f"{verb} {table} as {role}"),
                    guard.refuses("CO012", "claimctl rollback"),
                ):
                    guard.execute(f"set role {role}; {statement(verb, table)}")


def test_the_functions_role_only_adds(guard: Guard, plan: int, subtests: pytest.Subtests) -> None:
    for table, verb in product(TABLES, VERBS):
        # It may lock lines, and the right for that is the one to update them.
        code = "CO012" if (verb, table) == ("update", "plan_lines") else "42501"
        if (verb, table) != ("update", "plans"):
            with subtests.test(f"{verb} {table}"), guard.refuses(code):
                guard.execute(f"set role claim_guard; {statement(verb, table)}")


def test_a_line_has_one_outcome(guard: Guard, plan: int) -> None:
    with guard.refuses("23505"):
        guard.execute(
            """
            insert into claim_ops.journal (batch_id, event, plan_id, line_no)
            select 99, 'skipped', plan_id, 1 from claim_ops.plans
            """
        )


def test_an_entry_is_of_a_plan_that_there_is(guard: Guard, plan: int) -> None:
    with guard.refuses("23503"):
        guard.execute(
            f"""
            insert into claim_ops.journal (batch_id, event, plan_id)
            values (99, 'applying', {plan}), (99, 'applying', {plan + 1})
            """
        )


def test_the_end_of_a_plan_waits_for_its_batches(guard: Guard) -> None:
    """Counted beside a batch under way, the lines that it writes would be pending."""
    guard.add_short_wallets(2)
    plan = guard.approve(guard.plan())
    guard.call(RUNNER, "begin_apply", plan)
    with guard.session(autocommit=False) as applier:
        applier.execute("select")
        batch(applier, plan)
        applier.execute("set local idle_in_transaction_session_timeout = 0")
        with guard.refuses("55P03"), guard.session() as other:
            other.execute("set lock_timeout = '100ms'")
            call(other, "finish_apply", plan)
    assert guard.call(RUNNER, "finish_apply", plan)["applied"] == 2


# The chain

TAMPERINGS: dict[str, tuple[str, str]] = {
    "an entry is gone": (
        "delete from claim_ops.journal where line_no = 1",
        "not those that were sealed",
    ),
    "an entry is changed": (
        """update claim_ops.journal set after = '{"streakshield_count": 3}' where line_no = 2""",
        "not those that were sealed",
    ),
    "an entry has another author": (
        "update claim_ops.journal set actor = 'mallory' where event = 'approved'",
        "not those that were sealed",
    ),
    "an entry has another time": (
        "update claim_ops.journal set written_at = written_at - interval '1 day' where line_no = 3",
        "not those that were sealed",
    ),
    "an entry came later": (
        """
        insert into claim_ops.journal (batch_id, event)
        select batch_id, 'resumed' from claim_ops.journal where event = 'approved'
        """,
        "not those that were sealed",
    ),
    "an entry was never sealed": (
        "insert into claim_ops.journal (batch_id, event) values (9999, 'resumed')",
        "belongs to no sealed batch",
    ),
    "a seal is gone": (
        "delete from claim_ops.journal_batches where position = 4",
        "the batch before it is gone",
    ),
    "a batch is gone": (
        """
        delete from claim_ops.journal where batch_id = (
            select batch_id from claim_ops.journal_batches where position = 4
        );
        delete from claim_ops.journal_batches where position = 4
        """,
        "the batch before it is gone",
    ),
    "a batch is gone and its place taken": (
        """
        delete from claim_ops.journal_batches where position = 4;
        update claim_ops.journal_batches set position = position - 1 where position > 4
        """,
        "the chain is broken before it",
    ),
    "a batch is gone and the one after it chained anew": (
        """
        delete from claim_ops.journal_batches where position = 6;
        update claim_ops.journal_batches
        set previous_hash = before.hash,
            hash = encode(sha256(convert_to(jsonb_build_array(
                journal_batches.position, before.hash, journal_batches.batch_id,
                journal_batches.entries, claim_ops._entries_digest(journal_batches.batch_id)
            )::text, 'UTF8')), 'hex')
        from claim_ops.journal_batches as before
        where before.position = 5 and journal_batches.position = 7;
        """,
        "the batch before it is gone",
    ),
    "a plan is gone": (
        """
        delete from claim_ops.plan_chunks;
        delete from claim_ops.plan_lines;
        delete from claim_ops.plans
        """,
        "of which it tells, is gone",
    ),
    "a seal counts otherwise": (
        "update claim_ops.journal_batches set entries = entries + 1 where position = 4",
        "not those that were sealed",
    ),
    "a batch is sealed again": (
        """
        update claim_ops.journal set actor = 'mallory' where event = 'approved';
        update claim_ops.journal_batches as batches
        set hash = encode(sha256(convert_to(jsonb_build_array(
            position, previous_hash, batch_id, entries, claim_ops._entries_digest(batch_id)
        )::text, 'UTF8')), 'hex')
        where batch_id = (select batch_id from claim_ops.journal where event = 'approved')
        """,
        "the chain is broken before it",
    ),
}


def test_the_chain_of_an_honest_journal_holds(guard: Guard, plan: int) -> None:
    guard.call(RUNNER, "pause", "lunch")
    guard.call(RUNNER, "resume", "back")
    guard.call(RUNNER, "verify_plan", plan)
    assert problems(guard) == []
    assert guard.value("select count(*) from claim_ops.journal_batches") == 10


def test_the_chain_shows_what_was_done_to_it(
    guard: Guard, plan: int, subtests: pytest.Subtests
) -> None:
    with guard.connect(autocommit=False) as owner:
        for name, (tampering, problem) in TAMPERINGS.items():
            owner.execute("set local session_replication_role = replica")
            owner.execute(tampering.encode())
            found = owner.execute("select problem from claim_ops.check_journal()").fetchall()
            owner.rollback()
            with subtests.test(name):
                assert any(problem in line for (line,) in found), found


def test_a_cut_at_the_end_shows_against_the_exported_head(guard: Guard, plan: int) -> None:
    head: dict[str, Any] = guard.call(RUNNER, "verify_plan", plan)["journal_head"]
    guard.call(RUNNER, "pause", "lunch")
    with guard.connect(autocommit=False) as owner:
        look = "select problem from claim_ops.check_journal(%s)"
        assert owner.execute(look, [head["hash"]]).fetchall() == []
        owner.execute(
            f"""
            set local session_replication_role = replica;
            update claim_ops.plans
            set state = 'applying', finished_at = null, verified_at = null, verification = null;
            delete from claim_ops.journal where batch_id in (
                select batch_id from claim_ops.journal_batches where position >= {head["position"]}
            );
            delete from claim_ops.journal_batches where position >= {head["position"]}
            """.encode()
        )
        assert owner.execute(look, [None]).fetchall() == []
        ((problem,),) = owner.execute(look, [head["hash"]]).fetchall()
        assert problem.startswith(f"the head {head['hash']}, kept outside, is not in it")
        owner.rollback()


def test_the_chain_does_not_depend_on_the_readers_settings(guard: Guard, plan: int) -> None:
    with guard.session(CHECKER) as connection:
        for setting in (
            "timezone = 'Asia/Kathmandu'",
            "datestyle = 'SQL, DMY'",
            "extra_float_digits = 0",
        ):
            connection.execute(f"set {setting}".encode())
        assert connection.execute("select * from claim_ops.check_journal()").fetchall() == []


def test_a_refused_step_is_no_entry(guard: Guard, plan: int) -> None:
    with guard.refuses("CO002"):
        guard.approve(plan)
    assert problems(guard) == []
